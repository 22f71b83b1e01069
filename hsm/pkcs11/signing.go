package pkcs11

import (
	"context"
	"crypto/elliptic"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"

	"github.com/miekg/pkcs11"

	"keyrite.dev/keyrite/ceremony/dsse"
)

// TranscriptLabel is the label of the key that signs seals, made once when the
// token is commissioned.
const TranscriptLabel = "keyrite transcript"

// p256 is the OID of P-256 in DER, CKA_EC_PARAMS (RFC 5480 §2.1.1.1).
func p256() []byte { return []byte{0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07} }

// Commission makes the transcript-signing key and answers its public key, SPKI.
// It is never extractable. A token that has one already is refused.
func (t *Token) Commission(ctx context.Context) ([]byte, error) {
	var spki []byte
	err := t.do(ctx, func() error {
		if err := t.labelFree(TranscriptLabel); err != nil {
			return err
		}
		id, err := t.newID()
		if err != nil {
			return err
		}
		public := []*pkcs11.Attribute{
			pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true), pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, false),
			pkcs11.NewAttribute(pkcs11.CKA_VERIFY, true), pkcs11.NewAttribute(pkcs11.CKA_EC_PARAMS, p256()),
			pkcs11.NewAttribute(pkcs11.CKA_LABEL, TranscriptLabel), pkcs11.NewAttribute(pkcs11.CKA_ID, id),
		}
		private := template{
			{pkcs11.CKA_LABEL, "CKA_LABEL", TranscriptLabel},
			{pkcs11.CKA_ID, "CKA_ID", id},
			yes(pkcs11.CKA_TOKEN, "CKA_TOKEN"),
			yes(pkcs11.CKA_PRIVATE, "CKA_PRIVATE"),
			yes(pkcs11.CKA_SENSITIVE, "CKA_SENSITIVE"),
			no(pkcs11.CKA_EXTRACTABLE, "CKA_EXTRACTABLE"),
			yes(pkcs11.CKA_SIGN, "CKA_SIGN"),
			no(pkcs11.CKA_DECRYPT, "CKA_DECRYPT"),
			no(pkcs11.CKA_UNWRAP, "CKA_UNWRAP"),
			no(pkcs11.CKA_DERIVE, "CKA_DERIVE"),
		}
		pub, priv, err := t.mod.ctx.GenerateKeyPair(t.session, mechanism(pkcs11.CKM_EC_KEY_PAIR_GEN, nil), public, private.list())
		if err != nil {
			return wrapError("C_GenerateKeyPair", err)
		}
		if err := t.settle(priv, private); err != nil {
			return errors.Join(err, t.destroyHandle(pub))
		}
		if spki, err = t.publicKey(pub); err != nil {
			return errors.Join(err, t.destroyHandle(priv), t.destroyHandle(pub))
		}
		return nil
	})
	return spki, err
}

// publicKey reads CKA_EC_POINT: an OCTET STRING by the standard, raw on some.
func (t *Token) publicKey(h pkcs11.ObjectHandle) ([]byte, error) {
	point, err := t.get(h, pkcs11.CKA_EC_POINT)
	if err != nil {
		return nil, err
	}
	var inner []byte
	if rest, err := asn1.Unmarshal(point, &inner); err == nil && len(rest) == 0 {
		point = inner
	}
	pub, err := ecdsaPublic(point)
	if err != nil {
		return nil, err
	}
	key, err := dsse.NewPublicKey(pub, nil)
	return key.DER(), err
}

// Sign signs message with the transcript key: SHA-256 here, CKM_ECDSA there, and
// the answer as DER.
func (t *Token) Sign(ctx context.Context, message []byte) ([]byte, error) {
	var out []byte
	err := t.do(ctx, func() error {
		found, err := t.search([]*pkcs11.Attribute{
			pkcs11.NewAttribute(pkcs11.CKA_CLASS, uint(pkcs11.CKO_PRIVATE_KEY)), pkcs11.NewAttribute(pkcs11.CKA_LABEL, TranscriptLabel),
		})
		if err != nil {
			return err
		}
		if len(found) != 1 {
			return fmt.Errorf("the HSM shows %d transcript keys, want one", len(found))
		}
		raw, err := t.sign(found[0], mechanism(pkcs11.CKM_ECDSA, nil), dsse.Digest(elliptic.P256(), message))
		if err != nil {
			return err
		}
		if len(raw) != 64 {
			return fmt.Errorf("the HSM answered a signature of %d bytes, want 64", len(raw))
		}
		out, err = asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:])})
		return err
	})
	return out, err
}
