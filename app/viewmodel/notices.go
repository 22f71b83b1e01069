package viewmodel

import (
	"strings"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/plan"
)

// An Act is a part of the script.
type Act struct {
	Number int // from 1
	Title  string
	Steps  []*Step
}

// A Step is a step of the script and where it stands.
type Step struct {
	ceremony.Step
	ActNumber int
	State     ceremony.StepState // "" before it began
}

// A Line is a journal line in words.
type Line struct {
	Seq     int
	Time    string // "15:04:05", UTC
	Kind    string // translated
	By      string // a name where one is known
	Summary string
	Bad     bool // refusal, deviation, abort
}

// Words are who did what, in one line.
func (l Line) Words() string {
	if l.Summary == "" {
		return l.By
	}
	return l.By + ": " + l.Summary
}

// A Note is a head of the journal to write down.
type Note struct {
	Step, Title string
	Seq         int
	Groups      []Group
}

// A Group is a few characters that are read in one breath, with their words.
type Group struct {
	Text  string
	Words []string
}

// An Outcome is how it ended.
type Outcome struct {
	Outcome string // "completed", "aborted", "" when the run broke off
	Reason  string
	Folder  string
	Summary []SummaryLine
	Failure string
	Final   bool // the run has returned
}

// A SummaryLine is one name and one value for the last screen.
type SummaryLine struct{ Name, Value string }

func (c *Ceremony) take(n ceremony.Notice) {
	switch {
	case n.Script != nil:
		c.acts = actsOf(n.Script)
		c.tell(StepsChanged)
	case n.Step != nil:
		c.takeStep(*n.Step)
	case n.Progress != nil:
		p := *n.Progress
		c.progress = &p
		c.tell(ProgressChanged)
	case n.Line != nil:
		c.takeLine(*n.Line)
	case n.Head != nil:
		c.notes = append(c.notes, c.noteOf(*n.Head))
		c.newScreen()
	case n.Done != nil:
		c.outcome = &Outcome{Outcome: n.Done.Outcome, Reason: n.Done.Reason, Folder: n.Done.Folder}
		c.newScreen()
	}
}

func actsOf(script []ceremony.Step) []Act {
	var acts []Act
	for _, s := range script {
		if len(acts) == 0 || acts[len(acts)-1].Title != s.Act {
			acts = append(acts, Act{Number: len(acts) + 1, Title: s.Act})
		}
		a := &acts[len(acts)-1]
		a.Steps = append(a.Steps, &Step{Step: s, ActNumber: a.Number})
	}
	return acts
}

func (c *Ceremony) takeStep(n ceremony.StepNotice) {
	s := c.step(n.Step)
	s.State = n.State
	if n.State == ceremony.StepActive {
		c.current, c.approved, c.progress = s, nil, nil
	}
	c.tell(StepsChanged)
	if c.waiting == nil {
		c.newScreen()
	}
}

// step finds the script's step, or makes one that the script did not announce.
func (c *Ceremony) step(s ceremony.Step) *Step {
	for _, a := range c.acts {
		for _, known := range a.Steps {
			if known.Number == s.Number {
				return known
			}
		}
	}
	return &Step{Step: s}
}

func (c *Ceremony) takeLine(n ceremony.LineNotice) {
	if k := len(c.lines); k > 0 && n.Seq != c.lines[k-1].Seq+1 {
		c.ordered = false
	}
	c.head = n.Head
	c.lines = append(c.lines, Line{
		Seq: n.Seq, Time: n.Time.UTC().Format("15:04:05"), Kind: c.words.kind(n.Kind), By: c.name(n.By), Summary: shortened(n.Summary),
		Bad: n.Kind == "refuse" || n.Kind == "note" || n.Kind == "abort",
	})
	switch n.Kind {
	case "request":
		c.approved = nil
	case "approve":
		c.approved = append(c.approved, c.name(n.By))
	}
	c.tell(LineAdded)
}

// lineLength is how much of a line the window repeats; the journal has it all.
const lineLength = 110

func shortened(s string) string {
	runes := []rune(s)
	if len(runes) <= lineLength {
		return s
	}
	return strings.TrimRight(string(runes[:lineLength]), " ") + "…"
}

func (c *Ceremony) learnNames(q ceremony.Question) {
	for _, m := range q.Candidates {
		c.names[m.ID] = m.Name
	}
	if q.Person != nil {
		c.names[q.Person.ID] = q.Person.Name
	}
}

func (c *Ceremony) name(id string) string {
	if n, ok := c.names[id]; ok {
		return n
	}
	return c.words.role(plan.Role(id))
}

func (c *Ceremony) noteOf(n ceremony.HeadNotice) Note {
	return Note{Step: n.Step, Title: c.step(ceremony.Step{Number: n.Step}).Title, Seq: n.Seq, Groups: groupsOf(n.Head, n.Words)}
}

// groupsOf parts a value into its groups (at its spaces, else after every four
// characters). Words go to the group whose characters they name: one word a
// character when spelt, one word two characters when read as bytes.
func groupsOf(text string, words []string) []Group {
	parts := strings.Fields(text)
	if len(parts) == 1 {
		parts = chunks(parts[0], 4)
	}
	chars := 0
	for _, p := range parts {
		chars += len(p)
	}
	per := 2
	if len(words) >= chars {
		per = 1
	}
	groups := make([]Group, len(parts))
	for i, p := range parts {
		n := min((len(p)+per-1)/per, len(words))
		groups[i] = Group{Text: p, Words: words[:n]}
		words = words[n:]
	}
	return groups
}

func chunks(s string, n int) []string {
	var out []string
	for len(s) > n {
		out = append(out, s[:n])
		s = s[n:]
	}
	return append(out, s)
}
