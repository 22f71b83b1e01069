package hsm

import "maps"

type code struct{ name, advice string }

// codes are the return values of PKCS#11 v2.40 and v3.1 (pkcs11t.h), also those
// that the binding has no name for: the names, and what rooms can do.
func codes() map[uint]code {
	all := map[uint]code{}
	for _, family := range []map[uint]code{deviceCodes(), keyCodes(), loginCodes(), wrapCodes()} {
		maps.Copy(all, family)
	}
	return all
}

// deviceCodes are those of module and device.
func deviceCodes() map[uint]code {
	return map[uint]code{
		0x01: {"CKR_CANCEL", "the request was cancelled at the HSM; nothing was done"},
		0x02: {"CKR_HOST_MEMORY", "the machine is out of memory; restart it and resume"},
		0x03: {"CKR_SLOT_ID_INVALID", "the module has no such slot any more; close and open the token again"},
		0x05: {"CKR_GENERAL_ERROR", "the HSM cannot go on; look at its own log"},
		0x06: {"CKR_FUNCTION_FAILED", "the HSM refused for a reason of its own; look at its log"},
		0x07: {"CKR_ARGUMENTS_BAD", "the HSM does not take these parameters"},
		0x08: {"CKR_NO_EVENT", "nothing has happened at the HSM"},
		0x09: {"CKR_NEED_TO_CREATE_THREADS", "the module cannot work in this program; ask its vendor"},
		0x0A: {"CKR_CANT_LOCK", "the module cannot work in this program; ask its vendor"},
		0x10: {"CKR_ATTRIBUTE_READ_ONLY", "the HSM does not let this attribute change"},
		0x11: {"CKR_ATTRIBUTE_SENSITIVE", "the HSM keeps this value to itself"},
		0x12: {"CKR_ATTRIBUTE_TYPE_INVALID", "the HSM does not know this attribute"},
		0x13: {"CKR_ATTRIBUTE_VALUE_INVALID", "the HSM does not take this attribute's value"},
		0x1B: {"CKR_ACTION_PROHIBITED", "the object's attributes forbid this"},
		0x20: {"CKR_DATA_INVALID", "the HSM does not take this data"},
		0x21: {"CKR_DATA_LEN_RANGE", "the HSM does not take data of this length"},
		0x30: {"CKR_DEVICE_ERROR", "the HSM reports a fault; check cable and status"},
		0x31: {"CKR_DEVICE_MEMORY", "the HSM is full; have its objects reviewed"},
		0x32: {"CKR_DEVICE_REMOVED", "the HSM is gone; check cable and power, then resume"},
		0x40: {"CKR_ENCRYPTED_DATA_INVALID", "the encrypted data is damaged"},
		0x41: {"CKR_ENCRYPTED_DATA_LEN_RANGE", "the encrypted data has a wrong length"},
		0x50: {"CKR_FUNCTION_CANCELED", "the request was cancelled at the HSM; nothing was done"},
		0x51: {"CKR_FUNCTION_NOT_PARALLEL", "the module is of another version; ask its vendor"},
		0x54: {"CKR_FUNCTION_NOT_SUPPORTED", "the HSM does not have this function"},
	}
}

// keyCodes are those of keys, mechanisms and signatures.
func keyCodes() map[uint]code {
	return map[uint]code{
		0x60: {"CKR_KEY_HANDLE_INVALID", "the HSM no longer knows this key"},
		0x62: {"CKR_KEY_SIZE_RANGE", "the HSM does not take a key of this size"},
		0x63: {"CKR_KEY_TYPE_INCONSISTENT", "the HSM does not use this kind of key so"},
		0x64: {"CKR_KEY_NOT_NEEDED", "the HSM wants no key for this"},
		0x65: {"CKR_KEY_CHANGED", "the key is not the one that was used before"},
		0x66: {"CKR_KEY_NEEDED", "the HSM wants a key for this"},
		0x67: {"CKR_KEY_INDIGESTIBLE", "the HSM does not digest this key"},
		0x68: {"CKR_KEY_FUNCTION_NOT_PERMITTED", "the key's attributes forbid this use"},
		0x69: {"CKR_KEY_NOT_WRAPPABLE", "the HSM does not let this key leave under that one"},
		0x6A: {"CKR_KEY_UNEXTRACTABLE", "this key was made never to leave the HSM"},
		0x70: {"CKR_MECHANISM_INVALID", "the HSM does not have this mechanism"},
		0x71: {"CKR_MECHANISM_PARAM_INVALID", "the HSM does not take the mechanism's parameters"},
		0x82: {"CKR_OBJECT_HANDLE_INVALID", "the HSM no longer knows this object"},
		0x90: {"CKR_OPERATION_ACTIVE", "the HSM is still busy with another request of this session; log in again"},
		0x91: {"CKR_OPERATION_NOT_INITIALIZED", "the HSM lost the request; log in again and repeat the step"},
	}
}

