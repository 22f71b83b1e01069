package pkcs11

import (
	"bytes"
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"time"

	"github.com/miekg/pkcs11"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/keycheck"
	"keyrite.dev/keyrite/ceremony/keywrap"
	"keyrite.dev/keyrite/ceremony/plan"
)

// Preflight proves the recipes that the plan needs, with throwaway session keys
// and a published RSA key of the cloud key's size, and looks at what the token
// enforces. It refuses, with the reason, what this token cannot do.
func (t *Token) Preflight(ctx context.Context, need ceremony.Need) (ceremony.Preflight, error) {
	var out ceremony.Preflight
	err := t.do(ctx, func() error {
		start := time.Now()
		var err error
		out, err = t.preflight(need)
		out.Elapsed = time.Since(start)
		return err
	})
	return out, err
}

func (t *Token) preflight(need ceremony.Need) (ceremony.Preflight, error) {
	var out ceremony.Preflight
	cloudKey, err := keywrap.PublishedKey(need.KeySpec)
	if err != nil {
		return out, err
	}
	o, err := oaepFor(need.Algorithm)
	if err != nil {
		return out, err
	}
	if need.Spec.Bytes() == 0 {
		return out, fmt.Errorf("invalid key spec %q", need.Spec)
	}
	backup, recipes := t.proveKWP(need.Spec)
	out.Recipes = recipes
	if backup != nil {
		out.Backup = backup.name
		out.Recipes = append(out.Recipes, t.proveRecovery(*backup, need.Spec))
		out.Recipes = append(out.Recipes, t.proveOtherLengths(*backup, need.Spec)...)
	}
	for _, candidate := range oaepRecipes() {
		r := t.proveDirect(candidate, cloudKey, need.Spec)
		out.Recipes = append(out.Recipes, r)
		if candidate.cloud == o.cloud && r.Outcome == ceremony.RecipeProven {
			out.Cloud = r.Name
			t.proven[provenKey(need.Algorithm, cloudKey.Size()*8, need.Spec)] = true
		}
		out.Recipes = append(out.Recipes, t.proveComposed(candidate, backup, cloudKey, need.Spec)...)
	}
	out.Enforced = t.enforcement()
	return out, lacking(out, need)
}

func lacking(p ceremony.Preflight, need ceremony.Need) error {
	var errs []error
	if p.Cloud == "" {
		errs = append(errs, fmt.Errorf("it does not wrap with %s under %s: %s", need.Algorithm, need.KeySpec, why(p, need.Algorithm)))
	}
	if p.Backup == "" {
		errs = append(errs, fmt.Errorf("no mechanism of it wraps %d bytes as RFC 5649 (AES-KWP) demands, which the backup needs", need.Spec.Bytes()))
	}
	for _, r := range p.Recipes {
		if r.Name == recoveryName && r.Outcome != ceremony.RecipeProven {
			errs = append(errs, fmt.Errorf("it does not give back a key that was backed up: %s", r.Detail))
		}
	}
	return errors.Join(errs...)
}

func why(p ceremony.Preflight, algorithm string) string {
	o, err := oaepFor(algorithm)
	if err != nil {
		return err.Error()
	}
	for _, r := range p.Recipes {
		if r.Name == o.name {
			return string(r.Outcome) + ", " + r.Detail
		}
	}
	return "not tried"
}

// throwaway makes a session key like the target.
func (t *Token) throwaway(spec plan.KeySpec) (pkcs11.ObjectHandle, error) {
	id, err := t.newID()
	if err != nil {
		return 0, err
	}
	mech, _ := generation(spec)
	return t.generate(mech, t.targetTemplate(spec, false, id, "keyrite preflight"), spec.Bytes())
}

// same tells whether key bytes are those of the token's key, by check value.
func (t *Token) same(h pkcs11.ObjectHandle, key []byte) bool {
	if t.number(h, pkcs11.CKA_KEY_TYPE) != pkcs11.CKK_AES {
		nonce := []byte("keyrite preflight")
		tag, err := t.mac(h, nonce)
		return err == nil && bytes.Equal(tag, macOf(key, nonce))
	}
	tag, err := t.cmac(h)
	if err != nil {
		return false
	}
	want, err := keycheck.CMAC(key, make([]byte, 16))
	return err == nil && bytes.Equal(tag, want[:])
}

// classify says what came of a recipe: open undoes it in software.
func (t *Token) classify(name string, key pkcs11.ObjectHandle, blob []byte, err error, open func([]byte) ([]byte, error)) ceremony.Recipe {
	r := ceremony.Recipe{Name: name}
	switch {
	case errors.Is(err, errLength):
		r.Outcome, r.Detail = ceremony.RecipeWrongBytes, err.Error()
		return r
	case err != nil:
		r.Outcome, r.Detail = ceremony.RecipeRefused, err.Error()
		return r
	}
	plain, err := open(blob)
	defer clear(plain)
	if err != nil || !t.same(key, plain) {
		r.Outcome, r.Detail = ceremony.RecipeWrongBytes, "the HSM answered success, and the bytes do not unwrap to the key"
		return r
	}
	r.Outcome, r.Detail = ceremony.RecipeProven, fmt.Sprintf("%d bytes, unwrapped in software", len(blob))
	return r
}

