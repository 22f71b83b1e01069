package app

import (
	"fyne.io/fyne/v2"

	"keyrite.dev/keyrite/app/screen"
	"keyrite.dev/keyrite/app/widget"
)

// scrollStep is how far one press of a scroll key goes.
const scrollStep = 80

// shortcuts registers every key of the window. A dialog has the keys to itself.
func (w *Window) shortcuts() {
	w.keys = widget.NewKeys()
	add := func(m fyne.KeyModifier, k fyne.KeyName, f func()) {
		w.keys.Add(m, k, func() {
			if !w.dialogOpen() {
				f()
			}
		})
	}
	add(fyne.KeyModifierControl, fyne.KeyEqual, func() { w.zoom(+0.1) })
	add(fyne.KeyModifierControl|fyne.KeyModifierShift, fyne.KeyEqual, func() { w.zoom(+0.1) })
	add(fyne.KeyModifierControl, fyne.KeyPlus, func() { w.zoom(+0.1) })
	add(fyne.KeyModifierControl, fyne.KeyMinus, func() { w.zoom(-0.1) })
	add(fyne.KeyModifierAlt, fyne.KeyC, w.nextMode)
	add(fyne.KeyModifierAlt, fyne.KeyT, w.togglePane)
	add(fyne.KeyModifierAlt, fyne.KeyA, w.abort)
	add(fyne.KeyModifierAlt, fyne.KeyR, w.refuse)
	add(fyne.KeyModifierAlt, fyne.KeyDown, func() { w.scroll(+scrollStep) })
	add(fyne.KeyModifierAlt, fyne.KeyUp, func() { w.scroll(-scrollStep) })
	w.keys.Install(w.win.Canvas())
}

func (w *Window) refuse() {
	if w.screen.Refuse != nil {
		w.screen.Refuse()
	}
}

func (w *Window) scroll(by float32) {
	if w.screen.Scroll != nil {
		w.screen.Scroll.By(by)
	}
}

func (w *Window) abort() {
	if w.model != nil && w.model.Running() && !w.model.Aborting() {
		screen.Abort(w.room())
	}
}

// close answers the window's close button.
func (w *Window) close() {
	switch {
	case w.model == nil || !w.model.Running():
		w.quit()
	case !w.dialogOpen():
		screen.Close(w.room(), screen.Closing{Stay: func() {}, Abort: w.abort, Leave: w.quit})
	}
}
