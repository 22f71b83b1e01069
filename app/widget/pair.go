package widget

import (
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
)

// newPair puts a name beside its value; the name has a third of the width.
func newPair(name, value *Text) *fyne.Container {
	return container.New(pairLayout{share: 0.24}, name, value)
}

// newItem puts a number before a text.
func newItem(n int, text string, size fyne.ThemeSizeName) *fyne.Container {
	return container.New(pairLayout{fixed: 2}, BoldBlock(strconv.Itoa(n), ColorPrimary, size), Block(text, ColorText, size))
}

// A pairLayout gives the first object a share of the width or, if that is zero, a
// fixed width in units of the text's size.
type pairLayout struct{ share, fixed float32 }

const pairGap = 10

func (l pairLayout) first(width float32) float32 {
	if l.share > 0 {
		return width * l.share
	}
	return l.fixed * theme.Size(SizeText)
}

func (l pairLayout) Layout(o []fyne.CanvasObject, size fyne.Size) {
	w := l.first(size.Width)
	o[0].Move(fyne.Position{})
	o[0].Resize(fyne.NewSize(w, heightFor(o[0], w)))
	rest := max(size.Width-w-pairGap, 0)
	o[1].Move(fyne.NewPos(w+pairGap, 0))
	o[1].Resize(fyne.NewSize(rest, heightFor(o[1], rest)))
}

func (l pairLayout) heightFor(o []fyne.CanvasObject, width float32) float32 {
	w := l.first(width)
	return max(heightFor(o[0], w), heightFor(o[1], max(width-w-pairGap, 0)))
}

func (l pairLayout) MinSize(o []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(120, max(o[0].MinSize().Height, o[1].MinSize().Height))
}
