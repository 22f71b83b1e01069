package app

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"keyrite.dev/keyrite/app/widget"
	"keyrite.dev/keyrite/assets"
)

const (
	railWidth = 280
	edgeWidth = 6
)

// dress draws the bars round the screen, and the rail and the frame when there is
// a ceremony.
func (w *Window) dress() {
	w.frame.RailWidth, w.frame.Edge = 0, 0
	w.pane.object.Hidden = w.model == nil
	w.frame.Pane = widget.PaneOff
	if w.model != nil {
		w.frame.RailWidth = railWidth * (1 + (w.theme.Scale-1)*0.9)
		w.frame.Edge = edgeWidth
		w.frame.Pane = w.pane.choice
	}
	w.top.Objects = []fyne.CanvasObject{w.topBar()}
	w.dressFoot()
	w.root.Refresh()
}

func (w *Window) topBar() fyne.CanvasObject {
	icon := canvas.NewImageFromResource(fyne.NewStaticResource("icon.png", assets.Icon))
	icon.FillMode = canvas.ImageFillContain
	icon.SetMinSize(fyne.NewSquareSize(30))
	name := widget.Row(10, icon, widget.Middle(widget.BoldLine(w.words.Product, widget.ColorRailText, widget.SizeHead)))
	kind := widget.OnMark
	if w.model == nil {
		kind = widget.Quiet
	}
	buttons := widget.Row(2,
		widget.NewButton(kind, w.words.Smaller, func() { w.zoom(-0.1) }),
		widget.NewButton(kind, w.words.Larger, func() { w.zoom(+0.1) }),
		widget.NewButton(kind, w.words.Colours, w.nextMode),
	)
	if w.model == nil {
		return widget.NewSurface(widget.ColorBar, 18, 8, 0, widget.Ends(name, buttons))
	}
	buttons.Add(widget.NewButton(kind, w.words.TranscriptShow, w.togglePane))
	mark := widget.Row(14, icon,
		widget.Middle(widget.BoldLine(w.words.RehearsalMark, widget.ColorOnMark, widget.SizeTitle)),
		widget.Middle(widget.Line(w.words.RehearsalWords, widget.ColorOnMark, widget.SizeText)))
	return widget.NewSurface(widget.ColorRehearsal, 16, 5, 0, widget.Ends(mark, buttons))
}

// dressFoot draws the bottom bar: keys, time left, abort.
func (w *Window) dressFoot() {
	keys, right := w.words.KeysHome, widget.Row(14)
	if w.model != nil {
		keys = w.words.KeysCeremony
		right.Add(widget.Middle(widget.BoldLine(w.model.Estimate(), widget.ColorRailText, widget.SizeSmall)))
		if w.model.Running() {
			right.Add(widget.NewButton(widget.Quiet, w.words.AbortButton, w.abort))
		}
	}
	hints := widget.ClippedLine(keys, widget.ColorRailMuted, widget.SizeSmall, fyne.TextStyle{})
	w.foot.Objects = []fyne.CanvasObject{widget.NewSurface(widget.ColorBar, 18, 5, 0, widget.Ends(hints, right))}
	w.foot.Refresh()
}

// fit chooses the text size by the size of the window, until people choose: a
// large screen in a room is read from further away.
func (w *Window) fit(size fyne.Size) {
	scale := float32(1)
	switch {
	case size.Width >= 2400:
		scale = 1.6
	case size.Width >= 1600:
		scale = 1.25
	}
	if w.sized || scale == w.theme.Scale {
		return
	}
	w.theme.Scale = scale
	w.o.Post(w.redraw)
}

func (w *Window) zoom(by float32) {
	w.sized = true
	w.theme.Scale = max(widget.MinScale, min(w.theme.Scale+by, widget.MaxScale))
	w.redraw()
}

func (w *Window) nextMode() {
	w.theme.Mode = w.theme.Mode.Next()
	w.redraw()
}

func (w *Window) togglePane() {
	if w.model == nil {
		return
	}
	if w.frame.PaneShows(w.root.Size().Width) {
		w.pane.choice = widget.PaneOff
	} else {
		w.pane.choice = widget.PaneOn
	}
	w.frame.Pane = w.pane.choice
	w.root.Refresh()
}
