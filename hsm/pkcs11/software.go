package pkcs11

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	_ "embed"
	"encoding/pem"
	"errors"
	"fmt"
	"hash"
)

// The RSA keys of the preflight are public: they stand in for the cloud's key
// and only ever open throwaway keys. A fresh pair of the same size would prove
// the same bytes, a second later.
//
//go:embed testkeys.pem
var testKeys []byte

// testKey is the published pair of the cloud's key spec.
func testKey(spec string) (*rsa.PrivateKey, error) {
	for rest := testKeys; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, fmt.Errorf("wrapping key spec %q is not one that this program drives", spec)
		}
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("the preflight's keys are damaged: %w", err)
		}
		key, ok := parsed.(*rsa.PrivateKey)
		if ok && fmt.Sprintf("RSA_%d", key.Size()*8) == spec {
			return key, nil
		}
	}
}

// macOf is the HMAC that belongs to a key's length.
func macOf(key, message []byte) []byte {
	hashes := map[int]func() hash.Hash{28: sha256.New224, 32: sha256.New, 48: sha512.New384, 64: sha512.New}
	h, ok := hashes[len(key)]
	if !ok {
		return nil
	}
	m := hmac.New(h, key)
	m.Write(message)
	return m.Sum(nil)
}

// ecdsaPublic reads an uncompressed P-256 point (SEC 1 §2.3.3).
func ecdsaPublic(point []byte) (*ecdsa.PublicKey, error) {
	if len(point) != 65 || point[0] != 4 {
		return nil, errors.New("the HSM's public key is not an uncompressed P-256 point")
	}
	pub, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return nil, errors.New("the HSM's public key is not on P-256")
	}
	return pub, nil
}
