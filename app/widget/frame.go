package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// A Frame is the window: a bar on top and at the bottom, a rail left, a pane
// right that gives way in a narrow window, and the middle. Fyne's border layout
// would leave light seams between dark parts.
type Frame struct {
	Top, Bottom, Left, Right, Middle fyne.CanvasObject
	Edge                             float32                // width of the mark round the window, 0 for none
	RailWidth                        float32                // 0 hides the rail
	Pane                             PaneChoice             // what people chose for the right pane
	OnWidth                          func(window fyne.Size) // told of each new size
}

// A PaneChoice is whether the right pane shows.
type PaneChoice int

const (
	// PaneFits shows it where the window is wide enough.
	PaneFits PaneChoice = iota
	// PaneOn always shows it.
	PaneOn
	// PaneOff never does.
	PaneOff
)

const (
	paneLeast  = 280
	paneMost   = 460
	paneShare  = 0.23
	paneWindow = 1180 // narrowest window in which it shows by itself
)

// NewFrame lays its parts out.
func (f *Frame) NewFrame() *fyne.Container {
	return container.New(f, f.Top, f.Bottom, f.Left, f.Right, f.Middle)
}

// PaneShows tells whether the right pane shows at a width.
func (f *Frame) PaneShows(width float32) bool {
	return f.Pane == PaneOn || f.Pane == PaneFits && width >= paneWindow
}

// MinSize is the smallest window that is of any use.
func (f *Frame) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(900, 560) }

// Layout is Fyne's hook.
func (f *Frame) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	if f.OnWidth != nil {
		f.OnWidth(size)
	}
	w, e := size.Width-2*f.Edge, f.Edge
	top, bottom := f.Top.MinSize().Height, f.Bottom.MinSize().Height
	h := size.Height - top - bottom - 2*e
	put := func(o fyne.CanvasObject, x, y, w, h float32) {
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(w, h))
	}
	pane := float32(0)
	if f.PaneShows(size.Width) {
		pane = min(paneMost, max(paneLeast, w*paneShare))
	}
	show(f.Left, f.RailWidth > 0)
	show(f.Right, pane > 0)
	put(f.Top, e, e, w, top)
	put(f.Bottom, e, size.Height-bottom-e, w, bottom)
	put(f.Left, e, e+top, f.RailWidth, h)
	put(f.Right, size.Width-e-pane, e+top, pane, h)
	put(f.Middle, e+f.RailWidth, e+top, w-f.RailWidth-pane, h)
}

// show shows or hides, and does nothing when that is so: doing it in a layout
// again and again would lay out again and again.
func show(o fyne.CanvasObject, on bool) {
	switch {
	case on && !o.Visible():
		o.Show()
	case !on && o.Visible():
		o.Hide()
	}
}
