package ceremony

import (
	"fmt"
	"slices"

	"keyrite.dev/keyrite/ceremony/transcript"
)

// A Standing is how far a ceremony came that did not come to its end: for the
// people who find the folder after a crash, and for whoever resumes it.
type Standing struct {
	Done []Step    // in the script's order
	Todo []Step    // not done, in the script's order
	Open []Request // asked for, and no result: it may have been done
	Key  string    // what is known of the key, in a sentence
}

// StandingOf folds a record's lines. It needs a record that holds together
// ([transcript.Load]); the seal is not looked at.
func StandingOf(rec transcript.Record) (Standing, error) {
	state := newState()
	for _, e := range rec.Events {
		if err := state.apply(e); err != nil {
			return Standing{}, err
		}
	}
	var out Standing
	for _, s := range Script(rec.Plan) {
		if state.stepDone(s.Number) {
			out.Done = append(out.Done, s)
		} else {
			out.Todo = append(out.Todo, s)
		}
	}
	for _, q := range state.Requests {
		if q.Result == nil {
			out.Open = append(out.Open, *q)
		}
	}
	slices.SortFunc(out.Open, func(a, b Request) int { return a.Seq - b.Seq })
	out.Key = state.key(out.Open)
	return out, nil
}

func (s State) stepDone(number string) bool {
	for _, q := range s.Requests {
		if q.Body.Step == number && q.Result != nil && q.Result.Outcome == transcript.Done && s.Last[StepKind(q.Body.Action)] >= q.Seq {
			return true
		}
	}
	return false
}

// key says in a sentence what became of the key.
func (s State) key(open []Request) string {
	for _, q := range open {
		switch StepKind(q.Body.Action) {
		case KindGenerate:
			return fmt.Sprintf("line %d asked the HSM for the key and has no result: look for the label %q in the HSM", q.Seq, Values(q.Body.Params).Get("label"))
		case KindSplit:
			return fmt.Sprintf("key %s is in the HSM; the split of line %d has no result, so it is void: destroy whatever shares exist", s.Value(KindGenerate, "id"), q.Seq)
		case KindDestroy:
			return fmt.Sprintf("line %d asked for the end of key %s and has no result: look for it in the HSM", q.Seq, Values(q.Body.Params).Get("target"))
		}
	}
	id := s.Value(KindGenerate, "id")
	switch {
	case id == "":
		return "no key was made"
	case s.ended(id):
		return "key " + id + " was destroyed in the HSM"
	default:
		return "key " + id + " is in the HSM"
	}
}

// ended tells whether a key was destroyed.
func (s State) ended(id string) bool {
	for _, q := range s.Requests {
		if q.Result == nil || q.Result.Outcome != transcript.Done {
			continue
		}
		p, v := Values(q.Body.Params), Values(q.Result.Values)
		if p.Get("target") == id && v.Get("destroyed") == "true" || p.Get("regained") == id && v.Get("regainedDestroyed") == "true" ||
			v.Get("id") == id && v.Get("regainedDestroyed") == "true" {
			return true
		}
	}
	return false
}
