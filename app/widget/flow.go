package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// A flow knows how high it is at a width. Text that wraps has no least size
// before it has a width; asking for the height at a width lays a screen out in
// one pass instead of one pass a nesting level.
type flow interface {
	HeightFor(width float32) float32
}

// flowLayout is a layout whose container flows.
type flowLayout interface {
	heightFor(objects []fyne.CanvasObject, width float32) float32
}

// heightFor is the height of o at a width.
func heightFor(o fyne.CanvasObject, width float32) float32 {
	if f, ok := o.(flow); ok {
		return f.HeightFor(width)
	}
	if c, ok := o.(*fyne.Container); ok {
		if l, ok := c.Layout.(flowLayout); ok {
			return l.heightFor(c.Objects, width)
		}
	}
	return o.MinSize().Height
}

// widest is the largest least width.
func widest(objects []fyne.CanvasObject) float32 {
	var w float32
	for _, o := range objects {
		if o.Visible() {
			w = max(w, o.MinSize().Width)
		}
	}
	return w
}

type columnLayout struct {
	gap   float32
	width float32 // last laid out
}

// Column stacks objects, each as high as it is at the column's width.
func Column(gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(&columnLayout{gap: gap}, objects...)
}

func (l *columnLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	l.width = size.Width
	var y float32
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		h := heightFor(o, size.Width)
		o.Move(fyne.NewPos(0, y))
		o.Resize(fyne.NewSize(size.Width, h))
		y += h + l.gap
	}
}

func (l *columnLayout) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	var h float32
	n := 0
	for _, o := range objects {
		if o.Visible() {
			h += heightFor(o, width)
			n++
		}
	}
	return h + l.gap*float32(max(n-1, 0))
}

func (l *columnLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	w := widest(objects)
	return fyne.NewSize(w, l.heightFor(objects, max(l.width, w)))
}

type wrapLayout struct {
	gap   float32
	width float32
}

// Wrap puts objects side by side and begins another row where one does not fit.
func Wrap(gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(&wrapLayout{gap: gap}, objects...)
}

// walk calls put with the place of each object and returns the height.
func (l *wrapLayout) walk(objects []fyne.CanvasObject, width float32, put func(fyne.CanvasObject, fyne.Position, fyne.Size)) float32 {
	var x, y, row float32
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		m := o.MinSize()
		m.Width = min(m.Width, max(width, 1))
		if x > 0 && x+m.Width > width {
			x, y, row = 0, y+row+l.gap, 0
		}
		put(o, fyne.NewPos(x, y), m)
		x += m.Width + l.gap
		row = max(row, m.Height)
	}
	return y + row
}

func (l *wrapLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	l.width = size.Width
	l.walk(objects, size.Width, func(o fyne.CanvasObject, p fyne.Position, s fyne.Size) {
		o.Move(p)
		o.Resize(s)
	})
}

func (l *wrapLayout) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	return l.walk(objects, width, func(fyne.CanvasObject, fyne.Position, fyne.Size) {})
}

func (l *wrapLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	w := widest(objects)
	return fyne.NewSize(w, l.heightFor(objects, max(l.width, w)))
}

type scrollLayout struct {
	scroll *container.Scroll
	inner  *innerLayout
}

type innerLayout struct{ width float32 }

// right keeps text clear of the scroll bar, which Fyne draws over its content.
const scrollGap = 14

// A Scroller is a column that scrolls when it is too high.
type Scroller struct {
	*fyne.Container
	scroll *container.Scroll
}

// NewScroller scrolls content up and down.
func NewScroller(content fyne.CanvasObject) *Scroller {
	inner := &innerLayout{}
	s := container.NewVScroll(container.New(inner, content))
	return &Scroller{Container: container.New(&scrollLayout{s, inner}, s), scroll: s}
}

// By scrolls by a distance, down for positive ones.
func (s *Scroller) By(distance float32) {
	s.scroll.ScrollToOffset(fyne.NewPos(0, s.scroll.Offset.Y+distance))
}

// ToEnd scrolls to the end.
func (s *Scroller) ToEnd() { s.scroll.ScrollToBottom() }

// Reveal scrolls so that the part of the content from top to bottom is seen.
func (s *Scroller) Reveal(top, bottom float32) {
	at, height := s.scroll.Offset.Y, s.scroll.Size().Height
	switch {
	case top < at:
		s.scroll.ScrollToOffset(fyne.NewPos(0, top))
	case bottom > at+height:
		s.scroll.ScrollToOffset(fyne.NewPos(0, bottom-height))
	}
}

func (l *scrollLayout) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	l.inner.width = size.Width
	l.scroll.Resize(size)
	l.scroll.Move(fyne.Position{})
	l.scroll.Refresh() // the content's least height has changed with the width
}

func (l *scrollLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(60, 40) }

func (l *innerLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	objects[0].Move(fyne.Position{})
	objects[0].Resize(fyne.NewSize(size.Width-scrollGap, size.Height))
}

func (l *innerLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(40, heightFor(objects[0], max(l.width-scrollGap, 40)))
}
