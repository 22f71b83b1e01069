package widget

import "fyne.io/fyne/v2"

// A press tells a key that was pressed from one that is still held: the screens
// change under people's hands, and an Enter that is held too long must not
// confirm the next step as well. Fyne repeats TypedKey while a key is held, but
// not KeyDown, and only for what has the focus.
type press struct{ down bool }

// KeyDown is Fyne's hook.
func (p *press) KeyDown(e *fyne.KeyEvent) {
	if e.Name == fyne.KeyReturn || e.Name == fyne.KeyEnter || e.Name == fyne.KeySpace {
		p.down = true
	}
}

// KeyUp is Fyne's hook.
func (p *press) KeyUp(*fyne.KeyEvent) { p.down = false }

// fresh tells, once a press, that the key went down here.
func (p *press) fresh() bool {
	was := p.down
	p.down = false
	return was
}

func isEnter(e *fyne.KeyEvent) bool { return e.Name == fyne.KeyReturn || e.Name == fyne.KeyEnter }
