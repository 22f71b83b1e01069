package widget

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
)

// Row puts objects side by side, each as high as the row.
func Row(gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(layout.NewCustomPaddedHBoxLayout(gap), objects...)
}

// Gap is empty room of a height.
func Gap(height float32) fyne.CanvasObject {
	r := canvas.NewRectangle(color.Transparent)
	r.SetMinSize(fyne.NewSize(1, height))
	return r
}

type middleLayout struct{}

// Middle centres an object from top to bottom and gives it the whole width.
func Middle(o fyne.CanvasObject) *fyne.Container { return container.New(middleLayout{}, o) }

func (middleLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		h := min(heightFor(o, size.Width), size.Height)
		o.Resize(fyne.NewSize(size.Width, h))
		o.Move(fyne.NewPos(0, (size.Height-h)/2))
	}
}

func (middleLayout) MinSize(objects []fyne.CanvasObject) fyne.Size { return objects[0].MinSize() }

// AtMost centres an object from side to side and caps its width: long lines are
// hard to read.
func AtMost(width float32, o fyne.CanvasObject) *fyne.Container {
	return container.New(atMostLayout{width}, o)
}

type atMostLayout struct{ width float32 }

func (l atMostLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	w := min(size.Width, l.width)
	objects[0].Resize(fyne.NewSize(w, size.Height))
	objects[0].Move(fyne.NewPos((size.Width-w)/2, 0))
}

func (l atMostLayout) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	return heightFor(objects[0], min(width, l.width))
}

func (l atMostLayout) MinSize(objects []fyne.CanvasObject) fyne.Size { return objects[0].MinSize() }

// Ends puts one object left and one right, the left one taking what is left.
func Ends(left, right fyne.CanvasObject) *fyne.Container {
	return container.New(endsLayout{}, left, right)
}

type endsLayout struct{}

const endsGap = 12

func (endsLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	left, right := objects[0], objects[1]
	rm := right.MinSize()
	lw := max(size.Width-rm.Width-endsGap, 0)
	lh := min(heightFor(left, lw), size.Height)
	left.Resize(fyne.NewSize(lw, lh))
	left.Move(fyne.NewPos(0, (size.Height-lh)/2))
	right.Resize(rm)
	right.Move(fyne.NewPos(size.Width-rm.Width, (size.Height-rm.Height)/2))
}

func (endsLayout) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	rm := objects[1].MinSize()
	return max(rm.Height, heightFor(objects[0], max(width-rm.Width-endsGap, 0)))
}

func (endsLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	l, r := objects[0].MinSize(), objects[1].MinSize()
	return fyne.NewSize(l.Width+r.Width+endsGap, max(l.Height, r.Height))
}

// Bands stacks a head, a body that takes what is left, and a foot, without gaps.
func Bands(head, body, foot fyne.CanvasObject) *fyne.Container {
	return container.New(bandsLayout{}, head, body, foot)
}

type bandsLayout struct{}

func (bandsLayout) Layout(o []fyne.CanvasObject, size fyne.Size) {
	head, foot := heightFor(o[0], size.Width), heightFor(o[2], size.Width)
	body := max(size.Height-head-foot, 0)
	for i, part := range []struct{ y, h float32 }{{0, head}, {head, body}, {head + body, foot}} {
		o[i].Move(fyne.NewPos(0, part.y))
		o[i].Resize(fyne.NewSize(size.Width, part.h))
	}
}

func (bandsLayout) MinSize(o []fyne.CanvasObject) fyne.Size {
	m := fyne.NewSize(widest(o), 0)
	for _, c := range o {
		m.Height += c.MinSize().Height
	}
	return m
}

// Sized gives an object a least width, a height, or both; zero leaves it alone.
func Sized(width, height float32, o fyne.CanvasObject) *fyne.Container {
	return container.New(sizedLayout{width, height}, o)
}

type sizedLayout struct{ width, height float32 }

func (l sizedLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	objects[0].Move(fyne.Position{})
	objects[0].Resize(size)
}

func (l sizedLayout) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	if l.height > 0 {
		return l.height
	}
	return heightFor(objects[0], width)
}

func (l sizedLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	m := objects[0].MinSize()
	m.Width = max(m.Width, l.width)
	if l.height > 0 {
		m.Height = l.height
	}
	return m
}
