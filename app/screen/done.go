package screen

import (
	"fyne.io/fyne/v2"

	"keyrite.dev/keyrite/app/viewmodel"
	"keyrite.dev/keyrite/app/widget"
)

// done: how it ended, what was made, where it is, and how to check it.
func done(r Room) Screen {
	o := *r.Model.Outcome()
	title, words, c, fill := ending(r, o)
	head := widget.NewSurface(fill, 20, 16, 10, widget.Column(4,
		widget.BoldBlock(title, c, widget.SizeTitle), widget.Block(words, widget.ColorText, widget.SizeText)))
	rows := make([][2]string, 0, len(o.Summary)+2)
	if o.Reason != "" {
		rows = append(rows, [2]string{r.Words.EndReason, o.Reason})
	} else if o.Failure != "" {
		rows = append(rows, [2]string{r.Words.EndFailure, o.Failure})
	}
	for _, l := range o.Summary {
		rows = append(rows, [2]string{l.Name, l.Value})
	}
	if len(o.Summary) == 0 && o.Folder != "" {
		rows = append(rows, [2]string{r.Words.EndFolder, o.Folder})
	}
	body := widget.Column(10)
	if len(rows) > 0 {
		body.Add(widget.NewTable(rows))
	}
	var s Screen
	var foot fyne.CanvasObject = widget.Block(r.Words.EndWaiting, widget.ColorMuted, widget.SizeText)
	if o.Final {
		home := widget.NewButton(widget.Primary, r.Words.EndHome, r.Home)
		foot, s.First = actions(home), home
	}
	s.Object, s.Scroll = card(head, body, foot, false)
	return s
}

func ending(r Room, o viewmodel.Outcome) (title, words string, c, fill fyne.ThemeColorName) {
	switch {
	case o.Outcome == "completed" && o.Failure == "":
		return "✓ " + r.Words.EndCompleted, r.Words.EndCompletedWords, widget.ColorGood, widget.ColorTintGood
	case o.Outcome == "aborted":
		return r.Words.EndAborted, r.Words.EndAbortedWords, widget.ColorWarn, widget.ColorTintWarn
	default:
		return "✗ " + r.Words.EndBroken, r.Words.EndBrokenWords, widget.ColorBad, widget.ColorTintBad
	}
}
