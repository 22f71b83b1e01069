package screen

import (
	"keyrite.dev/keyrite/app/viewmodel"
	"keyrite.dev/keyrite/app/widget"
)

// confirm: people do something with their hands, one says that it is done.
func confirm(r Room, q viewmodel.Question) Screen {
	ok := widget.NewButton(widget.Primary, r.Words.Done, func() { r.Model.Confirm() })
	refuse := func() { reason(r, r.Words.ReasonRefuse, "") }
	s := assemble(r, q, widget.Column(12, actions(widget.NewButton(widget.Secondary, r.Words.Refuse, refuse), ok)))
	s.First, s.Refuse = ok, refuse
	return s
}
