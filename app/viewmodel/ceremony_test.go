package viewmodel_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"keyrite.dev/keyrite/app/viewmodel"
	"keyrite.dev/keyrite/assets"
	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/secret"
)

// A window stands in for the window's goroutine: what is posted waits until the
// test pumps it.
type window struct {
	t     *testing.T
	queue chan func()
	model *viewmodel.Ceremony

	mu      sync.Mutex
	changes []viewmodel.Change
}

func words(t *testing.T) viewmodel.Messages {
	t.Helper()
	m, err := viewmodel.ReadMessages(assets.English)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func newWindow(t *testing.T) *window {
	t.Helper()
	w := &window{t: t, queue: make(chan func(), 64)}
	w.model = viewmodel.NewCeremony(words(t), func(f func()) { w.queue <- f }, func(c viewmodel.Change) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.changes = append(w.changes, c)
	})
	return w
}

func (w *window) pumpUntil(ready func() bool) {
	w.t.Helper()
	for !ready() {
		select {
		case f := <-w.queue:
			f()
		case <-time.After(5 * time.Second):
			w.t.Fatal("nothing came")
		}
	}
}

func (w *window) drain() {
	for {
		select {
		case f := <-w.queue:
			f()
		default:
			return
		}
	}
}

type answered struct {
	answer ceremony.Answer
	err    error
}

// ask asks on a goroutine of its own, as a run does, and waits for the screen.
func (w *window) ask(ctx context.Context, q ceremony.Question) <-chan answered {
	w.t.Helper()
	out := make(chan answered, 1)
	go func() {
		a, err := w.model.Ask(ctx, q)
		out <- answered{a, err}
	}()
	w.pumpUntil(func() bool { return w.model.Screen() == viewmodel.ScreenQuestion })
	return out
}

func pass(s string) secret.Bytes { return secret.Copy([]byte(s)) }

func text(s secret.Bytes) string {
	var out string
	_ = s.Expose(func(b []byte) error { out = string(b); return nil })
	return out
}

var (
	ada   = plan.Member{ID: "custodian-1", Name: "Ada Byron", Role: plan.Custodian}
	grace = plan.Member{ID: "custodian-2", Name: "Grace Hopper", Role: plan.Custodian}
)

func script() []ceremony.Step {
	return []ceremony.Step{
		{Number: "1.1", Act: "Opening", Kind: ceremony.KindConfirm, Title: "Open", Actor: plan.Administrator, Watchers: []plan.Role{plan.Witness}, Minutes: 3},
		{Number: "1.2", Act: "Opening", Kind: ceremony.KindRollCall, Title: "Roll call", Actor: plan.Witness, Minutes: 60},
		{Number: "3.1", Act: "Generation", Kind: ceremony.KindGenerate, Title: "Generate", Actor: plan.Administrator, Approvals: 2, Irreversible: true, Minutes: 4},
	}
}

func active(s ceremony.Step) ceremony.Notice {
	return ceremony.Notice{Step: &ceremony.StepNotice{Step: s, State: ceremony.StepActive}}
}

func TestAnAnswerReachesTheRunThatAsked(t *testing.T) {
	cases := []struct {
		name  string
		kind  ceremony.QuestionKind
		do    func(*viewmodel.Ceremony) string
		check func(ceremony.Answer) bool
	}{
		{"confirm", ceremony.AskConfirm, func(m *viewmodel.Ceremony) string { return m.Confirm() }, func(a ceremony.Answer) bool { return !a.Refused && !a.Abort }},
		{"refusal", ceremony.AskConfirm, func(m *viewmodel.Ceremony) string { return m.Refuse("", " no seal ", secret.Bytes{}) }, func(a ceremony.Answer) bool { return a.Refused && a.Reason == "no seal" }},
		{"approval", ceremony.AskApproval, func(m *viewmodel.Ceremony) string { return m.Approve(ada.ID, pass("one two")) }, func(a ceremony.Answer) bool { return a.Person == ada.ID && text(a.Secret) == "one two" }},
		{"signature", ceremony.AskSignature, func(m *viewmodel.Ceremony) string { return m.Sign(pass("x")) }, func(a ceremony.Answer) bool { return text(a.Secret) == "x" }},
		{"secret", ceremony.AskSecret, func(m *viewmodel.Ceremony) string { return m.Secret(pass("1234")) }, func(a ceremony.Answer) bool { return text(a.Secret) == "1234" }},
		{"text", ceremony.AskText, func(m *viewmodel.Ceremony) string { return m.Text(" E-7 ") }, func(a ceremony.Answer) bool { return a.Text == "E-7" }},
		{"dissent", ceremony.AskStatement, func(m *viewmodel.Ceremony) string { return m.Refuse("", "late", pass("x")) }, func(a ceremony.Answer) bool { return a.Refused && a.Reason == "late" && text(a.Secret) == "x" }},
		{"abort", ceremony.AskConfirm, func(m *viewmodel.Ceremony) string { return m.Abort("fire") }, func(a ceremony.Answer) bool { return a.Abort && a.Reason == "fire" }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWindow(t)
			got := w.ask(t.Context(), ceremony.Question{Kind: c.kind, Candidates: []plan.Member{ada, grace}, Person: &ada})
			if fault := c.do(w.model); fault != "" {
				t.Fatal(fault)
			}
			a := <-got
			if a.err != nil || !c.check(a.answer) {
				t.Fatalf("got %+v, %v", a.answer, a.err)
			}
			if w.model.Screen() != viewmodel.ScreenWorking {
				t.Fatal("the question is still on the screen")
			}
		})
	}
}

