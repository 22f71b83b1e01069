package widget

import (
	"fyne.io/fyne/v2"
	fw "fyne.io/fyne/v2/widget"
)

// An Entry is a line of ordinary text: a reason, a folder. It hands registered
// shortcuts on, which Fyne's own drops, and answers Escape.
type Entry struct {
	fw.Entry
	keys     *Keys
	OnEnter  func()
	OnEscape func() // may be nil
	press    press
}

// NewEntry returns an empty field.
func NewEntry(keys *Keys, placeholder string) *Entry {
	e := &Entry{keys: keys}
	e.PlaceHolder = placeholder
	e.ExtendBaseWidget(e)
	return e
}

// KeyDown is Fyne's hook.
func (e *Entry) KeyDown(k *fyne.KeyEvent) {
	e.press.KeyDown(k)
	e.Entry.KeyDown(k)
}

// KeyUp is Fyne's hook.
func (e *Entry) KeyUp(k *fyne.KeyEvent) {
	e.press.KeyUp(k)
	e.Entry.KeyUp(k)
}

// TypedKey is Fyne's hook.
func (e *Entry) TypedKey(k *fyne.KeyEvent) {
	switch {
	case isEnter(k):
		if e.press.fresh() && e.OnEnter != nil {
			e.OnEnter()
		}
	case k.Name == fyne.KeyEscape && e.OnEscape != nil:
		e.OnEscape()
	default:
		e.Entry.TypedKey(k)
	}
}

// TypedShortcut is Fyne's hook.
func (e *Entry) TypedShortcut(s fyne.Shortcut) {
	if !e.keys.Press(s) {
		e.Entry.TypedShortcut(s)
	}
}
