package app

import (
	"context"
	"flag"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"keyrite.dev/keyrite/app/command"
	"keyrite.dev/keyrite/app/widget"
	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/plan"
)

// gallery is a folder that gets a picture of every screen.
var gallery = flag.String("gallery", "", "folder for pictures of every screen")

// A stage is a window without a display, whose goroutine is the test's.
type stage struct {
	t     *testing.T
	w     *Window
	queue chan func()
	run   func(ctx context.Context, room ceremony.Prompter) (command.Summary, error)
}

type look struct {
	mode          widget.Mode
	width, height float32
}

var (
	light = look{widget.Light, 1280, 800}
	dark  = look{widget.Dark, 1280, 800}
)

func newStage(t *testing.T, l look, start bool) *stage {
	t.Helper()
	s := &stage{t: t, queue: make(chan func(), 256)}
	a := test.NewTempApp(t)
	o := Options{App: a, Post: func(f func()) { s.queue <- f }, Theme: widget.Theme{Mode: l.mode, Scale: 1}}
	o.Config.Options = command.RehearsalOptions{Token: "nss", Out: filepath.Join("/home/ceremony", "rehearsal")}
	o.Config.Rehearse = func(ctx context.Context, _ command.RehearsalOptions, room ceremony.Prompter) (command.Summary, error) {
		if s.run != nil {
			return s.run(ctx, room)
		}
		<-ctx.Done()
		return command.Summary{}, ctx.Err()
	}
	if start {
		o.Config.Start = &o.Config.Options
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	w, err := NewWindow(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	s.w = w
	w.win.Resize(fyne.NewSize(l.width, l.height))
	s.drain()
	return s
}

// drain does what was posted so far.
func (s *stage) drain() {
	for {
		select {
		case f := <-s.queue:
			f()
		default:
			return
		}
	}
}

func (s *stage) until(ready func() bool) {
	s.t.Helper()
	for !ready() {
		select {
		case f := <-s.queue:
			f()
		case <-time.After(5 * time.Second):
			s.t.Fatal("nothing came")
		}
	}
	s.drain()
}

func (s *stage) tell(notices ...ceremony.Notice) {
	for _, n := range notices {
		s.w.model.Show(s.t.Context(), n)
	}
	s.drain()
}

// ask asks as the run does and waits for the screen.
func (s *stage) ask(q ceremony.Question) <-chan ceremony.Answer {
	s.t.Helper()
	out := make(chan ceremony.Answer, 1)
	before := s.w.model.Serial()
	go func() {
		a, err := s.w.model.Ask(s.t.Context(), q)
		if err == nil {
			out <- a
		}
	}()
	s.until(func() bool { return s.w.model.Serial() > before })
	return out
}

func (s *stage) canvas() fyne.Canvas { return s.w.win.Canvas() }

// write types text into what has the focus, as the driver does.
func (s *stage) write(text string) {
	for _, r := range text {
		if f := s.canvas().Focused(); f != nil {
			f.TypedRune(r)
		}
	}
}

// press presses and releases a key, as the driver does.
func (s *stage) press(k fyne.KeyName) {
	s.t.Helper()
	if k == fyne.KeyTab {
		s.canvas().(interface{ FocusNext() }).FocusNext()
		return
	}
	f := s.canvas().Focused()
	if f == nil {
		s.t.Fatal("nothing has the focus")
	}
	e := &fyne.KeyEvent{Name: k}
	if d, ok := f.(desktop.Keyable); ok {
		d.KeyDown(e)
	}
	f.TypedKey(e)
	if d, ok := s.canvas().Focused().(desktop.Keyable); ok {
		d.KeyUp(e)
	}
	s.drain()
}

// shortcut presses a key with a modifier.
func (s *stage) shortcut(m fyne.KeyModifier, k fyne.KeyName) {
	sc := &desktop.CustomShortcut{KeyName: k, Modifier: m}
	if f, ok := s.canvas().Focused().(fyne.Shortcutable); ok {
		f.TypedShortcut(sc)
	} else {
		s.w.keys.Press(sc)
	}
	s.drain()
}

// snap draws the window and keeps the picture when a gallery is wanted.
func (s *stage) snap(name string) {
	s.t.Helper()
	if raced {
		return
	}
	img := s.canvas().Capture()
	if b := img.Bounds(); b.Dx() < 800 {
		s.t.Fatalf("the window is %v", b)
	}
	if *gallery == "" {
		return
	}
	f, err := os.Create(filepath.Join(*gallery, name+".png"))
	if err != nil {
		s.t.Fatal(err)
	}
	if err := png.Encode(f, img); err != nil {
		s.t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		s.t.Fatal(err)
	}
}

func people() plan.Plan {
	p := plan.Default(plan.AES256, false)
	return p
}

// opened is a ceremony in the middle of its script, with a transcript.
func opened(s *stage, number string) ceremony.Step {
	script := ceremony.Script(people())
	s.tell(ceremony.Notice{Script: script})
	at := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	seq := 0
	line := func(kind, by, summary string) {
		s.tell(ceremony.Notice{Line: &ceremony.LineNotice{Seq: seq, Kind: kind, By: by, Summary: summary, Head: testHead, Time: at}})
		seq, at = seq+1, at.Add(23*time.Second)
	}
	line("open", "recorder", people().Title)
	for _, step := range script {
		if *gallery == "" && step.Act != actOf(script, number) {
			s.tell(ceremony.Notice{Step: &ceremony.StepNotice{Step: step, State: ceremony.StepDone}})
			continue // a full transcript is for the pictures
		}
		s.tell(ceremony.Notice{Step: &ceremony.StepNotice{Step: step, State: ceremony.StepActive}})
		line("request", "recorder", step.Number+" "+step.Title)
		if step.Number == number {
			return step
		}
		line("result", "recorder", step.Number+" done")
		s.tell(ceremony.Notice{Step: &ceremony.StepNotice{Step: step, State: ceremony.StepDone}})
	}
	s.t.Fatal("no step " + number)
	return ceremony.Step{}
}

func actOf(script []ceremony.Step, number string) string {
	for _, s := range script {
		if s.Number == number {
			return s.Act
		}
	}
	return ""
}

const testHead = "3f2a91cc0be1778294d2e9a227489c01f5b0a3d46e5f7c8899aabbccddeeff00"
