package app

import (
	"fmt"

	"fyne.io/fyne/v2"

	"keyrite.dev/keyrite/app/viewmodel"
	"keyrite.dev/keyrite/app/widget"
	"keyrite.dev/keyrite/ceremony"
)

// A rail shows all acts and the steps of the present one: the whole way on one
// screen, however many steps the plan has.
type rail struct {
	words  viewmodel.Messages
	object fyne.CanvasObject
	rows   *fyne.Container
	scroll *widget.Scroller
	bar    *widget.Progress
	count  *widget.Text
	time   *widget.Text
}

func newRail(words viewmodel.Messages) *rail {
	r := &rail{words: words, rows: widget.Column(0), bar: widget.NewProgress(widget.ColorRailDone, widget.ColorRailOn)}
	r.count = widget.BoldLine("", widget.ColorRailText, widget.SizeText)
	r.time = widget.Line("", widget.ColorRailMuted, widget.SizeSmall)
	r.scroll = widget.NewScroller(r.rows)
	foot := widget.NewSurface(widget.ColorRail, 18, 14, 0, widget.Column(7, r.count, r.bar, r.time))
	r.object = widget.NewSurface(widget.ColorRail, 0, 0, 0, widget.Bands(widget.Gap(10), r.scroll.Container, foot))
	return r
}

func (r *rail) update(m *viewmodel.Ceremony) {
	var rows []fyne.CanvasObject
	now, current := 0, m.Current()
	if current != nil {
		now = current.ActNumber
	}
	at := -1
	for _, act := range m.Acts() {
		rows = append(rows, r.act(act, act.Number == now))
		if act.Number != now {
			continue
		}
		for _, s := range act.Steps {
			rows = append(rows, widget.NewRailStep(markOf(s.State), s.Number, s.Title))
			if s == current {
				at = len(rows)
			}
		}
	}
	r.rows.Objects = rows
	r.rows.Refresh()
	done, all := m.StepsDone()
	r.count.Set(fmt.Sprintf(r.words.StepsDone, done, all))
	r.time.Set(m.Estimate())
	if all > 0 {
		r.bar.Set(float64(done) / float64(all))
	}
	r.scroll.Refresh()
	r.reveal(at)
}

// reveal scrolls to a row and the two after it.
func (r *rail) reveal(row int) {
	if row < 0 {
		return
	}
	var top, bottom float32
	for i, o := range r.rows.Objects {
		if i == row-1 {
			top = bottom
		}
		if i < row+2 {
			bottom += o.MinSize().Height
		}
	}
	r.scroll.Reveal(top, bottom)
}

func (r *rail) act(a viewmodel.Act, on bool) fyne.CanvasObject {
	done := 0
	mark := widget.MarkAhead
	for _, s := range a.Steps {
		switch s.State {
		case ceremony.StepDone, ceremony.StepSkipped:
			done++
		case ceremony.StepFailed:
			mark = widget.MarkFailed
		}
	}
	switch {
	case done == len(a.Steps):
		mark = widget.MarkDone
	case on && mark != widget.MarkFailed:
		mark = widget.MarkOn
	}
	return widget.NewRailAct(mark, a.Title, fmt.Sprintf("%d / %d", done, len(a.Steps)))
}

func markOf(s ceremony.StepState) widget.Mark {
	switch s {
	case ceremony.StepActive:
		return widget.MarkOn
	case ceremony.StepDone:
		return widget.MarkDone
	case ceremony.StepFailed:
		return widget.MarkFailed
	case ceremony.StepSkipped:
		return widget.MarkSkipped
	default:
		return widget.MarkAhead
	}
}
