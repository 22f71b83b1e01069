// Package transport holds the parcels: the only things that cross the gap
// between the room and the machines outside. docs/formats/parcel.md specifies
// them.
//
// A parcel is one file: a DSSE envelope as package dsse writes it, and a line
// feed. Its payload type says its kind and its mode; the list of kinds is closed.
// Every kind has a cap, and a file is measured before a byte of it is parsed.
package transport

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"keyrite.dev/keyrite/ceremony/canon"
	"keyrite.dev/keyrite/ceremony/dsse"
)

// A Kind is what a parcel is for; it is the word in the payload type.
type Kind string

// Kinds of parcels.
const (
	Plan             Kind = "plan"              // officer → everyone; the payload is the plan itself
	ImportParameters Kind = "import-parameters" // fetcher → room
	WrappedKey       Kind = "wrapped-key"       // room → importer
	Share            Kind = "share"             // custodian → room
	Receipt          Kind = "receipt"           // importer → officer
	Acceptance       Kind = "acceptance"        // officer → record
)

// Cap is the most bytes that a parcel file of kind k may have; 0 for a word that
// is no kind. Each is about one and a half times the largest honest file: a plan
// of 64 kB, twice base64; two parameter sets with the largest tokens that AWS
// KMS names (6,144 bytes); a wrapped-key parcel with plan, seal by 64 people and
// two blobs inside.
func (k Kind) Cap() int {
	switch k {
	case Plan:
		return 128 << 10
	case ImportParameters:
		return 64 << 10
	case WrappedKey:
		return 512 << 10
	case Share, Receipt, Acceptance:
		return 32 << 10
	default:
		return 0
	}
}

// A Header begins every payload but the plan's, which has its own form. It is
// the member "header" of the payload.
type Header struct {
	Ceremony string `json:"ceremony"` // id, 64 hex; "" where there is none yet
	Expires  string `json:"expires"`  // RFC 3339, UTC, whole seconds; "" never
	Issuer   Issuer `json:"issuer"`
}

// An Issuer is who made a parcel and signed it, alone. Whether that key may do
// so is in the plan's roster, not here.
type Issuer struct {
	Key  []byte `json:"key"`  // SubjectPublicKeyInfo
	Role string `json:"role"` // a plan role, or "recorder"
}

// NewHeader is the header of a parcel that signer makes. expires may be zero.
func NewHeader(ceremony string, expires time.Time, signer dsse.Signer, role string) Header {
	h := Header{Ceremony: ceremony, Issuer: Issuer{Key: signer.Public().DER(), Role: role}}
	if !expires.IsZero() {
		h.Expires = FormatTime(expires)
	}
	return h
}

// ExpiresAt is when the parcel's use ends; zero: never.
func (h Header) ExpiresAt() (time.Time, error) {
	if h.Expires == "" {
		return time.Time{}, nil
	}
	return ParseTime(h.Expires)
}

// check checks the header's form and that its issuer is the one signer.
func (h Header) check(role string) (dsse.PublicKey, error) {
	if h.Issuer.Role != role {
		return dsse.PublicKey{}, fmt.Errorf("issued by %q, want %q", h.Issuer.Role, role)
	}
	if h.Ceremony != "" && !IsDigest(h.Ceremony) {
		return dsse.PublicKey{}, errors.New("ceremony is not 64 lower-case hex digits")
	}
	if _, err := h.ExpiresAt(); err != nil {
		return dsse.PublicKey{}, err
	}
	return dsse.ParsePublicKey(h.Issuer.Key)
}

// A Payload is the struct of one kind, fields in alphabetical order of their
// JSON names.
type Payload interface{ Head() Header }

// Seal makes the parcel file of a kind in a mode: payload, signed by signer, who
// is its issuer.
func Seal(ctx context.Context, mode dsse.Mode, kind Kind, payload Payload, signer dsse.Signer) ([]byte, error) {
	if !bytes.Equal(payload.Head().Issuer.Key, signer.Public().DER()) {
		return nil, fmt.Errorf("the signer of this %s parcel is not its issuer", kind)
	}
	data, err := canon.Marshal(payload)
	if err != nil {
		return nil, err
	}
	env, err := dsse.Sign(ctx, mode.Type(string(kind)), data, signer)
	if err != nil {
		return nil, err
	}
	file, err := env.Encode()
	if err != nil {
		return nil, err
	}
	file = append(file, '\n')
	if len(file) > kind.Cap() {
		return nil, fmt.Errorf("%s parcel of %d bytes, at most %d", kind, len(file), kind.Cap())
	}
	return file, nil
}

