package widget

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	fw "fyne.io/fyne/v2/widget"
)

// A ButtonKind is how a button looks.
type ButtonKind int

const (
	// Secondary is for what is possible.
	Secondary ButtonKind = iota
	// Primary is for what comes next. A screen has one.
	Primary
	// Danger is a Primary that cannot be undone.
	Danger
	// Small is a Secondary beside text.
	Small
	// Quiet is for the dark bar.
	Quiet
	// OnMark is for the rehearsal's mark.
	OnMark
)

// A Button answers Return and Space, once a press, and shows its focus.
type Button struct {
	fw.BaseWidget
	press
	Kind     ButtonKind
	Text     string
	OnTapped func()
	OnEscape func() // may be nil

	hovered, focused bool
}

var (
	_ fyne.Focusable    = (*Button)(nil)
	_ fyne.Tappable     = (*Button)(nil)
	_ desktop.Hoverable = (*Button)(nil)
	_ desktop.Keyable   = (*Button)(nil)
	_ fyne.Accessible   = (*Button)(nil)
)

// NewButton returns a button.
func NewButton(kind ButtonKind, text string, tapped func()) *Button {
	b := &Button{Kind: kind, Text: text, OnTapped: tapped}
	b.ExtendBaseWidget(b)
	return b
}

// Tapped is Fyne's hook.
func (b *Button) Tapped(*fyne.PointEvent) {
	if b.OnTapped != nil {
		b.OnTapped()
	}
}

// TypedKey is Fyne's hook.
func (b *Button) TypedKey(e *fyne.KeyEvent) {
	switch {
	case isEnter(e) || e.Name == fyne.KeySpace:
		if b.fresh() {
			b.Tapped(nil)
		}
	case e.Name == fyne.KeyEscape && b.OnEscape != nil:
		b.OnEscape()
	}
}

// TypedRune is Fyne's hook.
func (b *Button) TypedRune(rune) {}

// FocusGained is Fyne's hook.
func (b *Button) FocusGained() { b.focused = true; b.Refresh() }

// FocusLost is Fyne's hook.
func (b *Button) FocusLost() { b.focused, b.down = false, false; b.Refresh() }

// MouseIn is Fyne's hook.
func (b *Button) MouseIn(*desktop.MouseEvent) { b.hovered = true; b.Refresh() }

// MouseMoved is Fyne's hook.
func (b *Button) MouseMoved(*desktop.MouseEvent) {}

// MouseOut is Fyne's hook.
func (b *Button) MouseOut() { b.hovered = false; b.Refresh() }

// AccessibilityLabel is the button's text.
func (b *Button) AccessibilityLabel() string { return b.Text }

// AccessibilityRole is a button's.
func (b *Button) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// CreateRenderer is Fyne's hook.
func (b *Button) CreateRenderer() fyne.WidgetRenderer {
	b.ExtendBaseWidget(b)
	r := &buttonRenderer{b: b, ring: canvas.NewRectangle(color.Transparent), box: canvas.NewRectangle(color.Transparent), label: BoldLine(b.Text, ColorText, SizeText)}
	r.label.Align = fyne.TextAlignCenter
	r.paint()
	return r
}

type buttonRenderer struct {
	b     *Button
	ring  *canvas.Rectangle
	box   *canvas.Rectangle
	label *Text
}

// ringWidth is the room round a button in which its focus shows.
const ringWidth = 4

func (r *buttonRenderer) Destroy() {}

func (r *buttonRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.ring, r.box, r.label}
}

func (r *buttonRenderer) MinSize() fyne.Size {
	pad := fyne.NewSize(32, 20)
	if r.b.small() {
		pad = fyne.NewSize(22, 12)
	}
	return r.label.MinSize().Add(pad).Add(fyne.NewSquareSize(2 * ringWidth))
}

func (r *buttonRenderer) Layout(size fyne.Size) {
	r.ring.Resize(size)
	r.box.Move(fyne.NewSquareOffsetPos(ringWidth))
	r.box.Resize(size.Subtract(fyne.NewSquareSize(2 * ringWidth)))
	h := r.label.MinSize().Height
	r.label.Resize(fyne.NewSize(size.Width, h))
	r.label.Move(fyne.NewPos(0, (size.Height-h)/2))
}

func (r *buttonRenderer) Refresh() {
	r.paint()
	r.Layout(r.b.Size())
	r.label.Refresh()
	canvas.Refresh(r.b)
}

// small buttons stand in bars and beside text.
func (b *Button) small() bool { return b.Kind == Quiet || b.Kind == Small || b.Kind == OnMark }

type buttonLook struct{ fill, text, edge, ring fyne.ThemeColorName }

func (b *Button) look() buttonLook {
	switch b.Kind {
	case Primary:
		return buttonLook{fill: ColorPrimary, text: theme.ColorNameForegroundOnPrimary, ring: ColorRing}
	case Danger:
		return buttonLook{fill: ColorBad, text: ColorOnDanger, ring: ColorBad}
	case OnMark:
		look := buttonLook{text: ColorOnMark, ring: ColorOnMark}
		if b.hovered || b.focused {
			look.edge = ColorOnMark
		}
		return look
	case Quiet:
		look := buttonLook{text: ColorRailMuted, ring: ColorRingDark}
		if b.hovered || b.focused {
			look.fill, look.text = ColorRailOn, ColorRailText
		}
		return look
	default:
		return buttonLook{fill: theme.ColorNameButton, text: ColorText, edge: theme.ColorNameInputBorder, ring: ColorRing}
	}
}

func (r *buttonRenderer) paint() {
	look := r.b.look()
	r.box.FillColor, r.box.CornerRadius = colorOf(r.b, look.fill), 8
	r.box.StrokeColor, r.box.StrokeWidth = color.Transparent, 0
	if look.edge != "" {
		r.box.StrokeColor, r.box.StrokeWidth = colorOf(r.b, look.edge), 1
	}
	r.label.text, r.label.Color = r.b.Text, look.text
	if r.b.small() {
		r.label.SizeName = SizeSmall
	}
	r.ring.FillColor, r.ring.CornerRadius, r.ring.StrokeWidth = color.Transparent, 11, 0
	if r.b.focused {
		r.ring.StrokeColor, r.ring.StrokeWidth = colorOf(r.b, look.ring), 2.5
	}
}
