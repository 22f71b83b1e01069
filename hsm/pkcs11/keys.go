package pkcs11

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/miekg/pkcs11"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/keycheck"
	"keyrite.dev/keyrite/ceremony/keywrap"
	"keyrite.dev/keyrite/ceremony/plan"
)

// targetTemplate is what a target key is allowed to do: be wrapped, and answer
// its check value.
func (t *Token) targetTemplate(spec plan.KeySpec, token bool, id []byte, label string) template {
	kind := uint(pkcs11.CKK_AES)
	if spec.IsHMAC() {
		kind = pkcs11.CKK_GENERIC_SECRET
	}
	want := append(template{
		{pkcs11.CKA_CLASS, "CKA_CLASS", uint(pkcs11.CKO_SECRET_KEY)},
		{pkcs11.CKA_KEY_TYPE, "CKA_KEY_TYPE", kind},
		{pkcs11.CKA_LABEL, "CKA_LABEL", label},
		{pkcs11.CKA_ID, "CKA_ID", id},
		{pkcs11.CKA_TOKEN, "CKA_TOKEN", token},
		yes(pkcs11.CKA_EXTRACTABLE, "CKA_EXTRACTABLE"),
		{pkcs11.CKA_SIGN, "CKA_SIGN", spec.IsHMAC()},
	}, locked()...)
	if spec.IsHMAC() {
		return want
	}
	return t.checkable(want)
}

// locked are the attributes that every secret key of a ceremony has.
func locked() template {
	return template{
		yes(pkcs11.CKA_PRIVATE, "CKA_PRIVATE"),
		yes(pkcs11.CKA_SENSITIVE, "CKA_SENSITIVE"),
		no(pkcs11.CKA_ENCRYPT, "CKA_ENCRYPT"),
		no(pkcs11.CKA_DECRYPT, "CKA_DECRYPT"),
		no(pkcs11.CKA_VERIFY, "CKA_VERIFY"),
		no(pkcs11.CKA_WRAP, "CKA_WRAP"),
		no(pkcs11.CKA_UNWRAP, "CKA_UNWRAP"),
		no(pkcs11.CKA_DERIVE, "CKA_DERIVE"),
	}
}

// Generate makes the target key as a token object.
func (t *Token) Generate(ctx context.Context, spec plan.KeySpec, label string) (ceremony.Key, error) {
	var out ceremony.Key
	err := t.do(ctx, func() error {
		if spec.Bytes() == 0 {
			return fmt.Errorf("invalid key spec %q", spec)
		}
		if err := t.labelFree(label); err != nil {
			return err
		}
		id, err := t.newID()
		if err != nil {
			return err
		}
		mech, name := generation(spec)
		h, err := t.generate(mech, t.targetTemplate(spec, true, id, label), spec.Bytes())
		if err != nil {
			return err
		}
		out = ceremony.Key{ID: ceremony.KeyID(hex.EncodeToString(id)), Label: label, Mechanism: name, Attributes: t.attributes(h)}
		return nil
	})
	return out, err
}

func generation(spec plan.KeySpec) (uint, string) {
	if spec.IsHMAC() {
		return pkcs11.CKM_GENERIC_SECRET_KEY_GEN, "CKM_GENERIC_SECRET_KEY_GEN"
	}
	return pkcs11.CKM_AES_KEY_GEN, "CKM_AES_KEY_GEN"
}

// generate makes a secret key and destroys it again if it is not what was asked.
func (t *Token) generate(mech uint, want template, length int) (pkcs11.ObjectHandle, error) {
	want = append(slices.Clip(want), attribute{pkcs11.CKA_VALUE_LEN, "CKA_VALUE_LEN", uint(length)}) //nolint:gosec // a length
	h, err := t.mod.ctx.GenerateKey(t.session, mechanism(mech, nil), want.list())
	if err != nil {
		return 0, wrapError("C_GenerateKey", err)
	}
	return h, t.settle(h, want)
}

func mechanism(m uint, param any) []*pkcs11.Mechanism {
	return []*pkcs11.Mechanism{pkcs11.NewMechanism(m, param)}
}

func (t *Token) labelFree(label string) error {
	found, err := t.search([]*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_LABEL, label)})
	if err != nil {
		return err
	}
	if len(found) > 0 {
		return fmt.Errorf("the HSM has an object with the label %q already; nothing was made", label)
	}
	return nil
}

func (t *Token) newID() ([]byte, error) {
	id, err := t.mod.ctx.GenerateRandom(t.session, 16)
	return id, wrapError("C_GenerateRandom", err)
}

// secretKeys are all secret keys with an id.
func (t *Token) secretKeys(id ceremony.KeyID) ([]pkcs11.ObjectHandle, error) {
	raw, err := hex.DecodeString(string(id))
	if err != nil || len(raw) == 0 {
		return nil, fmt.Errorf("invalid key id %q", id)
	}
	return t.search([]*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, uint(pkcs11.CKO_SECRET_KEY)), pkcs11.NewAttribute(pkcs11.CKA_ID, raw),
	})
}

