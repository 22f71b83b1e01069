package app

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"keyrite.dev/keyrite/app/command"
	"keyrite.dev/keyrite/app/viewmodel"
	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/secret"
)

func reveal(s secret.Bytes) string {
	var out string
	_ = s.Expose(func(b []byte) error { out = string(b); return nil })
	return out
}

// ready is a stage with a short script at its first step.
func ready(t *testing.T) *stage {
	t.Helper()
	s := newStage(t, light, true)
	step := ceremony.Step{Number: "1.1", Act: "Opening", Title: "Open", Actor: plan.Administrator}
	s.tell(ceremony.Notice{Script: []ceremony.Step{step}}, ceremony.Notice{Step: &ceremony.StepNotice{Step: step, State: ceremony.StepActive}})
	return s
}

func TestEveryQuestionIsAnsweredByKeyboardAlone(t *testing.T) {
	m := member(0)
	cases := []struct {
		name  string
		q     ceremony.Question
		do    func(s *stage)
		check func(a ceremony.Answer) bool
	}{
		{"confirm", ceremony.Question{Kind: ceremony.AskConfirm}, func(s *stage) { s.press(fyne.KeyReturn) }, func(a ceremony.Answer) bool { return !a.Refused }},
		{"approve", ceremony.Question{Kind: ceremony.AskApproval, Candidates: people().With(plan.Custodian)}, func(s *stage) {
			s.press(fyne.KeyRight)
			s.press(fyne.KeyReturn)
			s.write("one two")
			s.press(fyne.KeyReturn)
		}, func(a ceremony.Answer) bool { return a.Person == member(1).ID && reveal(a.Secret) == "one two" }},
		{"approve by number", ceremony.Question{Kind: ceremony.AskApproval, Candidates: people().With(plan.Custodian)}, func(s *stage) {
			s.write("3")
			s.write("x")
			s.press(fyne.KeyReturn)
		}, func(a ceremony.Answer) bool { return a.Person == member(2).ID && reveal(a.Secret) == "x" }},
		{"refuse to approve", ceremony.Question{Kind: ceremony.AskApproval, Candidates: people().With(plan.Custodian)}, func(s *stage) {
			s.press(fyne.KeyReturn)
			s.shortcut(fyne.KeyModifierAlt, fyne.KeyR)
			s.write("the label is wrong")
			s.press(fyne.KeyReturn)
			s.write("pass")
			s.press(fyne.KeyReturn)
		}, func(a ceremony.Answer) bool {
			return a.Refused && a.Reason == "the label is wrong" && a.Person == member(0).ID && reveal(a.Secret) == "pass"
		}},
		{"sign", ceremony.Question{Kind: ceremony.AskSignature, Person: &m}, func(s *stage) {
			s.write("pässword")
			s.press(fyne.KeyReturn)
		}, func(a ceremony.Answer) bool { return reveal(a.Secret) == "pässword" }},
		{"PIN half", ceremony.Question{Kind: ceremony.AskSecret, Person: &m, Value: "pin/1"}, func(s *stage) {
			s.write("12345")
			s.press(fyne.KeyBackspace)
			s.press(fyne.KeyReturn)
		}, func(a ceremony.Answer) bool { return reveal(a.Secret) == "1234" }},
		{"text", ceremony.Question{Kind: ceremony.AskText, Value: "envelope/x"}, func(s *stage) {
			s.write("E 17")
			s.press(fyne.KeyReturn)
		}, func(a ceremony.Answer) bool { return a.Text == "E 17" }},
		{"blind hex", ceremony.Question{Kind: ceremony.AskText, Blind: true, Value: ceremony.ValueCheck}, func(s *stage) {
			s.write("3f2a 91cc-0b")
			s.press(fyne.KeyReturn)
		}, func(a ceremony.Answer) bool { return a.Text == "3f2a91cc0b" }},
		{"agree", ceremony.Question{Kind: ceremony.AskStatement, Person: &m}, func(s *stage) {
			s.write("p")
			s.press(fyne.KeyReturn)
		}, func(a ceremony.Answer) bool { return !a.Refused && reveal(a.Secret) == "p" }},
		{"do not agree", ceremony.Question{Kind: ceremony.AskStatement, Person: &m}, func(s *stage) {
			s.shortcut(fyne.KeyModifierAlt, fyne.KeyR)
			s.write("we were late")
			s.press(fyne.KeyReturn)
			s.write("p")
			s.press(fyne.KeyReturn)
		}, func(a ceremony.Answer) bool {
			return a.Refused && a.Reason == "we were late" && reveal(a.Secret) == "p"
		}},
		{"refuse to confirm", ceremony.Question{Kind: ceremony.AskConfirm}, func(s *stage) {
			s.shortcut(fyne.KeyModifierAlt, fyne.KeyR)
			s.press(fyne.KeyReturn) // without a reason: not taken
			s.write("seal broken")
			s.press(fyne.KeyReturn)
		}, func(a ceremony.Answer) bool { return a.Refused && a.Reason == "seal broken" }},
		{"abort", ceremony.Question{Kind: ceremony.AskConfirm}, func(s *stage) {
			s.shortcut(fyne.KeyModifierAlt, fyne.KeyA)
			s.write("fire")
			s.press(fyne.KeyReturn)
			s.write("abo") // not the word: not taken
			s.press(fyne.KeyReturn)
			s.write("rt")
			s.press(fyne.KeyReturn)
		}, func(a ceremony.Answer) bool { return a.Abort && a.Reason == "fire" }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := ready(t)
			got := s.ask(c.q)
			c.do(s)
			select {
			case a := <-got:
				if !c.check(a) {
					t.Fatalf("answer: %+v", a)
				}
			case <-time.After(5 * time.Second):
				t.Fatal("no answer")
			}
			if s.w.dialogOpen() {
				t.Fatal("a dialog is left open")
			}
		})
	}
}

