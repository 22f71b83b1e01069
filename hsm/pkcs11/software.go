package pkcs11

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"hash"
)

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
