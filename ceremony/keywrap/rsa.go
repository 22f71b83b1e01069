package keywrap

import (
	"crypto"
	"crypto/rsa"
	_ "crypto/sha1" //nolint:gosec // OAEP with SHA-1 is what some tokens and clouds have
	_ "crypto/sha256"
	_ "crypto/sha512"
	"fmt"
)

// UnwrapOAEP opens an RSAES-OAEP ciphertext, hash and MGF1 hash the same, empty
// label.
func UnwrapOAEP(key *rsa.PrivateKey, hash crypto.Hash, blob []byte) ([]byte, error) {
	out, err := rsa.DecryptOAEP(hash.New(), nil, key, blob, nil)
	if err != nil {
		return nil, ErrIntegrity
	}
	return out, nil
}

// UnwrapRSAAES opens CKM_RSA_AES_KEY_WRAP's output (PKCS#11 v3.1 §6.1.24): an
// AES key under OAEP, followed by the target under KWP with it.
func UnwrapRSAAES(key *rsa.PrivateKey, hash crypto.Hash, blob []byte) ([]byte, error) {
	n := key.Size()
	if len(blob) <= n {
		return nil, ErrIntegrity
	}
	kek, err := UnwrapOAEP(key, hash, blob[:n])
	if err != nil {
		return nil, err
	}
	if len(kek) != 32 {
		return nil, fmt.Errorf("%w: the inner key has %d bytes, want 32", ErrIntegrity, len(kek))
	}
	return Unwrap(kek, blob[n:])
}
