// Package ceremony is the engine: it turns an approved plan into a script and
// drives the people, the HSM and the journal through it.
//
// A [Run] is one goroutine. It asks people through a [Prompter], the HSM through
// a [Token], and the split worker through a [Splitter]. Every request and every
// approval is on disk before the HSM is called, and the result after; the
// executor takes its parameters from the journal line that was approved, never
// from memory. What the run knows is a fold over that journal ([State]).
package ceremony

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/policy"
	"keyrite.dev/keyrite/ceremony/transcript"
)

// Names in the ceremony folder.
const (
	JournalFile    = "journal.jsonl"
	SealFile       = "seal.json"
	PlanFile       = "plan.dsse.json"
	VerifyFile     = "verify.sh"
	BackupFile     = "backup.bin"
	NewBlobFile    = "export/wrapped-key-new.bin"
	ProofBlobFile  = "export/wrapped-key-existing.bin"
	ParametersFile = "parcels/import-parameters.json"
	WrappedFile    = "parcels/wrapped-key.json"
	ReceiptFile    = "parcels/receipt.json"
	sharesFolder   = "shares"
)

// ShareFile is where a custodian's sealed share lies in the folder.
func ShareFile(custodian string) string { return sharesFolder + "/" + custodian + ".age" }

// A Config is everything a Run stands on. All fields are required but Facts.
type Config struct {
	Plan        policy.ApprovedPlan
	Folder      string // must not exist
	Token       Token
	Splitter    Splitter
	Target      Target
	Prompter    Prompter
	Credentials Credentials
	Clock       Clock
	Parameters  func(ctx context.Context) ([]byte, error) // the import-parameters parcel on medium A
	Tool        []transcript.Value                        // program, version, digest
	Facts       func(ctx context.Context) []transcript.Value
	Previous    string // SHA-256 of this site's last seal.json, or ""
	Automatic   bool   // people are played by the program: rehearsals only
}

// A Run is one ceremony under way.
type Run struct {
	cfg      Config
	plan     plan.Plan
	id       string // ceremony, 64 hex
	recorder recorder
	journal  *transcript.Journal
	state    State
	script   []Step
	step     Step
	params   Parameters
	receipts wrappedBlobs
	loggedIn bool
}

// Errors that a Run ends with. In both cases the folder holds a verifiable
// record; what it says of the key is in the transcript.
var (
	// ErrAborted: people or a fatal check stopped the ceremony; it is sealed as
	// ABORTED.
	ErrAborted = errors.New("the ceremony was aborted")
	// ErrAbandoned: the program was told to end; the journal is unfinished.
	ErrAbandoned = errors.New("the ceremony was left unfinished")
)

// NewRun creates the ceremony folder and the journal's first line. It refuses an
// existing folder, a software token or automatic people in production, before
// anything is made.
func NewRun(ctx context.Context, cfg Config) (*Run, error) {
	if cfg.Plan.Digest() == "" {
		return nil, errors.New("invalid run: no approved plan")
	}
	info, err := cfg.Token.Info(ctx)
	if err != nil {
		return nil, err
	}
	if cfg.Plan.Mode() == dsse.Production {
		switch {
		case cfg.Automatic:
			return nil, errors.New("invalid run: a production ceremony needs people")
		case info.Software:
			return nil, fmt.Errorf("invalid run: %s is a software token, which production refuses", info.Model)
		}
	}
	id, err := randomHex(32)
	if err != nil {
		return nil, err
	}
	rec, err := newRecorder()
	if err != nil {
		return nil, err
	}
	r := &Run{cfg: cfg, plan: cfg.Plan.Plan(), id: id, recorder: rec, state: newState()}
	r.script = Script(r.plan)
	if err := r.createFolder(); err != nil {
		return nil, err
	}
	r.journal, err = transcript.Create(r.path(JournalFile), cfg.Plan.Mode(), id, cfg.Clock.Now)
	if err != nil {
		return nil, err
	}
	return r, r.open(ctx, info)
}

