package command

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"keyrite.dev/keyrite/ceremony/transcript"
)

// exampleCeremony is the one that the format pages show.
func exampleCeremony(t *testing.T) (dir, list string) {
	t.Helper()
	from := filepath.Join("..", "..", "ceremony", "transcript", "testdata", "example")
	dir = filepath.Join(t.TempDir(), "moved")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(from, "ceremony"))); err != nil {
		t.Fatal(err)
	}
	return dir, filepath.Join(from, "trusted")
}

func runVerify(t *testing.T, args ...string) (code int, out, complaint string) {
	t.Helper()
	var stdout, stderr strings.Builder
	c := newVerify(Deps{})
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetArgs(args)
	c.SetOut(&stdout)
	c.SetErr(&stderr)
	code = ExitOK
	if err := c.Execute(); err != nil {
		code = ExitUsage
		if e, ok := errors.AsType[exitError](err); ok {
			code = e.code
		}
	}
	return code, stdout.String(), stderr.String()
}

func TestVerifyLeadsWithTheVerdict(t *testing.T) {
	dir, list := exampleCeremony(t)
	code, out, _ := runVerify(t, dir, "--trusted", list)
	verdict, deviations, who := strings.Index(out, "REHEARSAL: "), strings.Index(out, "Deviations:"), strings.Index(out, "Who signed what:")
	if code != ExitOK || verdict != 0 || deviations < verdict || who < deviations {
		t.Errorf("code %d:\n%s", code, out)
	}
	for _, want := range []string{"class 1", "trusted  witness (witness)", "seal"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

func TestVerifySaysNoInProduction(t *testing.T) {
	dir, list := exampleCeremony(t)
	if code, out, _ := runVerify(t, dir, "--trusted", list, "--production"); code != ExitFailed || !strings.HasPrefix(out, "REHEARSAL: not valid") {
		t.Errorf("code %d: %s", code, out)
	}
}

func TestVerifyPrintsJSON(t *testing.T) {
	dir, list := exampleCeremony(t)
	if err := os.Remove(filepath.Join(dir, transcript.SealFile)); err != nil {
		t.Fatal(err)
	}
	code, out, _ := runVerify(t, dir, "--trusted", list, "--json")
	var r transcript.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	if code != ExitUnfinished || r.Code != code || r.Mode != "rehearsal" || len(r.Signers) == 0 {
		t.Errorf("code %d: %s", code, out)
	}
}

func TestVerifyRefusesBadUsage(t *testing.T) {
	dir, list := exampleCeremony(t)
	inside := filepath.Join(dir, "trusted")
	data, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(inside, data, 0o600); err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(t.TempDir(), "bad")
	if err := os.WriteFile(bad, []byte("key of the officer\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"no list":         {dir},
		"no folder":       {filepath.Join(dir, "none"), "--trusted", list},
		"file for folder": {list, "--trusted", list},
		"list missing":    {dir, "--trusted", bad + "x"},
		"list inside":     {dir, "--trusted", inside},
		"bad list":        {dir, "--trusted", bad},
		"two folders":     {dir, dir, "--trusted", list},
		"unknown flag":    {dir, "--trusted", list, "--yes"},
	} {
		if code, out, _ := runVerify(t, args...); code != ExitUsage || out != "" {
			t.Errorf("%s: code %d, %s", name, code, out)
		}
	}
}
