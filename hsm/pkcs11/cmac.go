package pkcs11

import (
	"errors"
	"slices"

	"github.com/miekg/pkcs11"
)

// has tells whether the token lists a mechanism. A list that cannot be read is
// empty: the mechanism is then not used.
func (t *Token) has(mech uint) bool {
	if t.mechanisms == nil {
		list, err := t.mod.ctx.GetMechanismList(t.slot)
		if err != nil {
			return false
		}
		t.mechanisms = []uint{}
		for _, m := range list {
			t.mechanisms = append(t.mechanisms, m.Mechanism)
		}
	}
	return slices.Contains(t.mechanisms, mech)
}

// checkable adds the one usage that an AES key's check value needs. Signing is
// the least: with it a key makes MACs and nothing else. A token without CMAC
// needs the block cipher, and CKA_ENCRYPT.
func (t *Token) checkable(want template) template {
	if t.has(pkcs11.CKM_AES_CMAC) {
		return want.with(pkcs11.CKA_SIGN, true)
	}
	return want.with(pkcs11.CKA_ENCRYPT, true)
}

// cmac is the CMAC of an AES key over a zero block (NIST SP 800-38B §6.2).
func (t *Token) cmac(h pkcs11.ObjectHandle) ([]byte, error) {
	if t.has(pkcs11.CKM_AES_CMAC) {
		return t.sign(h, mechanism(pkcs11.CKM_AES_CMAC, nil), make([]byte, 16))
	}
	l, err := t.encryptBlock(h, make([]byte, 16))
	if err != nil {
		return nil, err
	}
	// the one block is whole and zero, so what is encrypted is the subkey K1
	return t.encryptBlock(h, double(l))
}

// double is a subkey's step (NIST SP 800-38B §6.1), in GF(2^128).
func double(b []byte) []byte {
	out := make([]byte, len(b))
	var carry byte
	for i := len(b) - 1; i >= 0; i-- {
		out[i] = b[i]<<1 | carry
		carry = b[i] >> 7
	}
	out[len(out)-1] ^= carry * 0x87
	return out
}

var errBlock = errors.New("the HSM answered a block of another length")

func (t *Token) encryptBlock(h pkcs11.ObjectHandle, block []byte) ([]byte, error) {
	if err := t.mod.ctx.EncryptInit(t.session, mechanism(pkcs11.CKM_AES_ECB, nil), h); err != nil {
		return nil, wrapError("C_EncryptInit", err)
	}
	out, err := t.mod.ctx.Encrypt(t.session, block)
	if err != nil {
		return nil, wrapError("C_Encrypt", err)
	}
	if len(out) != len(block) {
		return nil, errBlock
	}
	return out, nil
}
