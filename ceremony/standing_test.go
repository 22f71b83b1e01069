package ceremony_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/secret"
	"keyrite.dev/keyrite/ceremony/transcript"
)

func TestARunThatIsLeftSaysWhatWasDoneAndWhatWasNot(t *testing.T) {
	for step, want := range map[string]string{
		"2.6": "no key was made",
		"3.1": "look for the label",
		"4.1": "void",
		"7.1": "is in the HSM",
	} {
		t.Run(step, func(t *testing.T) {
			r := newRoom(t, plan.AES256)
			r.answer = func(q ceremony.Question) (ceremony.Answer, error, bool) {
				return ceremony.Answer{}, context.Canceled, q.Step.Number == step
			}
			if err := r.run(); !errors.Is(err, ceremony.ErrAbandoned) {
				t.Fatal(err)
			}
			rec, err := transcript.Load(r.config.Folder)
			if err != nil {
				t.Fatal(err)
			}
			s, err := ceremony.StandingOf(rec)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(s.Key, want) {
				t.Errorf("of the key: %q, want %q", s.Key, want)
			}
			if s.Todo[0].Number != step || len(s.Open) != 1 || s.Open[0].Body.Step != step {
				t.Errorf("next is %s, open %v, want %s", s.Todo[0].Number, s.Open, step)
			}
		})
	}
}

// wrongSplitter rebuilds another key.
type wrongSplitter struct{ ceremony.Splitter }

func (wrongSplitter) Recover(context.Context, ceremony.Job, secret.Bytes, []ceremony.Holder) (ceremony.RecoverResult, error) {
	return ceremony.RecoverResult{}, fmt.Errorf("%w: check value 00, not 11", ceremony.ErrOtherKey)
}

func TestABackupThatHoldsAnotherKeyHasNoSecondTry(t *testing.T) {
	r := newRoom(t, plan.AES256)
	r.config.Splitter = wrongSplitter{r.config.Splitter}
	r.answer = func(q ceremony.Question) (ceremony.Answer, error, bool) {
		if q.Kind == ceremony.AskConfirm && q.Fault != "" {
			t.Error("the room was offered another try")
		}
		return ceremony.Answer{}, nil, false
	}
	if report := r.aborted(r.run()); !mentions(report, "does not hold the key") {
		t.Errorf("deviations: %v", report.Deviations)
	}
}
