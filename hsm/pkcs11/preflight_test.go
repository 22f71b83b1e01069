package pkcs11_test

import (
	"testing"
	"time"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/hsm/softtoken"
)

func TestThePreflightGoesTheWholeWayBack(t *testing.T) {
	for kind, algorithm := range map[string]string{softtoken.SoftHSM: oaep1, softtoken.NSS: oaep256} {
		for _, spec := range []plan.KeySpec{plan.AES256, plan.HMAC256, plan.HMAC384, plan.HMAC512} {
			t.Run(kind+" "+string(spec), func(t *testing.T) {
				p, err := loggedIn(t, kind).Preflight(t.Context(), need(spec, algorithm))
				must(t, err)
				if r := recipe(t, p, "backup and recovery"); r.Outcome != ceremony.RecipeProven {
					t.Errorf("%+v", r)
				}
			})
		}
	}
}

// SoftHSM2 2.6.1 pads 28 bytes to 32 before it wraps them.
func TestThePreflightTellsOfOtherLengths(t *testing.T) {
	const pad, iv = "CKM_AES_KEY_WRAP_PAD", "CKM_AES_KEY_WRAP with the RFC 5649 IV"
	for kind, want := range map[string]map[string]ceremony.RecipeOutcome{
		softtoken.SoftHSM: {pad + ", 28 bytes": ceremony.RecipeWrongBytes, pad + ", 64 bytes": ceremony.RecipeProven},
		softtoken.NSS:     {iv + ", 28 bytes": ceremony.RecipeProven, iv + ", 64 bytes": ceremony.RecipeProven},
	} {
		t.Run(kind, func(t *testing.T) {
			p, err := loggedIn(t, kind).Preflight(t.Context(), need(plan.AES256, oaep1))
			must(t, err) // nothing that the plan needs
			for name, outcome := range want {
				if r := recipe(t, p, name); r.Outcome != outcome {
					t.Errorf("%+v, want %s", r, outcome)
				}
			}
		})
	}
}

// A rehearsal has two seconds for everything. This bound is for a machine that
// does many other things at once; BenchmarkToken has the true numbers.
func TestThePreflightIsQuick(t *testing.T) {
	for kind, algorithm := range map[string]string{softtoken.SoftHSM: oaep1, softtoken.NSS: oaep256} {
		n := need(plan.AES256, algorithm)
		n.KeySpec = "RSA_4096"
		p, err := loggedIn(t, kind).Preflight(t.Context(), n)
		must(t, err)
		if p.Elapsed > 2*time.Second {
			t.Errorf("%s took %s", kind, p.Elapsed)
		}
	}
}
