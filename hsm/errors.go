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
