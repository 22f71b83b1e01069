package widget

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	fw "fyne.io/fyne/v2/widget"
)

// colorOf looks a name up in the theme in force; "" is no colour.
func colorOf(w fyne.Widget, n fyne.ThemeColorName) color.Color {
	if n == "" {
		return color.Transparent
	}
	return theme.ColorForWidget(n, w)
}

// A Surface is a box with a fill, an edge and padding, in theme colours: unlike a
// bare rectangle it follows a change of theme by itself.
type Surface struct {
	fw.BaseWidget
	Fill, Edge fyne.ThemeColorName
	EdgeWidth  float32
	Radius     float32
	PadX, PadY float32
	Raised     bool
	Content    fyne.CanvasObject // may be nil
}

// NewSurface returns a box round content.
func NewSurface(fill fyne.ThemeColorName, padX, padY, radius float32, content fyne.CanvasObject) *Surface {
	s := &Surface{Fill: fill, PadX: padX, PadY: padY, Radius: radius, Content: content}
	s.ExtendBaseWidget(s)
	return s
}

// NewCard is the standard panel.
func NewCard(content fyne.CanvasObject) *Surface {
	s := NewSurface(ColorCard, 24, 20, 12, content)
	s.Edge, s.EdgeWidth, s.Raised = ColorCardEdge, 1, true
	return s
}

// NewBox is a tinted panel with an edge, inside a card.
func NewBox(fill, edge fyne.ThemeColorName, content fyne.CanvasObject) *Surface {
	s := NewSurface(fill, 14, 10, 8, content)
	s.Edge, s.EdgeWidth = edge, 1
	return s
}

// Rule is a thin line in the separator colour.
func Rule() fyne.CanvasObject { return NewSurface(theme.ColorNameSeparator, 0.5, 0.5, 0, nil) }

// HeightFor is the content's height at this width, with the padding.
func (s *Surface) HeightFor(width float32) float32 {
	if s.Content == nil {
		return 2 * s.PadY
	}
	return heightFor(s.Content, width-2*s.PadX) + 2*s.PadY
}

// CreateRenderer is Fyne's hook.
func (s *Surface) CreateRenderer() fyne.WidgetRenderer {
	s.ExtendBaseWidget(s)
	r := &surfaceRenderer{s: s, box: canvas.NewRectangle(color.Transparent)}
	r.paint()
	return r
}

type surfaceRenderer struct {
	s   *Surface
	box *canvas.Rectangle
}

func (r *surfaceRenderer) Destroy() {}

func (r *surfaceRenderer) Layout(size fyne.Size) {
	r.box.Resize(size)
	if c := r.s.Content; c != nil {
		c.Move(fyne.NewPos(r.s.PadX, r.s.PadY))
		c.Resize(fyne.NewSize(max(size.Width-2*r.s.PadX, 0), max(size.Height-2*r.s.PadY, 0)))
	}
}

func (r *surfaceRenderer) MinSize() fyne.Size {
	pad := fyne.NewSize(2*r.s.PadX, 2*r.s.PadY)
	if r.s.Content == nil {
		return pad
	}
	return pad.Add(r.s.Content.MinSize())
}

func (r *surfaceRenderer) Objects() []fyne.CanvasObject {
	if r.s.Content == nil {
		return []fyne.CanvasObject{r.box}
	}
	return []fyne.CanvasObject{r.box, r.s.Content}
}

func (r *surfaceRenderer) Refresh() {
	r.paint()
	r.Layout(r.s.Size())
	r.box.Refresh()
	if r.s.Content != nil {
		r.s.Content.Refresh()
	}
}

func (r *surfaceRenderer) paint() {
	r.box.FillColor = colorOf(r.s, r.s.Fill)
	r.box.StrokeColor = colorOf(r.s, r.s.Edge)
	r.box.StrokeWidth = r.s.EdgeWidth
	r.box.CornerRadius = r.s.Radius
	if r.s.Raised {
		r.box.Shadow = canvas.Shadow{
			Color: colorOf(r.s, theme.ColorNameShadow), BlurRadius: 10, Offset: fyne.NewPos(0, 2), Variant: canvas.DropShadow,
		}
	}
}
