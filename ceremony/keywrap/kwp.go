// Package keywrap wraps keys in software, to prove what an HSM emits: AES key
// wrap with padding (KWP, RFC 5649 and NIST SP 800-38F §6.3), RSAES-OAEP
// (RFC 8017 §7.1) and their composition, PKCS#11's CKM_RSA_AES_KEY_WRAP.
// It never sees a real key.
package keywrap

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrIntegrity is the one answer to every blob that does not unwrap: telling the
// causes apart would help only an attacker.
var ErrIntegrity = errors.New("the wrapped key does not unwrap")

// The alternative initial value's first half, RFC 5649 §3.
const aivPrefix = 0xA65959A6

// MaxKey caps what is wrapped, bytes: an RSA-4096 private key in PKCS#8 is 2,375.
const MaxKey = 8192

// Size is the length of n bytes wrapped by KWP.
func Size(n int) int { return (n+7)/8*8 + 8 }

// AIV is the initial value for n bytes: what CKM_AES_KEY_WRAP takes as IV to
// emit KWP, where n is a multiple of 8 and at least 16.
func AIV(n int) []byte {
	iv := binary.BigEndian.AppendUint32(nil, aivPrefix)
	return binary.BigEndian.AppendUint32(iv, uint32(n)) //nolint:gosec // n is at most MaxKey
}

// Wrap wraps key, 1 to MaxKey bytes, under the AES key kek.
func Wrap(kek, key []byte) ([]byte, error) {
	if len(key) == 0 || len(key) > MaxKey {
		return nil, fmt.Errorf("invalid key length %d", len(key))
	}
	b, err := aes.NewCipher(kek)
	if err != nil {
		return nil, fmt.Errorf("invalid wrapping key: %w", err)
	}
	out := make([]byte, Size(len(key)))
	copy(out, AIV(len(key)))
	copy(out[8:], key)
	if len(out) == 16 { // one block: plain ECB, RFC 5649 §4.1
		b.Encrypt(out, out)
		return out, nil
	}
	wrapBlocks(b, out)
	return out, nil
}

// wrapBlocks is W of SP 800-38F §6.1, in place.
func wrapBlocks(b cipher.Block, out []byte) {
	n := len(out)/8 - 1
	var x [16]byte
	copy(x[:8], out)
	for j := range 6 {
		for i := 1; i <= n; i++ {
			copy(x[8:], out[8*i:])
			b.Encrypt(x[:], x[:])
			copy(out[8*i:], x[8:])
			mix(&x, j*n+i)
		}
	}
	copy(out, x[:8])
}

func mix(x *[16]byte, t int) {
	binary.BigEndian.PutUint64(x[:8], binary.BigEndian.Uint64(x[:8])^uint64(t)) //nolint:gosec // t is small and positive
}

// Unwrap is the inverse of Wrap.
func Unwrap(kek, blob []byte) ([]byte, error) {
	b, err := aes.NewCipher(kek)
	if err != nil {
		return nil, fmt.Errorf("invalid wrapping key: %w", err)
	}
	if len(blob) < 16 || len(blob)%8 != 0 || len(blob) > Size(MaxKey) {
		return nil, ErrIntegrity
	}
	out := append([]byte(nil), blob...)
	if len(out) == 16 {
		b.Decrypt(out, out)
	} else {
		unwrapBlocks(b, out)
	}
	n := int(binary.BigEndian.Uint32(out[4:8]))
	padded := len(out) - 8
	if binary.BigEndian.Uint32(out) != aivPrefix || n > padded || n <= padded-8 ||
		subtle.ConstantTimeCompare(out[8+n:], make([]byte, padded-n)) != 1 {
		return nil, ErrIntegrity
	}
	return out[8 : 8+n], nil
}

func unwrapBlocks(b cipher.Block, out []byte) {
	n := len(out)/8 - 1
	var x [16]byte
	copy(x[:8], out)
	for j := 5; j >= 0; j-- {
		for i := n; i >= 1; i-- {
			mix(&x, j*n+i)
			copy(x[8:], out[8*i:])
			b.Decrypt(x[:], x[:])
			copy(out[8*i:], x[8:])
		}
	}
	copy(out, x[:8])
}
