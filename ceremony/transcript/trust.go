package transcript

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"keyrite.dev/keyrite/ceremony/canon"
	"keyrite.dev/keyrite/ceremony/plan"
)

// ErrUntrusted reports that everything holds together, but too few of the keys
// are on the reader's list.
var ErrUntrusted = errors.New("not enough trusted keys")

// Trusted is the reader's list of keys, which came another way than the folder:
// fingerprint (lower-case hex SHA-256 of SubjectPublicKeyInfo) to role.
type Trusted map[string]plan.Role

// maxTrusted caps the list, bytes.
const maxTrusted = 1 << 20

// ParseTrusted reads a list: a line is "fingerprint role text…", parts set apart
// by spaces, the text for people; blank lines and lines beginning with "#" are
// skipped. A line that is neither, an unknown role and a fingerprint listed
// twice are errors that name the line, counted from 1.
func ParseTrusted(r io.Reader) (Trusted, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxTrusted+1))
	if err != nil {
		return nil, fmt.Errorf("failed to read the list of trusted keys: %w", err)
	}
	if len(data) > maxTrusted {
		return nil, fmt.Errorf("invalid list of trusted keys: larger than %d bytes", maxTrusted)
	}
	t := Trusted{}
	for i, line := range strings.Split(string(data), "\n") {
		if err := t.add(line); err != nil {
			return nil, fmt.Errorf("invalid list of trusted keys: line %d: %w", i+1, err)
		}
	}
	return t, nil
}

// ReadTrusted is [ParseTrusted] for a file, which must not lie inside the
// ceremony folder dir: keys do not vouch for themselves.
func ReadTrusted(file, dir string) (Trusted, error) {
	root, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("failed to look at the ceremony folder: %w", err)
	}
	path, err := filepath.EvalSymlinks(file)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return nil, fmt.Errorf("failed to find the list of trusted keys: %w", err)
	}
	for up := filepath.Dir(path); ; up = filepath.Dir(up) {
		if info, err := os.Stat(up); err == nil && os.SameFile(info, root) {
			return nil, errors.New("invalid list of trusted keys: it must not come from inside the ceremony folder")
		}
		if up == filepath.Dir(up) {
			break
		}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("failed to open the list of trusted keys: %w", err)
	}
	t, err := ParseTrusted(f)
	return t, errors.Join(err, f.Close())
}

func (t Trusted) add(line string) error {
	if err := canon.CheckText(line); err != nil {
		return err
	}
	fields := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' })
	switch {
	case len(fields) == 0 || strings.HasPrefix(fields[0], "#"):
		return nil
	case len(fields) < 2 || !isDigest(fields[0]):
		return errors.New("want: fingerprint role text")
	case !knownRole(plan.Role(fields[1])):
		return fmt.Errorf("unknown role %q", fields[1])
	case t[fields[0]] != "":
		return errors.New("fingerprint listed twice")
	}
	t[fields[0]] = plan.Role(fields[1])
	return nil
}

// knows tells whether the list has a member's key with the member's role.
func (t Trusted) knows(p person) bool { return p.Role != "" && t[p.key.ID()] == p.Role }

// lacks says which trust a sealed ceremony is short of. s may be the zero value
// for a ceremony without a seal: then only the officer is looked for.
func (t Trusted) lacks(ro roster, s Seal) []string {
	var lacks []string
	officer := false
	for _, p := range ro {
		officer = officer || p.Role == plan.Officer && t.knows(p)
	}
	if !officer {
		lacks = append(lacks, "the officer")
	}
	if s.Outcome == "" {
		return lacks
	}
	return append(lacks, s.short(func(id string) plan.Role {
		if p := ro[id]; t.knows(p) {
			return p.Role
		}
		return ""
	})...)
}
