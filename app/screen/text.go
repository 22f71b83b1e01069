package screen

import (
	"keyrite.dev/keyrite/app/viewmodel"
	"keyrite.dev/keyrite/app/widget"
)

// text: a value is typed, from paper or by ear. When it is blind, nothing on the
// screen says what it is compared with.
func text(r Room, q viewmodel.Question) Screen {
	entry := widget.NewValueEntry(r.Keys, q.Grouped, q.Format)
	var value field
	enter := func() { value.say(r.Model.Text(entry.Value())) }
	entry.OnEnter = enter
	refuse := func() { reason(r, r.Words.ReasonRefuse, "") }
	buttons := []*widget.Button{widget.NewButton(widget.Secondary, r.Words.Refuse, refuse), widget.NewButton(widget.Primary, r.Words.Enter, enter)}
	foot := widget.Column(10)
	if q.Blind {
		foot.Add(widget.Block(r.Words.BlindHint, widget.ColorMuted, widget.SizeText))
	}
	if q.Grouped { // a long value needs the width
		value = newField(r, q.Field, entry)
		foot.Add(value.object)
		foot.Add(actions(buttons...))
	} else {
		value = newField(r, q.Field, entry, buttons...)
		foot.Add(value.object)
	}
	s := assemble(r, q, foot)
	s.First, s.Refuse = entry, refuse
	return s
}
