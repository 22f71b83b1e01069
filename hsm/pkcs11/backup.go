package pkcs11

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/miekg/pkcs11"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/keywrap"
	"keyrite.dev/keyrite/ceremony/plan"
)

// What the split worker does with the token. The backup key is a session object:
// it dies with the worker even if the worker does.

// A Backup is a backup key in the token.
type Backup struct {
	id     ceremony.KeyID
	handle pkcs11.ObjectHandle
	recipe kwp
}

// MakeBackup proves a KWP recipe for keys like the target and makes the backup
// key, AES-256. Its template leaves CKA_SENSITIVE false, so that [Token.Release]
// can read it straight into locked memory, once.
func (t *Token) MakeBackup(ctx context.Context, spec plan.KeySpec) (*Backup, error) {
	var out *Backup
	err := t.do(ctx, func() error {
		recipe, tried := t.proveKWP(spec)
		if recipe == nil {
			return fmt.Errorf("no mechanism of the HSM wraps %d bytes as RFC 5649: %v", spec.Bytes(), tried)
		}
		var err error
		out, err = t.makeBackup(*recipe)
		return err
	})
	return out, err
}

func (t *Token) makeBackup(recipe kwp) (*Backup, error) {
	id, err := t.newID()
	if err != nil {
		return nil, err
	}
	want := append(t.checkable(wrapperTemplate(true)).with(pkcs11.CKA_SENSITIVE, false),
		attribute{pkcs11.CKA_ID, "CKA_ID", id}, attribute{pkcs11.CKA_LABEL, "CKA_LABEL", "keyrite backup"})
	h, err := t.generate(pkcs11.CKM_AES_KEY_GEN, want, backupBytes)
	if err != nil {
		return nil, err
	}
	return &Backup{id: ceremony.KeyID(hex.EncodeToString(id)), handle: h, recipe: recipe}, nil
}

// backupBytes is the length of a backup key, AES-256.
const backupBytes = 32

// WrapBackup wraps the target under the backup key, inside the token.
func (t *Token) WrapBackup(ctx context.Context, b *Backup, target ceremony.KeyID, spec plan.KeySpec) ([]byte, error) {
	var blob []byte
	err := t.do(ctx, func() error {
		key, err := t.key(target)
		if err != nil {
			return err
		}
		if err := t.mayLeave(key); err != nil {
			return err
		}
		blob, err = t.wrapKWP(b.recipe, b.handle, key, spec.Bytes())
		return err
	})
	if err != nil {
		return nil, err
	}
	return blob, nil
}

// ID is the backup key's id, for its check value and its destruction.
func (b *Backup) ID() ceremony.KeyID { return b.id }

// Release reads the backup key's 32 bytes straight into out, which should be
// locked memory. The binding's own reader would leave copies in the C heap.
func (t *Token) Release(ctx context.Context, b *Backup, out []byte) error {
	return t.do(ctx, func() error { return t.readValue(b.handle, out) })
}

// Land brings a backup key of 32 bytes into the token as a session object that
// can only unwrap, and never leave.
func (t *Token) Land(ctx context.Context, key []byte) (*Backup, error) {
	var out *Backup
	err := t.do(ctx, func() error {
		var err error
		out, err = t.land(key)
		return err
	})
	return out, err
}

func (t *Token) land(key []byte) (*Backup, error) {
	if len(key) != backupBytes {
		return nil, fmt.Errorf("invalid backup key of %d bytes, want %d", len(key), backupBytes)
	}
	id, err := t.newID()
	if err != nil {
		return nil, err
	}
	want := append(wrapperTemplate(false).with(pkcs11.CKA_WRAP, false).with(pkcs11.CKA_UNWRAP, true),
		attribute{pkcs11.CKA_ID, "CKA_ID", id}, attribute{pkcs11.CKA_LABEL, "CKA_LABEL", "keyrite landing"})
	h, err := t.createSecret(want, key)
	if err != nil {
		return nil, err
	}
	if err := t.tighten(h, want); err != nil {
		return nil, err
	}
	return &Backup{id: ceremony.KeyID(hex.EncodeToString(id)), handle: h}, nil
}

// UnwrapTarget unwraps a backup blob under a landed key, inside the token, into a
// token object with the target's attributes. What the token made looser than
// asked is tightened or destroyed.
func (t *Token) UnwrapTarget(ctx context.Context, b *Backup, blob []byte, spec plan.KeySpec, label string) (ceremony.KeyID, error) {
	if spec.Bytes() == 0 {
		return "", fmt.Errorf("invalid key spec %q", spec)
	}
	if len(blob) != keywrap.Size(spec.Bytes()) {
		return "", fmt.Errorf("the backup has %d bytes, want %d", len(blob), keywrap.Size(spec.Bytes()))
	}
	var out ceremony.KeyID
	err := t.do(ctx, func() error {
		if err := t.labelFree(label); err != nil {
			return err
		}
		id, err := t.newID()
		if err != nil {
			return err
		}
		if _, err = t.unwrapTarget(b, blob, spec, t.targetTemplate(spec, true, id, label)); err != nil {
			return err
		}
		out = ceremony.KeyID(hex.EncodeToString(id))
		t.lengths[out] = spec.Bytes()
		return nil
	})
	return out, err
}

func (t *Token) unwrapTarget(b *Backup, blob []byte, spec plan.KeySpec, want template) (pkcs11.ObjectHandle, error) {
	h, err := t.unwrapAny(b.handle, blob, want, spec.Bytes())
	if err != nil {
		return 0, err
	}
	return h, t.tighten(h, want)
}

// unwrapAny tries the KWP mechanisms in order, each without and with
// CKA_VALUE_LEN, since tokens disagree on whether it may stand there.
func (t *Token) unwrapAny(kek pkcs11.ObjectHandle, blob []byte, want template, n int) (pkcs11.ObjectHandle, error) {
	var errs []error
	for _, r := range t.kwpRecipes() {
		for _, extra := range [][]*pkcs11.Attribute{nil, {pkcs11.NewAttribute(pkcs11.CKA_VALUE_LEN, n)}} {
			h, err := t.mod.ctx.UnwrapKey(t.session, []*pkcs11.Mechanism{r.mech(n)}, kek, blob, append(want.list(), extra...))
			if err == nil {
				return h, nil
			}
			errs = append(errs, fmt.Errorf("%s: %w", r.name, wrapError("C_UnwrapKey", err)))
		}
	}
	return 0, errors.Join(errs...)
}
