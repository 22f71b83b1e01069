package transcript

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"keyrite.dev/keyrite/ceremony/dsse"
)

// Codes of a [Report], which are also the exit codes of both verifiers. 2 is
// bad usage.
const (
	CodeValid      = 0
	CodeInvalid    = 1
	CodeUnfinished = 3
	CodeUntrusted  = 4
)

//go:embed verify.sh
var verifyScript string

// VerifyScript is verify.sh, which goes with every transcript.
func VerifyScript() []byte { return []byte(verifyScript) }

// Options of [Verify].
type Options struct {
	Production bool // a rehearsal is not valid
}

// A Report is a verdict and what a reader should know beside it.
type Report struct {
	Code       int         `json:"code"`
	Verdict    string      `json:"verdict"`    // one line
	Deviations []Deviation `json:"deviations"` // in the journal's order, then the folder's
	Signers    []Signer    `json:"signers"`    // recorder, then roster order; empty where nothing could be read
	Title      string      `json:"title"`
	Mode       string      `json:"mode"` // "production", "rehearsal", "" if not known
	Outcome    string      `json:"outcome"`
	Ceremony   string      `json:"ceremony"`
	Events     int         `json:"events"`
	Head       string      `json:"head"`     // SHA-256 of the journal's whole lines
	Subjects   []Subject   `json:"subjects"` // of the seal
}

// A Deviation is something that a clean ceremony would not have.
type Deviation struct {
	Line int    `json:"line"` // seq, -1 for what is not about one line
	By   string `json:"by"`
	Text string `json:"text"`
}

// A Signer is one key of the ceremony and what it signed.
type Signer struct {
	ID          string         `json:"id"`
	Name        string         `json:"name"`
	Role        string         `json:"role"` // of the roster; "recorder"
	Fingerprint string         `json:"fingerprint"`
	Trusted     bool           `json:"trusted"` // on the reader's list with this role
	Plan        bool           `json:"plan"`
	Seal        bool           `json:"seal"`
	Lines       map[string]int `json:"lines"` // lines signed, by kind
}

// Verify judges a ceremony folder by the rules of docs/formats/verifier.md. It
// always answers; the reason against a folder is in the verdict.
func Verify(dir string, trusted Trusted, opt Options) Report {
	v := verification{dir: dir, trusted: trusted}
	err := v.run()
	r := v.report()
	switch {
	case err != nil:
		r.Code, r.Verdict = CodeInvalid, "NOT VALID: "+err.Error()
	case opt.Production && v.record.Mode != dsse.Production:
		r.Code, r.Verdict = CodeInvalid, "REHEARSAL: not valid in production"
	case !v.sealed:
		r.Code, r.Verdict = CodeUnfinished, "NOT VALID: unfinished, "+v.reach()
	case len(v.lacks) > 0:
		r.Code, r.Verdict = CodeUntrusted, "NOT VALID: intact, but your list does not vouch for "+strings.Join(v.lacks, ", nor for ")
	default:
		r.Code, r.Verdict = CodeValid, v.valid()
	}
	return r
}

// A verification is one run of [Verify].
type verification struct {
	dir     string
	trusted Trusted
	record  Record
	roster  roster
	seal    Seal
	sealed  bool
	absent  []string // subjects that are not in the folder
	lacks   []string // trust that is missing
}

// run answers an error if the folder is not intact.
func (v *verification) run() (err error) {
	if v.record, err = Load(v.dir); err != nil {
		return err
	}
	if v.roster, err = newRoster(RosterOf(v.record.Plan)); err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	file, err := readFile(v.dir, SealFile, dsse.MaxEnvelope+1)
	if errors.Is(err, fs.ErrNotExist) {
		v.lacks = v.trusted.lacks(v.roster, Seal{})
		return nil
	}
	if err != nil {
		return err
	}
	if v.record.Torn > 0 || v.record.Outcome == "" {
		return errors.New("seal: the journal was cut after it was sealed")
	}
	v.seal, err = parseSeal(file, v.record.Mode, v.roster, v.record.Recorder())
	if err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	if err := v.match(); err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	v.sealed, v.lacks = true, v.trusted.lacks(v.roster, v.seal)
	return nil
}

// match compares the seal with the folder.
func (v *verification) match() (err error) {
	if v.seal.Ceremony != v.record.Ceremony || v.seal.Events != len(v.record.Events) || v.seal.Outcome != v.record.Outcome {
		return errors.New("is of another ceremony")
	}
	v.absent, err = compareSubjects(v.dir, v.seal.Subjects)
	return err
}

func (v *verification) valid() string {
	words := []string{"VALID"}
	if v.record.Outcome == Aborted {
		words = []string{"ABORTED"}
	}
	if v.record.Mode == dsse.Rehearsal {
		words = slices.Concat([]string{"REHEARSAL"}, slices.DeleteFunc(words, func(w string) bool { return w == "VALID" }))
	}
	return fmt.Sprintf("%s: sealed after %d lines, intact, and signed by keys on your list", strings.Join(words, ", "), len(v.record.Events))
}

// reach says how far an unfinished journal goes.
func (v *verification) reach() string {
	n := len(v.record.Events)
	if n == 0 {
		return "authenticated to no line"
	}
	s := fmt.Sprintf("authenticated to line %d", n-1)
	if v.record.Torn > 0 {
		return s + fmt.Sprintf(", then %d bytes of a torn line", v.record.Torn)
	}
	if v.record.Outcome != "" {
		return s + ", closed but not sealed"
	}
	return s
}
