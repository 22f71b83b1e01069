package plan

import (
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// docs/formats/plan.md has a table row for every field, with its cap, and no row
// for a field that is not there.
func TestTheFormatPageIsTrue(t *testing.T) {
	page, err := fs.ReadFile(os.DirFS("../../docs/formats"), "plan.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	var names []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([^|]+) \\|").FindAllStringSubmatch(string(page), -1) {
		rows[m[1]], names = m[2], append(names, m[1])
	}
	if !slices.IsSorted(names) {
		t.Errorf("not in order: %v", names)
	}
	want := map[string]string{}
	describe(want, reflect.TypeFor[Plan](), "")
	for name, kind := range want {
		if got, ok := rows[name]; !ok || kind != "" && got != kind {
			t.Errorf("%s is %q in the code, %q on the page", name, kind, got)
		}
	}
	for name := range rows {
		if _, ok := want[name]; !ok {
			t.Errorf("%s is on the page only", name)
		}
	}
	for _, fact := range []string{fmt.Sprintf("at most %d bytes", MaxFile), fmt.Sprintf("at most %d entries", MaxList), "`" + Recorder + "`"} {
		if !strings.Contains(strings.Join(strings.Fields(string(page)), " "), fact) {
			t.Errorf("the page does not say %q", fact)
		}
	}
	for _, r := range Roles() {
		if !strings.Contains(string(page), "`"+string(r)+"`") {
			t.Errorf("the page does not name the role %s", r)
		}
	}
}

// describe says of every field below t what the page calls it; "" where the page
// has words of its own.
func describe(into map[string]string, t reflect.Type, path string) {
	for sf := range t.Fields() {
		name := path + sf.Tag.Get("json")
		f := field{}.member(sf, name)
		switch k := sf.Type.Kind(); {
		case k == reflect.Struct:
			into[name] = "object"
			describe(into, sf.Type, name+".")
		case k == reflect.Slice && sf.Type.Elem().Kind() == reflect.Uint8:
			into[name] = "base64"
		case k == reflect.Slice:
			into[name] = "list"
			describe(into, sf.Type.Elem(), name+"[].")
		case k == reflect.Int:
			into[name] = "number"
		case f.id:
			into[name] = "id"
		case sf.Type == reflect.TypeFor[Role]():
			into[name] = "role"
		case sf.Type == reflect.TypeFor[Afterwards]():
			into[name] = ""
		case f.max != maxText:
			into[name] = fmt.Sprintf("text, %d", f.max)
		default:
			into[name] = "text"
		}
	}
}
