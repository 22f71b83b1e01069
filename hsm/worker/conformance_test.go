package worker_test

import (
	"errors"
	"testing"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/ceremonytest"
	"keyrite.dev/keyrite/ceremony/secret"
	"keyrite.dev/keyrite/hsm"
	"keyrite.dev/keyrite/hsm/pkcs11"
	"keyrite.dev/keyrite/hsm/softtoken"
	"keyrite.dev/keyrite/hsm/worker"
)

func TestTheWorkerKeepsThePromises(t *testing.T) {
	for _, kind := range []string{softtoken.SoftHSM, softtoken.NSS} {
		t.Run(kind, func(t *testing.T) {
			ceremonytest.TestSplitter(t, func(t *testing.T) ceremonytest.SplitterFixture {
				t.Helper()
				loc, err := softtoken.Create(t.Context(), kind, t.TempDir(), secret.Copy([]byte("so-481516")), pin())
				if err != nil {
					t.Fatal(err)
				}
				token, err := pkcs11.Open(t.Context(), loc)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { token.Close() })
				return ceremonytest.SplitterFixture{
					Token: token, PIN: userPIN, IsPINError: func(err error) bool { var e hsm.PINError; return errors.As(err, &e) },
					Splitter: func(credentials func(string) ([]byte, error)) ceremony.Splitter {
						return worker.New(worker.Config{Location: loc, Credentials: credentials})
					},
				}
			})
		})
	}
}
