// Package transcript is the record of a ceremony: an append-only journal of
// signed lines, the seal over it, and the verifier of both. docs/formats/journal.md,
// seal.md and verifier.md specify the files and the rules; verify.sh is a second
// verifier by the same rules, made of stock tools.
//
// Writer and reader share one fold over the lines (chain): a [Journal] refuses to
// write what [Load] would refuse to read.
package transcript

import (
	"errors"
	"fmt"
	"time"

	"keyrite.dev/keyrite/ceremony/canon"
	"keyrite.dev/keyrite/ceremony/plan"
)

// The files of a ceremony folder that the transcript consists of.
const (
	JournalFile = "journal.jsonl"
	PlanFile    = "plan.dsse.json"
	SealFile    = "seal.json"
)

// Recorder is the event author that is not in the plan's roster: the key made
// for this journal and forgotten at its close. No member may have this id.
const Recorder = "recorder"

// A Kind is what a line says. The list is closed.
type Kind string

// Kinds of events.
const (
	KindOpen      Kind = "open"      // recorder; line 0 and no other
	KindEnrol     Kind = "enrol"     // a member accepts roster and plan: proof of possession
	KindRequest   Kind = "request"   // recorder; the very words and parameters of a step
	KindApprove   Kind = "approve"   // an enrolled custodian, to one request or resume
	KindRefuse    Kind = "refuse"    // a person, to one request or resume
	KindResult    Kind = "result"    // recorder; what came of one request
	KindNote      Kind = "note"      // anyone
	KindStatement Kind = "statement" // a person's closing words
	KindResume    Kind = "resume"    // the new recorder, after a crash
	KindAbort     Kind = "abort"     // recorder
	KindClose     Kind = "close"     // recorder; last line
)

// Outcomes of a result and of a ceremony.
const (
	Done      = "done"
	Failed    = "failed"
	Completed = "completed"
	Aborted   = "aborted"
)

// A Line is what is known of one journal line without its body.
type Line struct {
	Seq    int // from 0
	Kind   Kind
	By     string    // roster id or [Recorder]
	Digest string    // SHA-256 of the line with its line feed, hex
	Head   string    // SHA-256 of the journal up to and with this line, hex
	Time   time.Time // what the laptop's clock claimed, whole seconds, UTC
}

// An Event is a line with its body: a value of the struct of its kind.
type Event struct {
	Line
	Prev     string // SHA-256 of the journal before this line, hex
	Ceremony string // id, hex
	Body     any
}

// An Open is line 0.
type Open struct {
	Approvals int      `json:"approvals"` // custodians who must approve a step, 2 or more
	Plan      string   `json:"plan"`      // SHA-256 of plan.dsse.json
	PlanToken string   `json:"planToken"` // SHA-256 of a time stamp over the plan, or ""
	Previous  string   `json:"previous"`  // SHA-256 of the last seal at this site, or ""
	Recorder  []byte   `json:"recorder"`  // SubjectPublicKeyInfo of the recorder
	Roster    []Member `json:"roster"`    // equal to the plan's
	Site      []Value  `json:"site"`
	Title     string   `json:"title"`
	Tool      []Value  `json:"tool"`
}

// A Member is a roster member as line 0 repeats it from the plan.
type Member struct {
	ID   string    `json:"id"`
	Key  []byte    `json:"key"` // SubjectPublicKeyInfo
	Name string    `json:"name"`
	Role plan.Role `json:"role"`
}

// A Value is a name and a value, both for people.
type Value struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// An Enrol is signed by each person with the own key.
type Enrol struct {
	Plan      string `json:"plan"` // SHA-256 of plan.dsse.json
	Statement string `json:"statement"`
}

// A Request is written before anything is done.
type Request struct {
	Action    string  `json:"action"` // ceremony.StepKind
	Params    []Value `json:"params"`
	Statement string  `json:"statement"` // the words shown
	Step      string  `json:"step"`      // "3.2"
}

// An Approve is one custodian's yes to one request (or resume) line.
type Approve struct {
	Of      int    `json:"of"`
	Request string `json:"request"` // SHA-256 of line Of with its line feed
}

// A Refuse is one person's no to one request (or resume) line.
type Refuse struct {
	Of      int    `json:"of"`
	Reason  string `json:"reason"`
	Request string `json:"request"` // SHA-256 of line Of with its line feed
}

// A Result ends a request.
type Result struct {
	Of      int     `json:"of"`
	Outcome string  `json:"outcome"` // Done or Failed
	Values  []Value `json:"values"`
}

// A Note records what was not foreseen. Class 0 is a remark, 3 the gravest.
type Note struct {
	Class    int    `json:"class"`
	Decided  string `json:"decided"`
	Expected string `json:"expected"`
	Happened string `json:"happened"`
	Step     string `json:"step"`
}

// A Statement is a person's word on the whole.
type Statement struct {
	Agree  bool   `json:"agree"`
	Head   string `json:"head"` // the event's prev: the journal the person looked at
	Reason string `json:"reason"`
}

// A Resume is signed by a new recorder after a crash; custodians must approve
// it like a request before anything else goes on.
type Resume struct {
	Head     string `json:"head"`     // the event's prev
	Recorder []byte `json:"recorder"` // SubjectPublicKeyInfo of the new recorder
	Torn     string `json:"torn"`     // SHA-256 of the torn tail that was set aside, or ""
}

// An Abort ends the work; notes, statements and close may follow.
type Abort struct {
	Reason string `json:"reason"`
	Step   string `json:"step"`
}

// A Close is the last line.
type Close struct {
	Events  int    `json:"events"`  // lines in the journal, this one included
	Outcome string `json:"outcome"` // Completed or Aborted
}

// RosterOf is p's roster as [Open] repeats it.
func RosterOf(p plan.Plan) []Member {
	members := make([]Member, 0, len(p.Roster))
	for _, m := range p.Roster {
		members = append(members, Member{ID: m.ID, Key: m.Key, Name: m.Name, Role: m.Role})
	}
	return members
}

// decodeBody reads the body of an event of kind.
func decodeBody(kind Kind, data []byte) (any, error) {
	switch kind {
	case KindOpen:
		return decode[Open](data)
	case KindEnrol:
		return decode[Enrol](data)
	case KindRequest:
		return decode[Request](data)
	case KindApprove:
		return decode[Approve](data)
	case KindRefuse:
		return decode[Refuse](data)
	case KindResult:
		return decode[Result](data)
	case KindNote:
		return decode[Note](data)
	case KindStatement:
		return decode[Statement](data)
	case KindResume:
		return decode[Resume](data)
	case KindAbort:
		return decode[Abort](data)
	case KindClose:
		return decode[Close](data)
	}
	return nil, errors.New("unknown kind of event")
}

func decode[T any](data []byte) (any, error) {
	var body T
	if err := canon.Unmarshal(data, &body); err != nil {
		return nil, fmt.Errorf("invalid body: %w", err)
	}
	return body, nil
}

// withLists gives a body empty lists for nil ones: the one spelling has no null.
func withLists(body any) any {
	full := func(v []Value) []Value { return append([]Value{}, v...) }
	switch b := body.(type) {
	case Open:
		b.Site, b.Tool = full(b.Site), full(b.Tool)
		return b
	case Request:
		b.Params = full(b.Params)
		return b
	case Result:
		b.Values = full(b.Values)
		return b
	}
	return body
}
