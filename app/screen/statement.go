package screen

import (
	"fmt"
	"strings"

	"keyrite.dev/keyrite/app/viewmodel"
	"keyrite.dev/keyrite/app/widget"
)

// statement: one person says at the end whether it went as the script says. Not
// agreeing is an answer, with a reason, and signed like agreeing.
func statement(r Room, q viewmodel.Question) Screen {
	entry, pass := newSecret(r, passphraseOf(r, q))
	agree := func() { pass.say(r.Model.Sign(entry.Take())) }
	entry.OnEnter = agree
	disagree := func() {
		entry.Wipe()
		reason(r, r.Words.ReasonDisagree, "")
	}
	s := assemble(r, q, widget.Column(10, pass.object,
		actions(widget.NewButton(widget.Secondary, r.Words.Disagree, disagree), widget.NewButton(widget.Primary, r.Words.Agree, agree))))
	s.First, s.Refuse, s.Leave = entry, disagree, entry.Free
	return s
}

func passphraseOf(r Room, q viewmodel.Question) string {
	if q.Person == "" {
		return r.Words.FieldPassphrase
	}
	return fmt.Sprintf(r.Words.PassphraseOf, strings.ToUpper(q.Person))
}
