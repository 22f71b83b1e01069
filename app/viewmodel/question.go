package viewmodel

import (
	"fmt"
	"strings"
	"time"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/plan"
)

// A Tone is how loudly something is shown.
type Tone int

const (
	// Quiet is for what stands by.
	Quiet Tone = iota
	// Strong is for who or what is on.
	Strong
	// Warning is for what must not be overlooked.
	Warning
)

// A Chip says who does something.
type Chip struct {
	Label, Who string
	Tone       Tone
}

// A Question is one question, ready to be drawn.
type Question struct {
	Kind       ceremony.QuestionKind
	Title      string
	Detail     []string // paragraphs
	Hint       []string // rehearsal only: throwaway secrets that people could not know
	Person     string   // name of who is asked, "" for a role
	Candidates []plan.Member
	Approved   []string // names of those who approved already
	Params     []ceremony.Param
	Show       []Shown
	Field      string // what to type
	Format     string // how it looks, for the empty field
	Grouped    bool   // long and of one kind of character: typed in groups
	Blind      bool
	Fault      string
	Deadline   time.Time
}

// A Shown value is read aloud.
type Shown struct {
	Name   string
	Groups []Group
}

// A StepCard is the head of every screen of a step.
type StepCard struct {
	Number       string
	Act          string // "Act 3 · Generation"
	Title        string
	Chips        []Chip
	Words        []string
	Irreversible bool
}

// Question is the one that waits. It may only be called on ScreenQuestion.
func (c *Ceremony) Question() Question {
	q := c.waiting.question
	detail, hint := splitHint(q.Detail)
	v := Question{
		Kind: q.Kind, Title: q.Title, Detail: detail, Hint: hint, Candidates: q.Candidates, Approved: c.approved,
		Params: q.Params, Blind: q.Blind, Fault: q.Fault, Deadline: q.Deadline,
	}
	if q.Person != nil {
		v.Person = q.Person.Name
	}
	if !q.Blind {
		for _, s := range q.Show {
			name, _ := c.named(s.Name)
			v.Show = append(v.Show, Shown{Name: name, Groups: groupsOf(s.Text, s.Words)})
		}
	}
	v.Field, v.Format = c.named(q.Value)
	v.Grouped = strings.HasPrefix(q.Value, ceremony.ValueCheck) || strings.HasPrefix(q.Value, ceremony.ValueFingerprint)
	return v
}

// hintMark parts the words of a question from what the rehearsal adds to them.
const hintMark = "Rehearsal: "

func splitHint(detail string) (paragraphs, hint []string) {
	before, after, found := strings.Cut(detail, hintMark)
	for p := range strings.SplitSeq(before, "\n") {
		if p = strings.TrimSpace(p); p != "" {
			paragraphs = append(paragraphs, p)
		}
	}
	if found {
		hint = strings.Split(strings.TrimSpace(after), "\n")
	}
	return paragraphs, hint
}

// HintFor is the part of the hint that is for one person, which names the person
// first; the whole hint when no part does.
func (q Question) HintFor(name string) []string {
	for _, l := range q.Hint {
		if rest, ok := strings.CutPrefix(l, name+": "); ok {
			return []string{rest}
		}
	}
	return q.Hint
}

// named is a value's name for people ("pin/1": the first half) and, where it has
// one, the form in which it is typed.
func (c *Ceremony) named(value string) (name, format string) {
	kind, which, _ := strings.Cut(value, "/")
	w := c.words
	switch kind {
	case ceremony.ValuePIN:
		return fmt.Sprintf(w.FieldPIN, which), ""
	case ceremony.ValueClock:
		return w.FieldClock, w.FormatClock
	case ceremony.ValueSerial:
		return w.FieldSerial, ""
	case ceremony.ValueCheck:
		return w.FieldCheck, ""
	case ceremony.ValueFingerprint:
		return w.FieldFingerprint, w.FormatFingerprint
	case ceremony.ValueEnvelope:
		return w.FieldEnvelope, ""
	case "":
		return w.FieldPassphrase, ""
	default:
		return value, ""
	}
}

// Card is the head of the present screen; its zero value before the first step.
func (c *Ceremony) Card() StepCard {
	s := c.current
	if c.waiting != nil && c.waiting.question.Step.Number != "" {
		s = c.step(c.waiting.question.Step)
	}
	if s == nil {
		return StepCard{}
	}
	return StepCard{
		Number: s.Number, Act: fmt.Sprintf(c.words.ActTitle, s.ActNumber, s.Act), Title: s.Title,
		Chips: c.chips(s), Words: s.Words, Irreversible: s.Irreversible,
	}
}

func (c *Ceremony) chips(s *Step) []Chip {
	doer := c.words.role(s.Actor)
	if s.Member != "" {
		doer = c.name(s.Member)
	}
	away := false
	if c.waiting != nil {
		q := c.waiting.question
		doer, away = c.doer(q, doer), wantsSecret(q.Kind)
	}
	chips := []Chip{{Label: c.words.DoesIt, Who: doer, Tone: Strong}}
	if away {
		return append(chips, Chip{Label: c.words.LooksAway, Who: c.words.EveryoneElse, Tone: Warning})
	}
	if w := c.watchers(s); w != "" {
		chips = append(chips, Chip{Label: c.words.Watches, Who: w})
	}
	return chips
}

// doer is who acts on a question, which may be another than who acts on the step.
func (c *Ceremony) doer(q ceremony.Question, otherwise string) string {
	switch {
	case q.Person != nil:
		return fmt.Sprintf(c.words.NameAndRole, q.Person.Name, c.words.role(q.Person.Role))
	case q.Kind == ceremony.AskApproval:
		return fmt.Sprintf(c.words.CustodianOf, len(c.approved)+1, max(q.Step.Approvals, len(c.approved)+1))
	default:
		return otherwise
	}
}

func wantsSecret(k ceremony.QuestionKind) bool {
	return k == ceremony.AskApproval || k == ceremony.AskSignature || k == ceremony.AskSecret || k == ceremony.AskStatement
}

// everyone is how many roles stand in the room.
const everyone = 5

func (c *Ceremony) watchers(s *Step) string {
	if len(s.Watchers) >= everyone {
		return c.words.Everyone
	}
	names := make([]string, len(s.Watchers))
	for i, r := range s.Watchers {
		names[i] = c.words.role(r)
	}
	return strings.Join(names, ", ")
}
