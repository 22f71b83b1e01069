package policy

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// One test per rule, named after it: switching a rule off in the code fails the
// test of its name.

func TestRule_FORM(t *testing.T)                    { judge(t, ruleForm) }
func TestRule_SCHEME(t *testing.T)                  { judge(t, ruleScheme) }
func TestRule_DUAL_CONTROL(t *testing.T)            { judge(t, ruleDualControl) }
func TestRule_ROLE_SEPARATION(t *testing.T)         { judge(t, ruleRoles) }
func TestRule_FETCH_IMPORT_SEPARATION(t *testing.T) { judge(t, ruleFetchImport) }
func TestRule_THRESHOLD(t *testing.T)               { judge(t, ruleThreshold) }
func TestRule_KEYS(t *testing.T)                    { judge(t, ruleKeys) }
func TestRule_HSM_KEY(t *testing.T)                 { judge(t, ruleHSMKey) }
func TestRule_RECIPIENTS(t *testing.T)              { judge(t, ruleRecipients) }
func TestRule_KEY_SPEC(t *testing.T)                { judge(t, ruleKeySpec) }
func TestRule_DESTINATION(t *testing.T)             { judge(t, ruleDestination) }
func TestRule_WRAP_MATRIX(t *testing.T)             { judge(t, ruleWrapMatrix) }
func TestRule_KEY_STRENGTH(t *testing.T)            { judge(t, ruleKeyStrength) }
func TestRule_CRYPTOPERIOD(t *testing.T)            { judge(t, ruleCryptoperiod) }
func TestRule_TIME_LEFT(t *testing.T)               { judge(t, ruleTimeLeft) }
func TestRule_PHYSICAL_STEPS(t *testing.T)          { judge(t, rulePhysicalSteps) }
func TestRule_REFERENCES(t *testing.T)              { judge(t, ruleReferences) }
func TestRule_EXCEPTIONS(t *testing.T)              { judge(t, ruleExceptions) }

// TestEveryRuleStandsAlone shows that no rule is another's shadow: a bad plan
// that only it refuses is accepted once it is switched off.
func TestEveryRuleStandsAlone(t *testing.T) {
	for _, r := range rules() {
		for _, c := range cases()[r.id].reject {
			if !c.alone {
				continue
			}
			if vs := c.check(without(r.id)); vs != nil {
				t.Errorf("without %s, %q is still refused: %v", r.id, c.name, vs)
			}
		}
	}
}

func TestEveryRuleHasATestOfItsName(t *testing.T) {
	tests := testFunctions(t)
	for _, r := range rules() {
		if name := testName(r.id); !slices.Contains(tests, name) {
			t.Errorf("rule %s has no %s", r.id, name)
		}
	}
	for _, name := range tests {
		if strings.HasPrefix(name, "TestRule_") && !slices.ContainsFunc(rules(), func(r rule) bool { return testName(r.id) == name }) {
			t.Errorf("%s tests a rule that is not in the table", name)
		}
	}
}

func testName(id string) string { return "TestRule_" + strings.ReplaceAll(id, "-", "_") }

func testFunctions(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "rules_test.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok {
			names = append(names, f.Name.Name)
		}
	}
	return names
}

func TestEveryRuleIsInTheAssuranceDocument(t *testing.T) {
	doc, err := fs.ReadFile(os.DirFS("../../docs"), "assurance.md")
	if err != nil {
		t.Fatal(err)
	}
	var headings []string
	for _, m := range regexp.MustCompile(`(?m)^### ([A-Z-]+)$`).FindAllStringSubmatch(string(doc), -1) {
		headings = append(headings, m[1])
	}
	var ids []string
	for _, r := range rules() {
		ids = append(ids, r.id)
		section := sectionOf(string(doc), r.id)
		for _, part := range []string{"Claim", "Reason", "Where", "Test", testName(r.id)} {
			if !strings.Contains(section, part) {
				t.Errorf("docs/assurance.md: %s has no %s", r.id, part)
			}
		}
		if strings.Contains(section, "Exception: none") == r.liftable {
			t.Errorf("docs/assurance.md: %s says something else of exceptions than the table", r.id)
		}
	}
	if !slices.Equal(headings, ids) {
		t.Errorf("docs/assurance.md has the rules\n%v, the table\n%v", headings, ids)
	}
}

func sectionOf(doc, id string) string {
	_, rest, _ := strings.Cut(doc, "\n### "+id+"\n")
	section, _, _ := strings.Cut(rest, "\n#")
	return section
}

func TestEveryTestThatTheAssuranceDocumentNamesIsThere(t *testing.T) {
	root := os.DirFS("../..")
	doc, err := fs.ReadFile(root, "docs/assurance.md")
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	err = fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := fs.ReadFile(root, path)
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllSubmatch(source, -1) {
			there[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range regexp.MustCompile(`\bTest[A-Z]\w+`).FindAllString(string(doc), -1) {
		if !there[name] {
			t.Errorf("docs/assurance.md names %s, which is not there", name)
		}
	}
}
