package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// A Modal stands over the window until it is closed. Unlike Fyne's dialogs it is
// ours to focus and to answer Escape.
type Modal struct {
	canvas  fyne.Canvas
	overlay fyne.CanvasObject
}

// modalWidth is how wide a dialog is, if the window is.
const modalWidth = 620

// OpenModal shows content over the window and focuses first.
func OpenModal(c fyne.Canvas, content fyne.CanvasObject, first fyne.Focusable) *Modal {
	card := NewCard(content)
	card.PadX, card.PadY = 28, 24
	m := &Modal{canvas: c, overlay: container.NewStack(NewSurface(ColorDim, 0, 0, 0, nil), AtMost(modalWidth, Middle(card)))}
	c.Overlays().Add(m.overlay)
	m.overlay.Resize(c.Size())
	c.Focus(first)
	return m
}

// Close takes it away.
func (m *Modal) Close() { m.canvas.Overlays().Remove(m.overlay) }
