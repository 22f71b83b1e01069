package pkcs11

import (
	"errors"
	"fmt"

	"github.com/miekg/pkcs11"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/plan"
)

// recoveryName is the preflight's line for the way back.
const recoveryName = "backup and recovery"

// proveRecovery goes the whole way of the split worker with a throwaway key:
// backup key, wrap, release, destroy, land, unwrap. A token that cannot go back
// is found before there is a key to lose.
func (t *Token) proveRecovery(r kwp, spec plan.KeySpec) ceremony.Recipe {
	out := ceremony.Recipe{Name: recoveryName, Outcome: ceremony.RecipeRefused}
	key, err := t.throwaway(spec)
	if err != nil {
		out.Detail = err.Error()
		return out
	}
	defer t.destroyHandle(key) //nolint:errcheck // a session object; it ends with the session
	back, err := t.thereAndBack(r, spec, key)
	if err != nil {
		out.Detail = err.Error()
		return out
	}
	defer t.destroyHandle(back) //nolint:errcheck // as above
	if !t.sameTags(spec, key, back) {
		out.Outcome, out.Detail = ceremony.RecipeWrongBytes, "the HSM answered success, and another key came back"
		return out
	}
	out.Outcome, out.Detail = ceremony.RecipeProven, fmt.Sprintf("%d bytes, out and back inside the HSM", spec.Bytes())
	return out
}

// thereAndBack backs a throwaway key up and answers the one that comes back.
func (t *Token) thereAndBack(r kwp, spec plan.KeySpec, key pkcs11.ObjectHandle) (pkcs11.ObjectHandle, error) {
	backup, err := t.makeBackup(r)
	if err != nil {
		return 0, fmt.Errorf("backup key: %w", err)
	}
	value := make([]byte, backupBytes) // of a throwaway key: it needs no locked memory
	defer clear(value)
	err = t.readValue(backup.handle, value)
	blob, wrapErr := t.wrapKWP(r, backup.handle, key, spec.Bytes())
	if err := errors.Join(err, wrapErr, t.destroyHandle(backup.handle)); err != nil {
		return 0, fmt.Errorf("backup: %w", err)
	}
	landed, err := t.land(value)
	if err != nil {
		return 0, fmt.Errorf("landing the backup key: %w", err)
	}
	defer t.destroyHandle(landed.handle) //nolint:errcheck // a session object; it ends with the session
	id, err := t.newID()
	if err != nil {
		return 0, err
	}
	back, err := t.unwrapTarget(landed, blob, spec, t.targetTemplate(spec, false, id, "keyrite preflight"))
	if err != nil {
		return 0, fmt.Errorf("recovery: %w", err)
	}
	return back, nil
}

// sameTags compares two keys of the token by what they make of a message.
func (t *Token) sameTags(spec plan.KeySpec, a, b pkcs11.ObjectHandle) bool {
	tag := t.cmac
	if spec.IsHMAC() {
		tag = func(h pkcs11.ObjectHandle) ([]byte, error) {
			return t.hmac(h, spec.Bytes(), []byte("keyrite preflight"))
		}
	}
	one, err := tag(a)
	two, err2 := tag(b)
	return err == nil && err2 == nil && len(one) > 0 && string(one) == string(two)
}
