package widget

import (
	"image/color"
	"strings"
	"unicode"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	fw "fyne.io/fyne/v2/widget"
)

// groupRunes is how many characters people read and type at a time.
const groupRunes = 4

// A ValueEntry takes a value from paper or by ear: large, monospaced, in groups
// when Grouped. It has no clipboard, so that the value does come from there, and
// edits at its end only.
type ValueEntry struct {
	fw.BaseWidget
	press
	Grouped     bool // spaces and dashes are not taken; shown in groups of four
	Placeholder string
	OnEnter     func()
	keys        *Keys
	value       string
	focused     bool
}

var (
	_ fyne.Focusable     = (*ValueEntry)(nil)
	_ fyne.Tappable      = (*ValueEntry)(nil)
	_ fyne.Shortcutable  = (*ValueEntry)(nil)
	_ desktop.Cursorable = (*ValueEntry)(nil)
	_ desktop.Keyable    = (*ValueEntry)(nil)
)

// NewValueEntry returns an empty field.
func NewValueEntry(keys *Keys, grouped bool, placeholder string) *ValueEntry {
	v := &ValueEntry{keys: keys, Grouped: grouped, Placeholder: placeholder}
	v.ExtendBaseWidget(v)
	return v
}

// Value is what was typed.
func (v *ValueEntry) Value() string { return v.value }

// valueLength is the longest value: none that people type is longer.
const valueLength = 200

// TypedRune is Fyne's hook.
func (v *ValueEntry) TypedRune(r rune) {
	if !unicode.IsPrint(r) || len(v.value) >= valueLength || v.Grouped && (r == ' ' || r == '-') {
		return
	}
	v.value += string(r)
	v.Refresh()
}

// TypedKey is Fyne's hook.
func (v *ValueEntry) TypedKey(e *fyne.KeyEvent) {
	switch {
	case isEnter(e):
		if v.fresh() && v.OnEnter != nil {
			v.OnEnter()
		}
	case e.Name == fyne.KeyBackspace:
		_, n := utf8.DecodeLastRuneInString(v.value)
		v.value = v.value[:len(v.value)-n]
		v.Refresh()
	case e.Name == fyne.KeyDelete || e.Name == fyne.KeyEscape:
		v.value = ""
		v.Refresh()
	}
}

// TypedShortcut hands the window's shortcuts on; there is no clipboard here.
func (v *ValueEntry) TypedShortcut(s fyne.Shortcut) { v.keys.Press(s) }

// Tapped is Fyne's hook.
func (v *ValueEntry) Tapped(*fyne.PointEvent) { focus(v) }

// FocusGained is Fyne's hook.
func (v *ValueEntry) FocusGained() { v.focused = true; v.Refresh() }

// FocusLost is Fyne's hook.
func (v *ValueEntry) FocusLost() { v.focused, v.down = false, false; v.Refresh() }

// Cursor is Fyne's hook.
func (v *ValueEntry) Cursor() desktop.Cursor { return desktop.TextCursor }

// shown is the value as drawn.
func (v *ValueEntry) shown() string {
	if !v.Grouped {
		return v.value
	}
	var b strings.Builder
	for i, r := range []rune(v.value) {
		if i > 0 && i%groupRunes == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// CreateRenderer is Fyne's hook.
func (v *ValueEntry) CreateRenderer() fyne.WidgetRenderer {
	v.ExtendBaseWidget(v)
	r := &valueRenderer{
		v: v, box: canvas.NewRectangle(color.Transparent), caret: canvas.NewRectangle(color.Transparent),
		text: MonoBlock("", ColorText, theme.SizeNameHeadingText), hint: Line(v.Placeholder, theme.ColorNamePlaceHolder, SizeText),
	}
	r.Refresh()
	return r
}

type valueRenderer struct {
	v     *ValueEntry
	box   *canvas.Rectangle
	caret *canvas.Rectangle
	text  *Text
	hint  *Text
}

func (r *valueRenderer) Destroy() {}

func (r *valueRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.box, r.text, r.hint, r.caret}
}

// rows are two where a fingerprint is typed, so that the field never grows.
func (r *valueRenderer) rows() float32 {
	if r.v.Grouped {
		return 2
	}
	return 1
}

func (r *valueRenderer) MinSize() fyne.Size {
	return fyne.NewSize(320, r.rows()*r.text.lineHeight()+2*fieldPad-4)
}

func (r *valueRenderer) Layout(size fyne.Size) {
	r.box.Resize(size)
	inner := size.Subtract(fyne.NewSize(2*fieldPad, 2*fieldPad-4))
	h := r.text.lineHeight()
	top := (size.Height - r.rows()*h) / 2
	r.text.Resize(inner)
	r.text.Move(fyne.NewPos(fieldPad, top))
	lines := r.text.lines(inner.Width)
	end := r.text.measure(lines[len(lines)-1]).Width
	if s := r.text.text; strings.HasSuffix(s, " ") {
		end += r.text.measure(" ").Width
	}
	r.caret.Resize(fyne.NewSize(2, h*0.85))
	r.caret.Move(fyne.NewPos(fieldPad+end+1, top+float32(len(lines)-1)*h+h*0.05))
	m := r.hint.MinSize()
	r.hint.Resize(m)
	r.hint.Move(fyne.NewPos(fieldPad+8, top+(h-m.Height)/2))
}

func (r *valueRenderer) Refresh() {
	paintField(r.v, r.box, r.v.focused)
	r.caret.FillColor = color.Transparent
	if r.v.focused {
		r.caret.FillColor = colorOf(r.v, ColorPrimary)
	}
	r.text.text = r.v.shown()
	r.hint.Hidden = r.v.value != ""
	r.Layout(r.v.Size())
	r.text.Refresh()
	canvas.Refresh(r.v)
}