// key finds exactly one secret key by id.
func (t *Token) key(id ceremony.KeyID) (pkcs11.ObjectHandle, error) {
	found, err := t.secretKeys(id)
	if err != nil {
		return 0, err
	}
	if len(found) != 1 {
		return 0, fmt.Errorf("the HSM has %d keys with id %s, want one", len(found), id)
	}
	return found[0], nil
}

// length is a secret key's length in bytes. SoftHSM does not know that of keys
// that it unwrapped, so what this session unwrapped is remembered; an AES key of
// a ceremony has 32 bytes.
func (t *Token) length(h pkcs11.ObjectHandle) int {
	if n := t.number(h, pkcs11.CKA_VALUE_LEN); n > 0 && n < keywrap.MaxKey {
		return int(n)
	}
	if t.number(h, pkcs11.CKA_KEY_TYPE) == pkcs11.CKK_AES {
		return 32
	}
	id, err := t.get(h, pkcs11.CKA_ID)
	if err != nil {
		return 0
	}
	return t.lengths[ceremony.KeyID(hex.EncodeToString(id))]
}

// Attributes reads a key's attributes back.
func (t *Token) Attributes(ctx context.Context, id ceremony.KeyID) (ceremony.Attributes, error) {
	var out ceremony.Attributes
	err := t.do(ctx, func() error {
		h, err := t.key(id)
		if err != nil {
			return err
		}
		out = t.attributes(h)
		return nil
	})
	return out, err
}

// CheckValue is the key's check value, 5 bytes.
func (t *Token) CheckValue(ctx context.Context, id ceremony.KeyID, nonce []byte) ([]byte, error) {
	var out []byte
	err := t.do(ctx, func() error {
		h, err := t.key(id)
		if err != nil {
			return err
		}
		var full []byte
		if t.number(h, pkcs11.CKA_KEY_TYPE) == pkcs11.CKK_AES {
			full, err = t.cmac(h)
		} else {
			full, err = t.mac(h, nonce)
		}
		if err != nil {
			return err
		}
		if len(full) < keycheck.AESCheckLength {
			return errors.New("the HSM answered a check value that is too short")
		}
		out = full[:keycheck.AESCheckLength]
		return nil
	})
	return out, err
}

// MAC is the full HMAC over message, with the hash that belongs to the key's length.
func (t *Token) MAC(ctx context.Context, id ceremony.KeyID, message []byte) ([]byte, error) {
	var out []byte
	err := t.do(ctx, func() error {
		h, err := t.key(id)
		if err != nil {
			return err
		}
		out, err = t.mac(h, message)
		return err
	})
	return out, err
}

func (t *Token) mac(h pkcs11.ObjectHandle, message []byte) ([]byte, error) {
	if len(message) == 0 {
		return nil, errors.New("invalid message: an HMAC check needs a nonce")
	}
	return t.hmac(h, t.length(h), message)
}

// hmac is the HMAC with a key of n bytes.
func (t *Token) hmac(h pkcs11.ObjectHandle, n int, message []byte) ([]byte, error) {
	mechs := map[int]uint{28: pkcs11.CKM_SHA224_HMAC, 32: pkcs11.CKM_SHA256_HMAC, 48: pkcs11.CKM_SHA384_HMAC, 64: pkcs11.CKM_SHA512_HMAC}
	m, ok := mechs[n]
	if !ok {
		return nil, errors.New("the key's length fits no HMAC of the plan's")
	}
	return t.sign(h, mechanism(m, nil), message)
}

func (t *Token) sign(h pkcs11.ObjectHandle, m []*pkcs11.Mechanism, message []byte) ([]byte, error) {
	if err := t.mod.ctx.SignInit(t.session, m, h); err != nil {
		return nil, wrapError("C_SignInit", err)
	}
	out, err := t.mod.ctx.Sign(t.session, message)
	return out, wrapError("C_Sign", err)
}

// Seal makes a key non-extractable and reads it back.
func (t *Token) Seal(ctx context.Context, id ceremony.KeyID) error {
	return t.do(ctx, func() error {
		h, err := t.key(id)
		if err != nil {
			return err
		}
		err = t.mod.ctx.SetAttributeValue(t.session, h, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, false)})
		if err != nil {
			return wrapError("C_SetAttributeValue", err)
		}
		return t.readBack(h, template{no(pkcs11.CKA_EXTRACTABLE, "CKA_EXTRACTABLE")})
	})
}

// Destroy destroys a key and searches for it.
func (t *Token) Destroy(ctx context.Context, id ceremony.KeyID) error {
	return t.do(ctx, func() error {
		h, err := t.key(id)
		if err != nil {
			return err
		}
		if err := t.destroyHandle(h); err != nil {
			return err
		}
		left, err := t.secretKeys(id) // a search that fails proves nothing
		if err != nil {
			return fmt.Errorf("whether key %s is gone cannot be seen: %w", id, err)
		}
		if len(left) > 0 {
			return fmt.Errorf("the HSM answered that key %s was destroyed, and still has it", id)
		}
		return nil
	})
}

func (t *Token) destroyHandle(h pkcs11.ObjectHandle) error {
	return wrapError("C_DestroyObject", t.mod.ctx.DestroyObject(t.session, h))
}
