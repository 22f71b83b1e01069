package pkcs11_test

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/x509"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/keycheck"
	"keyrite.dev/keyrite/ceremony/keywrap"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/secret"
	"keyrite.dev/keyrite/hsm"
	"keyrite.dev/keyrite/hsm/pkcs11"
	"keyrite.dev/keyrite/hsm/softtoken"
)

// A liar is testdata/liar.c, built: a module between the program and SoftHSM2
// that tells one lie.
type liar string

// newLiar builds the module with the C compiler that cgo needs too.
func newLiar(t *testing.T) liar {
	t.Helper()
	module := filepath.Join(t.TempDir(), "liar.so")
	cc := cmp.Or(os.Getenv("CC"), "cc")
	out, err := exec.CommandContext(t.Context(), cc, "-shared", "-fPIC", "-O1", "-Wall", "-o", module, "testdata/liar.c", "-ldl").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return liar(module)
}

// open makes a SoftHSM2 token and opens it through the liar.
func (l liar) open(t *testing.T, lie string, environment ...string) *pkcs11.Token {
	t.Helper()
	loc := create(t, softtoken.SoftHSM)
	loc.Environment = append(loc.Environment, "KEYRITE_LIAR_TARGET="+loc.Module, "KEYRITE_LIAR="+lie)
	loc.Environment = append(loc.Environment, environment...)
	loc.Module = string(l)
	return open(t, loc)
}

func (l liar) loggedIn(t *testing.T, lie string, environment ...string) *pkcs11.Token {
	t.Helper()
	token := l.open(t, lie, environment...)
	must(t, token.Login(t.Context(), pin()))
	return token
}

func objects(t *testing.T, token *pkcs11.Token) []ceremony.Object {
	t.Helper()
	list, err := token.Inventory(t.Context())
	must(t, err)
	return list
}

func TestTheLiarIsHonestWhenItTellsNoLie(t *testing.T) {
	token := newLiar(t).loggedIn(t, "")
	p, err := token.Preflight(t.Context(), need(plan.AES256, oaep1))
	if err != nil || recipe(t, p, "backup and recovery").Outcome != ceremony.RecipeProven {
		t.Errorf("%v: %+v", err, p.Recipes)
	}
}

// SoftHSM2 2.7.0 answers CKM_RSA_AES_KEY_WRAP by SHA-256 with SHA-1's bytes; here
// CKM_RSA_PKCS_OAEP does.
func TestAPreflightRefusesALyingToken(t *testing.T) {
	l := newLiar(t)
	for lie, c := range map[string]struct {
		algorithm, recipe string
		outcome           ceremony.RecipeOutcome
		says              string
	}{
		"other-hash":    {oaep256, "CKM_RSA_PKCS_OAEP SHA-256", ceremony.RecipeWrongBytes, "do not unwrap to the key"},
		"short":         {oaep1, "CKM_RSA_PKCS_OAEP SHA-1", ceremony.RecipeWrongBytes, "do not unwrap to the key"},
		"other-modulus": {oaep1, "CKM_RSA_PKCS_OAEP SHA-1", ceremony.RecipeRefused, "reads the wrapping key back differently"},
		"hides":         {oaep1, "backup and recovery", ceremony.RecipeRefused, "CKR_ATTRIBUTE_SENSITIVE"},
		"stays-loose":   {oaep1, "backup and recovery", ceremony.RecipeRefused, "CKA_SENSITIVE=true"},
	} {
		t.Run(lie, func(t *testing.T) {
			token := l.loggedIn(t, lie)
			p, err := token.Preflight(t.Context(), need(plan.AES256, c.algorithm))
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("answered %v, want %q", err, c.says)
			}
			if r := recipe(t, p, c.recipe); r.Outcome != c.outcome {
				t.Errorf("%s: %s (%s), want %s", c.recipe, r.Outcome, r.Detail, c.outcome)
			}
			if left := objects(t, token); len(left) > 0 {
				t.Errorf("the refusal left %v", left)
			}
		})
	}
}

