package keycheck

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// Fingerprint is the lower-case hex SHA-256 of a public key's
// SubjectPublicKeyInfo in DER, the one name of a key everywhere. The encoding is
// part of the definition: the same key in another encoding has another hash.
func Fingerprint(spki []byte) string {
	sum := sha256.Sum256(spki)
	return hex.EncodeToString(sum[:])
}

// Words are the PGP words for digest, one per byte.
func Words(digest []byte) []string {
	even, odd := strings.Fields(twoSyllables), strings.Fields(threeSyllables)
	words := make([]string, len(digest))
	for i, b := range digest {
		if i%2 == 0 {
			words[i] = even[b]
		} else {
			words[i] = odd[b]
		}
	}
	return words
}

// WordsOfHex are the PGP words for a digest written in hex.
func WordsOfHex(digest string) ([]string, error) {
	b, err := hex.DecodeString(digest)
	if err != nil {
		return nil, fmt.Errorf("invalid hex: %w", err)
	}
	return Words(b), nil
}

// groupSize is how many characters people read and type well at a time.
const groupSize = 4

// Group parts a value into groups of four characters: "e582 94f2 e9a2 2748".
func Group(value string) string {
	var b strings.Builder
	for i, r := range []rune(value) {
		if i > 0 && i%groupSize == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Spell names the letters and digits of s for reading aloud, with the words of
// the ICAO radiotelephony alphabet (Annex 10, volume II, section 5.2.1.3) in
// ICAO's spelling. Digits are plain English words, since "niner" and "fife" are
// known to pilots only. Spaces say nothing; other characters are left as they
// are.
func Spell(s string) []string {
	letters, digits := strings.Fields(icaoLetters), strings.Fields(digitNames)
	var words []string
	for _, r := range strings.ToLower(s) {
		switch {
		case r == ' ':
		case 'a' <= r && r <= 'z':
			words = append(words, letters[r-'a'])
		case '0' <= r && r <= '9':
			words = append(words, digits[r-'0'])
		default:
			words = append(words, string(r))
		}
	}
	return words
}

const (
	icaoLetters = "Alfa Bravo Charlie Delta Echo Foxtrot Golf Hotel India Juliett Kilo Lima Mike " +
		"November Oscar Papa Quebec Romeo Sierra Tango Uniform Victor Whiskey X-ray Yankee Zulu"
	digitNames = "zero one two three four five six seven eight nine"
)
