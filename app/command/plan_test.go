package command

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/credential"
	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/policy"
	"keyrite.dev/keyrite/ceremony/secret"
)

// oaepOnly is a cloud that takes OAEP and nothing else.
type oaepOnly struct{ ceremony.Target }

func (oaepOnly) CheckWrapping(spec plan.KeySpec, w plan.Wrapping) error {
	if strings.HasPrefix(w.Algorithm, "RSAES_OAEP_") {
		return nil
	}
	return fmt.Errorf("no %s for %s", w.Algorithm, spec)
}

var withAWS = Deps{Targets: map[string]Target{plan.CloudAWS: oaepOnly{}}}

// run runs a verb as the program would.
func run(c *cobra.Command, stdin string, args ...string) (code int, out, complaint string) {
	var stdout, stderr strings.Builder
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetArgs(args)
	c.SetIn(strings.NewReader(stdin))
	c.SetOut(&stdout)
	c.SetErr(&stderr)
	err := c.Execute()
	var e exitError
	switch {
	case err == nil:
		return ExitOK, stdout.String(), ""
	case errors.As(err, &e):
		return e.code, stdout.String(), err.Error()
	default:
		return ExitUsage, stdout.String(), err.Error()
	}
}

// write puts a file into a new folder.
func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func writePlan(t *testing.T, p plan.Plan) string {
	t.Helper()
	data, err := plan.Pretty(p)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "plan.json", data)
}

func TestTheDefaultPlanBreaksNoRule(t *testing.T) {
	for _, spec := range []string{"AES_256", "HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512"} {
		for _, token := range []string{"nss", "softhsm"} {
			code, data, complaint := run(newPlan(withAWS), "", "default", "--spec", spec, "--token", token)
			if code != ExitOK {
				t.Fatalf("default: %d, %s", code, complaint)
			}
			code, out, complaint := run(newPlan(withAWS), "", "check", write(t, "plan.json", []byte(data)))
			if code != ExitOK || !strings.Contains(out, "no rule is broken") || !strings.Contains(out, "exception    KEY-STRENGTH: NIST") {
				t.Errorf("%s on %s: %d\n%s%s", spec, token, code, out, complaint)
			}
			if strings.Contains(data, "SHA_1") != (token == "softhsm") {
				t.Errorf("%s on %s wraps with\n%s", spec, token, data)
			}
		}
	}
}

