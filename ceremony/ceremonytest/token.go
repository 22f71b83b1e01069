// Package ceremonytest holds software parts that stand in for an HSM and its
// worker in tests, and the suites that they and the real ones pass. Nothing of it
// is linked into the program.
package ceremonytest

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/secret"
)

// Serial is the serial number of every software token.
const Serial = "KT-0001-SOFT"

// TranscriptLabel is the label of the key that signs seals.
const TranscriptLabel = "keyrite transcript"

// ErrLoggedIn is a login into a session that is logged in: the PIN was not
// checked, so it counts as a failure.
var ErrLoggedIn = errors.New("somebody is logged in already, so the PIN was not checked; log out first")

// ErrLoggedOut is the use of keys without a login.
var ErrLoggedOut = errors.New("log in first")

// A PINError is a PIN that the token refused.
type PINError struct{ Tries int } // refused so far

func (e PINError) Error() string {
	return fmt.Sprintf("the token refused the PIN (%d so far)", e.Tries)
}

// A Token is a software token in memory, with one session. It implements
// ceremony.Token: it makes keys, wraps them and proves it with the same
// arithmetic that opens them. It is safe for use by several goroutines.
type Token struct {
	*store

	// Of this session; under store.mu.
	loggedIn bool
	proven   map[string]bool
}

// store is what the sessions of one token share.
type store struct {
	mu      sync.Mutex
	pin     []byte
	refused int // PINs
	objects []*object
}

type object struct {
	class, kind, label string
	id                 ceremony.KeyID
	owner              *Token // of a session object, else nil
	attributes         map[string]bool
	value              []byte
	private            *ecdsa.PrivateKey
}

// NewToken makes an empty token with its user PIN.
func NewToken(pin string) *Token {
	return (&Token{store: &store{pin: []byte(pin)}}).Session()
}

// Session opens another session on the same token, which logs in by itself, as
// another process does.
func (t *Token) Session() *Token { return &Token{store: t.store, proven: map[string]bool{}} }

// RefusedPINs is how many PINs the token has refused.
func (t *Token) RefusedPINs() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.refused
}

// use runs f for a session that is logged in.
func (t *Token) use(ctx context.Context, f func() error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if !t.loggedIn {
		return ErrLoggedOut
	}
	return f()
}

// Info describes the token.
func (t *Token) Info(ctx context.Context) (ceremony.TokenInfo, error) {
	return ceremony.TokenInfo{
		Module: "ceremonytest", ModuleSHA256: hex.EncodeToString(make([]byte, 32)), Cryptoki: "2.40", Library: "software token",
		Manufacturer: "Keyrite", Model: "in memory", Serial: Serial, Label: "software token", Firmware: "1.0", Hardware: "0.0",
		Software: true, MinPIN: 4, MaxPIN: 255,
	}, ctx.Err()
}

// Login checks the PIN once.
func (t *Token) Login(ctx context.Context, pin secret.Bytes) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch err := ctx.Err(); {
	case err != nil:
		return err
	case t.loggedIn:
		return ErrLoggedIn
	case pin.Len() == 0:
		return errors.New("an empty PIN was given, and the token has no PIN pad")
	case !pin.Equal(secret.Copy(t.pin)):
		t.refused++
		return PINError{Tries: t.refused}
	}
	t.loggedIn = true
	return nil
}

// Logout ends the login and this session's objects.
func (t *Token) Logout(ctx context.Context) error {
	return t.use(ctx, func() error {
		t.loggedIn = false
		t.objects = slices.DeleteFunc(t.objects, func(o *object) bool { return o.owner == t })
		return nil
	})
}

// Inventory lists the token objects and this session's.
func (t *Token) Inventory(ctx context.Context) ([]ceremony.Object, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []ceremony.Object
	for _, o := range t.objects {
		if t.sees(o) {
			out = append(out, ceremony.Object{Class: o.class, Type: o.kind, Label: o.label, ID: string(o.id), Token: o.owner == nil})
		}
	}
	slices.SortFunc(out, func(a, b ceremony.Object) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.Label, b.Label), cmp.Compare(a.ID, b.ID))
	})
	return out, ctx.Err()
}

func (t *Token) sees(o *object) bool {
	return (o.owner == nil || o.owner == t) && (t.loggedIn || !o.attributes["CKA_PRIVATE"])
}

// secretKey is what every secret key of a ceremony is allowed.
func secretKey() map[string]bool {
	return map[string]bool{
		"CKA_TOKEN": true, "CKA_PRIVATE": true, "CKA_SENSITIVE": true, "CKA_ALWAYS_SENSITIVE": true, "CKA_EXTRACTABLE": true,
		"CKA_NEVER_EXTRACTABLE": false, "CKA_LOCAL": true, "CKA_ENCRYPT": false, "CKA_DECRYPT": false, "CKA_SIGN": true,
		"CKA_VERIFY": false, "CKA_WRAP": false, "CKA_UNWRAP": false, "CKA_DERIVE": false,
	}
}

