package screen

import (
	"fmt"
	"strings"

	"keyrite.dev/keyrite/app/viewmodel"
)

// statement: one person says at the end whether it went as the script says. Not
// agreeing is an answer, with a reason, and signed like agreeing.
func statement(r Room, q viewmodel.Question) Screen {
	return signed(r, q, signing{yes: r.Words.Agree, no: r.Words.Disagree, reason: r.Words.ReasonDisagree})
}

func passphraseOf(r Room, q viewmodel.Question) string {
	if q.Person == "" {
		return r.Words.FieldPassphrase
	}
	return fmt.Sprintf(r.Words.PassphraseOf, strings.ToUpper(q.Person))
}
