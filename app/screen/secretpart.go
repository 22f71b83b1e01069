package screen

import (
	"keyrite.dev/keyrite/app/viewmodel"
	"keyrite.dev/keyrite/app/widget"
)

// secretPart: one person types a part of a PIN. There is nothing to refuse: who
// will not type it aborts, since an empty half would count against the HSM's
// tries.
func secretPart(r Room, q viewmodel.Question) Screen {
	var entry *widget.SecretEntry
	var pin field
	enter := func() { pin.say(r.Model.Secret(entry.Take())) }
	entry, pin = newSecret(r, q.Field, widget.NewButton(widget.Primary, r.Words.Enter, enter))
	entry.OnEnter = enter
	s := assemble(r, q, widget.Column(10, pin.object))
	s.First, s.Leave = entry, entry.Free
	return s
}
