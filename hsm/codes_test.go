package hsm_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"keyrite.dev/keyrite/hsm"
)

func TestARefusedPINSaysHowManyTriesAreLeft(t *testing.T) {
	for e, says := range map[hsm.PINError]string{
		{}:                                     "does not say how many",
		{Low: true}:                            "few tries are left",
		{Low: true, Final: true}:               "one try is left",
		{Low: true, Final: true, Locked: true}: "has locked it; its security officer must reset it",
	} {
		if !strings.Contains(e.Error(), says) {
			t.Errorf("%+v says %q, want %q", e, e, says)
		}
	}
}

// The numbers are those of PKCS#11 v3.1, pkcs11t.h.
func TestACodeHasItsNameAndAdvice(t *testing.T) {
	for code, name := range map[uint]string{
		0x05: "CKR_GENERAL_ERROR", 0x07: "CKR_ARGUMENTS_BAD", 0x1B: "CKR_ACTION_PROHIBITED", 0x32: "CKR_DEVICE_REMOVED",
		0x6A: "CKR_KEY_UNEXTRACTABLE", 0x70: "CKR_MECHANISM_INVALID", 0xA0: "CKR_PIN_INCORRECT", 0xA4: "CKR_PIN_LOCKED",
		0xE0: "CKR_TOKEN_NOT_PRESENT", 0x100: "CKR_USER_ALREADY_LOGGED_IN", 0x101: "CKR_USER_NOT_LOGGED_IN",
		0x110: "CKR_WRAPPED_KEY_INVALID", 0x120: "CKR_RANDOM_SEED_NOT_SUPPORTED", 0x140: "CKR_CURVE_NOT_SUPPORTED", 0x150: "CKR_BUFFER_TOO_SMALL",
		0x190: "CKR_CRYPTOKI_NOT_INITIALIZED",
	} {
		var err error = hsm.Error{Function: "C_Sign", Code: code}
		text := err.Error()
		head := "C_Sign: " + name + ": "
		if !strings.HasPrefix(text, head) || len(text) < len(head)+10 || strings.HasSuffix(text, ".") {
			t.Errorf("0x%X says %q", code, text)
		}
		var e hsm.Error
		if !errors.As(fmt.Errorf("failed: %w", err), &e) || e.Name() != name {
			t.Errorf("0x%X is named %q, want %q", code, e.Name(), name)
		}
	}
}

func TestAnUnknownCodeShowsItsNumber(t *testing.T) {
	e := hsm.Error{Function: "C_Sign", Code: 0x80000123}
	if e.Name() != "0x80000123" || e.Error() != "C_Sign: 0x80000123" {
		t.Errorf("named %q, says %q", e.Name(), e)
	}
}