// createFolder makes the folder and what can be written before the first line.
func (r *Run) createFolder() error {
	if err := os.MkdirAll(filepath.Dir(r.cfg.Folder), 0o750); err != nil {
		return fmt.Errorf("failed to make the ceremony folder: %w", err)
	}
	if err := os.Mkdir(r.cfg.Folder, 0o750); err != nil {
		if errors.Is(err, os.ErrExist) {
			return fmt.Errorf("the folder %s exists; a ceremony needs a new one, and nothing is ever overwritten: %w", r.cfg.Folder, err)
		}
		return fmt.Errorf("failed to make the ceremony folder: %w", err)
	}
	for _, sub := range []string{sharesFolder, "export", "parcels"} {
		if err := os.Mkdir(r.path(sub), 0o750); err != nil {
			return fmt.Errorf("failed to make the ceremony folder: %w", err)
		}
	}
	if err := r.write(PlanFile, r.cfg.Plan.Envelope(), 0o640); err != nil {
		return err
	}
	return r.write(VerifyFile, transcript.VerifyScript(), 0o750)
}

func (r *Run) path(name string) string { return filepath.Join(r.cfg.Folder, filepath.FromSlash(name)) }

// Ceremony is the ceremony's id, 64 hex.
func (r *Run) Ceremony() string { return r.id }

// State is what the journal says so far.
func (r *Run) State() State { return r.state }

// Do runs the script to its seal. It answers nil only for a completed, sealed
// ceremony.
func (r *Run) Do(ctx context.Context) error {
	defer r.recorder.forget()
	defer r.journal.Close() //nolint:errcheck // every line was fsynced when it was written
	r.cfg.Prompter.Show(ctx, Notice{Script: r.script})
	for _, s := range r.script {
		err := r.perform(ctx, s)
		if err == nil {
			continue
		}
		return r.stop(ctx, err)
	}
	r.done(ctx, "completed", "")
	return nil
}

// perform runs one step, from its announcement to its safe point.
func (r *Run) perform(ctx context.Context, s Step) error {
	r.step = s
	r.showStep(ctx, s, StepActive)
	if err := r.execute(ctx, s); err != nil {
		r.showStep(ctx, s, StepFailed)
		return err
	}
	r.showStep(ctx, s, StepDone)
	if s.SafePoint {
		r.noteHead(ctx, s)
	}
	return nil
}

func (r *Run) execute(ctx context.Context, s Step) error {
	do := map[StepKind]func(context.Context, Step) error{
		KindConfirm:     r.confirm,
		KindRollCall:    r.rollCall,
		KindCheck:       r.check,
		KindLogin:       r.login,
		KindInventory:   r.inventory,
		KindParameters:  r.parameters,
		KindGenerate:    r.generate,
		KindCompare:     r.compare,
		KindSplit:       r.split,
		KindHandOver:    r.handOver,
		KindRecover:     r.recover,
		KindFingerprint: r.fingerprint,
		KindWrap:        r.wrap,
		KindExport:      r.export,
		KindDestroy:     r.destroy,
		KindClose:       r.close,
	}[s.Kind]
	if do == nil {
		return fmt.Errorf("step %s has no executor for kind %q", s.Number, s.Kind)
	}
	return do(ctx, s)
}

func (r *Run) showStep(ctx context.Context, s Step, state StepState) {
	r.cfg.Prompter.Show(ctx, Notice{Step: &StepNotice{Step: s, State: state}})
}

func (r *Run) progress(ctx context.Context, stage string) {
	r.cfg.Prompter.Show(ctx, Notice{Progress: &Progress{Stage: stage, Fraction: -1}})
}

func (r *Run) done(ctx context.Context, outcome, reason string) {
	r.cfg.Prompter.Show(ctx, Notice{Done: &DoneNotice{Outcome: outcome, Reason: reason, Folder: r.cfg.Folder}})
}
