package ceremonytest

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"testing"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/secret"
)

// A Commissioner is a token that makes its own transcript key.
type Commissioner interface {
	ceremony.Token
	// Commission makes the key that signs seals and answers its SPKI.
	Commission(ctx context.Context) ([]byte, error)
}

// A TokenFixture is a fresh token, not logged in, with what is known of it.
type TokenFixture struct {
	Token      Commissioner
	PIN        string
	Algorithm  string           // cloud's wrapping algorithm that the token does
	Lacks      []Lack           // what it must refuse before anything is made
	IsPINError func(error) bool // tells a refused PIN from other failures
	// RefusedPINs counts the PINs that the token saw and refused; nil where the
	// token does not tell.
	RefusedPINs func() int
}

// A Lack is a need that the preflight must refuse, and words of the reason.
type Lack struct {
	Need ceremony.Need
	Says []string
}

// suite is one run; the cloud's key is its own, never the preflight's.
type suite struct {
	open  func(t *testing.T) TokenFixture
	cloud *rsa.PrivateKey
	with  ceremony.WrappingKey // Algorithm is the fixture's
}

const (
	suiteBits  = 3072
	suiteSpec  = "RSA_3072"
	suiteLabel = "target of the suite"
)

// TestToken is what every implementation of ceremony.Token promises. open makes
// a fresh token for each promise.
func TestToken(t *testing.T, open func(t *testing.T) TokenFixture) {
	t.Helper()
	cloud, err := rsa.GenerateKey(rand.Reader, suiteBits)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(&cloud.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	s := &suite{open: open, cloud: cloud, with: ceremony.WrappingKey{SPKI: spki, KeySpec: suiteSpec}}
	t.Run("a wrong PIN is refused and not tried again", s.wrongPIN)
	t.Run("an empty PIN is not sent", s.emptyPIN)
	t.Run("a second login is a failure, right PIN or wrong", s.secondLogin)
	t.Run("logged out, keys cannot be used; logged in again, they are found", s.logout)
	t.Run("a cancelled context makes nothing", s.cancelled)
	t.Run("a label that is taken is an error before anything is made", s.labelTaken)
	t.Run("what it cannot make it refuses", s.unknownSpec)
	t.Run("a key's attributes are written and read back", s.attributes)
	t.Run("check values are those of the bytes that leave", s.checkValues)
	t.Run("nothing is wrapped without a preflight", s.noPreflight)
	t.Run("a preflight is for one size of cloud key and one kind of target", s.otherThanProven)
	t.Run("a wrapping key of another size is refused", s.wrongKeySize)
	t.Run("the preflight refuses what the token lacks, and says why", s.lacks)
	t.Run("the preflight leaves nothing behind", s.preflightLeavesNothing)
	t.Run("sealing is read back, and one way", s.seal)
	t.Run("destruction is read back, and a second one fails", s.destroy)
	t.Run("the inventory shows what was made and what is gone", s.inventory)
	t.Run("signatures verify under the commissioned key", s.sign)
}

func (s *suite) loggedIn(t *testing.T) TokenFixture {
	t.Helper()
	f := s.open(t)
	must(t, f.Token.Login(t.Context(), secret.Copy([]byte(f.PIN))))
	return f
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (f TokenFixture) generate(t *testing.T, spec plan.KeySpec) ceremony.Key {
	t.Helper()
	key, err := f.Token.Generate(t.Context(), spec, suiteLabel)
	must(t, err)
	return key
}

// objects is the inventory, an object a line.
func (f TokenFixture) objects(t *testing.T) []string {
	t.Helper()
	list, err := f.Token.Inventory(t.Context())
	must(t, err)
	var out []string
	for _, o := range list {
		out = append(out, fmt.Sprintf("%s %s %q %s token=%t", o.Class, o.Type, o.Label, o.ID, o.Token))
	}
	return out
}

func (s *suite) wrongPIN(t *testing.T) {
	f := s.open(t)
	err := f.Token.Login(t.Context(), secret.Copy([]byte(f.PIN+"0")))
	if err == nil || !f.IsPINError(err) {
		t.Fatalf("a wrong PIN was answered %v", err)
	}
	if strings.Contains(err.Error(), f.PIN) {
		t.Errorf("the error tells the PIN: %v", err)
	}
	if f.RefusedPINs != nil && f.RefusedPINs() != 1 {
		t.Errorf("the token saw %d wrong PINs, want 1", f.RefusedPINs())
	}
	if _, err := f.Token.Generate(t.Context(), plan.AES256, suiteLabel); err == nil {
		t.Error("a key was made after a wrong PIN")
	}
	must(t, f.Token.Login(t.Context(), secret.Copy([]byte(f.PIN))))
}

func (s *suite) emptyPIN(t *testing.T) {
	f := s.open(t)
	err := f.Token.Login(t.Context(), secret.Bytes{})
	if err == nil || f.IsPINError(err) {
		t.Errorf("an empty PIN was answered %v; it must not reach a token without a pad", err)
	}
}

func (s *suite) secondLogin(t *testing.T) {
	f := s.loggedIn(t)
	for _, pin := range []string{f.PIN, f.PIN + "0"} {
		if err := f.Token.Login(t.Context(), secret.Copy([]byte(pin))); err == nil {
			t.Error("a login counted though the PIN was not checked")
		}
	}
}

func (s *suite) logout(t *testing.T) {
	f := s.loggedIn(t)
	key := f.generate(t, plan.AES256)
	kcv, err := f.Token.CheckValue(t.Context(), key.ID, nil)
	must(t, err)
	must(t, f.Token.Logout(t.Context()))
	if _, err := f.Token.CheckValue(t.Context(), key.ID, nil); err == nil {
		t.Error("a key was used after the logout")
	}
	if err := f.Token.Destroy(t.Context(), key.ID); err == nil {
		t.Error("a key was destroyed after the logout")
	}
	must(t, f.Token.Login(t.Context(), secret.Copy([]byte(f.PIN))))
	again, err := f.Token.CheckValue(t.Context(), key.ID, nil)
	must(t, err)
	if !bytes.Equal(again, kcv) {
		t.Errorf("check value %x before the logout and %x after", kcv, again)
	}
}

func (s *suite) cancelled(t *testing.T) {
	f := s.loggedIn(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Token.Generate(ctx, plan.AES256, suiteLabel); err == nil {
		t.Error("a key was made under a cancelled context")
	}
	if got := f.objects(t); len(got) != 0 {
		t.Errorf("the token holds %v", got)
	}
}

func (s *suite) labelTaken(t *testing.T) {
	f := s.loggedIn(t)
	f.generate(t, plan.AES256)
	before := f.objects(t)
	_, err := f.Token.Generate(t.Context(), plan.HMAC256, suiteLabel)
	if err == nil || !strings.Contains(err.Error(), suiteLabel) {
		t.Errorf("a second key with the label was answered %v", err)
	}
	if now := f.objects(t); !slices.Equal(now, before) {
		t.Errorf("objects %v, before %v", now, before)
	}
}

func (s *suite) unknownSpec(t *testing.T) {
	f := s.loggedIn(t)
	for _, spec := range []plan.KeySpec{"", "AES_255", "RSA_2048"} {
		if _, err := f.Token.Generate(t.Context(), spec, suiteLabel); err == nil {
			t.Errorf("a key of spec %q was made", spec)
		}
	}
	if _, err := f.Token.Attributes(t.Context(), ceremony.KeyID(strings.Repeat("00", 16))); err == nil {
		t.Error("a key that is not there has attributes")
	}
}
