package aws_test

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"keyrite.dev/keyrite/ceremony/credential"
	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/secret"
	"keyrite.dev/keyrite/transport/aws"
)

// A program is the headless build, as an operator has it, with its cloud.
type program struct {
	t      *testing.T
	exe    string
	folder string
	url    string
}

// newProgram builds the static program and has it run the pretended cloud.
func newProgram(t *testing.T) program {
	t.Helper()
	p := program{t: t, folder: t.TempDir()}
	p.exe = filepath.Join(p.folder, "keyrite")
	build := exec.CommandContext(t.Context(), "go", "build", "-tags", "headless", "-o", p.exe, "keyrite.dev/keyrite")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("the headless build fails: %v: %s", err, out)
	}
	kms := exec.CommandContext(context.Background(), p.exe, "rehearsal-kms", "--listen", "127.0.0.1:0") // ended below
	out, err := kms.StdoutPipe()
	check(t, err)
	check(t, kms.Start())
	t.Cleanup(func() {
		check(t, kms.Process.Signal(syscall.SIGINT))
		check(t, kms.Wait()) // an interrupt is how it is meant to end
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	check(t, err)
	p.url = strings.TrimSpace(line)
	return p
}

// run runs the program with a passphrase on descriptor 3.
func (p program) run(passphrase string, args ...string) (code int, out string) {
	p.t.Helper()
	r, w, err := os.Pipe()
	check(p.t, err)
	_, err = w.WriteString(passphrase + "\n")
	check(p.t, errors.Join(err, w.Close()))
	defer func() { check(p.t, r.Close()) }()
	cmd := exec.CommandContext(p.t.Context(), p.exe, append(args, "--passphrase-fd", "3")...)
	cmd.ExtraFiles = []*os.File{r}
	data, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(data)
}

func (p program) path(name string) string { return filepath.Join(p.folder, name) }

func (p program) write(name string, data []byte) string {
	p.t.Helper()
	check(p.t, os.WriteFile(p.path(name), data, 0o600))
	return p.path(name)
}

// hire gives a member of the room a credential file of one's own.
func (p program) hire(r *room, role plan.Role) string {
	p.t.Helper()
	file, public, err := credential.Create("A "+string(role), role, secret.Copy([]byte(phrase)), credential.Options{LogN: 2, Mode: dsse.Rehearsal})
	check(p.t, err)
	for i, m := range r.plan.Roster {
		if m.Role == role {
			r.plan.Roster[i].Key, r.plan.Roster[i].Name = public.Key.DER(), public.Name
		}
	}
	r.people[r.id(role)] = signer{public: public.Key}
	r.trusted[public.Key.ID()] = role
	return p.write(string(role)+".credential", file)
}

const phrase = "twelve throwaway words for a rehearsal of importing keys"

// expect runs the program and checks code and words.
func (p program) expect(code int, words string, passphrase string, args ...string) string {
	p.t.Helper()
	got, out := p.run(passphrase, args...)
	if got != code || !strings.Contains(out, words) {
		p.t.Errorf("keyrite %s: exit code %d, want %d and %q in\n%s", strings.Join(args, " "), got, code, words, out)
	}
	return out
}

// TestProgramFetchesAndImports runs the static program as its two operators do:
// rehearsal-kms, fetch, import.
func TestProgramFetchesAndImports(t *testing.T) {
	p := newProgram(t)
	cloud, err := aws.New(t.Context(), aws.Endpoint{URL: p.url, Rehearsal: true})
	check(t, err)
	d, err := cloud.CreateKey(t.Context(), plan.AES256, "program")
	check(t, err)
	r := newRoom(t, dsse.Rehearsal, plan.AES256, d, small())
	fetcher, importer := p.hire(r, plan.Fetcher), p.hire(r, plan.Importer)

	fetch := []string{"fetch", "--key-id", d.Key, "--endpoint-url", p.url, "--wrapping-key-spec", "RSA_3072", "--credential"}
	parameters := p.path("import-parameters.json")
	out := p.expect(0, "Fingerprint", phrase, append(fetch, fetcher, "--out", parameters)...)
	params, err := aws.Target{}.OpenParameters(p.read(parameters), r.mode, r.plan)
	check(t, err)
	for _, set := range params.Sets {
		if !strings.Contains(out, set.Fingerprint) {
			t.Errorf("fingerprint %s is not shown in\n%s", set.Fingerprint, out)
		}
	}
	p.expect(1, "exists; nothing is ever overwritten", phrase, append(fetch, fetcher, "--out", parameters)...)
	p.expect(1, "this is for the fetcher", phrase, append(fetch, importer, "--out", p.path("no"))...)
	p.expect(1, "passphrase", "wrong", append(fetch, fetcher, "--out", p.path("no"))...)
	p.expect(2, "name the rehearsal cloud", phrase, "fetch", "--key-id", d.Key, "--credential", fetcher, "--out", p.path("no"))
	p.expect(2, "not this machine", phrase, "fetch", "--key-id", d.Key, "--credential", fetcher, "--out", p.path("no"),
		"--endpoint-url", "https://kms.eu-central-1.amazonaws.com")
	p.expect(1, "Advice:", phrase, append(fetch, fetcher, "--out", p.path("no"), "--region", "eu-west-1")...)

	var list strings.Builder
	for id, role := range r.trusted {
		list.WriteString(id + " " + string(role) + " as on paper\n")
	}
	trusted := p.write("trusted", []byte(list.String()))
	parcel := p.write("wrapped-key.json", r.pack(t, params))
	send := []string{"import", parcel, "--endpoint-url", p.url, "--credential", importer, "--trusted"}
	out = p.expect(0, "Enabled", phrase, append(send, trusted, "--out", p.path("receipt.json"))...)
	for _, want := range []string{"the key regained from the shares", "a random key was refused", d.Key} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	p.expect(0, "Enabled", phrase, append(send, trusted, "--out", p.path("receipt-2.json"))...) // again: safe
	p.expect(1, "exists", phrase, append(send, trusted, "--out", p.path("receipt.json"))...)
	p.expect(1, "not enough trusted keys", phrase, append(send, os.DevNull, "--out", p.path("no"))...)
	p.expect(2, "list of trusted keys", phrase, append(send, parcel, "--out", p.path("no"))...)
	p.expect(1, "invalid wrapped-key parcel", phrase, "import", parameters, "--endpoint-url", p.url, "--credential", importer, "--trusted", trusted, "--out", p.path("no"))
	p.expect(1, "this is for the importer", phrase, "import", parcel, "--endpoint-url", p.url, "--credential", fetcher, "--trusted", trusted, "--out", p.path("no"))
	for _, name := range []string{"no", "no.part", "receipt.json.part"} {
		if _, err := os.Lstat(p.path(name)); err == nil {
			t.Errorf("%s was left behind", name)
		}
	}
}

func (p program) read(path string) []byte {
	p.t.Helper()
	data, err := os.ReadFile(path) //nolint:gosec // a test's own file
	check(p.t, err)
	return data
}
