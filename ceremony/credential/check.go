package credential

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"filippo.io/age"

	"keyrite.dev/keyrite/ceremony/canon"
	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/secret"
)

const (
	hybridPrefix = "age1pq1" // ML-KEM-768 with X25519
	maxName      = 200       // bytes, as in the roster
)

// CheckRecipient refuses what shares cannot be sealed to: everything but an age
// recipient, hybrid post-quantum ("age1pq1…") or X25519 ("age1…"), in its one
// lower-case spelling. Recipients that need a plugin program are not taken.
func CheckRecipient(s string) error {
	var one string
	if strings.HasPrefix(s, hybridPrefix) {
		r, err := age.ParseHybridRecipient(s)
		if err != nil {
			return errors.New("invalid age recipient: damaged, or not all of it")
		}
		one = r.String()
	} else {
		r, err := age.ParseX25519Recipient(s)
		if err != nil {
			return errors.New("invalid age recipient: neither age1pq1… nor age1…")
		}
		one = r.String()
	}
	if one != s {
		return errors.New("invalid age recipient: not in its one spelling")
	}
	return nil
}

func checkOwner(name string, role plan.Role) error {
	if err := canon.CheckText(name); err != nil {
		return fmt.Errorf("name: %w", err)
	}
	switch {
	case name == "" || strings.TrimSpace(name) != name || len(name) > maxName:
		return fmt.Errorf("name: 1 to %d bytes, without space around it", maxName)
	case role == plan.HSM:
		return errors.New("role: the HSM's key is made in the HSM, not in a file")
	case !slices.Contains(plan.Roles(), role):
		return fmt.Errorf("unknown role %q", role)
	}
	return nil
}

func checkLogN(logN int, mode dsse.Mode) error {
	least := MinLogN
	switch mode {
	case dsse.Production:
	case dsse.Rehearsal:
		least = 1
	default:
		return fmt.Errorf("invalid mode: %s", mode)
	}
	if logN < least || logN > MaxLogN {
		return fmt.Errorf("scrypt work factor 2^%d: from 2^%d to 2^%d", logN, least, MaxLogN)
	}
	return nil
}

// Bounds of a production passphrase.
const (
	minPassphrase = 15   // bytes; NIST SP 800-63B-4, section 3.1.1.2
	maxPassphrase = 1024 // arbitrary
	minDifferent  = 8    // different bytes: "aaaaaaaaaaaaaaa" is long and no secret
)

// CheckPassphrase refuses passphrases that are too weak to lie on a medium for
// years. It counts and does not judge words: strength comes from being drawn, by
// dice or from a word list (eight words of the PGP list are 64 bits), not chosen.
func CheckPassphrase(p secret.Bytes) error {
	if err := checkCharacters(p); err != nil {
		return err
	}
	return p.Expose(func(b []byte) error {
		var seen [256]bool
		different := 0
		for _, c := range b {
			if !seen[c] {
				seen[c] = true
				different++
			}
		}
		if len(b) < minPassphrase || different < minDifferent {
			return fmt.Errorf("the passphrase is too weak: at least %d characters, %d of them different; draw six or more words by dice",
				minPassphrase, minDifferent)
		}
		return nil
	})
}

// checkCharacters refuses what no passphrase is: nothing, a file, or text with
// control characters, as when a line feed was pasted along.
func checkCharacters(p secret.Bytes) error {
	return p.Expose(func(b []byte) error {
		switch {
		case len(b) == 0:
			return errors.New("the passphrase is empty")
		case len(b) > maxPassphrase:
			return fmt.Errorf("the passphrase has more than %d bytes", maxPassphrase)
		}
		for _, c := range b {
			if c < 0x20 || c == 0x7f {
				return errors.New("the passphrase holds a control character")
			}
		}
		return nil
	})
}
