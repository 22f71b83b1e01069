package transcript

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"keyrite.dev/keyrite/ceremony/canon"
	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/plan"
)

// update makes the example ceremony anew, and writes what the pages show of it.
var update = flag.Bool("update", false, "make testdata/example and the examples in docs/formats anew")

const (
	exampleDir  = "testdata/example/ceremony"
	exampleList = "testdata/example/trusted"
)

func pages() []string {
	names := []string{"journal.md", "seal.md", "verifier.md", "plan-envelope.md"}
	for i, n := range names {
		names[i] = filepath.Join("..", "..", "docs", "formats", n)
	}
	return names
}

func allKinds() []Kind {
	return []Kind{
		KindOpen, KindEnrol, KindRequest, KindApprove, KindRefuse, KindResult, KindNote, KindStatement, KindResume, KindAbort, KindClose,
	}
}

// makeExample writes the example ceremony: a rehearsal with one deviation.
func makeExample(t *testing.T) {
	t.Helper()
	w := newWorld(t, dsse.Rehearsal)
	w.plan.Title = "Payments key 2026, rehearsal"
	w.insert("wrap", entry{kind: KindNote, by: "witness", body: Note{
		Class: 1, Decided: "go on", Expected: "three envelopes", Happened: "two were on the table, the third in the bag", Step: "5.1",
	}})
	dir, list := w.write()
	if err := os.RemoveAll(filepath.Dir(exampleDir)); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(exampleDir, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(list)
	if err == nil {
		err = os.WriteFile(exampleList, data, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestExampleIsValid(t *testing.T) {
	if *update {
		makeExample(t)
	}
	trusted, err := ReadTrusted(exampleList, exampleDir)
	if err != nil {
		t.Fatal(err)
	}
	if r := Verify(exampleDir, trusted, Options{}); r.Code != CodeValid || len(r.Deviations) != 1 {
		t.Errorf("%d %s %v", r.Code, r.Verdict, r.Deviations)
	}
	code, out := shellVerdict(t, "dash", "verify.sh", exampleDir, exampleList, false)
	if code != CodeValid || !strings.HasPrefix(out, "REHEARSAL: ") {
		t.Errorf("%d %s", code, out)
	}
}

// shownExample is a fenced block after a comment that says what it shows.
var shownExample = regexp.MustCompile("(?s)(<!-- example: ([^\n]*) -->\n```[a-z]*\n).*?```\n")

func TestPagesShowTheExample(t *testing.T) {
	shown := map[string]bool{}
	for _, page := range pages() {
		data, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		truth := shownExample.ReplaceAllFunc(data, func(block []byte) []byte {
			m := shownExample.FindSubmatch(block)
			shown[string(m[2])] = true
			return fmt.Appendf(nil, "%s%s\n```\n", m[1], example(t, string(m[2])))
		})
		if bytes.Equal(truth, data) {
			continue
		}
		if !*update {
			t.Errorf("%s shows another example than testdata holds; look, then run with -update", page)
		} else if err := os.WriteFile(page, truth, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, kind := range allKinds() {
		if !shown["body "+string(kind)] {
			t.Errorf("no page shows a body of kind %s", kind)
		}
	}
}

// example answers what "<!-- example: what -->" stands for.
func example(t *testing.T, what string) string {
	t.Helper()
	word, arg, _ := strings.Cut(what, " ")
	switch word {
	case "line", "payload":
		var n int
		if _, err := fmt.Sscan(arg, &n); err != nil {
			t.Fatal(err)
		}
		line := strings.Split(exampleFile(t, JournalFile), "\n")[n]
		if word == "line" {
			return line
		}
		env, err := dsse.Parse([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		return string(env.Payload)
	case "body":
		return exampleBody(t, Kind(arg))
	case "seal", "plan":
		return exampleEnvelope(t, map[string]string{"seal": SealFile, "plan": PlanFile}[word], arg)
	case "trusted":
		data, err := os.ReadFile(exampleList)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSuffix(string(data), "\n")
	case "list":
		return exampleNames(t, arg)
	}
	t.Fatalf("no example %q", what)
	return ""
}

func exampleFile(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(exampleDir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// exampleBody is the first body of its kind in the example, or one made here of
// the kinds that a good day does not have.
func exampleBody(t *testing.T, kind Kind) string {
	t.Helper()
	r, err := Load(exampleDir)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(r.Events, func(e Event) bool { return e.Kind == kind })
	if i >= 0 {
		return string(marshal(t, r.Events[i].Body))
	}
	line := r.Events[6]
	body := map[Kind]any{
		KindRefuse: Refuse{Of: line.Seq, Reason: "the serial number is another", Request: line.Digest},
		KindResume: Resume{Head: line.Head, Recorder: castKeys()["recorder-2"].public.DER(), Torn: digest([]byte("torn"))},
		KindAbort:  Abort{Reason: "the HSM does not answer", Step: "5.1"},
	}[kind]
	data := marshal(t, body)
	if _, err := decodeBody(kind, data); err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func exampleEnvelope(t *testing.T, name, part string) string {
	t.Helper()
	file := exampleFile(t, name)
	env, err := parseFile([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	switch part {
	case "payload":
		return string(env.Payload)
	case "start":
		return file[:100] + "…"
	}
	t.Fatalf("no part %q", part)
	return ""
}

func exampleNames(t *testing.T, what string) string {
	t.Helper()
	switch what {
	case "actions without approvals":
		return strings.Join(freeActions(), " ")
	case "mandatory actions":
		return strings.Join(mandatory(), " ")
	case "kinds":
		words := make([]string, 0, len(allKinds()))
		for _, k := range allKinds() {
			words = append(words, string(k))
		}
		return strings.Join(words, " ")
	}
	t.Fatalf("no list %q", what)
	return ""
}

// TestCommandsOnThePagesWork runs each "sh" block of the pages in a copy of the
// example, with an exit status of 0 as the promise.
func TestCommandsOnThePagesWork(t *testing.T) {
	blocks := regexp.MustCompile("(?s)\n```sh\n(.*?)```\n")
	count := 0
	for _, page := range pages() {
		data, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range blocks.FindAllSubmatch(data, -1) {
			count++
			dir := filepath.Join(t.TempDir(), "ceremony")
			if err := os.CopyFS(dir, os.DirFS(exampleDir)); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "verify.sh"), VerifyScript(), 0o755); err != nil {
				t.Fatal(err)
			}
			list, err := os.ReadFile(exampleList)
			if err == nil {
				err = os.WriteFile(dir+".trusted", list, 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command("dash", "-eu", "-c", string(block[1]))
			cmd.Dir = dir
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s%s", page, err, block[1], out)
			}
		}
	}
	if count < 4 {
		t.Errorf("%d blocks of commands were run", count)
	}
}

// TestShellKnowsTheSameLists holds verify.sh to the closed lists of this package.
func TestShellKnowsTheSameLists(t *testing.T) {
	quoted := func(words []string) string { return `"` + strings.Join(words, `", "`) + `"` }
	var roles []string
	for _, r := range knownRoles() {
		roles = append(roles, string(r))
	}
	for name, list := range map[string][]string{"actions without approvals": freeActions(), "mandatory actions": mandatory(), "roles": roles} {
		if !strings.Contains(verifyScript, quoted(list)) {
			t.Errorf("verify.sh has other %s than %s", name, quoted(list))
		}
	}
}

// TestShellRefusesTheSameKeys gives the program that reads keys in verify.sh
// every Ed25519 encoding of small order or with a second spelling.
func TestShellRefusesTheSameKeys(t *testing.T) {
	_, program, ok := strings.Cut(verifyScript, "cat >\"$t/keys.jq\" <<'JQ'\n")
	program, _, ok2 := strings.Cut(program, "\nJQ\n")
	if !ok || !ok2 {
		t.Fatal("no program that reads keys in verify.sh")
	}
	var want []string
	p := plan.Plan{}
	for _, raw := range oddPoints() {
		der := append(castKeys()["witness"].public.DER()[:12:12], raw...)
		if _, err := dsse.ParsePublicKey(der); err == nil {
			t.Fatalf("%x is taken", raw)
		}
		p.Roster = append(p.Roster, plan.Member{Key: der})
	}
	for _, id := range []string{"witness", "hsm", "custodian-3"} {
		p.Roster = append(p.Roster, plan.Member{Key: castKeys()[id].public.DER()})
		want = append(want, id)
	}
	payload, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("jq", "-n", "-r", "--arg", "plan", string(marshal(t, dsse.Envelope{Payload: payload, Signatures: []dsse.Signature{}})), "--arg", "journal", "", program)
	out, err := cmd.CombinedOutput()
	if got := strings.Count(string(out), "\n"); err != nil || got != len(want) {
		t.Errorf("%d keys are taken, want %d: %s %v", got, len(want), out, err)
	}
}

// oddPoints are the encodings that checkEd25519 in package dsse refuses although
// they name points: order 1, 2, 4 and 8, and y of the field's prime or more.
func oddPoints() [][]byte {
	row := func(first, fill, last byte) []byte {
		return append(append([]byte{first}, bytes.Repeat([]byte{fill}, 30)...), last)
	}
	out := [][]byte{row(0, 0, 0), row(0, 0, 0x80), row(1, 0, 0), row(1, 0, 0x80), row(0xec, 0xff, 0x7f), row(0xec, 0xff, 0xff)}
	for first := 0xed; first <= 0xff; first++ {
		out = append(out, row(byte(first), 0xff, 0x7f), row(byte(first), 0xff, 0xff))
	}
	for _, s := range []string{
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
	} {
		var raw []byte
		if _, err := fmt.Sscanf(s, "%x", &raw); err != nil {
			panic(err)
		}
		out = append(out, raw)
	}
	return out
}

// TestSignedStructsAreInOrder holds every struct that is signed to alphabetical
// fields, without which output is not what RFC 8785 writes.
func TestSignedStructsAreInOrder(t *testing.T) {
	err := fs.WalkDir(os.DirFS(exampleDir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(name, ".json") {
			return err
		}
		for line := range strings.Lines(exampleFile(t, name)) {
			env, err := parseFile([]byte(line))
			if err != nil {
				return err
			}
			var sorted any // maps are written in the order of their keys
			if err := json.Unmarshal(env.Payload, &sorted); err != nil {
				return err
			}
			if again, err := canon.Marshal(sorted); err != nil || !bytes.Equal(again, env.Payload) {
				t.Errorf("%s: %s, in order %s, %v", name, env.Payload, again, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
