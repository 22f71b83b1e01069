package pkcs11_test

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/secret"
	"keyrite.dev/keyrite/hsm"
	"keyrite.dev/keyrite/hsm/pkcs11"
	"keyrite.dev/keyrite/hsm/softtoken"
)

// elsewhere is the verb by which this test binary is the second process: it
// reads a location and a key id, and prints the key's check value.
const elsewhere = "check-value-elsewhere"

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == elsewhere {
		if err := checkValueElsewhere(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

type errand struct {
	Location hsm.Location
	Key      ceremony.KeyID
}

func checkValueElsewhere() error {
	ctx := context.Background()
	var e errand
	if err := json.NewDecoder(bufio.NewReader(os.Stdin)).Decode(&e); err != nil {
		return err
	}
	token, err := pkcs11.Open(ctx, e.Location)
	if err != nil {
		return err
	}
	if err := token.Login(ctx, pin()); err != nil {
		return err
	}
	kcv, err := token.CheckValue(ctx, e.Key, nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stdout, "%x", kcv)
	return token.Close()
}

func TestASecondProcessFindsTheKeyOfTheFirst(t *testing.T) {
	self, err := os.Executable()
	must(t, err)
	for _, kind := range []string{softtoken.SoftHSM, softtoken.NSS} {
		t.Run(kind, func(t *testing.T) {
			loc := create(t, kind)
			token := open(t, loc)
			must(t, token.Login(t.Context(), pin()))
			key, err := token.Generate(t.Context(), plan.AES256, "target")
			must(t, err)
			kcv, err := token.CheckValue(t.Context(), key.ID, nil)
			must(t, err)
			job, err := json.Marshal(errand{loc, key.ID})
			must(t, err)
			cmd := exec.CommandContext(t.Context(), self, elsewhere)
			cmd.Stdin = strings.NewReader(string(job))
			out, err := cmd.Output()
			if err != nil || string(out) != hex.EncodeToString(kcv) {
				t.Errorf("the second process has check value %q (%v), the first %x", out, err, kcv)
			}
		})
	}
}

func TestAModuleThatIsNoneIsRefused(t *testing.T) {
	folder := t.TempDir()
	text := filepath.Join(folder, "module.so")
	must(t, os.WriteFile(text, []byte("not a library"), 0o600))
	for name, c := range map[string]struct{ path, says string }{
		"relative":      {"libsofthsm2.so", "must be absolute"},
		"missing":       {filepath.Join(folder, "gone.so"), "is not there"},
		"a folder":      {folder, "is not there or no regular file"},
		"not a library": {text, "is not a PKCS#11 module"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := pkcs11.Open(t.Context(), hsm.Location{Module: c.path, Serial: "1"})
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("answered %v, want %q", err, c.says)
			}
		})
	}
}

func TestAnUnknownSerialListsWhatIsThere(t *testing.T) {
	for _, kind := range []string{softtoken.SoftHSM, softtoken.NSS} {
		t.Run(kind, func(t *testing.T) {
			loc := create(t, kind)
			for _, wrong := range []hsm.Location{{Serial: "cafe", Label: loc.Label}, {Serial: loc.Serial, Label: "another"}} {
				wrong.Module, wrong.InitString, wrong.Environment = loc.Module, loc.InitString, loc.Environment
				_, err := pkcs11.Open(t.Context(), wrong)
				if err == nil || !strings.Contains(err.Error(), loc.Serial+" ("+loc.Label+")") {
					t.Errorf("answered %v, which does not name %s (%s)", err, loc.Serial, loc.Label)
				}
			}
			open(t, loc) // the failures left nothing loaded in the way
		})
	}
}