func TestAFaultyAnswerStaysAndItsSecretIsWiped(t *testing.T) {
	cases := []struct {
		name string
		kind ceremony.QuestionKind
		do   func(*viewmodel.Ceremony, secret.Bytes) string
	}{
		{"nobody chosen", ceremony.AskApproval, func(m *viewmodel.Ceremony, s secret.Bytes) string { return m.Approve("", s) }},
		{"a stranger chosen", ceremony.AskApproval, func(m *viewmodel.Ceremony, s secret.Bytes) string { return m.Approve("mallory", s) }},
		{"no reason", ceremony.AskStatement, func(m *viewmodel.Ceremony, s secret.Bytes) string { return m.Refuse("", " ", s) }},
		{"no passphrase", ceremony.AskSignature, func(m *viewmodel.Ceremony, s secret.Bytes) string {
			s.Destroy()
			return m.Sign(secret.Bytes{})
		}},
		{"no text", ceremony.AskText, func(m *viewmodel.Ceremony, s secret.Bytes) string { s.Destroy(); return m.Text("  ") }},
		{"abort without a reason", ceremony.AskText, func(m *viewmodel.Ceremony, s secret.Bytes) string { s.Destroy(); return m.Abort("") }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWindow(t)
			w.ask(t.Context(), ceremony.Question{Kind: c.kind, Candidates: []plan.Member{ada}, Person: &ada})
			s := pass("hunter2")
			if c.do(w.model, s) == "" {
				t.Fatal("taken")
			}
			if strings.Trim(text(s), "\x00") != "" {
				t.Fatal("the secret is still there")
			}
			if w.model.Screen() != viewmodel.ScreenQuestion {
				t.Fatal("the question went away")
			}
		})
	}
}

func TestTheEndOfARunTakesItsQuestionAway(t *testing.T) {
	w := newWindow(t)
	ctx, cancel := context.WithCancel(t.Context())
	got := w.ask(ctx, ceremony.Question{Kind: ceremony.AskSignature, Person: &ada})
	cancel()
	if a := <-got; !errors.Is(a.err, context.Canceled) {
		t.Fatal(a.err)
	}
	w.pumpUntil(func() bool { return w.model.Screen() == viewmodel.ScreenWorking })
	s := pass("late")
	w.model.Sign(s)
	if strings.Trim(text(s), "\x00") != "" {
		t.Fatal("a late passphrase was kept")
	}
}

func TestAnAbortDuringWorkWaitsForTheNextQuestion(t *testing.T) {
	w := newWindow(t)
	if fault := w.model.Abort("smoke"); fault != "" {
		t.Fatal(fault)
	}
	if !w.model.Aborting() {
		t.Fatal("the abort is forgotten")
	}
	out := make(chan ceremony.Answer, 1)
	go func() {
		a, _ := w.model.Ask(t.Context(), ceremony.Question{Kind: ceremony.AskConfirm})
		out <- a
	}()
	(<-w.queue)()
	if a := <-out; !a.Abort || a.Reason != "smoke" {
		t.Fatalf("got %+v", a)
	}
	// The next question is one of the people who sign how it ended.
	w.ask(t.Context(), ceremony.Question{Kind: ceremony.AskSignature, Person: &ada})
}

func TestABlindQuestionShowsNoValueAndCoversTheTranscript(t *testing.T) {
	w := newWindow(t)
	w.ask(t.Context(), ceremony.Question{Kind: ceremony.AskText, Blind: true, Value: ceremony.ValueCheck, Show: []ceremony.Value{{Name: "KCV", Text: "3F2A"}}})
	if len(w.model.Question().Show) != 0 {
		t.Fatal("the value is on the screen")
	}
	if !w.model.Covered() {
		t.Fatal("the transcript can be seen")
	}
}

func TestTheRailFollowsTheRun(t *testing.T) {
	w := newWindow(t)
	ctx := t.Context()
	s := script()
	w.model.Show(ctx, ceremony.Notice{Script: s})
	w.model.Show(ctx, active(s[0]))
	w.model.Show(ctx, ceremony.Notice{Step: &ceremony.StepNotice{Step: s[0], State: ceremony.StepDone}})
	w.model.Show(ctx, active(s[1]))
	w.drain()
	if acts := w.model.Acts(); len(acts) != 2 || len(acts[0].Steps) != 2 || acts[1].Number != 2 {
		t.Fatalf("acts: %+v", acts)
	}
	if done, all := w.model.StepsDone(); done != 1 || all != 3 {
		t.Fatalf("%d of %d", done, all)
	}
	if got := w.model.Estimate(); got != "about 1 h 04 min to the end" {
		t.Fatal(got)
	}
	if c := w.model.Card(); c.Number != "1.2" || c.Act != "Act 1 · Opening" {
		t.Fatalf("card: %+v", c)
	}
}

