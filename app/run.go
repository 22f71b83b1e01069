package app

import (
	"context"
	"errors"
	"os"
	"time"

	"fyne.io/fyne/v2"

	"keyrite.dev/keyrite/app/command"
	"keyrite.dev/keyrite/app/viewmodel"
)

// errUnfinished is the answer of a window that was closed before its rehearsal
// came to an end.
var errUnfinished = errors.New("the window was closed before the rehearsal ended")

// A run is a rehearsal on a goroutine of its own.
type run struct {
	cancel context.CancelFunc // nil when none was started
	ended  chan struct{}
	err    error // of the last one; its goroutine writes it before ended closes
}

// start begins a rehearsal and shows its first screen.
func (w *Window) start(o command.RehearsalOptions) {
	ctx, cancel := context.WithCancel(w.ctx)
	w.run = run{cancel: cancel, ended: make(chan struct{}), err: errUnfinished}
	w.model = viewmodel.NewCeremony(w.words, w.o.Post, w.changed)
	w.pane.clear()
	w.rail.update(w.model)
	w.dress()
	w.changed(viewmodel.ScreenChanged)
	go w.rehearse(ctx, o, w.model, w.run.ended)
}

func (w *Window) rehearse(ctx context.Context, o command.RehearsalOptions, model *viewmodel.Ceremony, ended chan<- struct{}) {
	summary, err := w.o.Config.Rehearse(ctx, o, model)
	lines := make([]viewmodel.SummaryLine, len(summary.Lines))
	for i, l := range summary.Lines {
		lines[i] = viewmodel.SummaryLine(l)
	}
	failure := ""
	if err != nil {
		failure = err.Error()
	}
	w.o.Post(func() {
		w.run.err = err
		model.Finish(lines, failure)
		w.dressFoot()
	})
	close(ended)
}

// Grace is how long a run may take to let go of its HSM when the window closes,
// and the toolkit to end after that.
const (
	runGrace  = 3 * time.Second
	quitGrace = 2 * time.Second
)

// quit ends the program: first what is secret, then the run, then the toolkit,
// which is known to hang at times and then is not waited for.
func (w *Window) quit() {
	w.screen.Close()
	w.screen.Leave = nil
	ended, result := w.run.ended, w.run.err
	if w.run.cancel != nil {
		w.run.cancel()
	}
	go func() {
		if ended != nil {
			select {
			case <-ended:
			case <-time.After(runGrace):
			}
		}
		time.AfterFunc(quitGrace, func() { os.Exit(exitCode(result)) })
		w.o.Post(w.o.App.Quit)
	}()
}

func exitCode(err error) int {
	if err != nil {
		return command.ExitFailed
	}
	return command.ExitOK
}

// ShowAndRun shows the window and returns when it was closed. It must be called
// on the program's first goroutine. The error is the last rehearsal's.
func (w *Window) ShowAndRun() error {
	stop := context.AfterFunc(w.ctx, func() { w.o.Post(w.quit) })
	defer stop()
	go w.tick()
	w.win.ShowAndRun()
	return w.run.err
}

// tick keeps countdowns going.
func (w *Window) tick() {
	for {
		select {
		case <-w.ctx.Done():
			return
		case now := <-time.After(time.Second):
			w.o.Post(func() {
				if w.screen.Tick != nil {
					w.screen.Tick(now)
				}
			})
		}
	}
}

// Run opens the window and returns when it was closed. newApp makes the toolkit's
// application; it is not called where there is no display.
func Run(ctx context.Context, newApp func() fyne.App, o Options) error {
	if !hasDisplay() {
		return errNoDisplay
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	quietToolkit()
	o.App, o.Post = newApp(), fyne.Do
	w, err := NewWindow(ctx, o)
	if err != nil {
		return err
	}
	return w.ShowAndRun()
}
