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

// A PublicKey is a signer's key that passed the checks of [ParsePublicKey]. The
// zero value verifies nothing.
type PublicKey struct {
	der string // SubjectPublicKeyInfo; a string keeps PublicKey immutable and comparable
	id  string
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
	switch k := pub.(type) {
	case ed25519.PublicKey:
		if err := checkEd25519(k); err != nil {
			return PublicKey{}, err
		}
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P256() && k.Curve != elliptic.P384() {
			return PublicKey{}, errors.New("invalid public key: curve is neither P-256 nor P-384")
		}
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
	return PublicKey{der: string(one), id: hex.EncodeToString(sum[:])}, nil
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
	pub, err := x509.ParsePKIXPublicKey([]byte(k.der))
	if err != nil {
		return false
	}
	switch pub := pub.(type) {
	case ed25519.PublicKey:
		return ed25519.Verify(pub, message, sig)
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(pub, Digest(pub.Curve, message), sig)
	default:
		return false
	}
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
