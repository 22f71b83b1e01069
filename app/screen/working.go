package screen

import (
	"keyrite.dev/keyrite/app/viewmodel"
	"keyrite.dev/keyrite/app/widget"
)

// working: the HSM or a worker is at it, nobody is asked. The screen shows only
// what was really reached.
func working(r Room) Screen {
	c := r.Model.Card()
	stage := widget.BoldBlock(r.Words.Working, widget.ColorText, widget.SizeHead)
	bar := widget.NewProgress(widget.ColorPrimary, widget.ColorTintQuiet)
	bar.Hide()
	foot := widget.Column(10, stage, bar, widget.Block(r.Words.WorkingHint, widget.ColorMuted, widget.SizeText))
	if r.Model.AbortComing() {
		foot.Add(widget.BoldBlock(r.Words.AbortComing, widget.ColorBad, widget.SizeText))
	}
	body := wordsOf(r, c, viewmodel.Question{})
	var s Screen
	s.Object, s.Scroll = card(stepHead(r, c), body, foot, c.Irreversible)
	s.Refresh = func() {
		p := r.Model.Progress()
		if p == nil {
			return
		}
		if p.Stage != "" {
			stage.Set(p.Stage)
		}
		bar.Hidden = p.Fraction < 0
		bar.Set(p.Fraction)
		r.Relayout()
	}
	s.Refresh()
	return s
}