func TestAKeyHeldTooLongConfirmsNothingElse(t *testing.T) {
	s := ready(t)
	first := s.ask(ceremony.Question{Kind: ceremony.AskConfirm, Title: "first"})
	s.press(fyne.KeyReturn)
	<-first
	s.ask(ceremony.Question{Kind: ceremony.AskConfirm, Title: "second"})
	for range 20 { // the keyboard repeats: typed again without being pressed again
		s.canvas().Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	}
	if s.w.model.Screen() != viewmodel.ScreenQuestion {
		t.Fatal("the second question was answered by the first key press")
	}
}

func TestEscapeLeavesADialogAndTheFocusReturns(t *testing.T) {
	s := ready(t)
	m := member(0)
	s.ask(ceremony.Question{Kind: ceremony.AskSignature, Person: &m})
	for _, k := range []fyne.KeyName{fyne.KeyA, fyne.KeyR} {
		s.shortcut(fyne.KeyModifierAlt, k)
		if !s.w.dialogOpen() {
			t.Fatalf("Alt+%s opened nothing", k)
		}
		s.press(fyne.KeyEscape)
		if s.w.dialogOpen() || s.canvas().Focused() != s.w.screen.First {
			t.Fatalf("Alt+%s: not back at the question", k)
		}
	}
}

func TestKeysOfTheWindowAreOffWhileADialogIsOpen(t *testing.T) {
	s := ready(t)
	s.ask(ceremony.Question{Kind: ceremony.AskConfirm})
	s.shortcut(fyne.KeyModifierAlt, fyne.KeyA)
	s.shortcut(fyne.KeyModifierAlt, fyne.KeyR)
	if n := len(s.canvas().Overlays().List()); n != 1 {
		t.Fatalf("%d dialogs", n)
	}
}

func TestATypedSecretOutlivesAChangeOfColours(t *testing.T) {
	s := ready(t)
	m := member(0)
	got := s.ask(ceremony.Question{Kind: ceremony.AskSignature, Person: &m})
	s.write("half ")
	s.shortcut(fyne.KeyModifierAlt, fyne.KeyC)
	s.shortcut(fyne.KeyModifierControl, fyne.KeyEqual)
	s.write("done")
	s.press(fyne.KeyReturn)
	if a := <-got; reveal(a.Secret) != "half done" {
		t.Fatalf("%q", reveal(a.Secret))
	}
}