func kindOf(spec plan.KeySpec) (kind, mechanism string) {
	if spec.IsHMAC() {
		return "CKK_GENERIC_SECRET", "CKM_GENERIC_SECRET_KEY_GEN"
	}
	return "CKK_AES", "CKM_AES_KEY_GEN"
}

// Generate makes a target key.
func (t *Token) Generate(ctx context.Context, spec plan.KeySpec, label string) (ceremony.Key, error) {
	var out ceremony.Key
	err := t.use(ctx, func() error {
		if spec.Bytes() == 0 {
			return fmt.Errorf("invalid key spec %q", spec)
		}
		if err := t.labelFree(label); err != nil {
			return err
		}
		kind, mechanism := kindOf(spec)
		o := t.add(&object{kind: kind, label: label, attributes: secretKey(), value: random(spec.Bytes())})
		out = ceremony.Key{ID: o.id, Label: label, Mechanism: mechanism, Attributes: o.claims()}
		return nil
	})
	return out, err
}

// add gives a secret key its id and its place.
func (t *Token) add(o *object) *object {
	o.class, o.id = "CKO_SECRET_KEY", newID()
	if !o.attributes["CKA_TOKEN"] {
		o.owner = t
	}
	t.objects = append(t.objects, o)
	return o
}

func newID() ceremony.KeyID { return ceremony.KeyID(hex.EncodeToString(random(16))) }

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails; it ends the program instead
	return b
}

func (t *Token) labelFree(label string) error {
	if slices.ContainsFunc(t.objects, func(o *object) bool { return o.label == label && t.sees(o) }) {
		return fmt.Errorf("the token has an object with the label %q already; nothing was made", label)
	}
	return nil
}

// key finds a secret key.
func (t *Token) key(id ceremony.KeyID) (*object, error) {
	for _, o := range t.objects {
		if o.id == id && o.class == "CKO_SECRET_KEY" && t.sees(o) {
			return o, nil
		}
	}
	return nil, fmt.Errorf("the token has no key with id %s", id)
}

func (o *object) claims() ceremony.Attributes {
	out := ceremony.Attributes{}
	for name, v := range o.attributes {
		out[name] = strconv.FormatBool(v)
	}
	return out
}

// Attributes reads a key's attributes.
func (t *Token) Attributes(ctx context.Context, id ceremony.KeyID) (ceremony.Attributes, error) {
	var out ceremony.Attributes
	err := t.with(ctx, id, func(o *object) error {
		out = o.claims()
		return nil
	})
	return out, err
}

// with runs f on a key.
func (t *Token) with(ctx context.Context, id ceremony.KeyID, f func(*object) error) error {
	return t.use(ctx, func() error {
		o, err := t.key(id)
		if err != nil {
			return err
		}
		return f(o)
	})
}

// Seal makes a key non-extractable.
func (t *Token) Seal(ctx context.Context, id ceremony.KeyID) error {
	return t.with(ctx, id, func(o *object) error {
		o.attributes["CKA_EXTRACTABLE"] = false
		return nil
	})
}

// Destroy removes a key.
func (t *Token) Destroy(ctx context.Context, id ceremony.KeyID) error {
	return t.with(ctx, id, func(o *object) error {
		clear(o.value)
		t.objects = slices.DeleteFunc(t.objects, func(x *object) bool { return x == o })
		return nil
	})
}

// Commission makes the transcript key and answers its public key, SPKI.
func (t *Token) Commission(ctx context.Context) ([]byte, error) {
	var spki []byte
	err := t.use(ctx, func() error {
		if err := t.labelFree(TranscriptLabel); err != nil {
			return err
		}
		private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return fmt.Errorf("failed to make the transcript key: %w", err)
		}
		public, err := dsse.NewPublicKey(&private.PublicKey, nil)
		if err != nil {
			return err
		}
		id := newID()
		t.objects = append(t.objects,
			&object{class: "CKO_PUBLIC_KEY", kind: "CKK_EC", label: TranscriptLabel, id: id},
			&object{
				class: "CKO_PRIVATE_KEY", kind: "CKK_EC", label: TranscriptLabel, id: id, private: private,
				attributes: map[string]bool{"CKA_PRIVATE": true},
			})
		spki = public.DER()
		return nil
	})
	return spki, err
}

// Sign signs with the transcript key.
func (t *Token) Sign(ctx context.Context, message []byte) ([]byte, error) {
	var out []byte
	err := t.use(ctx, func() error {
		i := slices.IndexFunc(t.objects, func(o *object) bool { return o.private != nil })
		if i < 0 {
			return errors.New("the token has no transcript key")
		}
		var err error
		out, err = ecdsa.SignASN1(rand.Reader, t.objects[i].private, dsse.Digest(elliptic.P256(), message))
		return err
	})
	return out, err
}
