package ceremonytest

import (
	"bytes"
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/keycheck"
	"keyrite.dev/keyrite/ceremony/keywrap"
	"keyrite.dev/keyrite/ceremony/plan"
)

// kwpName is the one way in which the software token wraps a backup.
const kwpName = "CKM_AES_KEY_WRAP_KWP"

// CheckValue is the key's check value, 5 bytes.
func (t *Token) CheckValue(ctx context.Context, id ceremony.KeyID, nonce []byte) ([]byte, error) {
	var out []byte
	err := t.with(ctx, id, func(o *object) error {
		if o.kind == "CKK_AES" {
			kcv, err := keycheck.AESCheckValue(o.value)
			out = kcv[:]
			return err
		}
		tag, err := macOf(o.value, nonce)
		if err == nil {
			out = tag[:keycheck.AESCheckLength]
		}
		return err
	})
	return out, err
}

// MAC is the HMAC with the hash that belongs to the key's length.
func (t *Token) MAC(ctx context.Context, id ceremony.KeyID, message []byte) ([]byte, error) {
	var out []byte
	err := t.with(ctx, id, func(o *object) error {
		if o.kind == "CKK_AES" {
			return errors.New("an AES key makes no HMAC")
		}
		var err error
		out, err = macOf(o.value, message)
		return err
	})
	return out, err
}

func macOf(key, message []byte) ([]byte, error) {
	if len(message) == 0 {
		return nil, errors.New("invalid message: an HMAC check needs a nonce")
	}
	hashes := map[int]crypto.Hash{28: crypto.SHA224, 32: crypto.SHA256, 48: crypto.SHA384, 64: crypto.SHA512}
	h, ok := hashes[len(key)]
	if !ok {
		return nil, errors.New("the key's length fits no HMAC")
	}
	m := hmac.New(h.New, key)
	m.Write(message)
	return m.Sum(nil), nil
}

// hashFor is the hash of a cloud's wrapping algorithm, and the recipe's name.
func hashFor(algorithm string) (crypto.Hash, string, error) {
	switch algorithm {
	case "RSAES_OAEP_SHA_256":
		return crypto.SHA256, "CKM_RSA_PKCS_OAEP SHA-256", nil
	case "RSAES_OAEP_SHA_1":
		return crypto.SHA1, "CKM_RSA_PKCS_OAEP SHA-1", nil
	default:
		return 0, "", fmt.Errorf("wrapping algorithm %q is not one that this token drives", algorithm)
	}
}

func provenKey(algorithm string, bits int, kind string, length int) string {
	return fmt.Sprintf("%s RSA-%d %s %d", algorithm, bits, kind, length)
}

// Preflight proves both wraps on throwaway keys.
func (t *Token) Preflight(ctx context.Context, need ceremony.Need) (ceremony.Preflight, error) {
	var out ceremony.Preflight
	err := t.use(ctx, func() error {
		start := time.Now()
		hash, name, err := hashFor(need.Algorithm)
		if err != nil {
			return err
		}
		cloud, err := keywrap.PublishedKey(need.KeySpec)
		if err != nil {
			return err
		}
		if need.Spec.Bytes() == 0 {
			return fmt.Errorf("invalid key spec %q", need.Spec)
		}
		if err := prove(cloud, hash, need.Spec.Bytes()); err != nil {
			return err
		}
		kind, _ := kindOf(need.Spec)
		t.proven[provenKey(need.Algorithm, cloud.Size()*8, kind, need.Spec.Bytes())] = true
		out = ceremony.Preflight{
			Recipes: []ceremony.Recipe{
				{Name: kwpName, Outcome: ceremony.RecipeProven, Detail: "unwrapped in software"},
				{Name: name, Outcome: ceremony.RecipeProven, Detail: "unwrapped in software"},
			},
			Cloud: name, Backup: kwpName,
			Enforced: []ceremony.Enforcement{{Rule: "CKA_EXTRACTABLE=false refuses C_WrapKey", Held: t.refusesSealed()}},
			Elapsed:  time.Since(start),
		}
		return nil
	})
	return out, err
}

// prove wraps a throwaway key of length bytes both ways and opens it again.
func prove(cloud *rsa.PrivateKey, hash crypto.Hash, length int) error {
	key, kek := random(length), random(32)
	inner, err := keywrap.Wrap(kek, key)
	if err != nil {
		return err
	}
	blob, err := rsa.EncryptOAEP(hash.New(), rand.Reader, &cloud.PublicKey, key, nil)
	if err != nil {
		return fmt.Errorf("failed to wrap: %w", err)
	}
	direct, err := keywrap.UnwrapOAEP(cloud, hash, blob)
	backed, err2 := keywrap.Unwrap(kek, inner)
	if err != nil || err2 != nil || !bytes.Equal(direct, key) || !bytes.Equal(backed, key) {
		return errors.New("a throwaway key came back different")
	}
	return nil
}

func (t *Token) refusesSealed() bool {
	_, err := (&object{attributes: map[string]bool{}, value: random(32)}).wrapUnder(random(32))
	return err != nil
}

