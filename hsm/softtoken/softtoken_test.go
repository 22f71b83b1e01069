package softtoken_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/secret"
	"keyrite.dev/keyrite/hsm"
	"keyrite.dev/keyrite/hsm/pkcs11"
	"keyrite.dev/keyrite/hsm/softtoken"
)

func soPIN() secret.Bytes   { return secret.Copy([]byte("so-481516")) }
func userPIN() secret.Bytes { return secret.Copy([]byte("481516")) }

func kinds() []string { return []string{softtoken.SoftHSM, softtoken.NSS} }

// works makes a key in a token and finds it again after closing.
func works(t *testing.T, loc hsm.Location) {
	t.Helper()
	var id string
	for range 2 {
		token, err := pkcs11.Open(t.Context(), loc)
		if err != nil {
			t.Fatal(err)
		}
		if err := token.Login(t.Context(), userPIN()); err != nil {
			t.Fatal(err)
		}
		if id == "" {
			key, err := token.Generate(t.Context(), plan.AES256, "target")
			if err != nil {
				t.Fatal(err)
			}
			id = string(key.ID)
		}
		list, err := token.Inventory(t.Context())
		if err != nil || len(list) != 1 || list[0].ID != id {
			t.Errorf("the token holds %v, %v; want %s", list, err, id)
		}
		if err := token.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestATokenIsMadeInWhateverFolder(t *testing.T) {
	for _, kind := range kinds() {
		for _, name := range []string{"plain", "with a space", "it's", `say "hi"`, `back\slash`, "a=b", "#1", "Schlüssel", "100%"} {
			t.Run(kind+" "+name, func(t *testing.T) {
				folder := filepath.Join(t.TempDir(), name)
				if err := os.Mkdir(folder, 0o700); err != nil {
					t.Fatal(err)
				}
				loc, err := softtoken.Create(t.Context(), kind, folder, soPIN(), userPIN())
				if kind == softtoken.SoftHSM && strings.ContainsAny(name, "=#") {
					refused(t, folder, err, "takes no path with =, #")
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				works(t, loc)
			})
		}
	}
}

// refused wants a sentence, and an empty folder.
func refused(t *testing.T, folder string, err error, says string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("answered %v, want %q", err, says)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("the refusal left %v, %v", left, err)
	}
}

func TestAKindThatIsNoneIsRefused(t *testing.T) {
	folder := t.TempDir()
	for _, kind := range []string{"", "SoftHSM", "luna"} {
		_, err := softtoken.Create(t.Context(), kind, folder, soPIN(), userPIN())
		refused(t, folder, err, "softhsm or nss")
	}
}

// SoftHSM2 takes no PIN of fewer than 4 characters.
func TestAPINThatTheTokenDoesNotTakeIsAnError(t *testing.T) {
	_, err := softtoken.Create(t.Context(), softtoken.SoftHSM, t.TempDir(), soPIN(), secret.Copy([]byte("123")))
	if err == nil || !strings.Contains(err.Error(), "CKR_PIN_LEN_RANGE") {
		t.Errorf("answered %v", err)
	}
	works(t, mustCreate(t, softtoken.SoftHSM)) // the failure left nothing loaded in the way
}

func mustCreate(t *testing.T, kind string) hsm.Location {
	t.Helper()
	loc, err := softtoken.Create(t.Context(), kind, t.TempDir(), soPIN(), userPIN())
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func TestALocationSaysWhereTheTokenIsAndHoldsNoPIN(t *testing.T) {
	for _, kind := range kinds() {
		loc := mustCreate(t, kind)
		text := fmt.Sprintf("%+v", loc)
		if !filepath.IsAbs(loc.Module) || loc.Serial == "" || loc.Label == "" || strings.Contains(text, "481516") {
			t.Errorf("%s: %s", kind, text)
		}
	}
}
