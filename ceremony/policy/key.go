package policy

import (
	"fmt"
	"strings"

	"keyrite.dev/keyrite/ceremony/plan"
)

// checkScheme: the one ceremony kind and the one backup scheme of this version.
func checkScheme(p plan.Plan, _ Target) []finding {
	var fs []finding
	if p.Ceremony != plan.CeremonyKeyImport {
		fs = append(fs, found(fmt.Sprintf("ceremony %q", p.Ceremony), "this program knows %q", plan.CeremonyKeyImport)...)
	}
	if p.Scheme != plan.SchemeBackupKey {
		fs = append(fs, found(fmt.Sprintf("scheme %q", p.Scheme), "this program knows %q, under which the target key is never in clear outside the HSM", plan.SchemeBackupKey)...)
	}
	return fs
}

// checkKeySpec: what is to be made has a size and a name by which people and the
// HSM find it.
func checkKeySpec(p plan.Plan, _ Target) []finding {
	var fs []finding
	if p.Key.Spec.Bytes() == 0 {
		fs = append(fs, found(fmt.Sprintf("key spec %q", p.Key.Spec), "this program makes AES_256, HMAC_224, HMAC_256, HMAC_384 and HMAC_512")...)
	}
	if l := p.Key.Label; l == "" || strings.Trim(l, labelLetters) != "" {
		fs = append(fs, found(fmt.Sprintf("key label %q", l), "the label is read aloud and shown by every HSM tool: 1 to 64 of a-z, A-Z, 0-9, space and . _ - /")...)
	} else if strings.TrimSpace(l) != l {
		fs = append(fs, found(fmt.Sprintf("key label %q", l), "a space at its end is not heard and not seen")...)
	}
	return fs
}

const labelLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ._-/"

// checkWrapMatrix asks the cloud's own table, offline.
func checkWrapMatrix(p plan.Plan, t Target) []finding {
	if t == nil || p.Key.Spec.Bytes() == 0 {
		return nil // DESTINATION, KEY-SPEC say so
	}
	if err := t.CheckWrapping(p.Key.Spec, p.Wrapping); err != nil {
		return found(fmt.Sprintf("%s by %s with %s", p.Key.Spec, p.Wrapping.Algorithm, p.Wrapping.KeySpec), "%s", err)
	}
	return nil
}

// strength is the security strength in bits of an RSA key-transport key: NIST SP
// 800-57 Part 1 Rev. 5, Table 2. The table has no row for 4096, so it counts as
// the row below it.
func strength(keySpec string) int {
	switch keySpec {
	case "RSA_2048":
		return 112
	case "RSA_3072", "RSA_4096":
		return 128
	default:
		return 0
	}
}

// checkKeyStrength: PCI DSS 3.6.1.2, a key-encrypting key at least as strong as
// the key it protects. No cloud offers an RSA key that strong, so 3072 and 4096
// bits need an exception that the officer signs; 2048 bits get none.
func checkKeyStrength(p plan.Plan, _ Target) []finding {
	want := 8 * p.Key.Spec.Bytes()
	subject := fmt.Sprintf("%s under %s", p.Key.Spec, p.Wrapping.KeySpec)
	switch have := strength(p.Wrapping.KeySpec); {
	case have == 0:
		return found(subject, "the strength of this wrapping key is not known")
	case have < 128:
		return found(subject, "RSA-2048 has 112 bits of strength (NIST SP 800-57 Part 1 Rev. 5, Table 2) and is always refused")
	case have < want:
		return liftable(found(subject, "the wrapping key has %d bits of strength, the key %d (NIST SP 800-57 Part 1 Rev. 5, Table 2; PCI DSS 3.6.1.2); "+
			"this needs an exception for KEY-STRENGTH with the reason", have, want))
	default:
		return nil
	}
}

// maxCryptoperiod is two years: NIST SP 800-57 Part 1 Rev. 5, section 5.3.6 and
// Table 1, originator usage of symmetric data-encryption, authentication and
// key-wrapping keys.
const maxCryptoperiod = 2 * 365

// checkCryptoperiod: PCI DSS 3.7.4 wants a defined cryptoperiod by industry
// guidance; it names no number, so a longer one with its reason is possible.
func checkCryptoperiod(p plan.Plan, _ Target) []finding {
	subject := fmt.Sprintf("%d days", p.Cryptoperiod)
	switch {
	case p.Cryptoperiod < 1:
		return found(subject, "every key has an end (PCI DSS 3.7.4): at least one day")
	case p.Cryptoperiod > maxCryptoperiod:
		return liftable(found(subject, "at most %d days (NIST SP 800-57 Part 1 Rev. 5, section 5.3.6), or an exception with the reason", maxCryptoperiod))
	default:
		return nil
	}
}

// Bounds of minimumLifeMinutes. After the wrap come export, clean-up, closing and
// the way to the importer, which no half hour beats; and AWS import parameters
// live 24 hours, of which carrying them into the room takes a part.
const (
	minLife = 30
	maxLife = 23 * 60
)

// checkTimeLeft: a wrap for parameters that expire on the way is wasted.
func checkTimeLeft(p plan.Plan, _ Target) []finding {
	if m := p.MinimumLife; m < minLife || m > maxLife {
		return found(fmt.Sprintf("%d minutes", m), "the least remaining life of the import parameters is from %d to %d minutes; they live 24 hours", minLife, maxLife)
	}
	return nil
}
