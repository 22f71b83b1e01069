package screen

import (
	"fmt"

	"keyrite.dev/keyrite/app/widget"
)

// note: a safe point was reached, and the journal's head goes on paper.
func note(r Room) Screen {
	n := r.Model.Note()
	ok := widget.NewButton(widget.Primary, r.Words.Noted, r.Model.Noted)
	row := widget.Wrap(8)
	for _, g := range n.Groups {
		row.Add(widget.Sized(noteCell, 0, widget.NewGroup(g.Text, g.Words, false)))
	}
	head := widget.Column(6,
		widget.BoldLine(fmt.Sprintf(r.Words.NoteAfter, n.Step, n.Title, n.Seq), widget.ColorPrimary, widget.SizeText),
		widget.BoldBlock(r.Words.NoteTitle, widget.ColorText, widget.SizeTitle),
	)
	body := widget.Column(14, widget.Block(r.Words.NoteWords, widget.ColorText, widget.SizeText), row)
	var s Screen
	s.Object, s.Scroll = card(head, body, actions(ok), false)
	s.First = ok
	return s
}

// noteCell is the width of a group, the same for all so that they stand in
// columns.
const noteCell = 132
