package policy

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"testing"

	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/plan"
)

// A matrix is a cloud that takes OAEP for AES and HMAC keys, and nothing else.
type matrix struct{}

func (matrix) CheckWrapping(spec plan.KeySpec, w plan.Wrapping) error {
	if strings.HasPrefix(w.Algorithm, "RSAES_OAEP_SHA_") && strings.HasPrefix(w.KeySpec, "RSA_") {
		return nil
	}
	return fmt.Errorf("%s with %s cannot be used to import %s", w.Algorithm, w.KeySpec, spec)
}

// A testCase changes a plan that breaks no rule.
type testCase struct {
	name   string
	edit   func(p *plan.Plan)
	target Target
	// alone says that nothing but this rule stands in the way.
	alone bool
}

// good is a plan that breaks no rule and needs no exception but KEY-STRENGTH.
func good() plan.Plan { return plan.Default(plan.AES256, false) }

func (c testCase) plan() (plan.Plan, Target) {
	p := good()
	if c.edit != nil {
		c.edit(&p)
	}
	if c.target == nil {
		return p, matrix{}
	}
	return p, c.target
}

// noTarget stands for a nil Target in a testCase.
type noTarget struct{ matrix }

func (c testCase) check(rules []rule) Violations {
	p, t := c.plan()
	if _, none := t.(noTarget); none {
		t = nil
	}
	_, vs := check(p, t, rules)
	return vs
}

// without are all rules but one.
func without(id string) []rule {
	return slices.DeleteFunc(rules(), func(r rule) bool { return r.id == id })
}

func broken(vs Violations) []string {
	var ids []string
	for _, v := range vs {
		ids = append(ids, v.Rule)
	}
	return slices.Compact(slices.Sorted(slices.Values(ids)))
}

// judge runs a rule's cases: those to accept, those to reject, and those again
// with the rule switched off.
func judge(t *testing.T, id string) {
	t.Helper()
	c, ok := cases()[id]
	if !ok || len(c.accept) == 0 || len(c.reject) == 0 {
		t.Fatalf("rule %s has no cases to accept, or none to reject", id)
	}
	for _, a := range c.accept {
		if vs := a.check(rules()); vs != nil {
			t.Errorf("%s: %v", a.name, vs)
		}
	}
	alone := 0
	for _, r := range c.reject {
		ids := broken(r.check(rules()))
		if !slices.Contains(ids, id) {
			t.Errorf("%s: accepted by %s; broken: %v", r.name, id, ids)
		}
		if r.alone {
			alone++
			if len(ids) != 1 {
				t.Errorf("%s: broken: %v, want %s alone", r.name, ids, id)
			}
		}
	}
	if alone == 0 {
		t.Errorf("no case shows that %s stands alone in the way of a bad plan", id)
	}
}

// newKey is a fresh Ed25519 key as a roster has it.
func newKey() []byte {
	pub, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return spki(pub)
}

func spki(pub any) []byte {
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		panic(err)
	}
	return der
}

func ecKey(c elliptic.Curve) []byte {
	k, err := ecdsa.GenerateKey(c, rand.Reader)
	if err != nil {
		panic(err)
	}
	return spki(&k.PublicKey)
}

// member finds a roster entry to change.
func member(p *plan.Plan, id string) *plan.Member {
	i := slices.IndexFunc(p.Roster, func(m plan.Member) bool { return m.ID == id })
	return &p.Roster[i]
}

func remove(p *plan.Plan, id string) {
	p.Roster = slices.DeleteFunc(p.Roster, func(m plan.Member) bool { return m.ID == id })
}

// A signer signs as a person of a test.
type signer struct {
	key ed25519.PrivateKey
	pub dsse.PublicKey
}

func newSigner(t *testing.T) signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pub, err := dsse.NewPublicKey(key.Public(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return signer{key, pub}
}

func (s signer) Public() dsse.PublicKey { return s.pub }

func (s signer) Sign(_ context.Context, message []byte) ([]byte, error) {
	return ed25519.Sign(s.key, message), nil
}