// loginCodes are those of PINs, sessions and tokens.
func loginCodes() map[uint]code {
	return map[uint]code{
		0xA0: {"CKR_PIN_INCORRECT", "the PIN is wrong"},
		0xA1: {"CKR_PIN_INVALID", "the PIN has characters that this HSM does not take"},
		0xA2: {"CKR_PIN_LEN_RANGE", "the PIN is too short or too long for this HSM"},
		0xA3: {"CKR_PIN_EXPIRED", "the PIN has expired; change it with the vendor's tool, then resume"},
		0xA4: {"CKR_PIN_LOCKED", "the PIN is locked; the HSM's security officer must reset it"},
		0xB0: {"CKR_SESSION_CLOSED", "the HSM ended the session; log in again"},
		0xB1: {"CKR_SESSION_COUNT", "the HSM has no session left; close other programs that use it"},
		0xB3: {"CKR_SESSION_HANDLE_INVALID", "the HSM ended the session; log in again"},
		0xB4: {"CKR_SESSION_PARALLEL_NOT_SUPPORTED", "the module is of another version; ask its vendor"},
		0xB5: {"CKR_SESSION_READ_ONLY", "the session cannot write"},
		0xB6: {"CKR_SESSION_EXISTS", "another session is open; close other programs that use the HSM"},
		0xB7: {"CKR_SESSION_READ_ONLY_EXISTS", "a read-only session is open; close other programs that use the HSM"},
		0xB8: {"CKR_SESSION_READ_WRITE_SO_EXISTS", "the security officer is logged in; log that role out first"},
		0xC0: {"CKR_SIGNATURE_INVALID", "the signature is not valid"},
		0xC1: {"CKR_SIGNATURE_LEN_RANGE", "the signature has a wrong length"},
		0xD0: {"CKR_TEMPLATE_INCOMPLETE", "the HSM wants more attributes for this object"},
		0xD1: {"CKR_TEMPLATE_INCONSISTENT", "the HSM does not take these attributes together; its policy may forbid them"},
		0xE0: {"CKR_TOKEN_NOT_PRESENT", "the token is not there; insert it, then resume"},
		0xE1: {"CKR_TOKEN_NOT_RECOGNIZED", "the token is not known to its module"},
		0xE2: {"CKR_TOKEN_WRITE_PROTECTED", "the token is write-protected"},
	}
}

// wrapCodes are those of wrapping, roles and the rest.
func wrapCodes() map[uint]code {
	return map[uint]code{
		0xF0:  {"CKR_UNWRAPPING_KEY_HANDLE_INVALID", "the HSM no longer knows the unwrapping key"},
		0xF1:  {"CKR_UNWRAPPING_KEY_SIZE_RANGE", "the HSM does not unwrap with a key of this size"},
		0xF2:  {"CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT", "the HSM does not unwrap with this kind of key"},
		0x100: {"CKR_USER_ALREADY_LOGGED_IN", "somebody is logged in already, so the PIN was not checked; log out first"},
		0x101: {"CKR_USER_NOT_LOGGED_IN", "log in first"},
		0x102: {"CKR_USER_PIN_NOT_INITIALIZED", "the HSM's security officer has not set a user PIN"},
		0x103: {"CKR_USER_TYPE_INVALID", "the HSM does not know this role"},
		0x104: {"CKR_USER_ANOTHER_ALREADY_LOGGED_IN", "another role is logged in; log out first"},
		0x105: {"CKR_USER_TOO_MANY_TYPES", "too many roles are logged in; close other programs that use the HSM"},
		0x110: {"CKR_WRAPPED_KEY_INVALID", "the wrapped key is damaged, or made under another key"},
		0x112: {"CKR_WRAPPED_KEY_LEN_RANGE", "the wrapped key has a wrong length"},
		0x113: {"CKR_WRAPPING_KEY_HANDLE_INVALID", "the HSM no longer knows the wrapping key"},
		0x114: {"CKR_WRAPPING_KEY_SIZE_RANGE", "the HSM does not wrap with a key of this size"},
		0x115: {"CKR_WRAPPING_KEY_TYPE_INCONSISTENT", "the HSM does not wrap with this kind of key"},
		0x120: {"CKR_RANDOM_SEED_NOT_SUPPORTED", "the HSM takes no seed"},
		0x121: {"CKR_RANDOM_NO_RNG", "the HSM has no random generator"},
		0x130: {"CKR_DOMAIN_PARAMS_INVALID", "the HSM does not know this curve"},
		0x140: {"CKR_CURVE_NOT_SUPPORTED", "the HSM does not have this curve"},
		0x150: {"CKR_BUFFER_TOO_SMALL", "the module asked for a larger buffer"},
		0x160: {"CKR_SAVED_STATE_INVALID", "the HSM does not take this saved state"},
		0x170: {"CKR_INFORMATION_SENSITIVE", "the HSM keeps this to itself"},
		0x180: {"CKR_STATE_UNSAVEABLE", "the HSM cannot save its state"},
		0x190: {"CKR_CRYPTOKI_NOT_INITIALIZED", "the module was closed"},
		0x191: {"CKR_CRYPTOKI_ALREADY_INITIALIZED", "another part of this program uses the module"},
		0x1A0: {"CKR_MUTEX_BAD", "the module failed inside; restart the program and resume"},
		0x1A1: {"CKR_MUTEX_NOT_LOCKED", "the module failed inside; restart the program and resume"},
		0x1B0: {"CKR_NEW_PIN_MODE", "the HSM wants a new PIN; set it with the vendor's tool, then resume"},
		0x1B1: {"CKR_NEXT_OTP", "the HSM wants the next one-time password"},
		0x1B5: {"CKR_EXCEEDED_MAX_ITERATIONS", "the HSM gave up making the key; try again"},
		0x1B6: {"CKR_FIPS_SELF_TEST_FAILED", "the HSM failed its self-test; do not use it, and call its vendor"},
		0x1B7: {"CKR_LIBRARY_LOAD_FAILED", "the module could not load a part of itself; check its installation"},
		0x1B8: {"CKR_PIN_TOO_WEAK", "the PIN is too weak for this HSM"},
		0x1B9: {"CKR_PUBLIC_KEY_INVALID", "the HSM does not take this public key"},
		0x200: {"CKR_FUNCTION_REJECTED", "the request was refused at the HSM, on its PIN pad or by its policy"},
	}
}
