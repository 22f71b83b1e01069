package widget

import (
	"fmt"
	"image/color"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	fw "fyne.io/fyne/v2/widget"

	"keyrite.dev/keyrite/ceremony/secret"
)

// secretSize is how many bytes a secret field holds.
const secretSize = 512

// SecretWords are the words of a secret field. Count is a format with %d.
type SecretWords struct{ Empty, Count, NoPaste, Full string }

// A SecretEntry takes a secret, a character at a time, and never makes a string
// of it. It has no selection, no clipboard, no undo, no menu and no reveal; it
// shows one dot a character. What it cannot help: the toolkit, the display server
// and the keyboard driver see each key as it goes by.
type SecretEntry struct {
	fw.BaseWidget
	press
	OnEnter  func()
	OnEscape func()            // may be nil
	OnNotice func(text string) // a word on what was not taken; "" takes it back
	words    SecretWords
	keys     *Keys
	typed    typed
	focused  bool
}

var (
	_ fyne.Focusable     = (*SecretEntry)(nil)
	_ fyne.Tappable      = (*SecretEntry)(nil)
	_ fyne.Shortcutable  = (*SecretEntry)(nil)
	_ desktop.Cursorable = (*SecretEntry)(nil)
	_ desktop.Keyable    = (*SecretEntry)(nil)
)

// NewSecretEntry returns an empty field. Its owner calls Free when it leaves the
// screen.
func NewSecretEntry(keys *Keys, words SecretWords) (*SecretEntry, error) {
	page, err := newPage(secretSize)
	if err != nil {
		return nil, err
	}
	s := &SecretEntry{keys: keys, words: words, typed: typed{page: page}}
	s.ExtendBaseWidget(s)
	return s, nil
}

// Take hands the secret over and leaves the field empty.
func (s *SecretEntry) Take() secret.Bytes {
	out := s.typed.take()
	s.Refresh()
	return out
}

// Len is the number of characters.
func (s *SecretEntry) Len() int { return s.typed.runes }

// Wipe empties the field.
func (s *SecretEntry) Wipe() { s.typed.wipe(); s.changed("") }

// Free wipes the field for good. It takes no characters from then on.
func (s *SecretEntry) Free() { s.typed.free() }

func (s *SecretEntry) changed(notice string) {
	if s.OnNotice != nil {
		s.OnNotice(notice)
	}
	s.Refresh()
}

// TypedRune is Fyne's hook.
func (s *SecretEntry) TypedRune(r rune) {
	if s.typed.page == nil || unicode.IsControl(r) {
		return
	}
	if !s.typed.add(r) {
		s.changed(s.words.Full)
		return
	}
	s.changed("")
}

// TypedKey is Fyne's hook.
func (s *SecretEntry) TypedKey(e *fyne.KeyEvent) {
	switch {
	case isEnter(e):
		if s.fresh() && s.OnEnter != nil {
			s.OnEnter()
		}
	case e.Name == fyne.KeyBackspace:
		s.typed.cut()
		s.changed("")
	case e.Name == fyne.KeyDelete:
		s.Wipe()
	case e.Name == fyne.KeyEscape:
		s.Wipe()
		if s.OnEscape != nil {
			s.OnEscape()
		}
	}
}

// TypedShortcut refuses the clipboard and hands the rest to the window.
func (s *SecretEntry) TypedShortcut(sc fyne.Shortcut) {
	switch sc.(type) {
	case *fyne.ShortcutPaste, *fyne.ShortcutCopy, *fyne.ShortcutCut, *fyne.ShortcutSelectAll, *fyne.ShortcutUndo, *fyne.ShortcutRedo:
		s.changed(s.words.NoPaste)
	default:
		s.keys.Press(sc)
	}
}

// Tapped is Fyne's hook.
func (s *SecretEntry) Tapped(*fyne.PointEvent) { focus(s) }

// FocusGained is Fyne's hook.
func (s *SecretEntry) FocusGained() { s.focused = true; s.Refresh() }

