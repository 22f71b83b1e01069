package widget

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	fw "fyne.io/fyne/v2/widget"
)

// A Mark is where a row of the rail stands. Each has a shape, not just a colour.
type Mark int

const (
	// MarkAhead is a ring.
	MarkAhead Mark = iota
	// MarkOn is a filled ring with an arrow.
	MarkOn
	// MarkDone is a tick.
	MarkDone
	// MarkFailed is a cross.
	MarkFailed
	// MarkSkipped is a dash.
	MarkSkipped
)

// A RailRow is an act or a step on the rail.
type RailRow struct {
	fw.BaseWidget
	mark  Mark
	act   bool
	title *Text
	count *Text
}

// NewRailAct is the row of an act: larger, with how many of its steps are done.
func NewRailAct(mark Mark, title, count string) *RailRow {
	r := &RailRow{mark: mark, act: true}
	r.title = ClippedLine(title, railColor(mark), SizeText, bold())
	r.count = Line(count, ColorRailMuted, SizeSmall)
	r.ExtendBaseWidget(r)
	return r
}

// NewRailStep is the row of a step, below its act.
func NewRailStep(mark Mark, number, title string) *RailRow {
	r := &RailRow{mark: mark}
	style := fyne.TextStyle{}
	if mark == MarkOn {
		style = bold()
	}
	r.title = ClippedLine(title, railColor(mark), SizeText, style)
	r.count = Line(number, ColorRailMuted, SizeSmall)
	r.ExtendBaseWidget(r)
	return r
}

func railColor(m Mark) fyne.ThemeColorName {
	switch m {
	case MarkOn:
		return ColorRailText
	case MarkFailed:
		return ColorRailFailed
	default:
		return ColorRailMuted
	}
}

// CreateRenderer is Fyne's hook.
func (r *RailRow) CreateRenderer() fyne.WidgetRenderer {
	r.ExtendBaseWidget(r)
	rr := &railRenderer{r: r, bg: canvas.NewRectangle(color.Transparent), dot: canvas.NewCircle(color.Transparent)}
	rr.dot.StrokeWidth = 1.5
	for i := range rr.strokes {
		rr.strokes[i] = canvas.NewLine(color.Transparent)
		rr.strokes[i].StrokeWidth = 2
	}
	rr.paint()
	return rr
}

type railRenderer struct {
	r       *RailRow
	bg      *canvas.Rectangle
	dot     *canvas.Circle
	strokes [2]*canvas.Line
}

func (r *railRenderer) Destroy() {}

func (r *railRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.bg, r.dot, r.strokes[0], r.strokes[1], r.r.title, r.r.count}
}

func (r *railRenderer) MinSize() fyne.Size {
	pad := float32(11)
	if r.r.act {
		pad = 14
	}
	return fyne.NewSize(120, r.r.title.MinSize().Height+pad)
}

func (r *railRenderer) Layout(size fyne.Size) {
	k := theme.SizeForWidget(SizeText, r.r) / 14
	d, x := 18*k, 14*k
	if !r.r.act {
		d, x = 14*k, 34*k
	}
	r.bg.Move(fyne.NewPos(6, 1))
	r.bg.Resize(size.Subtract(fyne.NewSize(12, 2)))
	r.dot.Move(fyne.NewPos(x, (size.Height-d)/2))
	r.dot.Resize(fyne.NewSquareSize(d))
	r.stroke(x+d/2, size.Height/2, d/18)
	m := r.r.count.MinSize()
	right := size.Width - m.Width - 16
	r.r.count.Move(fyne.NewPos(right, (size.Height-m.Height)/2))
	r.r.count.Resize(m)
	left := x + d + 10*k
	h := r.r.title.MinSize().Height
	r.r.title.Move(fyne.NewPos(left, (size.Height-h)/2))
	r.r.title.Resize(fyne.NewSize(max(right-left-6, 10), h))
}

// stroke draws the mark's shape round a middle, k units large.
func (r *railRenderer) stroke(x, y, k float32) {
	at := func(i int, x1, y1, x2, y2 float32) {
		r.strokes[i].Position1 = fyne.NewPos(x+x1*k, y+y1*k)
		r.strokes[i].Position2 = fyne.NewPos(x+x2*k, y+y2*k)
	}
	switch r.r.mark {
	case MarkOn:
		at(0, -2, -4, 2.5, 0)
		at(1, 2.5, 0, -2, 4)
	case MarkDone:
		at(0, -4, 0.3, -1, 3.4)
		at(1, -1, 3.4, 4.4, -3.2)
	case MarkFailed:
		at(0, -3.5, -3.5, 3.5, 3.5)
		at(1, -3.5, 3.5, 3.5, -3.5)
	default:
		at(0, -3.5, 0, 3.5, 0)
		at(1, -3.5, 0, 3.5, 0)
	}
}

func (r *railRenderer) paint() {
	on := func(n fyne.ThemeColorName) color.Color { return colorOf(r.r, n) }
	fill, edge, line := color.Color(color.Transparent), on(ColorRailMuted), color.Color(color.Transparent)
	r.bg.FillColor, r.bg.CornerRadius = color.Transparent, 7
	switch r.r.mark {
	case MarkOn:
		fill, edge, line = on(ColorRailText), on(ColorRailText), on(ColorRail)
		if !r.r.act {
			r.bg.FillColor = on(ColorRailOn)
		}
	case MarkDone:
		fill, edge, line = on(ColorRailDone), on(ColorRailDone), on(ColorRail)
	case MarkFailed:
		fill, edge, line = on(ColorRailFailed), on(ColorRailFailed), on(ColorRail)
	case MarkSkipped:
		line = on(ColorRailMuted)
	}
	r.dot.FillColor, r.dot.StrokeColor = fill, edge
	for _, s := range r.strokes {
		s.StrokeColor = line
	}
}

func (r *railRenderer) Refresh() {
	r.paint()
	r.Layout(r.r.Size())
	r.r.title.Refresh()
	r.r.count.Refresh()
	canvas.Refresh(r.r)
}