// Wrap wraps a key under the cloud's, if the preflight proved it.
func (t *Token) Wrap(ctx context.Context, id ceremony.KeyID, with ceremony.WrappingKey) (ceremony.Wrapped, error) {
	pub, err := rsaKey(with)
	if err != nil {
		return ceremony.Wrapped{}, err
	}
	hash, name, err := hashFor(with.Algorithm)
	if err != nil {
		return ceremony.Wrapped{}, err
	}
	var out ceremony.Wrapped
	err = t.with(ctx, id, func(o *object) error {
		if !t.proven[provenKey(with.Algorithm, pub.Size()*8, o.kind, len(o.value))] {
			return fmt.Errorf("%s with RSA-%d was not proven in this session; run the preflight first", with.Algorithm, pub.Size()*8)
		}
		if !o.attributes["CKA_EXTRACTABLE"] {
			return errors.New("this key was made never to leave the token")
		}
		blob, err := rsa.EncryptOAEP(hash.New(), rand.Reader, pub, o.value, nil)
		out = ceremony.Wrapped{Blob: blob, Mechanism: name + ", MGF1 the same, empty label"}
		return err
	})
	return out, err
}

func rsaKey(w ceremony.WrappingKey) (*rsa.PublicKey, error) {
	parsed, err := x509.ParsePKIXPublicKey(w.SPKI)
	if err != nil {
		return nil, errors.New("invalid wrapping key: not a SubjectPublicKeyInfo")
	}
	pub, ok := parsed.(*rsa.PublicKey)
	if !ok || fmt.Sprintf("RSA_%d", pub.Size()*8) != w.KeySpec {
		return nil, fmt.Errorf("invalid wrapping key: it is not %s", w.KeySpec)
	}
	return pub, nil
}

// wrapUnder is KWP of o under kek.
func (o *object) wrapUnder(kek []byte) ([]byte, error) {
	if !o.attributes["CKA_EXTRACTABLE"] {
		return nil, errors.New("this key was made never to leave the token")
	}
	return keywrap.Wrap(kek, o.value)
}

// MakeBackup makes a backup key, AES-256: a session object whose value
// [Token.Release] reads.
func (t *Token) MakeBackup(ctx context.Context) (ceremony.KeyID, error) {
	return t.session(ctx, "keyrite backup", random(32), map[string]bool{"CKA_PRIVATE": true, "CKA_SIGN": true, "CKA_WRAP": true})
}

// Land brings a backup key into the token as a session object that only unwraps.
func (t *Token) Land(ctx context.Context, key []byte) (ceremony.KeyID, error) {
	return t.session(ctx, "keyrite landing", bytes.Clone(key), map[string]bool{"CKA_PRIVATE": true, "CKA_SENSITIVE": true, "CKA_UNWRAP": true})
}

func (t *Token) session(ctx context.Context, label string, value []byte, attributes map[string]bool) (ceremony.KeyID, error) {
	var id ceremony.KeyID
	err := t.use(ctx, func() error {
		id = t.add(&object{kind: "CKK_AES", label: label, value: value, attributes: attributes}).id
		return nil
	})
	return id, err
}

// Release copies a backup key's value into out.
func (t *Token) Release(ctx context.Context, backup ceremony.KeyID, out []byte) error {
	return t.with(ctx, backup, func(o *object) error {
		if o.attributes["CKA_SENSITIVE"] || len(o.value) != len(out) {
			return errors.New("the token keeps this value to itself")
		}
		copy(out, o.value)
		return nil
	})
}

// WrapBackup wraps the target under the backup key.
func (t *Token) WrapBackup(ctx context.Context, backup, target ceremony.KeyID) ([]byte, error) {
	var blob []byte
	err := t.with(ctx, backup, func(kek *object) error {
		o, err := t.key(target)
		if err != nil {
			return err
		}
		if !kek.attributes["CKA_WRAP"] {
			return errors.New("the key's attributes forbid this use")
		}
		blob, err = o.wrapUnder(kek.value)
		return err
	})
	return blob, err
}

// UnwrapTarget unwraps a backup under a landed key into a token object.
func (t *Token) UnwrapTarget(ctx context.Context, landed ceremony.KeyID, blob []byte, spec plan.KeySpec, label string) (ceremony.KeyID, error) {
	var id ceremony.KeyID
	err := t.with(ctx, landed, func(kek *object) error {
		if err := t.labelFree(label); err != nil {
			return err
		}
		if !kek.attributes["CKA_UNWRAP"] {
			return errors.New("the key's attributes forbid this use")
		}
		value, err := keywrap.Unwrap(kek.value, blob)
		if err != nil {
			return err
		}
		if len(value) != spec.Bytes() {
			return fmt.Errorf("the backup holds %d bytes, want %d", len(value), spec.Bytes())
		}
		kind, _ := kindOf(spec)
		attributes := secretKey() // unwrapped, not made here:
		attributes["CKA_LOCAL"], attributes["CKA_ALWAYS_SENSITIVE"] = false, false
		id = t.add(&object{kind: kind, label: label, value: value, attributes: attributes}).id
		return nil
	})
	return id, err
}
