package pkcs11_test

import (
	"testing"

	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/secret"
	"keyrite.dev/keyrite/hsm/pkcs11"
	"keyrite.dev/keyrite/hsm/softtoken"
)

func check(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkToken times what a ceremony asks of a token; docs/tokens.md has the
// numbers.
func BenchmarkToken(b *testing.B) {
	for _, kind := range []string{softtoken.SoftHSM, softtoken.NSS} {
		b.Run(kind, func(b *testing.B) {
			ctx := b.Context()
			b.Run("Create", func(b *testing.B) {
				for b.Loop() {
					_, err := softtoken.Create(ctx, kind, b.TempDir(), secret.Copy([]byte("so-481516")), pin())
					check(b, err)
				}
			})
			loc, err := softtoken.Create(ctx, kind, b.TempDir(), secret.Copy([]byte("so-481516")), pin())
			check(b, err)
			b.Run("OpenAndClose", func(b *testing.B) {
				for b.Loop() {
					token, err := pkcs11.Open(ctx, loc)
					check(b, err)
					check(b, token.Close())
				}
			})
			token, err := pkcs11.Open(ctx, loc)
			check(b, err)
			defer token.Close()
			b.Run("LoginAndLogout", func(b *testing.B) {
				for b.Loop() {
					check(b, token.Login(ctx, pin()))
					check(b, token.Logout(ctx))
				}
			})
			check(b, token.Login(ctx, pin()))
			_, err = token.Commission(ctx)
			check(b, err)
			benchmarkKeys(b, token, map[string]string{softtoken.SoftHSM: oaep1, softtoken.NSS: oaep256}[kind])
		})
	}
}

func benchmarkKeys(b *testing.B, token *pkcs11.Token, algorithm string) {
	b.Helper()
	ctx := b.Context()
	b.Run("GenerateAndDestroy", func(b *testing.B) {
		for b.Loop() {
			key, err := token.Generate(ctx, plan.AES256, "target")
			check(b, err)
			check(b, token.Destroy(ctx, key.ID))
		}
	})
	for _, spec := range []string{"RSA_3072", "RSA_4096"} {
		n := need(plan.AES256, algorithm)
		n.KeySpec = spec
		b.Run("Preflight/"+spec, func(b *testing.B) {
			for b.Loop() {
				_, err := token.Preflight(ctx, n)
				check(b, err)
			}
		})
	}
	b.Run("MakeBackupAndRelease", func(b *testing.B) {
		for b.Loop() {
			backup, err := token.MakeBackup(ctx, plan.AES256)
			check(b, err)
			check(b, token.Release(ctx, backup, make([]byte, 32)))
			check(b, token.Destroy(ctx, backup.ID()))
		}
	})
	key, err := token.Generate(ctx, plan.AES256, "target")
	check(b, err)
	b.Run("CheckValue", func(b *testing.B) {
		for b.Loop() {
			_, err := token.CheckValue(ctx, key.ID, nil)
			check(b, err)
		}
	})
	b.Run("Inventory", func(b *testing.B) {
		for b.Loop() {
			_, err := token.Inventory(ctx)
			check(b, err)
		}
	})
	b.Run("Sign", func(b *testing.B) {
		for b.Loop() {
			_, err := token.Sign(ctx, []byte("what the room saw"))
			check(b, err)
		}
	})
	with := cloudKey(b)
	with.Algorithm = algorithm
	b.Run("Wrap", func(b *testing.B) {
		for b.Loop() {
			_, err := token.Wrap(ctx, key.ID, with)
			check(b, err)
		}
	})
}
