package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestLinksOnThePagesLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	for name, page := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(page, -1) {
			file, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(file, "://") {
				continue
			}
			target := name
			if file != "" {
				target = path.Join(path.Dir(name), file)
			}
			if _, err := os.Stat(filepath.Join(root, target)); err != nil {
				t.Errorf("%s links to %s, which is not there", name, m[1])
				continue
			}
			if anchor != "" && !slices.Contains(anchors(read(t, target)), anchor) {
				t.Errorf("%s links to %s, a heading that is not there", name, m[1])
			}
		}
	}
}

// The table and the constants are compared by code; the words are for people.
func TestExitCodesAreThoseOfThePage(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, "app/command/root.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var code []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, "Exit") {
			return true
		}
		if lit, ok := spec.Values[0].(*ast.BasicLit); ok {
			code = append(code, lit.Value)
		}
		return true
	})
	var page []string
	for _, m := range regexp.MustCompile(`(?m)^\| (\d+) \|`).FindAllStringSubmatch(read(t, "docs/exit-codes.md"), -1) {
		page = append(page, m[1])
	}
	if len(code) < 5 || !slices.Equal(code, page) {
		t.Errorf("app/command/root.go has the exit codes %v, docs/exit-codes.md has %v", code, page)
	}
}

func TestEveryFolderIsOnTheMap(t *testing.T) {
	page := read(t, "docs/architecture.md")
	folders := map[string]bool{}
	for file := range sources(t) {
		folders[path.Dir(file)] = true
	}
	for f := range folders {
		if f != "." && !strings.HasPrefix(f, "scripts/") && !strings.Contains(page, "`"+f+"`") {
			t.Errorf("docs/architecture.md does not tell what %s is for", f)
		}
	}
}

func TestEveryDirectDependencyWasDecided(t *testing.T) {
	var decisions strings.Builder
	for name, page := range pages(t) {
		if strings.HasPrefix(name, "docs/decisions/") {
			decisions.WriteString(page)
		}
	}
	direct := regexp.MustCompile(`(?m)^\t(\S+) v\S+$`).FindAllStringSubmatch(read(t, "go.mod"), -1)
	if len(direct) < 5 {
		t.Fatalf("only %d direct dependencies read from go.mod", len(direct))
	}
	for _, m := range direct {
		if !regexp.MustCompile(regexp.QuoteMeta(m[1]) + `[^\w/.-]`).MatchString(decisions.String()) {
			t.Errorf("no page of docs/decisions names %s", m[1])
		}
	}
}

// pages are the Markdown files, by path.
func pages(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			return skip(name)
		case path.Ext(name) == ".md":
			out[name] = read(t, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 10 {
		t.Fatalf("only the pages %v found; the walk is broken", slices.Sorted(maps.Keys(out)))
	}
	return out
}

// anchors are a page's headings as links name them: lower case, spaces as
// hyphens, no punctuation.
func anchors(page string) []string {
	var out []string
	for _, m := range regexp.MustCompile(`(?m)^#+ +(.+)$`).FindAllStringSubmatch(page, -1) {
		a := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(m[1]), "")
		out = append(out, strings.ReplaceAll(a, " ", "-"))
	}
	return out
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
