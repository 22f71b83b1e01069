// Package archtest holds the import directions that docs/architecture.md draws.
// It reads the imports itself: asking the go command would see one system's
// files only, and its answer would be cached.
package archtest

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "keyrite.dev/keyrite"

// A layer is what the packages of a folder may import besides the standard
// library: folders of ours, with what is below them, and other modules' packages.
type layer struct {
	folders []string
	others  []string
	net     bool // may speak to a network or start processes
}

// layers are by folder; the longest matching name counts. Editing this list is a
// decision about the house, never a way to get green.
func layers() map[string]layer {
	age := "filippo.io/age"
	fyne := "fyne.io/fyne/v2"
	return map[string]layer{
		".": {folders: []string{"app", "assets", "ceremony", "hsm", "transport"}, others: []string{fyne}, net: true},

		"app":           {folders: []string{"app", "assets", "ceremony"}, others: []string{fyne, "golang.org/x/sys/unix"}},
		"app/viewmodel": {folders: []string{"app/viewmodel", "app/command", "ceremony"}},
		"app/command":   {folders: []string{"ceremony"}, others: []string{"github.com/spf13/cobra", "golang.org/x/term"}, net: true},
		"assets":        {},

		"ceremony":              {folders: []string{"ceremony"}},
		"ceremony/credential":   {folders: []string{"ceremony"}, others: []string{age}},
		"ceremony/dsse":         {folders: []string{"ceremony"}, others: []string{"filippo.io/edwards25519"}},
		"ceremony/plan":         {folders: []string{"ceremony"}, others: []string{"golang.org/x/text/unicode/norm"}},
		"ceremony/share":        {folders: []string{"ceremony"}, others: []string{age, "github.com/hashicorp/vault/shamir"}},
		"ceremony/ceremonytest": {folders: []string{"ceremony"}, others: []string{age}},

		"hsm":           {folders: []string{"ceremony", "hsm"}},
		"hsm/pkcs11":    {folders: []string{"ceremony", "hsm"}, others: []string{"github.com/miekg/pkcs11"}},
		"hsm/worker":    {folders: []string{"ceremony", "hsm"}, others: []string{age, "golang.org/x/sys/unix"}, net: true},
		"transport":     {folders: []string{"ceremony", "transport"}, net: true},
		"transport/aws": {folders: []string{"ceremony", "transport"}, others: []string{"github.com/aws/aws-sdk-go-v2", "github.com/aws/smithy-go"}, net: true},
		"scripts":       {folders: []string{"app", "ceremony", "hsm", "transport"}, net: true},
	}
}

func TestImportsFollowTheArchitecture(t *testing.T) {
	used := map[string]bool{}
	for file, imports := range sources(t) {
		folder := path.Dir(file)
		name, l := layerOf(folder)
		if name == "" {
			t.Errorf("%s is in no layer", file)
			continue
		}
		used[name] = true
		for _, imp := range imports {
			if why := l.refuses(imp); why != "" {
				t.Errorf("%s imports %s: %s", file, imp, why)
			}
		}
	}
	for name := range layers() {
		if _, err := os.Stat(filepath.Join(root, name)); err == nil && !used[name] {
			t.Logf("layer %s has no source yet", name)
		}
	}
}

func TestOnlyMainImportsFynesDriver(t *testing.T) {
	for file, imports := range sources(t) {
		if path.Dir(file) != "." && slices.Contains(imports, "fyne.io/fyne/v2/app") {
			t.Errorf("%s imports fyne.io/fyne/v2/app, which links the graphics library", file)
		}
	}
}

func TestTheBindingIsImportedInOneRoom(t *testing.T) {
	for file, imports := range sources(t) {
		if path.Dir(file) != "hsm/pkcs11" && slices.Contains(imports, "github.com/miekg/pkcs11") {
			t.Errorf("%s imports the PKCS#11 binding", file)
		}
	}
}

func TestALayerRefusesWhatItDoesNotName(t *testing.T) {
	for imp, refused := range map[string]bool{
		"net/http": true, "os/exec": true, module + "/hsm": true, "fyne.io/fyne/v2": true, "github.com/miekg/pkcs11": true,
		"crypto/sha256": false, module + "/ceremony/plan": false,
	} {
		if got := layers()["ceremony"].refuses(imp) != ""; got != refused {
			t.Errorf("ceremony importing %s: refused %t, want %t", imp, got, refused)
		}
	}
}

const root = "../.."

// sources are the imports of every non-test file, on every system, by path.
func sources(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			return skip(name)
		case !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, name), nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		out[name] = []string{}
		for _, i := range f.Imports {
			imp, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			out[name] = append(out[name], imp)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 50 {
		t.Fatalf("only %d sources found; the walk is broken", len(out))
	}
	return out
}

// skip leaves out test data, hidden folders and modules of their own.
func skip(name string) error {
	base := path.Base(name)
	if base == "testdata" || name != "." && strings.HasPrefix(base, ".") {
		return fs.SkipDir
	}
	if _, err := os.Stat(filepath.Join(root, name, "go.mod")); err == nil && name != "." {
		return fs.SkipDir
	}
	return nil
}

func layerOf(folder string) (string, layer) {
	for f := folder; ; f = path.Dir(f) {
		if l, ok := layers()[f]; ok && (f != "." || folder == ".") {
			return f, l
		}
		if f == "." {
			return "", layer{}
		}
	}
}

func (l layer) refuses(imp string) string {
	if imp == "C" || imp == "unsafe" {
		return "" // cgo is a matter of review; the binding's room and locked memory need it
	}
	if rel, ours := strings.CutPrefix(imp, module+"/"); ours {
		if within(rel, l.folders) {
			return ""
		}
		return "the direction is main, then app, hsm and transport, then ceremony"
	}
	if within(imp, l.others) {
		return ""
	}
	first, _, _ := strings.Cut(imp, "/")
	switch {
	case strings.Contains(first, "."): // the standard library has no dot there
		return "the module is not on this layer's list"
	case !l.net && within(imp, []string{"net", "os/exec", "plugin"}) && !within(imp, []string{"net/url", "net/netip"}):
		return "this layer knows no network and starts no process"
	}
	return ""
}

func within(name string, parents []string) bool {
	return slices.ContainsFunc(parents, func(p string) bool { return name == p || strings.HasPrefix(name, p+"/") })
}
