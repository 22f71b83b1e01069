// Package keycheck makes short public values by which people recognise keys: AES
// check values, fingerprints, and the words and groups in which they are read
// aloud.
package keycheck

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"fmt"
)

// AESCheckLength is how many bytes of the CMAC are a check value: the most that
// ANSI X9.24-1:2017 allows for AES. More would help whoever guesses the key.
const AESCheckLength = 5

// AESCheckValue is the key check value of an AES key (16, 24 or 32 bytes): the
// leftmost bytes of the CMAC over one block of zeros, ANSI X9.24-1:2017 Annex A.
// It is not what PKCS#11 calls CKA_CHECK_VALUE (ECB over zeros, 3 bytes).
func AESCheckValue(key []byte) ([AESCheckLength]byte, error) {
	mac, err := CMAC(key, make([]byte, aes.BlockSize))
	return [AESCheckLength]byte(mac[:AESCheckLength]), err
}

// CMAC is AES-CMAC of message, untruncated: SP 800-38B, section 6.2; RFC 4493.
func CMAC(key, message []byte) ([aes.BlockSize]byte, error) {
	var mac [aes.BlockSize]byte
	block, err := aes.NewCipher(key)
	if err != nil {
		return mac, fmt.Errorf("invalid AES key: %d bytes", len(key))
	}
	last, whole := lastBlock(block, message)
	for i := range whole {
		subtle.XORBytes(mac[:], mac[:], message[i*aes.BlockSize:(i+1)*aes.BlockSize])
		block.Encrypt(mac[:], mac[:])
	}
	subtle.XORBytes(mac[:], mac[:], last[:])
	block.Encrypt(mac[:], mac[:])
	return mac, nil
}

// lastBlock is M_n of SP 800-38B, section 6.2 steps 1 to 4: the last block masked
// with K1 when it is complete, else padded and masked with K2; and how many
// blocks stand before it.
func lastBlock(block cipher.Block, message []byte) (last [aes.BlockSize]byte, before int) {
	var k [aes.BlockSize]byte
	block.Encrypt(k[:], k[:]) // L of section 6.1
	double(&k)                // K1
	if n := len(message); n > 0 && n%aes.BlockSize == 0 {
		before = n/aes.BlockSize - 1
		copy(last[:], message[before*aes.BlockSize:])
	} else {
		double(&k) // K2
		before = n / aes.BlockSize
		last[copy(last[:], message[before*aes.BlockSize:])] = 0x80
	}
	subtle.XORBytes(last[:], last[:], k[:])
	return last, before
}

// double multiplies by x in GF(2^128) as SP 800-38B, section 6.1 does for K1 and
// K2; 0x87 is R_128 of section 5.3. No branch depends on the secret.
func double(b *[aes.BlockSize]byte) {
	carry := b[0] >> 7
	for i := range aes.BlockSize - 1 {
		b[i] = b[i]<<1 | b[i+1]>>7
	}
	b[aes.BlockSize-1] = b[aes.BlockSize-1]<<1 ^ carry*0x87
}
