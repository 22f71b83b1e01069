package screen

import (
	"keyrite.dev/keyrite/app/viewmodel"
	"keyrite.dev/keyrite/app/widget"
)

// signature: one person signs once, at roll call or for the seal.
func signature(r Room, q viewmodel.Question) Screen {
	return signed(r, q, signing{yes: r.Words.Sign, no: r.Words.Refuse, reason: r.Words.ReasonRefuse})
}

// signing are the words of a yes and a no that take a passphrase.
type signing struct{ yes, no, reason string }

// signed asks one person for the passphrase, or for the reason of a no.
func signed(r Room, q viewmodel.Question, words signing) Screen {
	var entry *widget.SecretEntry
	var pass field
	sign := func() { pass.say(r.Model.Sign(entry.Take())) }
	refuse := func() {
		entry.Wipe()
		reason(r, words.reason, "")
	}
	entry, pass = newSecret(r, passphraseOf(r, q),
		widget.NewButton(widget.Secondary, words.no, refuse), widget.NewButton(widget.Primary, words.yes, sign))
	entry.OnEnter = sign
	s := assemble(r, q, widget.Column(10, pass.object))
	s.First, s.Refuse, s.Leave = entry, refuse, entry.Free
	return s
}
