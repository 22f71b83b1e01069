// Package credential keeps one person's keys in a passphrase-protected file: an
// Ed25519 key for signing and an age hybrid post-quantum identity for unsealing
// the own share. docs/formats/credential.md specifies the file.
//
// A credential is made on its owner's machine and never leaves the owner's
// medium unlocked. One unlock, one signature, wipe: nothing is cached.
package credential

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"filippo.io/age"

	"keyrite.dev/keyrite/ceremony/canon"
	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/secret"
)

// Version is the credential format that this program writes and reads.
const Version = 1

// MaxFile caps a credential file, in bytes. An honest one has about 8 kB, most of
// it the hybrid recipient and the base64 of base64.
const MaxFile = 16 << 10

// Work factors of scrypt, as log2 N with r = 8, p = 1: memory is 2^logN kB.
const (
	DefaultLogN = 18 // 256 MB, about half a second
	MinLogN     = 17 // production; a rehearsal's throwaway credentials may have less
	MaxLogN     = 20 // 1 GB; more would stop a room, or a small laptop
)

// payloadKind is the document kind of a credential in its payload type.
const payloadKind = "credential"

// ErrPassphrase reports that a passphrase does not open a credential. What was
// typed is not part of the error, and neither is how it differs.
var ErrPassphrase = errors.New("the passphrase does not open this credential; " +
	"check the keyboard layout and caps lock, and that the credential is the right person's")

// Public is what everyone may know of a credential.
type Public struct {
	Name      string // as in the roster
	Role      plan.Role
	Key       dsse.PublicKey // signs
	Recipient string         // age1pq1…, what shares are sealed to
	Mode      dsse.Mode
	LogN      int // scrypt work factor of the private part
}

// Fingerprint is the lower-case hex SHA-256 of the signing key's SPKI.
func (p Public) Fingerprint() string { return p.Key.ID() }

// Member is the roster entry of the credential's owner. Only custodians have a
// recipient there.
func (p Public) Member(id string) plan.Member {
	m := plan.Member{ID: id, Key: p.Key.DER(), Name: p.Name, Role: p.Role}
	if p.Role == plan.Custodian {
		m.Recipient = p.Recipient
	}
	return m
}

// Options of a new credential.
type Options struct {
	LogN int       // 0: DefaultLogN
	Mode dsse.Mode // of the ceremonies it can be used in
}

// A document is the payload of a credential file.
type document struct {
	Key       []byte    `json:"key"`  // SubjectPublicKeyInfo, Ed25519
	LogN      int       `json:"logN"` // of the scrypt stanza in private
	Name      string    `json:"name"`
	Private   []byte    `json:"private"` // age file, one scrypt recipient
	Recipient string    `json:"recipient"`
	Role      plan.Role `json:"role"`
	Version   int       `json:"version"`
}

// Create makes a credential with fresh keys and returns its file. Its own
// signature over the public part proves that whoever made it holds the key, and
// binds the private part to it.
func Create(name string, role plan.Role, passphrase secret.Bytes, opt Options) (file []byte, pub Public, err error) {
	if opt.LogN == 0 {
		opt.LogN = DefaultLogN
	}
	if err := checkNew(name, role, passphrase, opt); err != nil {
		return nil, Public{}, err
	}
	secret.Do(func() { file, err = create(name, role, passphrase, opt) })
	if err != nil {
		return nil, Public{}, err
	}
	pub, err = Parse(file)
	return file, pub, err
}

func checkNew(name string, role plan.Role, passphrase secret.Bytes, opt Options) error {
	if err := checkOwner(name, role); err != nil {
		return err
	}
	if err := checkLogN(opt.LogN, opt.Mode); err != nil {
		return err
	}
	if opt.Mode == dsse.Rehearsal {
		return checkCharacters(passphrase)
	}
	return CheckPassphrase(passphrase)
}

// create runs inside secret.Do: nothing it makes but the file may be kept.
func create(name string, role plan.Role, passphrase secret.Bytes, opt Options) ([]byte, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("failed to make a signing key: %w", err)
	}
	identity, err := age.GenerateHybridIdentity()
	if err != nil {
		return nil, fmt.Errorf("failed to make an age identity: %w", err)
	}
	private, err := lock(key, identity, passphrase, opt.LogN)
	if err != nil {
		return nil, err
	}
	u := &Unlocked{key: secret.Take(key)}
	u.public, err = dsse.NewPublicKey(key.Public(), nil)
	if err != nil {
		return nil, err
	}
	payload, err := canon.Marshal(document{
		Key: u.public.DER(), LogN: opt.LogN, Name: name, Private: private,
		Recipient: identity.Recipient().String(), Role: role, Version: Version,
	})
	if err != nil {
		return nil, err
	}
	e, err := dsse.Sign(context.Background(), opt.Mode.Type(payloadKind), payload, u)
	if err != nil {
		return nil, err
	}
	file, err := e.Encode()
	return append(file, '\n'), err
}