func TestAKeyMadeLooserThanAskedIsDestroyed(t *testing.T) {
	token := newLiar(t).loggedIn(t, "loose-generate")
	_, err := token.Generate(t.Context(), plan.AES256, "target")
	if err == nil || !strings.Contains(err.Error(), "CKA_SENSITIVE=true") {
		t.Errorf("a readable key was answered %v", err)
	}
	if left := objects(t, token); len(left) > 0 {
		t.Errorf("the token holds %v", left)
	}
}

// opencryptoki ignores CKA_SENSITIVE of an unwrap template, and takes it after.
func TestAKeyUnwrappedLooserThanAskedIsTightenedOrDestroyed(t *testing.T) {
	l := newLiar(t)
	for lie, stays := range map[string]bool{"loose-unwrap": true, "stays-loose": false} {
		t.Run(lie, func(t *testing.T) {
			token := l.loggedIn(t, lie)
			landed, err := token.Land(t.Context(), make([]byte, 32))
			must(t, err)
			blob, err := keywrap.Wrap(make([]byte, 32), bytes.Repeat([]byte{7}, 32))
			must(t, err)
			id, err := token.UnwrapTarget(t.Context(), landed, blob, plan.AES256, "regained")
			regained := slices.ContainsFunc(objects(t, token), func(o ceremony.Object) bool { return o.Label == "regained" })
			if (err == nil) != stays || regained != stays {
				t.Fatalf("answered %v; the key is there: %t, want %t", err, regained, stays)
			}
			if !stays {
				return
			}
			a, err := token.Attributes(t.Context(), id)
			if err != nil || a["CKA_SENSITIVE"] != "true" {
				t.Errorf("the regained key says %v, %v", a, err)
			}
		})
	}
}

func TestTheCloudsKeyIsReadBackBeforeAnythingIsWrapped(t *testing.T) {
	l, key := newLiar(t), cloudKey(t)
	for name, says := range map[string]string{"other-modulus": "reads the wrapping key back differently", "short": "has 383 bytes, want 384"} {
		t.Run(name, func(t *testing.T) {
			token := l.loggedIn(t, "")
			made, err := token.Generate(t.Context(), plan.AES256, "target")
			must(t, err)
			_, err = token.Preflight(t.Context(), need(plan.AES256, oaep1))
			must(t, err)
			t.Setenv("KEYRITE_LIAR", name) // from here on
			w, err := token.Wrap(t.Context(), made.ID, key)
			if err == nil || len(w.Blob) > 0 || !strings.Contains(err.Error(), says) {
				t.Errorf("%d bytes, %v; want %q", len(w.Blob), err, says)
			}
			if left := objects(t, token); len(left) != 1 {
				t.Errorf("the cloud's key was left behind: %v", left)
			}
		})
	}
}

func cloudKey(t testing.TB) ceremony.WrappingKey {
	t.Helper()
	pair, err := keywrap.PublishedKey("RSA_3072")
	if err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(&pair.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return ceremony.WrappingKey{SPKI: spki, Algorithm: oaep1, KeySpec: "RSA_3072"}
}

func TestADestructionIsSeenOrItIsNone(t *testing.T) {
	l := newLiar(t)
	for lie, says := range map[string]string{"keeps": "still has it", "blind": "cannot be seen"} {
		t.Run(lie, func(t *testing.T) {
			token := l.loggedIn(t, lie)
			made, err := token.Generate(t.Context(), plan.AES256, "target")
			must(t, err)
			if err := token.Destroy(t.Context(), made.ID); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("answered %v, want %q", err, says)
			}
		})
	}
}

// Without CMAC the check value is made of two block encryptions, and the key may
// encrypt instead of sign.
func TestATokenWithoutCMACHasTheSameCheckValue(t *testing.T) {
	token := newLiar(t).loggedIn(t, "no-cmac")
	made, err := token.Generate(t.Context(), plan.AES256, "target")
	must(t, err)
	if made.Attributes["CKA_ENCRYPT"] != "true" || made.Attributes["CKA_SIGN"] != "false" {
		t.Errorf("the key says %v", made.Attributes)
	}
	got, err := token.CheckValue(t.Context(), made.ID, nil)
	must(t, err)
	_, err = token.Preflight(t.Context(), need(plan.AES256, oaep1))
	must(t, err)
	w, err := token.Wrap(t.Context(), made.ID, cloudKey(t))
	must(t, err)
	pair, err := keywrap.PublishedKey("RSA_3072")
	must(t, err)
	clear, err := keywrap.UnwrapOAEP(pair, crypto.SHA1, w.Blob)
	must(t, err)
	want, err := keycheck.AESCheckValue(clear)
	if err != nil || !bytes.Equal(got, want[:]) {
		t.Errorf("check value %x, of the bytes %x, %v", got, want, err)
	}
}

