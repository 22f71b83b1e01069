package ceremonytest_test

import (
	"errors"
	"testing"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/ceremonytest"
	"keyrite.dev/keyrite/ceremony/secret"
)

func TestTheSoftwareTokenKeepsThePromises(t *testing.T) {
	ceremonytest.TestToken(t, func(*testing.T) ceremonytest.TokenFixture {
		token := ceremonytest.NewToken("481516")
		return ceremonytest.TokenFixture{
			Token: token, PIN: "481516", Algorithm: "RSAES_OAEP_SHA_256", RefusedPINs: token.RefusedPINs,
			IsPINError: func(err error) bool { var pin ceremonytest.PINError; return errors.As(err, &pin) },
		}
	})
}

func TestASecondSessionLogsInByItself(t *testing.T) {
	first := ceremonytest.NewToken("481516")
	pin := secret.Copy([]byte("481516"))
	if err := first.Login(t.Context(), pin); err != nil {
		t.Fatal(err)
	}
	second := first.Session()
	if _, err := second.MakeBackup(t.Context()); !errors.Is(err, ceremonytest.ErrLoggedOut) {
		t.Errorf("a session without a login was answered %v", err)
	}
	if err := second.Login(t.Context(), pin); err != nil {
		t.Fatal(err)
	}
	if _, err := second.MakeBackup(t.Context()); err != nil {
		t.Fatal(err)
	}
	if own, err := first.Inventory(t.Context()); err != nil || len(own) != 0 {
		t.Errorf("the first session sees the second's objects: %v, %v", own, err)
	}
	if err := second.Logout(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestTheSoftwareSplitterKeepsThePromises(t *testing.T) {
	ceremonytest.TestSplitter(t, func(*testing.T) ceremonytest.SplitterFixture {
		token := ceremonytest.NewToken("481516")
		return ceremonytest.SplitterFixture{
			Token: token, PIN: "481516", IsPINError: func(err error) bool { var pin ceremonytest.PINError; return errors.As(err, &pin) },
			Splitter: func(credentials func(string) ([]byte, error)) ceremony.Splitter {
				return ceremonytest.NewSplitter(token, credentials)
			},
		}
	})
}
