package screen

import (
	"keyrite.dev/keyrite/app/viewmodel"
	"keyrite.dev/keyrite/app/widget"
)

// signature: one person signs once, at roll call or for the seal.
func signature(r Room, q viewmodel.Question) Screen {
	entry, pass := newSecret(r, passphraseOf(r, q))
	sign := func() { pass.say(r.Model.Sign(entry.Take())) }
	entry.OnEnter = sign
	refuse := func() {
		entry.Wipe()
		reason(r, r.Words.ReasonRefuse, "")
	}
	s := assemble(r, q, widget.Column(10, pass.object,
		actions(widget.NewButton(widget.Secondary, r.Words.Refuse, refuse), widget.NewButton(widget.Primary, r.Words.Sign, sign))))
	s.First, s.Refuse, s.Leave = entry, refuse, entry.Free
	return s
}
