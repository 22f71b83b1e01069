package transcript

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"keyrite.dev/keyrite/ceremony/dsse"
)

// A verifierCase is one folder that both verifiers must judge alike.
type verifierCase struct {
	name       string
	code       int
	verdict    string // how the verdict begins; by the code unless set
	mode       dsse.Mode
	production bool
	bend       func(w *world)
}

// codeUsage is the one code that no report has.
const codeUsage = 2

func (c verifierCase) wanted() string {
	if c.verdict != "" {
		return c.verdict
	}
	return map[int]string{
		CodeValid: "VALID: ", CodeInvalid: "NOT VALID: ", CodeUnfinished: "NOT VALID: unfinished, ",
		CodeUntrusted: "NOT VALID: intact, but your list does not vouch for ",
	}[c.code]
}

// TestBothVerifiersAgree judges every case with the Go verifier and with
// verify.sh under dash, every sixteenth under bash too.
func TestBothVerifiersAgree(t *testing.T) {
	cases := slices.Concat(goodCases(), trustCases(), chainCases(), peopleCases(), spellingCases(), sealCases())
	if len(cases) < 60 {
		t.Fatalf("%d cases", len(cases))
	}
	script := filepath.Join(t.TempDir(), "verify.sh")
	if err := os.WriteFile(script, VerifyScript(), 0o600); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for i, c := range cases {
		if seen[c.name] {
			t.Fatalf("two cases %q", c.name)
		}
		seen[c.name] = true
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.mode == 0 {
				c.mode = dsse.Production
			}
			w := newWorld(t, c.mode)
			c.bend(w)
			dir, list := w.write()
			code, output := goVerdict(dir, list, c.production)
			c.judge(t, "keyrite verify", code, output)
			code, output = shellVerdict(t, "dash", script, dir, list, c.production)
			c.judge(t, "dash verify.sh", code, output)
			if i%16 == 0 {
				code, output = shellVerdict(t, "bash", script, dir, list, c.production)
				c.judge(t, "bash verify.sh", code, output)
			}
		})
	}
}

func (c verifierCase) judge(t *testing.T, who string, code int, output string) {
	t.Helper()
	first, _, _ := strings.Cut(output, "\n")
	t.Logf("%s: %d %s", who, code, first)
	if code != c.code || c.code != codeUsage && !strings.HasPrefix(output, c.wanted()) {
		t.Errorf("%s: code %d, want %d beginning %q: %s", who, code, c.code, c.wanted(), output)
	}
}

func goVerdict(dir, list string, production bool) (code int, output string) {
	trusted, err := ReadTrusted(list, dir)
	if err != nil {
		return codeUsage, err.Error()
	}
	r := Verify(dir, trusted, Options{Production: production})
	return r.Code, r.Verdict
}

func shellVerdict(t *testing.T, shell, script, dir, list string, production bool) (code int, output string) {
	t.Helper()
	args := []string{script, dir, list}
	if production {
		args = append(args, "--production")
	}
	cmd := exec.Command(shell, args...)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if complaints.Len() > 0 && cmd.ProcessState.ExitCode() != codeUsage {
		t.Errorf("%s complains: %s", shell, complaints.String())
	}
	return cmd.ProcessState.ExitCode(), out.String()
}
