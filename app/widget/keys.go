package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

// Keys is the one registry of the window's shortcuts. The canvas asks it, and so
// does each field that has the focus, since Fyne gives a shortcut to the focused
// field alone.
type Keys struct {
	actions   map[string]func()
	shortcuts []fyne.Shortcut
}

// NewKeys returns an empty registry.
func NewKeys() *Keys { return &Keys{actions: map[string]func(){}} }

// Add registers what a key with a modifier does.
func (k *Keys) Add(modifier fyne.KeyModifier, key fyne.KeyName, action func()) {
	s := &desktop.CustomShortcut{KeyName: key, Modifier: modifier}
	k.actions[s.ShortcutName()] = action
	k.shortcuts = append(k.shortcuts, s)
}

// Install puts every shortcut on a canvas.
func (k *Keys) Install(c fyne.Canvas) {
	for _, s := range k.shortcuts {
		c.AddShortcut(s, func(pressed fyne.Shortcut) { k.Press(pressed) })
	}
}

// Press does what a shortcut is registered for and tells whether it is.
func (k *Keys) Press(s fyne.Shortcut) bool {
	action, ok := k.actions[s.ShortcutName()]
	if ok {
		action()
	}
	return ok
}
