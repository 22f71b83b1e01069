package pkcs11_test

import (
	"errors"
	"testing"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/ceremonytest"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/secret"
	"keyrite.dev/keyrite/hsm"
	"keyrite.dev/keyrite/hsm/pkcs11"
	"keyrite.dev/keyrite/hsm/softtoken"
)

const userPIN = "481516"

func pin() secret.Bytes { return secret.Copy([]byte(userPIN)) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// create makes a throwaway token. One that is not installed fails the test.
func create(t *testing.T, kind string) hsm.Location {
	t.Helper()
	loc, err := softtoken.Create(t.Context(), kind, t.TempDir(), secret.Copy([]byte("so-481516")), pin())
	must(t, err)
	return loc
}

func open(t *testing.T, loc hsm.Location) *pkcs11.Token {
	t.Helper()
	token, err := pkcs11.Open(t.Context(), loc)
	must(t, err)
	t.Cleanup(func() { token.Close() })
	return token
}

func loggedIn(t *testing.T, kind string) *pkcs11.Token {
	t.Helper()
	token := open(t, create(t, kind))
	must(t, token.Login(t.Context(), pin()))
	return token
}

func isPINError(err error) bool {
	var e hsm.PINError
	return errors.As(err, &e)
}

func need(spec plan.KeySpec, algorithm string) ceremony.Need {
	return ceremony.Need{Spec: spec, Algorithm: algorithm, KeySpec: "RSA_3072"}
}

const (
	oaep1   = "RSAES_OAEP_SHA_1"
	oaep256 = "RSAES_OAEP_SHA_256"
)

func TestSoftHSMKeepsThePromises(t *testing.T) {
	ceremonytest.TestToken(t, func(t *testing.T) ceremonytest.TokenFixture {
		t.Helper()
		return ceremonytest.TokenFixture{
			Token: open(t, create(t, softtoken.SoftHSM)), PIN: userPIN, Algorithm: oaep1, IsPINError: isPINError,
			Lacks: []ceremonytest.Lack{
				{Need: need(plan.AES256, oaep256), Says: []string{oaep256, "refused", "CKR_ARGUMENTS_BAD"}},
				{Need: need(plan.HMAC224, oaep1), Says: []string{"28 bytes", "RFC 5649"}},
			},
		}
	})
}

func TestNSSKeepsThePromises(t *testing.T) {
	ceremonytest.TestToken(t, func(t *testing.T) ceremonytest.TokenFixture {
		t.Helper()
		return ceremonytest.TokenFixture{
			Token: open(t, create(t, softtoken.NSS)), PIN: userPIN, Algorithm: oaep256, IsPINError: isPINError,
		}
	})
}
