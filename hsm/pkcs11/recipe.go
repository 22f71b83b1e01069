package pkcs11

import (
	"crypto"
	"errors"
	"fmt"

	"github.com/miekg/pkcs11"

	"keyrite.dev/keyrite/ceremony/keywrap"
)

// Mechanisms that the binding has no names for: PKCS#11 v3.1 (pkcs11t.h), and
// the numbers that Thales Luna and AWS CloudHSM give RFC 5649.
const (
	ckmAESKeyWrapKWP  = 0x210B
	ckmLunaKWP        = 0x80000171
	ckmCloudHSMPadded = 0x8000216F
)

// A kwp is one way to have a token emit RFC 5649. Tokens give three meanings to
// CKM_AES_KEY_WRAP_PAD, so none is believed before the preflight.
type kwp struct {
	name string
	mech func(n int) *pkcs11.Mechanism
}

// kwpRecipes are the ways to try, in order. A vendor's number means something
// else to another vendor, so it is tried only where the token lists it.
func (t *Token) kwpRecipes() []kwp {
	plain := func(m uint) func(int) *pkcs11.Mechanism {
		return func(int) *pkcs11.Mechanism { return pkcs11.NewMechanism(m, nil) }
	}
	out := []kwp{
		{"CKM_AES_KEY_WRAP_KWP", plain(ckmAESKeyWrapKWP)},
		{"CKM_AES_KEY_WRAP with the RFC 5649 IV", func(n int) *pkcs11.Mechanism {
			return pkcs11.NewMechanism(pkcs11.CKM_AES_KEY_WRAP, keywrap.AIV(n))
		}},
		{"CKM_AES_KEY_WRAP_PAD", plain(pkcs11.CKM_AES_KEY_WRAP_PAD)},
	}
	if t.has(ckmLunaKWP) {
		out = append(out, kwp{"Luna's CKM_AES_KWP", plain(ckmLunaKWP)})
	}
	if t.has(ckmCloudHSMPadded) {
		out = append(out, kwp{"CloudHSM's CKM_CLOUDHSM_AES_KEY_WRAP_ZERO_PAD", plain(ckmCloudHSMPadded)})
	}
	return out
}

// wrapKWP wraps a key of n bytes and refuses a blob of another length than KWP's.
func (t *Token) wrapKWP(r kwp, kek, key pkcs11.ObjectHandle, n int) ([]byte, error) {
	blob, err := t.mod.ctx.WrapKey(t.session, []*pkcs11.Mechanism{r.mech(n)}, kek, key)
	if err != nil {
		return nil, wrapError("C_WrapKey", err)
	}
	if len(blob) != keywrap.Size(n) {
		return blob, errLength
	}
	return blob, nil
}

var errLength = errors.New("the wrapped key has another length than RFC 5649 gives it")

// An oaep is RSAES-OAEP with one hash for both places.
type oaep struct {
	cloud string // the clouds' name
	name  string
	hash  crypto.Hash
	mech  uint
	mgf   uint
}

func oaepRecipes() []oaep {
	return []oaep{
		{"RSAES_OAEP_SHA_256", "CKM_RSA_PKCS_OAEP SHA-256", crypto.SHA256, pkcs11.CKM_SHA256, pkcs11.CKG_MGF1_SHA256},
		{"RSAES_OAEP_SHA_1", "CKM_RSA_PKCS_OAEP SHA-1", crypto.SHA1, pkcs11.CKM_SHA_1, pkcs11.CKG_MGF1_SHA1},
	}
}

func (o oaep) params() *pkcs11.OAEPParams {
	return pkcs11.NewOAEPParams(o.mech, o.mgf, pkcs11.CKZ_DATA_SPECIFIED, nil)
}

func oaepFor(algorithm string) (oaep, error) {
	for _, o := range oaepRecipes() {
		if o.cloud == algorithm {
			return o, nil
		}
	}
	return oaep{}, fmt.Errorf("wrapping algorithm %q is not one that this program drives", algorithm)
}

func (t *Token) wrapOAEP(o oaep, pub, key pkcs11.ObjectHandle) ([]byte, error) {
	blob, err := t.mod.ctx.WrapKey(t.session, mechanism(pkcs11.CKM_RSA_PKCS_OAEP, o.params()), pub, key)
	return blob, wrapError("C_WrapKey", err)
}

// wrapComposed is CKM_RSA_AES_KEY_WRAP by hand: a fresh AES key under OAEP, the
// target under KWP with it.
func (t *Token) wrapComposed(o oaep, r kwp, pub, key pkcs11.ObjectHandle, n int) ([]byte, error) {
	kek, err := t.generate(pkcs11.CKM_AES_KEY_GEN, wrapperTemplate(true), 32)
	if err != nil {
		return nil, err
	}
	outer, err := t.wrapOAEP(o, pub, kek)
	if err == nil {
		var inner []byte
		inner, err = t.wrapKWP(r, kek, key, n)
		outer = append(outer, inner...)
	}
	return outer, errors.Join(err, t.destroyHandle(kek))
}

// wrapperTemplate is a session key that wraps and does nothing else.
func wrapperTemplate(extractable bool) template {
	return append(template{
		{pkcs11.CKA_CLASS, "CKA_CLASS", uint(pkcs11.CKO_SECRET_KEY)},
		{pkcs11.CKA_KEY_TYPE, "CKA_KEY_TYPE", uint(pkcs11.CKK_AES)},
		no(pkcs11.CKA_TOKEN, "CKA_TOKEN"),
		no(pkcs11.CKA_SIGN, "CKA_SIGN"),
		{pkcs11.CKA_EXTRACTABLE, "CKA_EXTRACTABLE", extractable},
	}, locked().with(pkcs11.CKA_WRAP, true)...)
}

func (t *Token) wrapNative(o oaep, pub, key pkcs11.ObjectHandle) ([]byte, error) {
	blob, err := t.mod.ctx.WrapKey(t.session, mechanism(pkcs11.CKM_RSA_AES_KEY_WRAP,
		&pkcs11.RSAAESKeyWrapParams{AESKeyBits: 256, OAEPParams: *o.params()}), pub, key)
	return blob, wrapError("C_WrapKey", err)
}
