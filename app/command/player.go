package command

import (
	"context"
	"fmt"
	"io"
	"strings"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/secret"
)

// props are what the people of a rehearsal would carry: passphrases in their
// heads, values on paper. All of it is throwaway.
type props struct {
	passphrases map[string]string // by roster id
	paper       map[string]string // by Value name
	clock       ceremony.Clock
}

// text is what a person would type for a question, from memory, paper, or ear.
func (p props) text(q ceremony.Question, heard map[string]string) string {
	if q.Value == ceremony.ValueClock {
		return p.clock.Now().UTC().Format("15:04:05")
	}
	if v, ok := p.paper[q.Value]; ok {
		return v
	}
	if v, ok := heard[q.Value]; ok {
		return v
	}
	return "E-" + strings.ToUpper(strings.ReplaceAll(strings.TrimPrefix(q.Value, ceremony.ValueEnvelope+"/"), "/", "-"))
}

// A player answers for everyone in an automatic rehearsal. It plays fair: a value
// that a person must hear is known to it only from the screen that showed it.
type player struct {
	props props
	heard map[string]string
	log   io.Writer // progress, one line a step
}

func newPlayer(p props, log io.Writer) *player {
	return &player{props: p, heard: map[string]string{}, log: log}
}

// Show prints each step as it begins.
func (p *player) Show(_ context.Context, n ceremony.Notice) {
	if n.Step != nil && n.Step.State == ceremony.StepActive {
		_, _ = fmt.Fprintf(p.log, "%5s  %s\n", n.Step.Step.Number, n.Step.Step.Title)
	}
}

// Ask answers as the people would. A question that comes back with a fault has
// no better answer: the player aborts.
func (p *player) Ask(_ context.Context, q ceremony.Question) (ceremony.Answer, error) {
	if q.Fault != "" {
		return ceremony.Answer{Abort: true, Reason: q.Fault}, nil
	}
	for _, v := range q.Show {
		p.heard[v.Name] = strings.ReplaceAll(v.Text, " ", "")
	}
	switch q.Kind {
	case ceremony.AskApproval:
		id := q.Candidates[0].ID
		return ceremony.Answer{Person: id, Secret: secret.Copy([]byte(p.props.passphrases[id]))}, nil
	case ceremony.AskSignature, ceremony.AskStatement:
		return ceremony.Answer{Secret: secret.Copy([]byte(p.props.passphrases[q.Person.ID]))}, nil
	case ceremony.AskSecret:
		return ceremony.Answer{Secret: secret.Copy([]byte(p.props.paper[q.Value]))}, nil
	case ceremony.AskText:
		text := p.props.text(q, p.heard)
		p.heard[q.Value] = text
		return ceremony.Answer{Text: text}, nil
	default:
		return ceremony.Answer{}, nil
	}
}

// A prompted room is a rehearsal by hand: real people at the window, who are told
// the throwaway secrets that they would know in a real ceremony.
type prompted struct {
	ceremony.Prompter
	props props
}

// Ask adds the hint to the question's words.
func (p prompted) Ask(ctx context.Context, q ceremony.Question) (ceremony.Answer, error) {
	if hint := p.props.hint(q); hint != "" {
		q.Detail = strings.TrimSpace(q.Detail + "\n\nRehearsal: " + hint)
	}
	return p.Prompter.Ask(ctx, q)
}

func (p props) hint(q ceremony.Question) string {
	switch q.Kind {
	case ceremony.AskApproval:
		var lines []string
		for _, m := range q.Candidates {
			lines = append(lines, fmt.Sprintf("%s: %s", m.Name, p.passphrases[m.ID]))
		}
		return "the passphrases are\n" + strings.Join(lines, "\n")
	case ceremony.AskSignature, ceremony.AskStatement:
		return "the passphrase is " + p.passphrases[q.Person.ID]
	case ceremony.AskSecret:
		return "this half of the PIN is " + p.paper[q.Value]
	case ceremony.AskText:
		switch v, onPaper := p.paper[q.Value]; {
		case onPaper:
			return "the paper says " + v
		case strings.HasPrefix(q.Value, ceremony.ValueEnvelope) && !q.Blind:
			return "any number will do, such as " + p.text(q, nil)
		}
	}
	return ""
}
