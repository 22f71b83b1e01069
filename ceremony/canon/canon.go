// Package canon is Keyrite's one spelling of JSON.
//
// Everything that is signed is a JSON object in this spelling: Go structs whose
// fields are declared in alphabetical order of their JSON names, no spaces, no
// HTML escapes, integers below 2^31, no floats, no null where a value is
// expected. For the texts that [CheckText] admits this is the output of RFC 8785
// and of "jq -cS", so a reader needs nothing of ours to check it.
//
// A signature never depends on canonicalisation (DSSE signs bytes); the one
// spelling is there so that two readers cannot see different data in the same
// bytes: duplicate members, other letter cases, unknown members and trailing
// data all fail to re-encode to themselves.
package canon

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// ErrSpelling reports input that is JSON, but not in the one spelling.
var ErrSpelling = errors.New("not in the canonical spelling")

// Marshal returns v in the one spelling.
func Marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("failed to encode JSON: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Unmarshal reads data into v and accepts only what Marshal would have written
// for v, with no text that [CheckText] refuses.
func Unmarshal(data []byte, v any) error {
	if err := CheckText(string(data)); err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("invalid JSON: %w", err)
	}
	again, err := Marshal(v)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, data) {
		return ErrSpelling
	}
	return nil
}

// CheckText refuses text that is not what it looks like: bad UTF-8, control
// (Cc), format (Cf, which holds the bidirectional overrides), private-use (Co)
// characters and the separators U+2028 and U+2029 (Zl, Zp). JSON escapes of such
// characters do not re-encode to themselves or decode to what is refused by the
// callers that check decoded texts.
func CheckText(s string) error {
	if !utf8.ValidString(s) {
		return errors.New("text is not valid UTF-8")
	}
	for i, r := range s {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp) {
			return fmt.Errorf("character %U at byte %d is not allowed in text", r, i)
		}
	}
	return nil
}