func TestTheTranscriptNamesPeopleAndSeesAGap(t *testing.T) {
	w := newWindow(t)
	ctx := t.Context()
	w.ask(ctx, ceremony.Question{Kind: ceremony.AskApproval, Candidates: []plan.Member{ada, grace}, Step: script()[2]})
	line := func(seq int, kind, by string) {
		w.model.Show(ctx, ceremony.Notice{Line: &ceremony.LineNotice{Seq: seq, Kind: kind, By: by, Head: "ab"}})
	}
	line(4, "request", "recorder")
	line(5, "approve", ada.ID)
	w.drain()
	if got := w.model.Question().Approved; len(got) != 1 || got[0] != ada.Name {
		t.Fatalf("approved: %v", got)
	}
	if l := w.model.Lines()[1]; l.By != ada.Name || l.Kind != "Approved" {
		t.Fatalf("line: %+v", l)
	}
	if !w.model.InOrder() {
		t.Fatal("out of order too soon")
	}
	line(7, "refuse", grace.ID)
	w.drain()
	if w.model.InOrder() {
		t.Fatal("a gap was not seen")
	}
	if !w.model.Lines()[2].Bad {
		t.Fatal("a refusal looks like anything else")
	}
}

func TestAHeadIsShownUntilItIsNoted(t *testing.T) {
	w := newWindow(t)
	ctx := t.Context()
	w.model.Show(ctx, ceremony.Notice{Head: &ceremony.HeadNotice{Step: "3.1", Head: "0123456789abcdef", Words: strings.Fields("a b c d e f g h")}})
	w.askBehind(ctx)
	if w.model.Screen() != viewmodel.ScreenNote {
		t.Fatal("the question covers the head")
	}
	before := w.model.Serial()
	w.model.Show(ctx, active(script()[0]))
	w.model.Show(ctx, ceremony.Notice{Head: &ceremony.HeadNotice{Step: "3.2", Head: "ff"}})
	w.drain()
	if w.model.Serial() != before {
		t.Fatal("the head is drawn anew under people's pens")
	}
	if g := w.model.Note().Groups; len(g) != 4 || g[0].Text != "0123" || len(g[0].Words) != 2 {
		t.Fatalf("groups: %+v", g)
	}
	w.model.Noted()
	if w.model.Screen() != viewmodel.ScreenNote || w.model.Serial() == before {
		t.Fatal("the second head does not follow")
	}
	w.model.Noted()
	if w.model.Screen() != viewmodel.ScreenQuestion {
		t.Fatal("no question after the head")
	}
}

// askBehind asks, and has the window take the head and then the question.
func (w *window) askBehind(ctx context.Context) {
	(<-w.queue)()
	go func() { _, _ = w.model.Ask(ctx, ceremony.Question{Kind: ceremony.AskConfirm}) }()
	(<-w.queue)()
}

func TestARehearsalsHintStandsApart(t *testing.T) {
	w := newWindow(t)
	w.ask(t.Context(), ceremony.Question{Kind: ceremony.AskSignature, Person: &ada, Detail: "Sign the plan.\n\nRehearsal: the passphrase is a-b-c"})
	q := w.model.Question()
	if len(q.Detail) != 1 || q.Detail[0] != "Sign the plan." || len(q.Hint) != 1 || q.Hint[0] != "the passphrase is a-b-c" {
		t.Fatalf("%q %q", q.Detail, q.Hint)
	}
}

func TestWhoLooksAwayIsSaidWhenASecretIsTyped(t *testing.T) {
	w := newWindow(t)
	w.ask(t.Context(), ceremony.Question{Kind: ceremony.AskSecret, Person: &ada, Step: script()[0], Value: "pin/1"})
	chips := w.model.Card().Chips
	if last := chips[len(chips)-1]; last.Label != "LOOKS AWAY" || last.Tone != viewmodel.Warning {
		t.Fatalf("chips: %+v", chips)
	}
	if f := w.model.Question().Field; f != "PIN, HALF 1" {
		t.Fatal(f)
	}
}

func TestTheOutcomeKeepsWhatTheRunSaidLast(t *testing.T) {
	w := newWindow(t)
	w.model.Show(t.Context(), ceremony.Notice{Done: &ceremony.DoneNotice{Outcome: "completed", Folder: "/x"}})
	w.drain()
	if !w.model.Running() {
		t.Fatal("over before the run returned")
	}
	w.model.Finish([]viewmodel.SummaryLine{{Name: "KCV", Value: "3F"}}, "")
	o := w.model.Outcome()
	if w.model.Running() || o.Folder != "/x" || len(o.Summary) != 1 {
		t.Fatalf("%+v", o)
	}
}

func TestATranslationWithHolesIsRefused(t *testing.T) {
	for _, bad := range []string{`{}`, `{"product": "x"}`, `{"nobody": "x"}`, `[`} {
		if _, err := viewmodel.ReadMessages([]byte(bad)); err == nil {
			t.Errorf("taken: %s", bad)
		}
	}
}
