package ceremony

import (
	"context"
	"fmt"
	"time"

	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/secret"
)

// A Prompter is the room: the window, a scripted test, or the automatic player
// of a rehearsal. Both methods are called on the run's goroutine.
type Prompter interface {
	// Show tells the room something and returns at once.
	Show(ctx context.Context, n Notice)
	// Ask waits for the people. ctx ends the wait. An error other than a
	// ctx error stops the run as [ErrAbandoned] would.
	Ask(ctx context.Context, q Question) (Answer, error)
}

// A QuestionKind is what sort of answer a Question wants.
type QuestionKind int

const (
	// AskConfirm wants "done" from the acting role. Answer: nothing or a refusal.
	AskConfirm QuestionKind = iota + 1
	// AskApproval wants one custodian of Candidates to choose himself and type the
	// passphrase. Answer: Person and Secret, or Person, Refused, Reason.
	AskApproval
	// AskSignature wants Person's passphrase for one signature (roll call, seal).
	// Answer: Secret, or Refused and Reason.
	AskSignature
	// AskSecret wants a secret that is no passphrase: a PIN half. Answer: Secret.
	AskSecret
	// AskText wants a value typed: blind, when Blind is set, so the screen must
	// not show what it is compared with. Answer: Text.
	AskText
	// AskStatement wants Person's closing statement: agree, or Refused with
	// Reason; then the passphrase. Answer: Secret and maybe Refused, Reason.
	AskStatement
)

// A Question is one thing wanted from one person, for one step.
type Question struct {
	Kind       QuestionKind
	Step       Step
	Person     *plan.Member  // who is asked; nil for AskApproval and role-wide questions
	Candidates []plan.Member // AskApproval: who may still approve
	Title      string
	Detail     string    // the words on the screen
	Params     []Param   // exactly what is approved, signed or compared, in order
	Digest     string    // what a signature will cover: SHA-256 of the request line, hex
	Blind      bool      // AskText: typed from paper or by ear
	Value      string    // AskText, AskSecret: which value, one of the Value… names
	Fault      string    // why the answer before this was not taken; "" at first
	Show       []Value   // values to read aloud, large; never together with Blind
	Deadline   time.Time // countdown, zero if there is none
}

// Names of values that people bring, hear or know.
const (
	ValueClock       = "clock"       // an independent clock
	ValueSerial      = "hsm-serial"  // on the HSM's label
	ValueCheck       = "check-value" // heard
	ValueFingerprint = "fingerprint" // second channel; "/1", "/2" for the parameter set
	ValueEnvelope    = "envelope"    // heard; "/custodian-1" for whose, "/bag" for medium B
	ValuePIN         = "pin"         // "/1", "/2" for the half
)

func pinHalf(i int) string { return fmt.Sprintf("%s/%d", ValuePIN, i+1) }

// A Param is a name and a value, both for people.
type Param struct{ Name, Value string }

// A Value is something to be read aloud and compared.
type Value struct {
	Name  string
	Text  string   // grouped
	Words []string // PGP or phonetic words
}

// An Answer is what the people said.
type Answer struct {
	Text    string
	Secret  secret.Bytes
	Person  string // roster id, AskApproval
	Refused bool
	Reason  string
	Abort   bool // stop the ceremony; Reason says why
}

// A Notice is one thing the room should know. One of the pointers is set.
type Notice struct {
	Script   []Step      // once, at the start
	Step     *StepNotice // a step began or ended
	Progress *Progress   // work goes on
	Line     *LineNotice // a line was written to the journal
	Head     *HeadNotice // a safe point: write this down
	Done     *DoneNotice // the run is over
}

// A StepNotice says how far a step is.
type StepNotice struct {
	Step  Step
	State StepState
}

// A StepState is where a step stands.
type StepState string

// States of a step.
const (
	StepActive  StepState = "active"
	StepDone    StepState = "done"
	StepFailed  StepState = "failed"
	StepSkipped StepState = "skipped"
)

// Progress is how far long work is; Fraction is below zero where it is unknown.
type Progress struct {
	Stage    string
	Fraction float64
}

// A LineNotice is a journal line, for the live transcript.
type LineNotice struct {
	Seq     int
	Kind    string
	By      string
	Summary string
	Head    string // SHA-256 of the journal so far, hex
	Time    time.Time
}

// A HeadNotice asks the room to note the journal's head on paper.
type HeadNotice struct {
	Step  string
	Seq   int
	Head  string
	Words []string
}

// A DoneNotice ends the run.
type DoneNotice struct {
	Outcome string // "completed", "aborted"
	Reason  string
	Folder  string
}
