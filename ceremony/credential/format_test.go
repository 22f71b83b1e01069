package credential

import (
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"strings"
	"testing"

	"keyrite.dev/keyrite/ceremony/dsse"
)

func TestTheFormatPageIsTrue(t *testing.T) {
	data, err := fs.ReadFile(os.DirFS("../../docs/formats"), "credential.md")
	if err != nil {
		t.Fatal(err)
	}
	page := strings.Join(strings.Fields(string(data)), " ")
	facts := []string{
		fmt.Sprintf("At most %d bytes", MaxFile), fmt.Sprintf("%d to %d, in a rehearsal 1 to %d", MinLogN, MaxLogN, MaxLogN),
		dsse.Production.Type(payloadKind), dsse.Rehearsal.Type(payloadKind), seedPrefix + "<64", hybridPrefix,
		fmt.Sprintf("At least %d bytes, %d of them different", minPassphrase, minDifferent), fmt.Sprintf("N = 2^%d", DefaultLogN),
		fmt.Sprintf("text, %d", maxName),
	}
	for typ, i := reflect.TypeFor[document](), 0; i < typ.NumField(); i++ {
		facts = append(facts, "| `"+typ.Field(i).Tag.Get("json")+"` |")
	}
	for _, fact := range facts {
		if !strings.Contains(page, fact) {
			t.Errorf("the page does not say %q", fact)
		}
	}
	if rows := strings.Count(string(data), "\n| `"); rows != reflect.TypeFor[document]().NumField() {
		t.Errorf("the page has %d fields", rows)
	}
}