func TestATokenWhoseFolderIsGoneSaysSoWithAdvice(t *testing.T) {
	folder := t.TempDir()
	loc, err := softtoken.Create(t.Context(), softtoken.SoftHSM, folder, secret.Copy([]byte("so-481516")), pin())
	must(t, err)
	token := open(t, loc)
	must(t, token.Login(t.Context(), pin()))
	key, err := token.Generate(t.Context(), plan.AES256, "target")
	must(t, err)
	must(t, os.RemoveAll(filepath.Join(folder, "tokens")))
	for name, call := range map[string]func() error{
		"Generate": func() error {
			_, err := token.Generate(t.Context(), plan.AES256, "another")
			return err
		},
		"Info": func() error {
			_, err := token.Info(t.Context())
			return err
		},
	} {
		err := call()
		var e hsm.Error
		if !errors.As(err, &e) || e.Name() != "CKR_GENERAL_ERROR" || !strings.Contains(err.Error(), "look at its own log") {
			t.Errorf("%s answered %v", name, err)
		}
	}
	if _, err := token.CheckValue(t.Context(), key.ID, nil); err == nil {
		t.Error("a key was used whose file is gone")
	}
}

func TestAClosedTokenAnswersErrors(t *testing.T) {
	token, err := pkcs11.Open(t.Context(), create(t, softtoken.SoftHSM))
	must(t, err)
	must(t, token.Close())
	if _, err := token.Info(t.Context()); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("a closed token answered %v", err)
	}
	if err := token.Close(); err == nil {
		t.Error("a token was closed twice without an error")
	}
}

func TestACancelledCallIsNotMade(t *testing.T) {
	token := loggedIn(t, softtoken.SoftHSM)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 { // a select among two ready channels goes either way
		if _, err := token.Info(ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("a cancelled call answered %v", err)
		}
	}
}

// SoftHSM crashes when goroutines share a session, and mixes up their calls.
func TestCallersAtOnceAreServedOneByOne(t *testing.T) {
	for _, kind := range []string{softtoken.SoftHSM, softtoken.NSS} {
		t.Run(kind, func(t *testing.T) {
			token := loggedIn(t, kind)
			key, err := token.Generate(t.Context(), plan.AES256, "target")
			must(t, err)
			want, err := token.CheckValue(t.Context(), key.ID, nil)
			must(t, err)
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					for range 25 {
						if got, err := token.CheckValue(t.Context(), key.ID, nil); err != nil || string(got) != string(want) {
							t.Errorf("check value %x, %v; want %x", got, err, want)
						}
						if list, err := token.Inventory(t.Context()); err != nil || len(list) != 1 {
							t.Errorf("%d objects, %v; want one", len(list), err)
						}
					}
				})
			}
			all.Wait()
		})
	}
}

func TestSeveralTokensAndBothModulesLiveInOneProcess(t *testing.T) {
	first, other := create(t, softtoken.SoftHSM), create(t, softtoken.NSS)
	blank := first
	blank.Serial, blank.Label = "", "second"
	second, err := pkcs11.InitToken(t.Context(), blank, secret.Copy([]byte("so-481516")), pin())
	must(t, err)
	if second.Serial == first.Serial || second.Serial == "" {
		t.Fatalf("serials %q and %q", first.Serial, second.Serial)
	}
	var tokens []*pkcs11.Token
	for _, loc := range []hsm.Location{first, second, other} {
		token := open(t, loc)
		must(t, token.Login(t.Context(), pin()))
		_, err := token.Generate(t.Context(), plan.AES256, "target")
		must(t, err)
		tokens = append(tokens, token)
	}
	for _, token := range tokens {
		list, err := token.Inventory(t.Context())
		if err != nil || len(list) != 1 {
			t.Errorf("%d objects, %v; want one", len(list), err)
		}
	}
	elsewhere := first
	elsewhere.Environment = []string{"SOFTHSM2_CONF=/nonexistent"}
	if _, err := pkcs11.Open(t.Context(), elsewhere); err == nil || !strings.Contains(err.Error(), "other settings") {
		t.Errorf("a module was used with two settings at once: %v", err)
	}
}

func TestASoftwareTokenIsKnownAsOne(t *testing.T) {
	for kind, model := range map[string]string{softtoken.SoftHSM: "SoftHSM v2", softtoken.NSS: "NSS 3"} {
		t.Run(kind, func(t *testing.T) {
			loc := create(t, kind)
			info, err := open(t, loc).Info(t.Context())
			must(t, err)
			if !info.Software || info.Model != model || info.Serial != loc.Serial || info.Label != loc.Label || info.Module != loc.Module ||
				len(info.ModuleSHA256) != 64 || info.PINPad || info.Locked {
				t.Errorf("%+v", info)
			}
		})
	}
}
