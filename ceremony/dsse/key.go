package dsse

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"

	"filippo.io/edwards25519"
)

// A PublicKey is a signer's key that passed the checks of [ParsePublicKey]. It is
// comparable; the zero value verifies nothing.
type PublicKey struct {
	der   string         // SubjectPublicKeyInfo; a string keeps PublicKey immutable and comparable
	id    string         // lower-case hex SHA-256 of der
	curve elliptic.Curve // P-256 or P-384, nil for Ed25519
	point int            // where in der the key itself begins, 0 in the zero value
}

// ParsePublicKey reads a SubjectPublicKeyInfo in DER. It refuses other
// algorithms than the package comment names, encodings that are not the one DER
// form, and Ed25519 keys of small order, under which one signature fits many
// messages (Chalkias et al., "Taming the many EdDSAs", 2020).
func ParsePublicKey(der []byte) (PublicKey, error) {
	pub, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return PublicKey{}, errors.New("invalid public key: not a SubjectPublicKeyInfo")
	}
	return NewPublicKey(pub, der)
}

// NewPublicKey is [ParsePublicKey] for a key at hand; der may be nil.
func NewPublicKey(pub crypto.PublicKey, der []byte) (PublicKey, error) {
	var key PublicKey
	size := ed25519.PublicKeySize
	switch k := pub.(type) {
	case ed25519.PublicKey:
		if err := checkEd25519(k); err != nil {
			return PublicKey{}, err
		}
	case *ecdsa.PublicKey:
		key.curve = k.Curve
		if k.Curve != elliptic.P256() && k.Curve != elliptic.P384() {
			return PublicKey{}, errors.New("invalid public key: curve is neither P-256 nor P-384")
		}
		size = 1 + 2*(k.Params().BitSize/8) // SEC 1, section 2.3.3: 04, x, y
	default:
		return PublicKey{}, fmt.Errorf("invalid public key: %T is not supported", pub)
	}
	one, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return PublicKey{}, fmt.Errorf("invalid public key: %w", err)
	}
	if der != nil && !bytes.Equal(der, one) {
		return PublicKey{}, errors.New("invalid public key: not in the one DER form")
	}
	sum := sha256.Sum256(one)
	key.der, key.id, key.point = string(one), hex.EncodeToString(sum[:]), len(one)-size
	return key, nil
}

func checkEd25519(k ed25519.PublicKey) error {
	if len(k) != ed25519.PublicKeySize {
		return errors.New("invalid public key: wrong length")
	}
	p, err := new(edwards25519.Point).SetBytes(k)
	if err != nil || !bytes.Equal(p.Bytes(), k) {
		return errors.New("invalid public key: not a canonical Ed25519 point")
	}
	if new(edwards25519.Point).MultByCofactor(p).Equal(edwards25519.NewIdentityPoint()) == 1 {
		return errors.New("invalid public key: Ed25519 point of small order")
	}
	return nil
}

// ID is the key id: lower-case hex SHA-256 of DER.
func (k PublicKey) ID() string { return k.id }

// DER is the SubjectPublicKeyInfo.
func (k PublicKey) DER() []byte { return []byte(k.der) }

// Verify reports whether sig is k's signature over message (the PAE).
func (k PublicKey) Verify(message, sig []byte) bool {
	raw := []byte(k.der[k.point:])
	switch {
	case k.point == 0:
		return false
	case k.curve == nil:
		return ed25519.Verify(raw, message, sig)
	}
	// SubjectPublicKeyInfo ends with the point, so no ASN.1 is read here again.
	pub, err := ecdsa.ParseUncompressedPublicKey(k.curve, raw)
	return err == nil && ecdsa.VerifyASN1(pub, Digest(k.curve, message), sig)
}

// Digest hashes message as ECDSA on curve signs it: SHA-384 for P-384, else
// SHA-256.
func Digest(curve elliptic.Curve, message []byte) []byte {
	if curve == elliptic.P384() {
		h := sha512.Sum384(message)
		return h[:]
	}
	h := sha256.Sum256(message)
	return h[:]
}
