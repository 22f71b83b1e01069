package rehearsal_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/rehearsal"
)

type noon struct{}

func (noon) Now() time.Time { return time.Date(2026, 11, 23, 12, 0, 5, 0, time.UTC) }

func props() rehearsal.Props {
	return rehearsal.Props{
		Passphrases: map[string]string{"custodian-1": "open sesame"},
		Paper:       map[string]string{ceremony.ValueSerial: "S1"},
		Clock:       noon{},
	}
}

func TestThePlayerTypesWhatItHeardOrHasOnPaper(t *testing.T) {
	p := rehearsal.NewPlayer(props(), io.Discard)
	ask := func(q ceremony.Question) ceremony.Answer {
		t.Helper()
		a, err := p.Ask(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	blind := ceremony.Question{Kind: ceremony.AskText, Blind: true, Value: ceremony.ValueCheck}
	if got := ask(blind).Text; got == "31 21" || strings.Contains(got, "3121") {
		t.Errorf("it knew a value before anybody read it: %q", got)
	}
	p = rehearsal.NewPlayer(props(), io.Discard)
	ask(ceremony.Question{Kind: ceremony.AskConfirm, Show: []ceremony.Value{{Name: ceremony.ValueCheck, Text: "3121 642F"}}})
	if got := ask(blind).Text; got != "3121642F" {
		t.Errorf("typed %q, heard 3121 642F", got)
	}
	if got := ask(ceremony.Question{Kind: ceremony.AskText, Value: ceremony.ValueSerial}).Text; got != "S1" {
		t.Errorf("typed %q, on paper is S1", got)
	}
	if got := ask(ceremony.Question{Kind: ceremony.AskText, Value: ceremony.ValueClock}).Text; got != "12:00:05" {
		t.Errorf("typed %q", got)
	}
}

func TestThePlayerAbortsRatherThanGuess(t *testing.T) {
	p := rehearsal.NewPlayer(props(), io.Discard)
	a, err := p.Ask(t.Context(), ceremony.Question{Kind: ceremony.AskText, Fault: "that was wrong"})
	if err != nil || !a.Abort || a.Reason != "that was wrong" {
		t.Errorf("answered %+v, %v", a, err)
	}
}

type quiet struct{ last ceremony.Question }

func (*quiet) Show(context.Context, ceremony.Notice) {}

func (r *quiet) Ask(_ context.Context, q ceremony.Question) (ceremony.Answer, error) {
	r.last = q
	return ceremony.Answer{}, nil
}

func TestPeopleAreToldTheThrowawaySecretsThatTheyCannotKnow(t *testing.T) {
	room := &quiet{}
	p := rehearsal.Prompted{Prompter: room, Props: props()}
	member := plan.Member{ID: "custodian-1", Name: "A"}
	for _, q := range []ceremony.Question{
		{Kind: ceremony.AskSignature, Person: &member},
		{Kind: ceremony.AskStatement, Person: &member},
		{Kind: ceremony.AskApproval, Candidates: []plan.Member{member}},
	} {
		if _, err := p.Ask(t.Context(), q); err != nil || !strings.Contains(room.last.Detail, "open sesame") {
			t.Errorf("kind %d: told %q, %v", q.Kind, room.last.Detail, err)
		}
	}
	if _, err := p.Ask(t.Context(), ceremony.Question{Kind: ceremony.AskText, Blind: true, Value: ceremony.ValueCheck}); err != nil || room.last.Detail != "" {
		t.Errorf("a value to be heard was told: %q, %v", room.last.Detail, err)
	}
}
