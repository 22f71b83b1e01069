package widget

import (
	"image/color"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	fw "fyne.io/fyne/v2/widget"
)

// A Choice is one thing to choose.
type Choice struct{ ID, Text string }

// A Chooser lets one of a few be chosen: arrows move, Return or Space chooses, a
// digit chooses at once. Nothing is chosen before somebody did it.
type Chooser struct {
	fw.BaseWidget
	press
	OnChosen func(id string)
	choices  []Choice
	cursor   int
	chosen   int // -1: none
	focused  bool
}

var (
	_ fyne.Focusable  = (*Chooser)(nil)
	_ fyne.Tappable   = (*Chooser)(nil)
	_ desktop.Keyable = (*Chooser)(nil)
)

// NewChooser returns a chooser with nothing chosen.
func NewChooser(choices []Choice, chosen func(id string)) *Chooser {
	c := &Chooser{choices: choices, OnChosen: chosen, chosen: -1}
	c.ExtendBaseWidget(c)
	return c
}

// Chosen is the id that was chosen, "" for none.
func (c *Chooser) Chosen() string {
	if c.chosen < 0 {
		return ""
	}
	return c.choices[c.chosen].ID
}

// Choose chooses by place.
func (c *Chooser) Choose(i int) {
	if i < 0 || i >= len(c.choices) {
		return
	}
	c.cursor, c.chosen = i, i
	c.Refresh()
	if c.OnChosen != nil {
		c.OnChosen(c.choices[i].ID)
	}
}

// TypedKey is Fyne's hook.
func (c *Chooser) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyRight, fyne.KeyDown:
		c.cursor = min(c.cursor+1, len(c.choices)-1)
		c.Refresh()
	case fyne.KeyLeft, fyne.KeyUp:
		c.cursor = max(c.cursor-1, 0)
		c.Refresh()
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		if c.fresh() {
			c.Choose(c.cursor)
		}
	}
}

// TypedRune is Fyne's hook.
func (c *Chooser) TypedRune(r rune) {
	if r >= '1' && r <= '9' {
		c.Choose(int(r - '1'))
	}
}

// FocusGained is Fyne's hook.
func (c *Chooser) FocusGained() { c.focused = true; c.Refresh() }

// FocusLost is Fyne's hook.
func (c *Chooser) FocusLost() { c.focused, c.down = false, false; c.Refresh() }

// Tapped is Fyne's hook.
func (c *Chooser) Tapped(e *fyne.PointEvent) {
	c.place(c.Size().Width, func(i int, p fyne.Position, s fyne.Size) {
		if e.Position.X >= p.X && e.Position.X < p.X+s.Width && e.Position.Y >= p.Y && e.Position.Y < p.Y+s.Height {
			c.Choose(i)
		}
	})
}

// HeightFor is the height at a width.
func (c *Chooser) HeightFor(width float32) float32 {
	return c.place(width, func(int, fyne.Position, fyne.Size) {})
}

const choiceGap = 8

// place calls put with the place of each choice and returns the height.
func (c *Chooser) place(width float32, put func(int, fyne.Position, fyne.Size)) float32 {
	size := theme.SizeForWidget(SizeText, c)
	var x, y, h float32
	for i, choice := range c.choices {
		m := fyne.MeasureText(choice.Text, size, bold())
		box := fyne.NewSize(m.Width+36*size/14+24, m.Height+18)
		if x > 0 && x+box.Width > width {
			x, y = 0, y+box.Height+choiceGap
		}
		put(i, fyne.NewPos(x, y), box)
		x += box.Width + choiceGap
		h = box.Height
	}
	return y + h
}

// CreateRenderer is Fyne's hook.
func (c *Chooser) CreateRenderer() fyne.WidgetRenderer {
	c.ExtendBaseWidget(c)
	r := &chooserRenderer{c: c}
	for i, choice := range c.choices {
		r.items = append(r.items, choiceItem{
			box: canvas.NewRectangle(color.Transparent), dot: canvas.NewCircle(color.Transparent),
			mark: BoldLine(strconv.Itoa(i+1), ColorText, SizeSmall), name: BoldLine(choice.Text, ColorText, SizeText),
		})
	}
	r.Refresh()
	return r
}

type choiceItem struct {
	box  *canvas.Rectangle
	dot  *canvas.Circle
	mark *Text
	name *Text
}

type chooserRenderer struct {
	c     *Chooser
	items []choiceItem
}

func (r *chooserRenderer) Destroy() {}

func (r *chooserRenderer) Objects() []fyne.CanvasObject {
	var out []fyne.CanvasObject
	for _, it := range r.items {
		out = append(out, it.box, it.dot, it.mark, it.name)
	}
	return out
}

func (r *chooserRenderer) MinSize() fyne.Size {
	return fyne.NewSize(200, r.c.HeightFor(max(r.c.Size().Width, 200)))
}

func (r *chooserRenderer) Layout(size fyne.Size) {
	r.c.place(size.Width, func(i int, p fyne.Position, s fyne.Size) {
		it := r.items[i]
		it.box.Move(p)
		it.box.Resize(s)
		d := s.Height - 16
		it.dot.Move(p.AddXY(8, 8))
		it.dot.Resize(fyne.NewSquareSize(d))
		m := it.mark.MinSize()
		it.mark.Resize(m)
		it.mark.Move(p.AddXY(8+(d-m.Width)/2, (s.Height-m.Height)/2))
		n := it.name.MinSize()
		it.name.Resize(n)
		it.name.Move(p.AddXY(8+d+10, (s.Height-n.Height)/2))
	})
}

func (r *chooserRenderer) Refresh() {
	c := r.c
	for i, it := range r.items {
		it.box.CornerRadius = 8
		it.box.FillColor, it.dot.FillColor = colorOf(c, theme.ColorNameInputBackground), colorOf(c, ColorTintQuiet)
		it.box.StrokeColor, it.box.StrokeWidth = colorOf(c, theme.ColorNameInputBorder), 1
		it.name.Color, it.mark.Color, it.mark.text = ColorText, ColorText, strconv.Itoa(i+1)
		if i == c.chosen {
			it.box.FillColor, it.dot.FillColor = colorOf(c, ColorPrimary), colorOf(c, ColorCard)
			it.name.Color, it.mark.text = theme.ColorNameForegroundOnPrimary, "✓"
		}
		if c.focused && i == c.cursor {
			it.box.StrokeColor, it.box.StrokeWidth = colorOf(c, ColorRing), 3
			if i != c.chosen {
				it.box.FillColor = colorOf(c, ColorTint)
			}
		}
		it.mark.Refresh()
		it.name.Refresh()
	}
	r.Layout(c.Size())
	canvas.Refresh(c)
}
