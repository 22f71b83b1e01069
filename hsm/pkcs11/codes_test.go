package pkcs11

import (
	"strings"
	"testing"

	"github.com/miekg/pkcs11"

	"keyrite.dev/keyrite/hsm"
)

// The binding's names come from the standard's header, another way than ours.
func TestTheNamesOfCodesAreTheStandards(t *testing.T) {
	known := 0
	for c := uint(1); c < 0x300; c++ {
		words := strings.Fields(pkcs11.Error(c).Error()) // "pkcs11: 0x7: CKR_ARGUMENTS_BAD"
		theirs := words[len(words)-1]
		if !strings.HasPrefix(theirs, "CKR_") {
			continue // it has no name for it
		}
		known++
		if ours := (hsm.Error{Code: c}).Name(); ours != theirs {
			t.Errorf("0x%X is %s here and %s there", c, ours, theirs)
		}
	}
	if known < 70 {
		t.Errorf("the binding has %d names; the comparison is blind", known)
	}
	for name, c := range map[string]uint{"CKR_ACTION_PROHIBITED": pkcs11.CKR_ACTION_PROHIBITED, "CKR_CURVE_NOT_SUPPORTED": pkcs11.CKR_CURVE_NOT_SUPPORTED} {
		if ours := (hsm.Error{Code: c}).Name(); ours != name {
			t.Errorf("0x%X is %s here, and is %s", c, ours, name)
		}
	}
}
