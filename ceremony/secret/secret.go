// Package secret holds PINs, passphrases and key material so that they cannot be
// printed, compared with ==, or marshalled by accident.
package secret

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[secret]"

var errMarshal = errors.New("secret: refusing to marshal")

// Bytes is secret material. The zero value is empty.
type Bytes struct {
	// view returns the material. It is a func, because fmt prints nothing but
	// an address for one, even inside unexported fields, where it cannot call
	// Format. It also makes Bytes incomparable.
	view func() []byte
}

// Take returns a Bytes that owns b: the caller must not use b again.
func Take(b []byte) Bytes {
	return Bytes{view: func() []byte { return b }}
}

// Copy returns a Bytes holding a copy of b.
func Copy(b []byte) Bytes { return Take(append([]byte(nil), b...)) }

// Join returns the concatenation of parts, as of two PIN halves.
func Join(parts ...Bytes) Bytes {
	n := 0
	for _, p := range parts {
		n += p.Len()
	}
	all := make([]byte, 0, n) // sized first: append must not leave a copy behind
	for _, p := range parts {
		all = append(all, p.bytes()...)
	}
	return Take(all)
}

// Expose calls f with the bytes. f must not keep them.
func (s Bytes) Expose(f func([]byte) error) error { return f(s.bytes()) }

// Len is the number of bytes.
func (s Bytes) Len() int { return len(s.bytes()) }

// Equal reports, in constant time for equal lengths, whether s and t are equal.
func (s Bytes) Equal(t Bytes) bool {
	return subtle.ConstantTimeCompare(s.bytes(), t.bytes()) == 1
}

// Destroy overwrites the bytes. It reduces, but cannot rule out, copies left in
// memory.
func (s Bytes) Destroy() { clear(s.bytes()) }

func (s Bytes) bytes() []byte {
	if s.view == nil {
		return nil
	}
	return s.view()
}

// String says that there is a secret, and no more.
func (Bytes) String() string { return redacted }

// GoString is String for %#v.
func (Bytes) GoString() string { return redacted }

// Format prints the same word for every verb.
func (Bytes) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue keeps the material out of structured logs.
func (Bytes) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText refuses.
func (Bytes) MarshalText() ([]byte, error) { return nil, errMarshal }

// MarshalJSON refuses.
func (Bytes) MarshalJSON() ([]byte, error) { return nil, errMarshal }
