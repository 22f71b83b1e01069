package pkcs11

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"

	"github.com/miekg/pkcs11"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/plan"
)

// proven are the recipes that the preflight of this session proved: the cloud's
// algorithm and key spec, for a kind and length of key.
type proven map[string]bool

func provenKey(algorithm string, bits int, spec plan.KeySpec) string {
	return fmt.Sprintf("%s RSA-%d %s", algorithm, bits, spec)
}

// specOf is the spec of a target key, "" for others.
func (t *Token) specOf(h pkcs11.ObjectHandle) plan.KeySpec {
	if t.number(h, pkcs11.CKA_KEY_TYPE) == pkcs11.CKK_AES {
		return plan.AES256
	}
	for _, spec := range []plan.KeySpec{plan.HMAC224, plan.HMAC256, plan.HMAC384, plan.HMAC512} {
		if spec.Bytes() == t.length(h) {
			return spec
		}
	}
	return ""
}

// Wrap wraps key id for the cloud.
func (t *Token) Wrap(ctx context.Context, id ceremony.KeyID, with ceremony.WrappingKey) (ceremony.Wrapped, error) {
	pub, err := rsaKey(with)
	if err != nil {
		return ceremony.Wrapped{}, err
	}
	o, err := oaepFor(with.Algorithm)
	if err != nil {
		return ceremony.Wrapped{}, err
	}
	var out ceremony.Wrapped
	err = t.do(ctx, func() error {
		key, err := t.key(id)
		if err != nil {
			return err
		}
		if !t.proven[provenKey(with.Algorithm, pub.Size()*8, t.specOf(key))] {
			return fmt.Errorf("%s with RSA-%d was not proven in this session; run the preflight first", with.Algorithm, pub.Size()*8)
		}
		if err := t.mayLeave(key); err != nil {
			return err
		}
		blob, err := t.wrapFor(o, pub, key)
		if err != nil {
			return err
		}
		out = ceremony.Wrapped{Blob: blob, Mechanism: o.name + ", MGF1 the same, empty label"}
		return nil
	})
	return out, err
}

// mayLeave refuses a key whose attributes forbid that it leaves: some tokens
// claim CKA_EXTRACTABLE=false and wrap the key all the same.
func (t *Token) mayLeave(key pkcs11.ObjectHandle) error {
	if err := t.readBack(key, template{yes(pkcs11.CKA_EXTRACTABLE, "CKA_EXTRACTABLE")}); err != nil {
		return errors.New("this key was made or sealed never to leave the HSM (CKA_EXTRACTABLE=false)")
	}
	return nil
}

func (t *Token) wrapFor(o oaep, pub *rsa.PublicKey, key pkcs11.ObjectHandle) ([]byte, error) {
	h, err := t.importPublic(pub)
	if err != nil {
		return nil, err
	}
	blob, err := t.wrapOAEP(o, h, key)
	if err == nil && len(blob) != pub.Size() {
		err = fmt.Errorf("the wrapped key has %d bytes, want %d", len(blob), pub.Size())
	}
	return blob, errors.Join(err, t.destroyHandle(h))
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

// importPublic makes a session object of the cloud's key and reads modulus and
// exponent back: what the HSM wraps to is what the room compared.
func (t *Token) importPublic(pub *rsa.PublicKey) (pkcs11.ObjectHandle, error) {
	exponent := big.NewInt(int64(pub.E)).Bytes()
	h, err := t.mod.ctx.CreateObject(t.session, []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, uint(pkcs11.CKO_PUBLIC_KEY)), pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, uint(pkcs11.CKK_RSA)),
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, false), pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, false),
		pkcs11.NewAttribute(pkcs11.CKA_WRAP, true), pkcs11.NewAttribute(pkcs11.CKA_ENCRYPT, true),
		pkcs11.NewAttribute(pkcs11.CKA_MODULUS, pub.N.Bytes()), pkcs11.NewAttribute(pkcs11.CKA_PUBLIC_EXPONENT, exponent),
	})
	if err != nil {
		return 0, wrapError("C_CreateObject", err)
	}
	modulus, err := t.get(h, pkcs11.CKA_MODULUS)
	if err == nil {
		var e []byte
		e, err = t.get(h, pkcs11.CKA_PUBLIC_EXPONENT)
		if err == nil && (!bytes.Equal(trimZero(modulus), pub.N.Bytes()) || !bytes.Equal(trimZero(e), exponent)) {
			err = errors.New("the HSM reads the wrapping key back differently")
		}
	}
	if err != nil {
		return 0, errors.Join(err, t.destroyHandle(h))
	}
	return h, nil
}

func trimZero(b []byte) []byte { return bytes.TrimLeft(b, "\x00") }
