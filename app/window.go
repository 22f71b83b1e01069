// Package app is the window: it shows a run to the room and brings the room's
// answers back. The run has its own goroutine; everything here happens on the
// toolkit's.
package app

import (
	"context"
	"io"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"keyrite.dev/keyrite/app/command"
	"keyrite.dev/keyrite/app/screen"
	"keyrite.dev/keyrite/app/viewmodel"
	"keyrite.dev/keyrite/app/widget"
	"keyrite.dev/keyrite/assets"
)

// Options are what a window is made of.
type Options struct {
	App    fyne.App
	Config command.WindowConfig
	// Post runs a func on the toolkit's goroutine, in order, and returns at once.
	Post func(func())
	// Trace is told what is on the screen, for tests of the whole program; nil for
	// none. What people type never goes there.
	Trace io.Writer
	// Theme is the look to begin with.
	Theme widget.Theme
}

// A Window is the program's one window.
type Window struct {
	o     Options
	ctx   context.Context // ends every run
	words viewmodel.Messages
	win   fyne.Window
	theme widget.Theme
	sized bool // people chose a text size themselves

	keys   *widget.Keys
	frame  *widget.Frame
	root   *fyne.Container
	middle *fyne.Container
	top    *fyne.Container
	foot   *fyne.Container
	rail   *rail
	pane   *pane
	trace  tracer

	model  *viewmodel.Ceremony // nil at home
	screen screen.Screen
	run    run
}

// NewWindow makes the window and shows the first screen in it, unseen until its
// Show. ctx ends the runs that are started here.
func NewWindow(ctx context.Context, o Options) (*Window, error) {
	words, err := viewmodel.ReadMessages(assets.English)
	if err != nil {
		return nil, err
	}
	w := &Window{o: o, ctx: ctx, words: words, theme: o.Theme, trace: tracer{to: o.Trace}}
	if w.theme.Scale == 0 {
		w.theme.Scale = 1
	}
	icon := fyne.NewStaticResource("icon.png", assets.Icon)
	o.App.SetIcon(icon)
	o.App.Settings().SetTheme(w.theme)
	w.win = o.App.NewWindow(words.WindowTitle)
	w.win.SetPadded(false)
	w.win.SetCloseIntercept(w.close)
	w.build()
	w.shortcuts()
	if start := o.Config.Start; start != nil {
		w.start(*start)
	} else {
		w.home()
	}
	w.win.Resize(fyne.NewSize(1280, 800))
	return w, nil
}

func (w *Window) build() {
	w.rail, w.pane = newRail(w.words), newPane(w.words)
	w.top, w.foot, w.middle = container.NewStack(), container.NewStack(), container.NewStack()
	paper := widget.NewSurface(theme.ColorNameBackground, 0, 0, 0, w.middle)
	w.frame = &widget.Frame{
		Top: w.top, Bottom: w.foot, Left: w.rail.object, Right: w.pane.object, Middle: paper, OnWidth: w.fit,
	}
	w.root = w.frame.NewFrame()
	under := widget.NewSurface(widget.ColorRehearsal, 0, 0, 0, nil)
	w.win.SetContent(container.NewStack(append(w.trace.paintHook(), under, w.root)...))
}

// home shows the first screen.
func (w *Window) home() {
	w.model = nil
	h := viewmodel.NewHome(w.words, w.o.Config.Options.Plan, w.o.Config.Options.Token, w.o.Config.Options.Out, time.Now())
	w.show(screen.Home(w.room(), h, func(folder string) {
		o := w.o.Config.Options
		o.Out = folder
		w.start(o)
	}))
	w.dress()
}

func (w *Window) room() screen.Room {
	return screen.Room{
		Words: w.words, Model: w.model, Keys: w.keys, Canvas: w.win.Canvas(), Home: w.home, Refocus: w.refocus,
		Relayout: w.middle.Refresh,
	}
}

// changed is told by the model what is out of date.
func (w *Window) changed(c viewmodel.Change) {
	switch c {
	case viewmodel.ScreenChanged:
		if w.model.Screen() == viewmodel.ScreenDone {
			w.closeDialogs()
		}
		w.show(screen.Of(w.room()))
		w.pane.cover(w.model.Covered())
	case viewmodel.StepsChanged:
		w.rail.update(w.model)
		w.dressFoot()
	case viewmodel.LineAdded:
		w.pane.update(w.model)
	case viewmodel.ProgressChanged:
		if w.screen.Refresh != nil {
			w.screen.Refresh()
		}
	}
}

// show puts a screen in the middle and the focus where it belongs.
func (w *Window) show(s screen.Screen) {
	w.screen.Close()
	w.screen = s
	w.middle.Objects = []fyne.CanvasObject{s.Object}
	w.middle.Refresh()
	w.refocus()
	w.trace.screen(w.model)
}

func (w *Window) refocus() {
	if w.dialogOpen() {
		return
	}
	if w.screen.First != nil {
		w.win.Canvas().Focus(w.screen.First)
		return
	}
	w.win.Canvas().Unfocus()
}

func (w *Window) dialogOpen() bool { return len(w.win.Canvas().Overlays().List()) > 0 }

func (w *Window) closeDialogs() {
	overlays := w.win.Canvas().Overlays()
	for _, o := range overlays.List() {
		overlays.Remove(o)
	}
}

// redraw makes everything anew after a change of theme: sizes of text have
// changed, so heights have.
func (w *Window) redraw() {
	w.o.App.Settings().SetTheme(w.theme)
	w.dress()
	if w.model != nil {
		w.rail.update(w.model)
		w.pane.renew(w.model)
		if w.model.Screen() != viewmodel.ScreenQuestion {
			w.show(screen.Of(w.room()))
		}
	}
	w.root.Refresh()
}
