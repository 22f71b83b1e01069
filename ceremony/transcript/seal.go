package transcript

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"keyrite.dev/keyrite/ceremony/canon"
	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/plan"
)

// The two names that an in-toto Statement v1 states.
const (
	statementType = "https://in-toto.io/Statement/v1"
	predicateType = "https://keyrite.dev/transcript/v1"
)

// A sealStatement is the payload of seal.json.
type sealStatement struct {
	Type          string    `json:"_type"`
	Predicate     predicate `json:"predicate"`
	PredicateType string    `json:"predicateType"`
	Subject       []Subject `json:"subject"`
}

type predicate struct {
	Ceremony string `json:"ceremony"`
	Events   int    `json:"events"`
	Mode     string `json:"mode"`
	Outcome  string `json:"outcome"`
}

// A Subject is one file that the seal covers.
type Subject struct {
	Digest Digest `json:"digest"`
	Name   string `json:"name"` // path in the ceremony folder, with slashes
}

// A Digest holds a subject's digest.
type Digest struct {
	SHA256 string `json:"sha256"` // hex
}

// NewSubject names a file of the folder and its SHA-256, hex.
func NewSubject(name, sha256Hex string) Subject {
	return Subject{Digest: Digest{SHA256: sha256Hex}, Name: name}
}

// A Seal is what a verified seal says.
type Seal struct {
	Ceremony string
	Events   int
	Outcome  string
	Subjects []Subject
	Signers  []string // roster ids and [Recorder], as they signed
}

// SealStatement is the payload to be signed as mode.SealType(). Subjects must
// name [JournalFile] and [PlanFile].
func SealStatement(mode dsse.Mode, ceremony string, events int, outcome string, subjects []Subject) ([]byte, error) {
	s := sealStatement{
		Type:          statementType,
		Predicate:     predicate{Ceremony: ceremony, Events: events, Mode: mode.String(), Outcome: outcome},
		PredicateType: predicateType,
		Subject:       subjects,
	}
	if err := s.check(mode); err != nil {
		return nil, err
	}
	return canon.Marshal(s)
}

func (s sealStatement) check(mode dsse.Mode) error {
	p := s.Predicate
	switch {
	case s.Type != statementType || s.PredicateType != predicateType:
		return errors.New("invalid seal: not a statement about a transcript")
	case p.Mode != mode.String():
		return fmt.Errorf("invalid seal: mode %q", p.Mode)
	case !isDigest(p.Ceremony) || p.Events < 1 || p.Outcome != Completed && p.Outcome != Aborted:
		return errors.New("invalid seal: ceremony, events or outcome")
	}
	return checkSubjects(s.Subject)
}

// subjectName admits paths that mean the same everywhere and stay in the folder.
var subjectName = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$`)

func checkSubjects(subjects []Subject) error {
	names := map[string]bool{}
	for _, s := range subjects {
		switch {
		case !subjectName.MatchString(s.Name):
			return fmt.Errorf("invalid seal: subject name %q", s.Name)
		case !isDigest(s.Digest.SHA256):
			return fmt.Errorf("invalid seal: digest of %s", s.Name)
		case names[s.Name]:
			return fmt.Errorf("invalid seal: %s twice", s.Name)
		}
		names[s.Name] = true
	}
	if !names[JournalFile] || !names[PlanFile] {
		return errors.New("invalid seal: does not cover journal and plan")
	}
	return nil
}

// VerifySeal checks the file seal.json (line feed included) of a ceremony by p
// whose last recorder had that key: form, every signature, the people and the
// HSM that must have signed, and that enough of them are trusted. An error that
// wraps [ErrUntrusted] means that only the last is missing. Whether the subjects
// are what the seal says is the caller's to compare.
func VerifySeal(file []byte, mode dsse.Mode, p plan.Plan, recorder dsse.PublicKey, trusted Trusted) (Seal, error) {
	ro, err := newRoster(RosterOf(p))
	if err != nil {
		return Seal{}, err
	}
	s, err := parseSeal(file, mode, ro, recorder)
	if err != nil {
		return Seal{}, err
	}
	if lacks := trusted.lacks(ro, s); len(lacks) > 0 {
		return Seal{}, fmt.Errorf("%w: %s", ErrUntrusted, strings.Join(lacks, "; "))
	}
	return s, nil
}

// parseSeal checks all of a seal but whether its signers are trusted.
func parseSeal(file []byte, mode dsse.Mode, ro roster, recorder dsse.PublicKey) (Seal, error) {
	env, err := parseFile(file)
	if err != nil {
		return Seal{}, err
	}
	keys := dsse.NewKeys(recorder)
	for _, m := range ro {
		keys[m.key.ID()] = m.key
	}
	ids, err := env.Verify(mode.SealType(), keys)
	if err != nil {
		return Seal{}, err
	}
	var st sealStatement
	if err := canon.Unmarshal(env.Payload, &st); err != nil {
		return Seal{}, fmt.Errorf("invalid seal: %w", err)
	}
	if err := st.check(mode); err != nil {
		return Seal{}, err
	}
	s := Seal{Ceremony: st.Predicate.Ceremony, Events: st.Predicate.Events, Outcome: st.Predicate.Outcome, Subjects: st.Subject}
	for _, id := range ids {
		if id == recorder.ID() {
			s.Signers = append(s.Signers, Recorder)
		} else {
			s.Signers = append(s.Signers, ro.owner(id))
		}
	}
	if !slices.Contains(s.Signers, Recorder) {
		return Seal{}, errors.New("the recorder did not sign")
	}
	if lacks := s.short(func(id string) plan.Role { return ro[id].Role }); len(lacks) > 0 {
		return Seal{}, fmt.Errorf("not signed by %s", strings.Join(lacks, ", nor by "))
	}
	return s, nil
}

// short says whose signatures are missing among those signers for whom role
// answers more than "".
func (s Seal) short(role func(id string) plan.Role) []string {
	have, people := map[plan.Role]int{}, 0
	for _, id := range s.Signers {
		r := role(id)
		have[r]++
		if r != "" && r != plan.HSM {
			people++
		}
	}
	var lacks []string
	if s.Outcome == Aborted {
		if people < minApprovals {
			lacks = append(lacks, fmt.Sprintf("two people (%d)", people))
		}
		return lacks
	}
	if have[plan.HSM] < 1 {
		lacks = append(lacks, "the HSM")
	}
	if have[plan.Witness] < 1 {
		lacks = append(lacks, "the witness")
	}
	if n := have[plan.Custodian]; n < minApprovals {
		lacks = append(lacks, fmt.Sprintf("two custodians (%d)", n))
	}
	return lacks
}

// compareSubjects compares the files of dir with the seal, and answers the names
// of those that are not here.
func compareSubjects(dir string, subjects []Subject) (absent []string, err error) {
	for _, s := range subjects {
		sum, err := digestFile(dir, s.Name)
		switch {
		case absence(err) && s.Name != JournalFile && s.Name != PlanFile:
			absent = append(absent, s.Name)
		case err != nil:
			return nil, fmt.Errorf("failed to read %s: %w", s.Name, err)
		case sum != s.Digest.SHA256:
			return nil, fmt.Errorf("%s is not the file that was sealed", s.Name)
		}
	}
	return absent, nil
}

// absence tells that there is no file of that name, for want of the file or of a
// folder on the way.
func absence(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

func digestFile(dir, name string) (string, error) {
	f, err := openFile(dir, name)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	_, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), errors.Join(err, f.Close())
}