// proveKWP tries the KWP recipes in order and answers the first that is proven.
func (t *Token) proveKWP(spec plan.KeySpec) (*kwp, []ceremony.Recipe) {
	var chosen *kwp
	var out []ceremony.Recipe
	for _, r := range t.kwpRecipes() {
		res := t.proveOneKWP(r, spec)
		out = append(out, res)
		if res.Outcome == ceremony.RecipeProven && chosen == nil {
			chosen = &r
		}
	}
	return chosen, out
}

func (t *Token) proveOneKWP(r kwp, spec plan.KeySpec) ceremony.Recipe {
	kekBytes, err := t.mod.ctx.GenerateRandom(t.session, 32)
	refused := func(err error) ceremony.Recipe {
		return ceremony.Recipe{Name: r.name, Outcome: ceremony.RecipeRefused, Detail: err.Error()}
	}
	if err != nil {
		return refused(wrapError("C_GenerateRandom", err))
	}
	kek, err := t.mod.ctx.CreateObject(t.session, append(wrapperTemplate(false).list(), pkcs11.NewAttribute(pkcs11.CKA_VALUE, kekBytes)))
	if err != nil {
		return refused(wrapError("C_CreateObject", err))
	}
	defer t.destroyHandle(kek) //nolint:errcheck // a session object; it ends with the session
	key, err := t.throwaway(spec)
	if err != nil {
		return refused(err)
	}
	defer t.destroyHandle(key) //nolint:errcheck // as above
	blob, err := t.wrapKWP(r, kek, key, spec.Bytes())
	return t.classify(r.name, key, blob, err, func(b []byte) ([]byte, error) { return keywrap.Unwrap(kekBytes, b) })
}

// proveOtherLengths tells what a recipe does to secrets of other lengths than the
// target's: some pad those that are no multiple of 8 bytes in a way of their own.
// Nothing depends on it; it stands in the record of the token.
func (t *Token) proveOtherLengths(r kwp, spec plan.KeySpec) []ceremony.Recipe {
	var out []ceremony.Recipe
	for _, other := range []plan.KeySpec{plan.HMAC224, plan.HMAC256, plan.HMAC512} {
		if other.Bytes() != spec.Bytes() {
			res := t.proveOneKWP(r, other)
			res.Name = fmt.Sprintf("%s, %d bytes", r.name, other.Bytes())
			out = append(out, res)
		}
	}
	return out
}

func (t *Token) proveDirect(o oaep, cloud *rsa.PrivateKey, spec plan.KeySpec) ceremony.Recipe {
	return t.prove(o.name, cloud, spec, func(pub, key pkcs11.ObjectHandle) ([]byte, error) { return t.wrapOAEP(o, pub, key) },
		func(b []byte) ([]byte, error) { return keywrap.UnwrapOAEP(cloud, o.hash, b) })
}

// proveComposed proves both forms of RSA-AES key wrap: later targets need them.
func (t *Token) proveComposed(o oaep, r *kwp, cloud *rsa.PrivateKey, spec plan.KeySpec) []ceremony.Recipe {
	open := func(b []byte) ([]byte, error) { return keywrap.UnwrapRSAAES(cloud, o.hash, b) }
	out := []ceremony.Recipe{t.prove("CKM_RSA_AES_KEY_WRAP "+o.hash.String(), cloud, spec,
		func(pub, key pkcs11.ObjectHandle) ([]byte, error) { return t.wrapNative(o, pub, key) }, open)}
	if r == nil {
		return out
	}
	return append(out, t.prove("OAEP "+o.hash.String()+" and KWP, composed", cloud, spec,
		func(pub, key pkcs11.ObjectHandle) ([]byte, error) {
			return t.wrapComposed(o, *r, pub, key, spec.Bytes())
		}, open))
}

func (t *Token) prove(name string, cloud *rsa.PrivateKey, spec plan.KeySpec, wrap func(pub, key pkcs11.ObjectHandle) ([]byte, error),
	open func([]byte) ([]byte, error),
) ceremony.Recipe {
	refused := func(err error) ceremony.Recipe {
		return ceremony.Recipe{Name: name, Outcome: ceremony.RecipeRefused, Detail: err.Error()}
	}
	pub, err := t.importPublic(&cloud.PublicKey)
	if err != nil {
		return refused(err)
	}
	defer t.destroyHandle(pub) //nolint:errcheck // a session object; it ends with the session
	key, err := t.throwaway(spec)
	if err != nil {
		return refused(err)
	}
	defer t.destroyHandle(key) //nolint:errcheck // as above
	blob, err := wrap(pub, key)
	return t.classify(name, key, blob, err, open)
}
