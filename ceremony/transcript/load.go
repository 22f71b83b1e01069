package transcript

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"

	"keyrite.dev/keyrite/ceremony/canon"
	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/plan"
)

// maxJournal caps what is read, bytes: a ceremony writes about 1 kB a line and
// a hundred lines.
const maxJournal = 64 << 20

// A Record is a journal that holds together, with the plan it was opened for.
type Record struct {
	Mode       dsse.Mode
	Ceremony   string // id, hex; "" where there is no whole line yet
	Plan       plan.Plan
	PlanDigest string // SHA-256 of plan.dsse.json, hex
	Events     []Event
	Head       string // SHA-256 of the whole lines, hex
	Outcome    string // of the close event; "" before
	Torn       int    // bytes after the last line feed; they say nothing
	rules      rules
}

// Open is line 0's body; the zero value where there is no whole line yet.
func (r Record) Open() Open {
	if len(r.Events) == 0 {
		return Open{}
	}
	open, _ := r.Events[0].Body.(Open)
	return open
}

// Recorder is the key that writes, or last wrote, the recorder's lines.
func (r Record) Recorder() dsse.PublicKey { return r.rules.recorder }

// Load reads a ceremony folder and checks all that can be checked without
// knowing whom to trust: spelling, chain, signatures, rules, and the plan's
// signature by its own officer. The seal is not looked at. An error means that
// the folder is not what the program wrote; a torn tail is no error.
func Load(dir string) (Record, error) {
	r, err := loadPlan(dir)
	if err != nil {
		return Record{}, fmt.Errorf("plan: %w", err)
	}
	journal, err := readFile(dir, JournalFile, maxJournal)
	if err != nil {
		return Record{}, err
	}
	err = r.follow(journal)
	return r, err
}

// follow runs the lines of a journal through the chain.
func (r *Record) follow(journal []byte) error {
	c := newChain(r.Mode)
	for len(journal) > 0 {
		n := bytes.IndexByte(journal, '\n') + 1
		if n == 0 {
			r.Torn = len(journal)
			break
		}
		if _, err := c.accept(journal[:n]); err != nil {
			return err
		}
		journal = journal[n:]
	}
	r.Ceremony, r.Events, r.Head, r.Outcome, r.rules = c.ceremony, c.events, c.head, c.outcome, c.rules
	switch {
	case r.Torn > dsse.MaxEnvelope:
		return fmt.Errorf("%d bytes after the last line are more than a torn line", r.Torn)
	case len(r.Events) == 0:
		return nil
	case r.Open().Plan != r.PlanDigest:
		return errors.New("line 0: opened for another plan")
	case !reflect.DeepEqual(r.Open().Roster, RosterOf(r.Plan)):
		return errors.New("line 0: roster is not the plan's")
	}
	return nil
}

// loadPlan reads the signed plan and checks its officer's signature. It does not
// apply the policy: that an unwise plan was followed is no flaw of the record.
func loadPlan(dir string) (Record, error) {
	file, err := readFile(dir, PlanFile, dsse.MaxEnvelope+1)
	if err != nil {
		return Record{}, err
	}
	return parsePlan(file)
}

func parsePlan(file []byte) (Record, error) {
	env, err := parseFile(file)
	if err != nil {
		return Record{}, err
	}
	r := Record{Mode: dsse.Production, PlanDigest: digest(file)}
	if env.PayloadType != r.Mode.Type("plan") {
		r.Mode = dsse.Rehearsal
	}
	if err := canon.Unmarshal(env.Payload, &r.Plan); err != nil {
		return Record{}, fmt.Errorf("invalid plan: %w", err)
	}
	if r.Plan.Version != plan.Version || r.Plan.Ceremony != plan.CeremonyKeyImport {
		return Record{}, fmt.Errorf("invalid plan: version %d of ceremony %q is unknown", r.Plan.Version, r.Plan.Ceremony)
	}
	officers := r.Plan.With(plan.Officer)
	if len(officers) != 1 || len(env.Signatures) != 1 {
		return Record{}, errors.New("invalid plan: want one officer and one signature")
	}
	key, err := dsse.ParsePublicKey(officers[0].Key)
	if err != nil {
		return Record{}, err
	}
	if _, err := env.Verify(r.Mode.Type("plan"), dsse.NewKeys(key)); err != nil {
		return Record{}, fmt.Errorf("not signed by its officer: %w", err)
	}
	return r, nil
}

// parseFile reads an envelope file: the envelope and a line feed.
func parseFile(file []byte) (dsse.Envelope, error) {
	data, ok := bytes.CutSuffix(file, []byte("\n"))
	if !ok {
		return dsse.Envelope{}, errors.New("invalid envelope file: no line feed at its end")
	}
	return dsse.Parse(data)
}

// ApprovedRequest loads the folder and answers the request of line seq, if what
// it asks for may be done now: approved, not refused, no result yet.
func ApprovedRequest(dir string, seq int) (Record, Request, error) {
	r, err := Load(dir)
	if err != nil {
		return Record{}, Request{}, err
	}
	q := r.rules.questions[seq]
	switch {
	case r.Torn > 0 || r.Outcome != "" || r.rules.resume != 0:
		return Record{}, Request{}, errors.New("the journal is torn, closed, or resumed without approvals")
	case q == nil || r.Events[seq].Kind != KindRequest:
		return Record{}, Request{}, fmt.Errorf("line %d is not a request", seq)
	case q.result != "":
		return Record{}, Request{}, fmt.Errorf("line %d has its result already", seq)
	case !r.rules.granted(q):
		return Record{}, Request{}, fmt.Errorf("line %d is refused or short of approvals: %d of %d", seq, len(q.approved), r.rules.approvals)
	case r.rules.aborted && q.Action != actionDestroy:
		return Record{}, Request{}, errors.New("the ceremony is aborted")
	}
	return r, q.Request, nil
}

// openFile opens a file of the folder that is a plain file in it, by no link,
// so that a copy of the folder is the whole.
func openFile(dir, name string) (*os.File, error) {
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(root, filepath.FromSlash(name))
	resolved, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(resolved)
	if err != nil {
		return nil, err
	}
	if resolved != path || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a plain file", name)
	}
	return os.Open(path) //nolint:gosec // checked above
}

func readFile(dir, name string, limit int64) ([]byte, error) {
	f, err := openFile(dir, name)
	if err != nil {
		return nil, fmt.Errorf("failed to read %s: %w", name, err)
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("failed to read %s: %w", name, err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s is larger than %d bytes", name, limit)
	}
	return data, nil
}
