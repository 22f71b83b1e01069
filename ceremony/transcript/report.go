package transcript

import (
	"fmt"
	"strings"

	"keyrite.dev/keyrite/ceremony/plan"
)

// report fills everything but the verdict.
func (v *verification) report() Report {
	r := Report{
		Title: v.record.Plan.Title, Outcome: v.record.Outcome, Ceremony: v.record.Ceremony, Head: v.record.Head,
		Events: len(v.record.Events), Deviations: v.deviations(), Signers: v.signers(), Subjects: append([]Subject{}, v.seal.Subjects...),
	}
	if v.record.Mode != 0 {
		r.Mode = v.record.Mode.String()
	}
	return r
}

func (v *verification) deviations() []Deviation {
	out := []Deviation{}
	for _, e := range v.record.Events {
		if text := deviation(e.Body); text != "" {
			out = append(out, Deviation{Line: e.Seq, By: e.By, Text: text})
		}
	}
	for _, name := range v.absent {
		out = append(out, Deviation{Line: -1, Text: "sealed, but not here: " + name})
	}
	if !v.sealed {
		for _, lack := range v.lacks {
			out = append(out, Deviation{Line: -1, Text: "your list does not vouch for " + lack})
		}
	}
	for _, id := range v.seal.Signers {
		if p := v.roster[id]; id != Recorder && !v.trusted.knows(p) {
			out = append(out, Deviation{Line: -1, By: id, Text: "signed the seal, but is not on your list as " + string(p.Role)})
		}
	}
	return out
}

// deviation is what a reader should know about an event, "" for most.
func deviation(body any) string {
	switch b := body.(type) {
	case Note:
		return fmt.Sprintf("note, class %d, step %s: expected: %s; happened: %s; decided: %s", b.Class, b.Step, b.Expected, b.Happened, b.Decided)
	case Refuse:
		return fmt.Sprintf("refused line %d: %s", b.Of, b.Reason)
	case Result:
		if b.Outcome == Failed {
			return strings.TrimSuffix(fmt.Sprintf("line %d failed: %s", b.Of, reason(b.Values)), ": ")
		}
	case Statement:
		if !b.Agree {
			return "does not agree: " + b.Reason
		}
	case Resume:
		return "resumed after a crash, with a new recorder"
	case Abort:
		return fmt.Sprintf("aborted in step %s: %s", b.Step, b.Reason)
	}
	return ""
}

// reason is what the values of a failed result say.
func reason(values []Value) string {
	parts := make([]string, 0, len(values))
	for _, v := range values {
		parts = append(parts, v.Name+" "+v.Value)
	}
	return strings.Join(parts, ", ")
}

// signers lists every key, whether it signed or not.
func (v *verification) signers() []Signer {
	if len(v.record.Events) == 0 {
		return []Signer{}
	}
	out := []Signer{{ID: Recorder, Role: Recorder, Fingerprint: v.record.Recorder().ID()}}
	for _, m := range v.record.Plan.Roster {
		p := v.roster[m.ID]
		out = append(out, Signer{
			ID: m.ID, Name: m.Name, Role: string(m.Role), Fingerprint: p.key.ID(), Trusted: v.trusted.knows(p), Plan: m.Role == plan.Officer,
		})
	}
	for i := range out {
		out[i].Lines = map[string]int{}
		for _, e := range v.record.Events {
			if e.By == out[i].ID {
				out[i].Lines[string(e.Kind)]++
			}
		}
		for _, id := range v.seal.Signers {
			out[i].Seal = out[i].Seal || id == out[i].ID
		}
	}
	return out
}