// seedPrefix begins the line that carries the Ed25519 seed. It is a comment to
// age, so that the decrypted private part is an identity file for age -i: a share
// can be opened without this program.
const seedPrefix = "# keyrite-ed25519-seed "

func lock(key ed25519.PrivateKey, identity *age.HybridIdentity, passphrase secret.Bytes, logN int) ([]byte, error) {
	var out bytes.Buffer
	err := passphrase.Expose(func(p []byte) error {
		r, err := age.NewScryptRecipient(string(p))
		if err != nil {
			return err
		}
		r.SetWorkFactor(logN)
		w, err := age.Encrypt(&out, r)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "%s%x\n%s\n", seedPrefix, key.Seed(), identity)
		return errors.Join(err, w.Close())
	})
	if err != nil {
		return nil, fmt.Errorf("failed to lock the private part: %w", err)
	}
	return out.Bytes(), nil
}

// Parse reads the public part of a credential file and checks everything that can
// be checked without the passphrase: the form, the caps, the self-signature, the
// recipient, and that the private part costs what the file says.
func Parse(file []byte) (Public, error) {
	pub, _, err := parse(file)
	if err != nil {
		return Public{}, fmt.Errorf("invalid credential: %w", err)
	}
	return pub, nil
}

func parse(file []byte) (Public, []byte, error) {
	var none Public
	if len(file) > MaxFile {
		return none, nil, fmt.Errorf("%d bytes, at most %d", len(file), MaxFile)
	}
	line, ok := bytes.CutSuffix(file, []byte("\n"))
	if !ok {
		return none, nil, errors.New("no line feed at its end")
	}
	e, err := dsse.Parse(line)
	if err != nil {
		return none, nil, err
	}
	pub := Public{Mode: modeOf(e)}
	if pub.Mode == 0 {
		return none, nil, fmt.Errorf("payload type is %q: not a credential", e.PayloadType)
	}
	var d document
	if err := canon.Unmarshal(e.Payload, &d); err != nil {
		return none, nil, err
	}
	if pub.Key, err = dsse.ParsePublicKey(d.Key); err != nil {
		return none, nil, err
	}
	if _, err := e.Verify(e.PayloadType, dsse.NewKeys(pub.Key)); err != nil {
		return none, nil, fmt.Errorf("not signed by its own key alone: %w", err)
	}
	pub.Name, pub.Role, pub.Recipient, pub.LogN = d.Name, d.Role, d.Recipient, d.LogN
	return pub, d.Private, d.check(pub.Mode)
}

func (d document) check(mode dsse.Mode) error {
	if d.Version != Version {
		return fmt.Errorf("version %d, and this program reads %d", d.Version, Version)
	}
	if err := checkOwner(d.Name, d.Role); err != nil {
		return err
	}
	if err := checkLogN(d.LogN, mode); err != nil {
		return err
	}
	if !strings.HasPrefix(d.Recipient, hybridPrefix) {
		return fmt.Errorf("recipient does not begin with %s", hybridPrefix)
	}
	if err := CheckRecipient(d.Recipient); err != nil {
		return err
	}
	if got := stanzaLogN(d.Private); got != d.LogN {
		return fmt.Errorf("the private part is locked with another work factor than the %d it states", d.LogN)
	}
	return nil
}

// stanzaLogN reads the work factor in an age file's first stanza
// ("-> scrypt SALT LOGN"), 0 where there is none.
func stanzaLogN(private []byte) int {
	lines := bytes.SplitN(private, []byte("\n"), 3)
	if len(lines) < 3 {
		return 0
	}
	words := strings.Split(string(lines[1]), " ")
	if len(words) != 4 || words[0] != "->" || words[1] != "scrypt" {
		return 0
	}
	n, err := strconv.Atoi(words[3])
	if err != nil {
		return 0
	}
	return n
}

func modeOf(e dsse.Envelope) dsse.Mode {
	for _, m := range []dsse.Mode{dsse.Production, dsse.Rehearsal} {
		if e.PayloadType == m.Type(payloadKind) {
			return m
		}
	}
	return 0
}
