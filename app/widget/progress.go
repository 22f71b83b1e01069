package widget

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	fw "fyne.io/fyne/v2/widget"
)

// A Progress is a slim bar that fills from the left.
type Progress struct {
	fw.BaseWidget
	Fill, Empty fyne.ThemeColorName
	fraction    float32
}

// NewProgress returns an empty bar.
func NewProgress(fill, empty fyne.ThemeColorName) *Progress {
	b := &Progress{Fill: fill, Empty: empty}
	b.ExtendBaseWidget(b)
	return b
}

// Set fills the bar, 0 to 1.
func (b *Progress) Set(fraction float64) {
	b.fraction = float32(max(0, min(fraction, 1)))
	b.Refresh()
}

// CreateRenderer is Fyne's hook.
func (b *Progress) CreateRenderer() fyne.WidgetRenderer {
	b.ExtendBaseWidget(b)
	r := &barRenderer{b: b, empty: canvas.NewRectangle(color.Transparent), full: canvas.NewRectangle(color.Transparent)}
	r.Refresh()
	return r
}

type barRenderer struct {
	b           *Progress
	empty, full *canvas.Rectangle
}

const barHeight = 8

func (r *barRenderer) Destroy()                     {}
func (r *barRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.empty, r.full} }
func (r *barRenderer) MinSize() fyne.Size           { return fyne.NewSize(40, barHeight) }

func (r *barRenderer) Layout(size fyne.Size) {
	r.empty.Resize(fyne.NewSize(size.Width, barHeight))
	r.full.Resize(fyne.NewSize(size.Width*r.b.fraction, barHeight))
}

func (r *barRenderer) Refresh() {
	r.empty.CornerRadius, r.full.CornerRadius = barHeight/2, barHeight/2
	r.empty.FillColor, r.full.FillColor = colorOf(r.b, r.b.Empty), colorOf(r.b, r.b.Fill)
	r.Layout(r.b.Size())
	canvas.Refresh(r.b)
}