// Open reads a parcel file of a kind in a mode into payload, a pointer to a zero
// struct. It checks size, form and that exactly its issuer signed it, in role.
// The issuer's key comes from the parcel itself: the caller must hold it against
// a roster. An error that wraps [ErrMode] means a parcel of the other mode.
func Open(file []byte, mode dsse.Mode, kind Kind, role string, payload Payload) (dsse.PublicKey, error) {
	env, err := Envelope(file, mode, kind)
	if err != nil {
		return dsse.PublicKey{}, err
	}
	if len(env.Signatures) != 1 {
		return dsse.PublicKey{}, invalid(kind, fmt.Errorf("%d signatures, want 1", len(env.Signatures)))
	}
	// A struct is read before its signature is checked, because it names the key.
	// What is read is capped and in the one spelling; nothing of it is used.
	if err := canon.Unmarshal(env.Payload, payload); err != nil {
		return dsse.PublicKey{}, invalid(kind, err)
	}
	key, err := payload.Head().check(role)
	if err != nil {
		return dsse.PublicKey{}, invalid(kind, err)
	}
	if _, err := env.Verify(mode.Type(string(kind)), dsse.NewKeys(key)); err != nil {
		return dsse.PublicKey{}, invalid(kind, err)
	}
	return key, nil
}

// ErrMode reports a rehearsal's parcel where production is wanted, or the other
// way round.
var ErrMode = errors.New("made in the other mode")

// Envelope reads a parcel file of a kind in a mode as far as its envelope: size,
// form, type. No signature is checked.
func Envelope(file []byte, mode dsse.Mode, kind Kind) (dsse.Envelope, error) {
	switch n := len(file); {
	case kind.Cap() == 0:
		return dsse.Envelope{}, fmt.Errorf("invalid parcel: %q is no kind of parcel", kind)
	case n > kind.Cap():
		return dsse.Envelope{}, invalid(kind, fmt.Errorf("%d bytes, at most %d", n, kind.Cap()))
	case n == 0 || file[n-1] != '\n':
		return dsse.Envelope{}, invalid(kind, errors.New("does not end with a line feed, so it may be cut off"))
	}
	env, err := dsse.Parse(file[:len(file)-1])
	if err != nil {
		return dsse.Envelope{}, invalid(kind, err)
	}
	other := dsse.Production
	if mode == dsse.Production {
		other = dsse.Rehearsal
	}
	switch env.PayloadType {
	case mode.Type(string(kind)):
		return env, nil
	case other.Type(string(kind)):
		return dsse.Envelope{}, fmt.Errorf("invalid %s parcel: %w: it is %s, this is %s", kind, ErrMode, other, mode)
	default:
		return dsse.Envelope{}, invalid(kind, fmt.Errorf("payload type is %q", env.PayloadType))
	}
}

func invalid(kind Kind, err error) error { return fmt.Errorf("invalid %s parcel: %w", kind, err) }

// Digest is a file's name everywhere: SHA-256, lower-case hex.
func Digest(file []byte) string {
	sum := sha256.Sum256(file)
	return hex.EncodeToString(sum[:])
}

// IsDigest tells whether s is spelled like a [Digest].
func IsDigest(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == sha256.Size && hex.EncodeToString(b) == s
}

// FormatTime spells a time as parcels do: RFC 3339, UTC, whole seconds. A
// fraction is cut off, so an expiry never moves into the future.
func FormatTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// ParseTime reads what [FormatTime] writes, and nothing else.
func ParseTime(s string) (time.Time, error) {
	t, err := time.Parse("2006-01-02T15:04:05Z", s)
	if err != nil || FormatTime(t) != s {
		return time.Time{}, fmt.Errorf("invalid time %.40q: want 2006-01-02T15:04:05Z", s)
	}
	return t, nil
}
