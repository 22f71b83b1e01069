package ceremony

import (
	"context"
	"fmt"
	"strings"

	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/keycheck"
	"keyrite.dev/keyrite/ceremony/transcript"
)

// open writes line 0: who, what, with which program on which HSM.
func (r *Run) open(ctx context.Context, info TokenInfo) error {
	site := []transcript.Value{
		value("module", info.Module), value("moduleSHA256", info.ModuleSHA256), value("library", info.Library),
		value("manufacturer", info.Manufacturer), value("model", info.Model), value("serial", info.Serial),
		value("token", info.Label), value("hardware", info.Hardware), value("firmware", info.Firmware),
	}
	return r.record(ctx, transcript.KindOpen, transcript.Open{
		Approvals: 2,
		Plan:      r.cfg.Plan.Digest(),
		Previous:  r.cfg.Previous,
		Recorder:  r.recorder.public.DER(),
		Roster:    transcript.RosterOf(r.plan),
		Site:      site,
		Title:     r.plan.Title,
		Tool:      r.cfg.Tool,
	})
}

// record appends a line of the program's own.
func (r *Run) record(ctx context.Context, kind transcript.Kind, body any) error {
	_, err := r.append(ctx, kind, recorderID, r.recorder, body)
	return err
}

// append writes one line, folds what was written into the state and shows it to
// the room. A journal that cannot be written ends the run: nothing may happen unrecorded.
func (r *Run) append(ctx context.Context, kind transcript.Kind, by string, signer dsse.Signer, body any) (transcript.Line, error) {
	line, err := r.journal.Append(ctx, kind, by, signer, body)
	if err != nil {
		return line, fmt.Errorf("%w: failed to write the journal: %w", ErrAbandoned, err)
	}
	if err := r.state.apply(r.journal.Event(line.Seq)); err != nil {
		return line, err
	}
	r.cfg.Prompter.Show(ctx, Notice{Line: &LineNotice{
		Seq: line.Seq, Kind: string(kind), By: by, Summary: summary(body), Head: line.Head, Time: line.Time,
	}})
	return line, nil
}

// noteHead shows the journal's head, to be written on paper.
func (r *Run) noteHead(ctx context.Context, s Step) {
	seq, head := r.journal.Head()
	r.cfg.Prompter.Show(ctx, Notice{Head: &HeadNotice{Step: s.Number, Seq: seq, Head: head, Words: wordsOf(head)}})
}

// note records a deviation.
func (r *Run) note(ctx context.Context, class int, expected, happened, decided string) error {
	return r.record(ctx, transcript.KindNote, transcript.Note{
		Class: class, Decided: decided, Expected: expected, Happened: happened, Step: r.step.Number,
	})
}

// summary is a line's one-line text for the live transcript.
func summary(body any) string {
	switch b := body.(type) {
	case transcript.Open:
		return b.Title
	case transcript.Enrol:
		return b.Statement
	case transcript.Request:
		first, _, _ := strings.Cut(b.Statement, ". ") // the rest is on the step's card
		return b.Step + " " + first
	case transcript.Approve:
		return fmt.Sprintf("approves line %d", b.Of)
	case transcript.Refuse:
		return fmt.Sprintf("refuses line %d: %s", b.Of, b.Reason)
	case transcript.Result:
		return fmt.Sprintf("line %d %s", b.Of, b.Outcome)
	case transcript.Note:
		return fmt.Sprintf("class %d: %s", b.Class, b.Happened)
	case transcript.Statement:
		if b.Agree {
			return "agrees"
		}
		return "does not agree: " + b.Reason
	case transcript.Abort:
		return b.Reason
	case transcript.Close:
		return b.Outcome
	default:
		return ""
	}
}

// wordsOf is a hex digest in PGP words, for reading aloud.
func wordsOf(digest string) []string {
	words, err := keycheck.WordsOfHex(digest)
	if err != nil {
		return nil // not a digest; the hex stands alone
	}
	return words
}