func TestClosingTheWindowMidwayAsksAndStays(t *testing.T) {
	s := ready(t)
	s.ask(ceremony.Question{Kind: ceremony.AskConfirm})
	s.w.close()
	if !s.w.dialogOpen() {
		t.Fatal("closed without a word")
	}
	s.press(fyne.KeyReturn) // stay has the focus
	if s.w.dialogOpen() || s.w.model.Screen() != viewmodel.ScreenQuestion {
		t.Fatal("not back at the question")
	}
}

func TestTheTranscriptIsCoveredWhileAValueIsTypedBlind(t *testing.T) {
	s := ready(t)
	s.ask(ceremony.Question{Kind: ceremony.AskText, Blind: true, Value: ceremony.ValueCheck})
	if s.w.pane.scroll.Visible() || !s.w.pane.covered.Visible() {
		t.Fatal("the lines can be read")
	}
	s.write("x")
	s.press(fyne.KeyReturn)
	if !s.w.pane.scroll.Visible() || s.w.pane.covered.Visible() {
		t.Fatal("the lines stay covered")
	}
}

func TestTheTranscriptPaneGivesWayAndComesBack(t *testing.T) {
	s := newStage(t, look{0, 1024, 700}, true)
	if s.w.pane.object.Visible() {
		t.Fatal("it takes the room in a narrow window")
	}
	s.shortcut(fyne.KeyModifierAlt, fyne.KeyT)
	if !s.w.pane.object.Visible() {
		t.Fatal("it does not come when it is called")
	}
}

func TestTheWindowWorksWhileTheRunIsBusy(t *testing.T) {
	s := ready(t)
	s.tell(ceremony.Notice{Progress: &ceremony.Progress{Stage: "The HSM generates the key", Fraction: -1}})
	s.shortcut(fyne.KeyModifierAlt, fyne.KeyC)
	s.shortcut(fyne.KeyModifierAlt, fyne.KeyA)
	s.write("smoke")
	s.press(fyne.KeyReturn)
	s.write("ABORT")
	s.press(fyne.KeyReturn)
	if !s.w.model.AbortComing() {
		t.Fatal("the abort is forgotten")
	}
	out := make(chan ceremony.Answer, 1)
	go func() {
		a, _ := s.w.model.Ask(t.Context(), ceremony.Question{Kind: ceremony.AskConfirm})
		out <- a
	}()
	s.until(func() bool { return !s.w.model.AbortComing() })
	if a := <-out; !a.Abort || a.Reason != "smoke" {
		t.Fatalf("%+v", a)
	}
}

func TestARunIsStartedFromHomeAndItsEndIsShown(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
	}{{"success", nil}, {"failure", errors.New("the HSM is gone")}} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, dark, false)
			s.run = func(context.Context, ceremony.Prompter) (command.Summary, error) {
				return command.Summary{Lines: []command.SummaryLine{{Name: "Key", Value: "made"}}}, c.err
			}
			s.w.o.Config.Options.Out = filepath.Join(t.TempDir(), "new")
			s.w.home()
			s.press(fyne.KeyReturn)
			s.until(func() bool { return s.w.model != nil && !s.w.model.Running() })
			if o := s.w.model.Outcome(); (o.Failure != "") != (c.err != nil) || len(o.Summary) != 1 {
				t.Fatalf("%+v", o)
			}
			if !errors.Is(s.w.run.err, c.err) {
				t.Fatalf("the window answers %v", s.w.run.err)
			}
			s.press(fyne.KeyReturn)
			if s.w.model != nil {
				t.Fatal("no way home")
			}
		})
	}
}

func TestAnOldFolderIsRefusedAtHome(t *testing.T) {
	s := newStage(t, light, false)
	s.w.o.Config.Options.Out = t.TempDir()
	s.w.home()
	s.press(fyne.KeyReturn)
	if s.w.model != nil {
		t.Fatal("a rehearsal was started over an old folder")
	}
}

func TestTheTraceHoldsNothingThatWasTyped(t *testing.T) {
	s := ready(t)
	var out strings.Builder
	s.w.trace.to = &out
	m := member(0)
	got := s.ask(ceremony.Question{Kind: ceremony.AskSignature, Person: &m, Title: "signs in"})
	s.write("hunter2")
	s.press(fyne.KeyReturn)
	<-got
	if !strings.Contains(out.String(), "signs in") || strings.Contains(out.String(), "hunter2") {
		t.Fatal(out.String())
	}
}
