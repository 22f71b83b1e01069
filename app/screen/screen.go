// Package screen draws what the view model says, one file a kind of screen. A
// screen knows nothing but its question and where the answer goes.
package screen

import (
	"time"

	"fyne.io/fyne/v2"

	"keyrite.dev/keyrite/app/viewmodel"
	"keyrite.dev/keyrite/app/widget"
)

// A Room is what every screen needs.
type Room struct {
	Words  viewmodel.Messages
	Model  *viewmodel.Ceremony
	Keys   *widget.Keys
	Canvas fyne.Canvas
	// Relayout lays the screen out again after a part of it changed its height.
	Relayout func()
	// Refocus gives the focus back to the screen after a dialog.
	Refocus func()
	Home    func() // leads from the last screen back to the first
}

// A Screen is what stands in the middle of the window.
type Screen struct {
	Object  fyne.CanvasObject
	First   fyne.Focusable      // has the focus when the screen opens; nil for none
	Refuse  func()              // what the refuse key does; nil for nothing
	Scroll  *widget.Scroller    // what the scroll keys move; nil for nothing
	Tick    func(now time.Time) // called every second; nil for nothing
	Refresh func()              // called when progress was made; nil for nothing
	Leave   func()              // wipes what was typed; nil for nothing
}

// Close wipes what a screen that goes away still holds.
func (s Screen) Close() {
	if s.Leave != nil {
		s.Leave()
	}
}

// Of is the screen for what the ceremony shows now.
func Of(r Room) Screen {
	switch r.Model.Screen() {
	case viewmodel.ScreenNote:
		return note(r)
	case viewmodel.ScreenDone:
		return done(r)
	case viewmodel.ScreenQuestion:
		return question(r)
	default:
		return working(r)
	}
}
