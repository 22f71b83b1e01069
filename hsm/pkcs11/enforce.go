package pkcs11

import (
	"errors"

	"github.com/miekg/pkcs11"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/plan"
)

// enforcement looks at what the token really refuses. Attributes are its claims;
// these are what it was seen to hold.
func (t *Token) enforcement() []ceremony.Enforcement {
	rules := []struct {
		name string
		test func() (refused bool, err error)
	}{
		{"CKA_EXTRACTABLE=false refuses C_WrapKey", t.refusesUnextractable},
		{"CKA_WRAP=false refuses C_WrapKey", t.refusesNonWrapping},
		{"CKA_SENSITIVE=true hides CKA_VALUE", t.hidesValue},
		{"C_CopyObject cannot make a key extractable", t.refusesExtractableCopy},
		{"C_CopyObject cannot make a key's value readable", t.refusesReadableCopy},
		{"CKA_WRAP_WITH_TRUSTED=true refuses an untrusted wrapping key", t.refusesUntrusted},
	}
	var out []ceremony.Enforcement
	for _, r := range rules {
		held, err := r.test()
		e := ceremony.Enforcement{Rule: r.name, Held: held && err == nil}
		if err != nil {
			e.Note = "could not be tried: " + err.Error()
		}
		out = append(out, e)
	}
	return out
}

// tryWrap wraps key under wrapper with whatever AES key wrap the token has.
func (t *Token) tryWrap(wrapper, key pkcs11.ObjectHandle) bool {
	for _, r := range t.kwpRecipes() {
		if _, err := t.mod.ctx.WrapKey(t.session, []*pkcs11.Mechanism{r.mech(32)}, wrapper, key); err == nil {
			return true
		}
	}
	return false
}

func (t *Token) pair(wrapper, key template, f func(w, k pkcs11.ObjectHandle) bool) (bool, error) {
	w, err := t.generate(pkcs11.CKM_AES_KEY_GEN, wrapper, 32)
	if err != nil {
		return false, err
	}
	defer t.destroyHandle(w) //nolint:errcheck // a session object; it ends with the session
	k, err := t.generate(pkcs11.CKM_AES_KEY_GEN, key, 32)
	if err != nil {
		return false, err
	}
	defer t.destroyHandle(k) //nolint:errcheck // as above
	return f(w, k), nil
}

// wraps fails where even a key that may leave is not wrapped: then a refusal of
// another key shows nothing.
func (t *Token) wraps() error {
	ok, err := t.pair(wrapperTemplate(false), t.sessionTarget(), t.tryWrap)
	if err == nil && !ok {
		err = errors.New("the HSM wraps no AES key under another")
	}
	return err
}

func (t *Token) refusesUnextractable() (bool, error) {
	if err := t.wraps(); err != nil {
		return false, err
	}
	return t.pair(wrapperTemplate(false), t.sessionTarget().with(pkcs11.CKA_EXTRACTABLE, false), t.doesNotWrap)
}

// refusesUntrusted tries a target that only a wrapping key blessed by the
// security officer may take out.
func (t *Token) refusesUntrusted() (bool, error) {
	if err := t.wraps(); err != nil {
		return false, err
	}
	return t.pair(wrapperTemplate(false), append(t.sessionTarget(), yes(pkcs11.CKA_WRAP_WITH_TRUSTED, "CKA_WRAP_WITH_TRUSTED")), t.doesNotWrap)
}

func (t *Token) doesNotWrap(wrapper, key pkcs11.ObjectHandle) bool { return !t.tryWrap(wrapper, key) }

func (t *Token) refusesNonWrapping() (bool, error) {
	if err := t.wraps(); err != nil {
		return false, err
	}
	return t.pair(wrapperTemplate(false).with(pkcs11.CKA_WRAP, false), t.sessionTarget(), t.doesNotWrap)
}

func (t *Token) hidesValue() (bool, error) {
	return t.pair(wrapperTemplate(false), t.sessionTarget(), func(_, k pkcs11.ObjectHandle) bool {
		v, err := t.get(k, pkcs11.CKA_VALUE)
		clear(v)
		return err != nil
	})
}

func (t *Token) refusesExtractableCopy() (bool, error) {
	return t.copyStays(t.sessionTarget().with(pkcs11.CKA_EXTRACTABLE, false), no(pkcs11.CKA_EXTRACTABLE, "CKA_EXTRACTABLE"), true)
}

func (t *Token) refusesReadableCopy() (bool, error) {
	return t.copyStays(t.sessionTarget(), yes(pkcs11.CKA_SENSITIVE, "CKA_SENSITIVE"), false)
}

// copyStays copies a key with the value weaker in place of strict's, and tells
// whether the token refused, or made the copy as strict as the key.
func (t *Token) copyStays(key template, strict attribute, weaker bool) (bool, error) {
	return t.pair(wrapperTemplate(false), key, func(_, k pkcs11.ObjectHandle) bool {
		h, err := t.mod.ctx.CopyObject(t.session, k, []*pkcs11.Attribute{
			pkcs11.NewAttribute(pkcs11.CKA_TOKEN, false), pkcs11.NewAttribute(strict.typ, weaker),
		})
		if err != nil {
			return true
		}
		v, err := t.get(h, strict.typ)
		_ = t.destroyHandle(h) // a session object; it ends with the session
		return err == nil && strict.is(v)
	})
}

// sessionTarget is a throwaway key like an AES target.
func (t *Token) sessionTarget() template {
	return t.targetTemplate(plan.AES256, false, []byte("keyrite"), "keyrite preflight")
}
