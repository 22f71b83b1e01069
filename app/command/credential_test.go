package command

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"keyrite.dev/keyrite/ceremony/credential"
	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/keycheck"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/secret"
)

func TestCredentialNewMakesAFileThatShowsAndUnlocks(t *testing.T) {
	out := filepath.Join(t.TempDir(), "c.json")
	code, said, complaint := run(newCredential(Deps{}), phrase+"\n", "new", "--name", "Zoë Laurent", "--role", "custodian", "--out", out, "--passphrase-fd", "0")
	if code != ExitOK {
		t.Fatalf("%d, %s", code, complaint)
	}
	file, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(out)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	pub, err := credential.Parse(file)
	if err != nil || pub.Mode != dsse.Production || pub.Role != plan.Custodian || pub.Name != "Zoë Laurent" {
		t.Fatalf("%+v, %v", pub, err)
	}
	u, err := credential.Unlock(file, secret.Copy([]byte(phrase)))
	if err != nil {
		t.Fatal(err)
	}
	u.Release()
	code, shown, complaint := run(newCredential(Deps{}), "", "show", out)
	if code != ExitOK || shown != said {
		t.Errorf("show: %d %s\n%s\nnew:\n%s", code, complaint, shown, said)
	}
	words, err := keycheck.WordsOfHex(pub.Fingerprint())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{pub.Fingerprint(), keycheck.Group(pub.Fingerprint()), strings.Join(words[:8], " "), strings.Join(words[24:], " ")} {
		if !strings.Contains(shown, want) {
			t.Errorf("no %q in\n%s", want, shown)
		}
	}
	if strings.Contains(shown, phrase) || strings.Contains(string(file), "SECRET") {
		t.Error("a secret is out")
	}
	var m plan.Member
	_, entry, _ := strings.Cut(shown, "Roster entry, for the plan:\n")
	if err := json.Unmarshal([]byte(entry), &m); err != nil || m.Name != pub.Name || m.Recipient != pub.Recipient || m.Role != pub.Role {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestCredentialNewRefusesAndLeavesNothing(t *testing.T) {
	for _, c := range []struct {
		name, pass string
		args       []string
		want       string
	}{
		{"no name", phrase, []string{"--role", "witness"}, "missing --name"},
		{"no role", phrase, []string{"--name", "A"}, "missing --name or --role"},
		{"an unknown role", phrase, []string{"--name", "A", "--role", "king"}, "unknown role"},
		{"the HSM", phrase, []string{"--name", "A", "--role", "hsm"}, "made in the HSM"},
		{"a weak passphrase", "secret", []string{"--name", "A", "--role", "witness"}, "too weak"},
		{"no passphrase", "", []string{"--name", "A", "--role", "witness"}, "passphrase"},
		{"a name that misleads", phrase, []string{"--name", "A\u202eB", "--role", "witness"}, "U+202E"},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := t.TempDir()
			args := append([]string{"new", "--out", filepath.Join(folder, "c.json"), "--passphrase-fd", "0"}, c.args...)
			code, out, complaint := run(newCredential(Deps{}), c.pass+"\n", args...)
			if code != ExitUsage || out != "" || !strings.Contains(complaint, c.want) {
				t.Errorf("%d\n%s%s", code, out, complaint)
			}
			if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

func TestCredentialNewNeverOverwrites(t *testing.T) {
	out := write(t, "c.json", []byte("precious"))
	code, _, _ := run(newCredential(Deps{}), phrase+"\n", "new", "--name", "A", "--role", "witness", "--out", out, "--passphrase-fd", "0")
	if data, err := os.ReadFile(out); err != nil || string(data) != "precious" || code != ExitFailed {
		t.Errorf("%d, %q, %v", code, data, err)
	}
}

func TestWithoutATerminalADescriptorIsAskedFor(t *testing.T) {
	code, _, complaint := run(newCredential(Deps{}), phrase, "new", "--name", "A", "--role", "witness", "--out", filepath.Join(t.TempDir(), "c"))
	if code != ExitUsage || !strings.Contains(complaint, "--passphrase-fd") {
		t.Errorf("%d, %s", code, complaint)
	}
}

func TestCredentialShowRefusesWhatIsNone(t *testing.T) {
	for _, data := range []string{"", "{}", "{}\n", `{"payload":"e30=","payloadType":"x","signatures":[]}` + "\n"} {
		if code, out, complaint := run(newCredential(Deps{}), "", "show", write(t, "c.json", []byte(data))); code != ExitUsage || out != "" {
			t.Errorf("%q: %d, %s%s", data, code, out, complaint)
		}
	}
}
