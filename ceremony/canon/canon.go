// Package canon is Keyrite's one spelling of JSON.
//
// Everything that is signed is a JSON object in this spelling: Go structs whose
// fields are declared in alphabetical order of their JSON names, no spaces, no
// HTML escapes, whole numbers from 0 to 2^31-1, no null, and in texts no escapes
// but \" and \\. For the texts that [CheckText] admits this is the output of RFC
// 8785 and of "jq -cS", so a reader needs nothing of ours to check it.
//
// A signature never depends on canonicalisation (DSSE signs bytes); the one
// spelling is there so that two readers cannot see different data in the same
// bytes: duplicate members, other letter cases, unknown members and trailing
// data all fail to re-encode to themselves. That holds for typed values: a
// json.RawMessage re-encodes to itself and must be read again into its type.
package canon

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// ErrSpelling reports input that is JSON, but not in the one spelling.
var ErrSpelling = errors.New("not in the canonical spelling")

// Marshal returns v in the one spelling. It refuses what [Unmarshal] would
// refuse, so nothing is signed that no reader takes: texts with characters that
// [CheckText] refuses, null (a nil slice: write an empty one), negative, broken
// and large numbers.
func Marshal(v any) ([]byte, error) {
	data, err := encode(v)
	if err != nil {
		return nil, err
	}
	if err := check(data); err != nil {
		return nil, fmt.Errorf("failed to encode JSON: %w", err)
	}
	return data, nil
}

// Unmarshal reads data into v, a pointer to a zero value, and accepts only what
// [Marshal] would have written for v.
func Unmarshal(data []byte, v any) error {
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("invalid JSON: %w", err)
	}
	again, err := encode(v)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, data) {
		return ErrSpelling
	}
	return check(data)
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("failed to encode JSON: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// check reads JSON that is known to be well-formed and compact.
func check(data []byte) error {
	if err := checkText(data); err != nil {
		return err
	}
	text := false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case c == '"':
			text = !text
		case text && c == '\\':
			// Every escape that encoding/json writes, other than these two, stands
			// for a character that CheckText refuses.
			if i++; data[i] != '"' && data[i] != '\\' {
				return fmt.Errorf("escaped character at byte %d is not allowed in text", i)
			}
		case text:
		case c == 'n':
			return fmt.Errorf("null at byte %d where a value is expected", i)
		case c == '-' || '0' <= c && c <= '9':
			n := numberLength(data[i:])
			if _, err := strconv.ParseUint(string(data[i:i+n]), 10, 31); err != nil {
				return fmt.Errorf("number at byte %d is not a whole number up to %d", i, math.MaxInt32)
			}
			i += n - 1
		}
	}
	return nil
}

func numberLength(data []byte) int {
	if n := bytes.IndexAny(data, ",]}"); n >= 0 {
		return n
	}
	return len(data)
}

// CheckText refuses text that is not what it looks like: bad UTF-8, control
// (Cc), format (Cf, which holds the bidirectional overrides), private-use (Co)
// characters and the separators U+2028 and U+2029 (Zl, Zp).
func CheckText(s string) error { return checkText([]byte(s)) }

func checkText(s []byte) error {
	for i := 0; i < len(s); {
		if 0x20 <= s[i] && s[i] < 0x7f {
			i++
			continue
		}
		r, n := utf8.DecodeRune(s[i:])
		if r == utf8.RuneError && n == 1 {
			return errors.New("text is not valid UTF-8")
		}
		if unicode.Is(refused, r) {
			return fmt.Errorf("character %U at byte %d is not allowed in text", r, i)
		}
		i += n
	}
	return nil
}

// refused is Cc, Cf, Co, Zl and Zp as of Unicode 15. It is a list of our own
// because a verdict must not change with the Unicode version of a compiler, and
// because verify.sh holds the same list.
var refused = &unicode.RangeTable{
	LatinOffset: 3,
	R16: []unicode.Range16{
		{0x0000, 0x001f, 1},
		{0x007f, 0x009f, 1},
		{0x00ad, 0x00ad, 1},
		{0x0600, 0x0605, 1},
		{0x061c, 0x061c, 1},
		{0x06dd, 0x06dd, 1},
		{0x070f, 0x070f, 1},
		{0x0890, 0x0891, 1},
		{0x08e2, 0x08e2, 1},
		{0x180e, 0x180e, 1},
		{0x200b, 0x200f, 1},
		{0x2028, 0x202e, 1},
		{0x2060, 0x2064, 1},
		{0x2066, 0x206f, 1},
		{0xe000, 0xf8ff, 1},
		{0xfeff, 0xfeff, 1},
		{0xfff9, 0xfffb, 1},
	},
	R32: []unicode.Range32{
		{0x110bd, 0x110bd, 1},
		{0x110cd, 0x110cd, 1},
		{0x13430, 0x1343f, 1},
		{0x1bca0, 0x1bca3, 1},
		{0x1d173, 0x1d17a, 1},
		{0xe0001, 0xe0001, 1},
		{0xe0020, 0xe007f, 1},
		{0xf0000, 0xffffd, 1},
		{0x100000, 0x10fffd, 1},
	},
}