// FocusLost is Fyne's hook.
func (s *SecretEntry) FocusLost() { s.focused, s.down = false, false; s.Refresh() }

// Cursor is Fyne's hook.
func (s *SecretEntry) Cursor() desktop.Cursor { return desktop.TextCursor }

// A focusable is a widget that can have the focus.
type focusable interface {
	fyne.Focusable
	fyne.CanvasObject
}

func focus(w focusable) {
	if c := fyne.CurrentApp().Driver().CanvasForObject(w); c != nil {
		c.Focus(w)
	}
}

// CreateRenderer is Fyne's hook.
func (s *SecretEntry) CreateRenderer() fyne.WidgetRenderer {
	s.ExtendBaseWidget(s)
	r := &secretRenderer{
		s: s, box: canvas.NewRectangle(color.Transparent), caret: canvas.NewRectangle(color.Transparent),
		label: Line("", theme.ColorNamePlaceHolder, SizeText),
	}
	r.Refresh()
	return r
}

type secretRenderer struct {
	s     *SecretEntry
	box   *canvas.Rectangle
	dots  []*canvas.Circle
	caret *canvas.Rectangle
	label *Text
}

func (r *secretRenderer) Destroy() {}

func (r *secretRenderer) Objects() []fyne.CanvasObject {
	out := []fyne.CanvasObject{r.box, r.caret, r.label}
	for _, d := range r.dots {
		out = append(out, d)
	}
	return out
}

func (r *secretRenderer) unit() float32 { return theme.SizeForWidget(SizeText, r.s) / 14 }

func (r *secretRenderer) MinSize() fyne.Size { return fyne.NewSize(320*r.unit(), 46*r.unit()) }

const fieldPad = 14

func (r *secretRenderer) Layout(size fyne.Size) {
	k := r.unit()
	r.box.Resize(size)
	m := r.label.MinSize()
	labelX := size.Width - m.Width - fieldPad
	if r.s.typed.runes == 0 {
		labelX = fieldPad + 8
	}
	r.label.Resize(m)
	r.label.Move(fyne.NewPos(labelX, (size.Height-m.Height)/2))
	dot, step := 9*k, 14*k
	room := int((size.Width - 2*fieldPad - 120*k) / step)
	r.show(min(r.s.typed.runes, max(room, 1)))
	for i, d := range r.dots {
		d.Resize(fyne.NewSquareSize(dot))
		d.Move(fyne.NewPos(fieldPad+float32(i)*step, (size.Height-dot)/2))
	}
	r.caret.Resize(fyne.NewSize(2, 22*k))
	r.caret.Move(fyne.NewPos(fieldPad+float32(len(r.dots))*step, (size.Height-22*k)/2))
}

// show makes n dots.
func (r *secretRenderer) show(n int) {
	for len(r.dots) < n {
		r.dots = append(r.dots, canvas.NewCircle(color.Transparent))
	}
	r.dots = r.dots[:n]
	for _, d := range r.dots {
		d.FillColor = colorOf(r.s, ColorText)
	}
}

func (r *secretRenderer) Refresh() {
	paintField(r.s, r.box, r.s.focused)
	r.caret.FillColor = color.Transparent
	if r.s.focused {
		r.caret.FillColor = colorOf(r.s, ColorPrimary)
	}
	r.label.text = r.s.words.Empty
	if n := r.s.typed.runes; n > 0 {
		r.label.text = fmt.Sprintf(r.s.words.Count, n)
	}
	r.Layout(r.s.Size())
	r.label.Refresh()
	canvas.Refresh(r.s)
}

// paintField draws the box of a field, with the focus visible.
func paintField(w fyne.Widget, box *canvas.Rectangle, focused bool) {
	box.CornerRadius = 8
	box.FillColor = colorOf(w, theme.ColorNameInputBackground)
	box.StrokeColor, box.StrokeWidth = colorOf(w, theme.ColorNameInputBorder), theme.SizeForWidget(theme.SizeNameInputBorder, w)
	if focused {
		box.StrokeColor, box.StrokeWidth = colorOf(w, ColorRing), 2.5
	}
}
