// Package rehearsal plays the people of a ceremony that is a rehearsal: all of
// them, when it runs by itself, or their prompter, when real people walk through
// it with throwaway secrets that they cannot know.
package rehearsal

import (
	"context"
	"fmt"
	"io"
	"strings"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/secret"
)

// Props are what the people of a rehearsal would carry: passphrases in their
// heads, values on paper. All of it is throwaway.
type Props struct {
	Passphrases map[string]string // by roster id
	Paper       map[string]string // by Value name
	Clock       ceremony.Clock
}

// text is what a person would type for a question, from memory, paper, or ear.
func (p Props) text(q ceremony.Question, heard map[string]string) string {
	if q.Value == ceremony.ValueClock {
		return p.Clock.Now().UTC().Format("15:04:05")
	}
	if v, ok := p.Paper[q.Value]; ok {
		return v
	}
	if v, ok := heard[q.Value]; ok {
		return v
	}
	return "E-" + strings.ToUpper(strings.ReplaceAll(strings.TrimPrefix(q.Value, ceremony.ValueEnvelope+"/"), "/", "-"))
}

// A Player answers for everyone in an automatic rehearsal. It plays fair: a value
// that a person must hear is known to it only from the screen that showed it.
type Player struct {
	props Props
	heard map[string]string
	log   io.Writer // progress, one line a step
}

// NewPlayer returns a player who prints one line a step to log.
func NewPlayer(p Props, log io.Writer) *Player {
	return &Player{props: p, heard: map[string]string{}, log: log}
}

// Show prints each step as it begins.
func (p *Player) Show(_ context.Context, n ceremony.Notice) {
	if n.Step != nil && n.Step.State == ceremony.StepActive {
		_, _ = fmt.Fprintf(p.log, "%5s  %s\n", n.Step.Step.Number, n.Step.Step.Title)
	}
}

// Ask answers as the people would. A question that comes back with a fault has
// no better answer: the player aborts.
func (p *Player) Ask(_ context.Context, q ceremony.Question) (ceremony.Answer, error) {
	if q.Fault != "" {
		return ceremony.Answer{Abort: true, Reason: q.Fault}, nil
	}
	for _, v := range q.Show {
		p.heard[v.Name] = strings.ReplaceAll(v.Text, " ", "")
	}
	switch q.Kind {
	case ceremony.AskApproval:
		id := q.Candidates[0].ID
		return ceremony.Answer{Person: id, Secret: secret.Copy([]byte(p.props.Passphrases[id]))}, nil
	case ceremony.AskSignature, ceremony.AskStatement:
		return ceremony.Answer{Secret: secret.Copy([]byte(p.props.Passphrases[q.Person.ID]))}, nil
	case ceremony.AskSecret:
		return ceremony.Answer{Secret: secret.Copy([]byte(p.props.Paper[q.Value]))}, nil
	case ceremony.AskText:
		text := p.props.text(q, p.heard)
		p.heard[q.Value] = text
		return ceremony.Answer{Text: text}, nil
	default:
		return ceremony.Answer{}, nil
	}
}

// A Prompted room is a rehearsal by hand: real people at the window, who are told
// the throwaway secrets that they would know in a real ceremony.
type Prompted struct {
	ceremony.Prompter
	Props Props
}

// Ask adds the hint to the question's words.
func (p Prompted) Ask(ctx context.Context, q ceremony.Question) (ceremony.Answer, error) {
	if hint := p.Props.hint(q); hint != "" {
		q.Detail = strings.TrimSpace(q.Detail + "\n\nRehearsal: " + hint)
	}
	return p.Prompter.Ask(ctx, q)
}

func (p Props) hint(q ceremony.Question) string {
	switch q.Kind {
	case ceremony.AskApproval:
		var lines []string
		for _, m := range q.Candidates {
			lines = append(lines, fmt.Sprintf("%s: %s", m.Name, p.Passphrases[m.ID]))
		}
		return "the passphrases are\n" + strings.Join(lines, "\n")
	case ceremony.AskSignature, ceremony.AskStatement:
		return "the passphrase is " + p.Passphrases[q.Person.ID]
	case ceremony.AskSecret:
		return "this half of the PIN is " + p.Paper[q.Value]
	case ceremony.AskText:
		switch v, onPaper := p.Paper[q.Value]; {
		case onPaper:
			return "the paper says " + v
		case strings.HasPrefix(q.Value, ceremony.ValueEnvelope) && !q.Blind:
			return "any number will do, such as " + p.text(q, nil)
		}
	}
	return ""
}
