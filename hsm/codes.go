package hsm

import (
	"fmt"
)

// An Error is a Cryptoki call that failed.
type Error struct {
	Function string // "C_WrapKey"
	Code     uint   // CK_RV
}

// Name is the code's name in PKCS#11, or its number.
func (e Error) Name() string {
	if c, ok := codes()[e.Code]; ok {
		return c.name
	}
	return fmt.Sprintf("0x%X", e.Code)
}

// Error says what failed and, where it is known, what that means and what to do.
func (e Error) Error() string {
	c, ok := codes()[e.Code]
	if !ok {
		return fmt.Sprintf("%s: 0x%X", e.Function, e.Code)
	}
	return fmt.Sprintf("%s: %s: %s", e.Function, c.name, c.advice)
}

// A PINError is a PIN that the token refused, with what it says of the tries left.
type PINError struct {
	Low, Final, Locked bool
}

func (e PINError) Error() string {
	switch {
	case e.Locked:
		return "the HSM refused the PIN and has locked it; its security officer must reset it"
	case e.Final:
		return "the HSM refused the PIN; one try is left before it locks"
	case e.Low:
		return "the HSM refused the PIN; few tries are left before it locks"
	default:
		return "the HSM refused the PIN; it does not say how many tries are left"
	}
}

type code struct{ name, advice string }

// codes are the return values that rooms meet (PKCS#11 v2.40 and v3.1, pkcs11t.h),
// also those that the binding has no name for.
func codes() map[uint]code {
	return map[uint]code{
		0x02:  {"CKR_HOST_MEMORY", "the machine is out of memory; restart it and resume"},
		0x05:  {"CKR_GENERAL_ERROR", "the HSM cannot go on; look at its own log"},
		0x06:  {"CKR_FUNCTION_FAILED", "the HSM refused for a reason of its own; look at its log"},
		0x07:  {"CKR_ARGUMENTS_BAD", "the HSM does not take these parameters"},
		0x10:  {"CKR_ATTRIBUTE_READ_ONLY", "the HSM does not let this attribute change"},
		0x11:  {"CKR_ATTRIBUTE_SENSITIVE", "the HSM keeps this value to itself"},
		0x12:  {"CKR_ATTRIBUTE_TYPE_INVALID", "the HSM does not know this attribute"},
		0x13:  {"CKR_ATTRIBUTE_VALUE_INVALID", "the HSM does not take this attribute's value"},
		0x1B:  {"CKR_ACTION_PROHIBITED", "the object's attributes forbid this"},
		0x30:  {"CKR_DEVICE_ERROR", "the HSM reports a fault; check cable and status"},
		0x31:  {"CKR_DEVICE_MEMORY", "the HSM is full; have its objects reviewed"},
		0x32:  {"CKR_DEVICE_REMOVED", "the HSM is gone; check cable and power, then resume"},
		0x60:  {"CKR_KEY_HANDLE_INVALID", "the HSM no longer knows this key"},
		0x62:  {"CKR_KEY_SIZE_RANGE", "the HSM does not take a key of this size"},
		0x63:  {"CKR_KEY_TYPE_INCONSISTENT", "the HSM does not use this kind of key so"},
		0x68:  {"CKR_KEY_FUNCTION_NOT_PERMITTED", "the key's attributes forbid this use"},
		0x69:  {"CKR_KEY_NOT_WRAPPABLE", "the HSM does not let this key leave under that one"},
		0x6A:  {"CKR_KEY_UNEXTRACTABLE", "this key was made never to leave the HSM"},
		0x70:  {"CKR_MECHANISM_INVALID", "the HSM does not have this mechanism"},
		0x71:  {"CKR_MECHANISM_PARAM_INVALID", "the HSM does not take the mechanism's parameters"},
		0x82:  {"CKR_OBJECT_HANDLE_INVALID", "the HSM no longer knows this object"},
		0xA0:  {"CKR_PIN_INCORRECT", "the PIN is wrong"},
		0xA2:  {"CKR_PIN_LEN_RANGE", "the PIN is too short or too long for this HSM"},
		0xA4:  {"CKR_PIN_LOCKED", "the PIN is locked; the HSM's security officer must reset it"},
		0xB3:  {"CKR_SESSION_HANDLE_INVALID", "the HSM ended the session; log in again"},
		0xB5:  {"CKR_SESSION_READ_ONLY", "the session cannot write"},
		0xE0:  {"CKR_TOKEN_NOT_PRESENT", "the token is not there; insert it, then resume"},
		0xE1:  {"CKR_TOKEN_NOT_RECOGNIZED", "the token is not known to its module"},
		0x100: {"CKR_USER_ALREADY_LOGGED_IN", "somebody is logged in already, so the PIN was not checked; log out first"},
		0x101: {"CKR_USER_NOT_LOGGED_IN", "log in first"},
		0x102: {"CKR_USER_PIN_NOT_INITIALIZED", "the HSM's security officer has not set a user PIN"},
		0x104: {"CKR_USER_ANOTHER_ALREADY_LOGGED_IN", "another role is logged in; log out first"},
		0x110: {"CKR_WRAPPED_KEY_INVALID", "the wrapped key is damaged, or made under another key"},
		0x112: {"CKR_WRAPPED_KEY_LEN_RANGE", "the wrapped key has a wrong length"},
		0x140: {"CKR_RANDOM_SEED_NOT_SUPPORTED", "the HSM takes no seed"},
		0x150: {"CKR_BUFFER_TOO_SMALL", "the module asked for a larger buffer"},
		0x190: {"CKR_CRYPTOKI_NOT_INITIALIZED", "the module was closed"},
		0x191: {"CKR_CRYPTOKI_ALREADY_INITIALIZED", "another part of this program uses the module"},
	}
}