func TestPlanCheckTellsEveryViolationAtOnce(t *testing.T) {
	p := plan.Default(plan.AES256, false)
	p.Shares.Threshold, p.MinimumLife, p.Exceptions, p.Wrapping.Algorithm = 1, 5, nil, "RSA_AES_KEY_WRAP_SHA_256"
	code, out, complaint := run(newPlan(withAWS), "", "check", writePlan(t, p))
	if code != ExitFailed || !strings.Contains(complaint, "5 violations") {
		t.Errorf("exit code %d, %s", code, complaint)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	for i, want := range []string{
		"DUAL-CONTROL: shares 1 of 5: ", "THRESHOLD: shares 1 of 5: ", "WRAP-MATRIX: AES_256 by RSA_AES_KEY_WRAP_SHA_256 with RSA_4096: ",
		"KEY-STRENGTH: AES_256 under RSA_4096: ", "TIME-LEFT: 5 minutes: ",
	} {
		if i >= len(lines) || !strings.HasPrefix(lines[i], want) {
			t.Errorf("line %d is not %s…:\n%s", i+1, want, out)
		}
	}
	if len(lines) != 5 {
		t.Errorf("%d lines:\n%s", len(lines), out)
	}
}

func TestPlanCheckRefusesACloudItDoesNotKnow(t *testing.T) {
	code, out, _ := run(newPlan(Deps{}), "", "check", writePlan(t, plan.Default(plan.AES256, false)))
	if code != ExitFailed || !strings.HasPrefix(out, `DESTINATION: cloud "aws": this program knows no such cloud`) {
		t.Errorf("%d\n%s", code, out)
	}
}

func TestPlanCheckSaysWhereAFileIsNoPlan(t *testing.T) {
	for data, want := range map[string]string{
		"{\n  \"Title\": \"x\"\n}":    "line 2, column 3: unknown field \"Title\"; it is spelled \"title\"",
		"":                            "line 1, column 1: the file ends too early",
		`{"payload":"","x":1}` + "\n": "invalid envelope",
	} {
		code, out, complaint := run(newPlan(withAWS), "", "check", write(t, "plan.json", []byte(data)))
		if code != ExitUsage || out != "" || !strings.Contains(complaint, want) {
			t.Errorf("%q: %d, %s%s", data, code, out, complaint)
		}
	}
	if code, _, _ := run(newPlan(withAWS), "", "check", filepath.Join(t.TempDir(), "none")); code != ExitUsage {
		t.Errorf("a missing file: exit code %d", code)
	}
}

const phrase = "topmost Istanbul Pluto vagabond"

// officers makes a plan whose officer has the credential at the path answered.
func officers(t *testing.T, role plan.Role) (planPath, credentialPath string) {
	t.Helper()
	file, pub, err := credential.Create("Софія Коваленко", role, secret.Copy([]byte(phrase)), credential.Options{LogN: 2, Mode: dsse.Rehearsal})
	if err != nil {
		t.Fatal(err)
	}
	p := plan.Default(plan.AES256, false)
	for i := range p.Roster {
		if p.Roster[i].Role == plan.Officer {
			p.Roster[i].Key = pub.Key.DER()
		}
	}
	return writePlan(t, p), write(t, "officer.json", file)
}

func TestPlanSignWritesAPlanThatOpens(t *testing.T) {
	path, key := officers(t, plan.Officer)
	out := filepath.Join(t.TempDir(), "plan.dsse.json")
	code, said, complaint := run(newPlan(withAWS), phrase+"\n", "sign", path, "--credential", key, "--passphrase-fd", "0", "--out", out, "--rehearsal")
	if code != ExitOK {
		t.Fatalf("%d, %s", code, complaint)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	a, err := policy.Open(data, oaepOnly{})
	if err != nil || a.Mode() != dsse.Rehearsal {
		t.Fatalf("%v, %v", a.Mode(), err)
	}
	if !strings.Contains(said, a.Digest()) || strings.Contains(said, phrase) {
		t.Errorf("%s", said)
	}
	code, said, complaint = run(newPlan(withAWS), "", "check", out)
	if code != ExitOK || !strings.Contains(said, "signed       by Софія Коваленко, for rehearsal") {
		t.Errorf("check of the signed plan: %d\n%s%s", code, said, complaint)
	}
	if code, _, complaint := run(newPlan(withAWS), phrase, "sign", out, "--credential", key, "--passphrase-fd", "0", "--out", out+"2", "--rehearsal"); code != ExitUsage ||
		!strings.Contains(complaint, "is signed already") {
		t.Errorf("signed twice: %d, %s", code, complaint)
	}
}

func TestPlanSignRefusesAndLeavesNothing(t *testing.T) {
	path, key := officers(t, plan.Officer)
	_, otherKey := officers(t, plan.Officer)
	_, witness := officers(t, plan.Witness)
	bad := plan.Default(plan.AES256, false)
	bad.Shares.Threshold = 1
	for _, c := range []struct {
		name, plan, key, pass string
		more                  []string
		code                  int
		want                  string
	}{
		{"a wrong passphrase", path, key, "wrong", []string{"--rehearsal"}, ExitFailed, "passphrase does not open"},
		{"another officer", path, otherKey, phrase, []string{"--rehearsal"}, ExitFailed, "only the officer signs"},
		{"a witness", path, witness, phrase, []string{"--rehearsal"}, ExitFailed, "witness"},
		{"a rehearsal's credential for production", path, key, phrase, nil, ExitFailed, "is a credential for rehearsal"},
		{"a plan that breaks rules", writePlan(t, bad), key, phrase, []string{"--rehearsal"}, ExitFailed, "2 violations"},
		{"no credential", path, "", phrase, []string{"--rehearsal"}, ExitUsage, "missing --credential"},
		{"a plan for a credential", path, path, phrase, []string{"--rehearsal"}, ExitUsage, "invalid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := t.TempDir()
			args := append([]string{"sign", c.plan, "--credential", c.key, "--passphrase-fd", "0", "--out", filepath.Join(folder, "out")}, c.more...)
			code, out, complaint := run(newPlan(withAWS), c.pass+"\n", args...)
			if code != c.code || !strings.Contains(complaint, c.want) || strings.Contains(out+complaint, phrase) {
				t.Errorf("%d\n%s%s", code, out, complaint)
			}
			if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

func TestPlanSignNeverOverwrites(t *testing.T) {
	path, key := officers(t, plan.Officer)
	out := write(t, "out", []byte("precious"))
	code, _, complaint := run(newPlan(withAWS), phrase, "sign", path, "--credential", key, "--passphrase-fd", "0", "--out", out, "--rehearsal")
	if code != ExitFailed || !strings.Contains(complaint, "exists") {
		t.Errorf("%d, %s", code, complaint)
	}
	if data, err := os.ReadFile(out); err != nil || string(data) != "precious" {
		t.Errorf("%q, %v", data, err)
	}
}

func TestPlanDefaultRefusesWhatItCannotMake(t *testing.T) {
	for _, args := range [][]string{{"--spec", "AES_128"}, {"--token", "yubihsm"}, {"extra"}, {"--colour"}} {
		if code, out, _ := run(newPlan(withAWS), "", append([]string{"default"}, args...)...); code != ExitUsage || out != "" {
			t.Errorf("%v: %d\n%s", args, code, out)
		}
	}
}
