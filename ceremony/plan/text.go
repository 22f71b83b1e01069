package plan

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"keyrite.dev/keyrite/ceremony/canon"
)

// Roles are all roles, in the order in which people are listed.
func Roles() []Role {
	return []Role{Administrator, Operator, Witness, Officer, Custodian, Fetcher, Importer, HSM}
}

// Recorder is who signs the journal's own lines. It is in no roster, so no member
// may have this id.
const Recorder = "recorder"

// checkText refuses a text that is too long, misleads or is none of the words
// that its type knows.
func checkText(v reflect.Value, f field) error {
	s := v.String()
	if err := canon.CheckText(s); err != nil {
		return err
	}
	switch {
	case len(s) > f.max:
		return fmt.Errorf("%d bytes of text, at most %d", len(s), f.max)
	case strings.ContainsRune(s, utf8.RuneError):
		return errors.New("holds the replacement character U+FFFD, so something was lost before")
	case !norm.NFC.IsNormalString(s):
		return errors.New("is not in Unicode normal form C, so two texts could look the same and differ")
	case f.id && !validID(s):
		return fmt.Errorf("%q is no id: 1 to 40 of a-z, 0-9 and -", s)
	}
	switch v.Interface().(type) {
	case Role:
		if !slices.Contains(Roles(), Role(s)) {
			return fmt.Errorf("unknown role %q", s)
		}
	case Afterwards:
		if s != string(Keep) && s != string(Destroy) {
			return fmt.Errorf("want %q or %q, not %q", Keep, Destroy, s)
		}
	}
	return nil
}

func validID(s string) bool {
	return 1 <= len(s) && len(s) <= 40 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// check is what a form cannot say of one field alone.
func (p Plan) check() error {
	if p.Version != Version {
		return fmt.Errorf("version: this program reads version %d, not %d", Version, p.Version)
	}
	seen := map[string]bool{}
	for i, m := range p.Roster {
		switch {
		case seen[m.ID]:
			return fmt.Errorf("roster[%d].id: %q is there twice", i, m.ID)
		case m.ID == Recorder:
			return fmt.Errorf("roster[%d].id: %q is the name of the program's own key", i, m.ID)
		}
		seen[m.ID] = true
	}
	return nil
}

// Person is the member's name as it is compared with other names: letter case,
// spacing and the compatibility variants of characters do not make another
// person.
func (m Member) Person() string {
	fold := func(r rune) rune { return unicode.ToLower(unicode.ToUpper(r)) }
	return strings.Join(strings.Fields(strings.Map(fold, norm.NFKC.String(m.Name))), " ")
}

// Clone is a plan that shares no memory with p; its lists are never nil, since
// the file has no null.
func (p Plan) Clone() Plan {
	p.Exceptions = append([]Exception{}, p.Exceptions...)
	p.PhysicalSteps = append([]PhysicalStep{}, p.PhysicalSteps...)
	p.Roster = append([]Member{}, p.Roster...)
	for i := range p.Roster {
		p.Roster[i].Key = append([]byte{}, p.Roster[i].Key...)
	}
	return p
}