func TestThePINPadAsksItself(t *testing.T) {
	token := newLiar(t).open(t, "pad", "KEYRITE_LIAR_PIN="+userPIN)
	info, err := token.Info(t.Context())
	if err != nil || !info.PINPad {
		t.Fatalf("%+v, %v", info, err)
	}
	must(t, token.Login(t.Context(), secret.Bytes{}))
	if _, err := token.Generate(t.Context(), plan.AES256, "target"); err != nil {
		t.Error(err)
	}
}

func TestThePINErrorSaysWhatTheTokenSays(t *testing.T) {
	l := newLiar(t)
	for lie, want := range map[string]hsm.PINError{"final": {Low: true, Final: true}, "locked": {Locked: true}} {
		t.Run(lie, func(t *testing.T) {
			token := l.open(t, lie)
			err := token.Login(t.Context(), secret.Copy([]byte("000000")))
			var got hsm.PINError
			if !errors.As(err, &got) || got.Final != want.Final || got.Locked != want.Locked {
				t.Errorf("answered %#v, want %+v", err, want)
			}
			if info, err := token.Info(t.Context()); err != nil || info.FinalTry != want.Final || info.Locked != want.Locked {
				t.Errorf("the token says %+v, %v", info, err)
			}
		})
	}
}

// A PIN of a length that the token cannot have would only cost a try.
func TestAPINThatCannotBeRightIsNotSent(t *testing.T) {
	token := open(t, create(t, softtoken.SoftHSM))
	for _, wrong := range []string{"123", strings.Repeat("1", 256)} {
		err := token.Login(t.Context(), secret.Copy([]byte(wrong)))
		if err == nil || isPINError(err) || !strings.Contains(err.Error(), "nothing was sent") {
			t.Errorf("a PIN of %d characters was answered %v", len(wrong), err)
		}
	}
	if info, err := token.Info(t.Context()); err != nil || info.TriesLow {
		t.Errorf("it cost a try: %+v, %v", info, err)
	}
}

func TestAPulledCableIsToldWithAdvice(t *testing.T) {
	cable := filepath.Join(t.TempDir(), "pulled")
	token := newLiar(t).loggedIn(t, "", "KEYRITE_LIAR_CABLE="+cable)
	made, err := token.Generate(t.Context(), plan.AES256, "target")
	must(t, err)
	_, err = token.Preflight(t.Context(), need(plan.AES256, oaep1))
	must(t, err)
	must(t, os.WriteFile(cable, nil, 0o600))
	for name, call := range map[string]func() error{
		"Info":       func() error { _, err := token.Info(t.Context()); return err },
		"Inventory":  func() error { _, err := token.Inventory(t.Context()); return err },
		"Generate":   func() error { _, err := token.Generate(t.Context(), plan.AES256, "another"); return err },
		"CheckValue": func() error { _, err := token.CheckValue(t.Context(), made.ID, nil); return err },
		"Wrap":       func() error { _, err := token.Wrap(t.Context(), made.ID, cloudKey(t)); return err },
		"Destroy":    func() error { return token.Destroy(t.Context(), made.ID) },
		"Preflight":  func() error { _, err := token.Preflight(t.Context(), need(plan.AES256, oaep1)); return err },
	} {
		if err := call(); err == nil || !strings.Contains(err.Error(), "check cable and power") {
			t.Errorf("%s answered %v", name, err)
		}
	}
	must(t, os.Remove(cable)) // plugged in again, the session still stands
	if _, err := token.CheckValue(t.Context(), made.ID, nil); err != nil {
		t.Error(err)
	}
}
