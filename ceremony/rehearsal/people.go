package rehearsal

import (
	"context"
	"crypto/rand"
	"fmt"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/credential"
	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/secret"
	"keyrite.dev/keyrite/ceremony/transcript"
)

// logN is the scrypt work factor of throwaway credentials: they guard
// nothing, and a room should not wait for them.
const logN = 10

// People are the throwaway credentials that stand in for a plan's roster.
type People struct {
	Passphrases map[string]string // by roster id
	Store       *credential.Store
	files       map[string][]byte
	public      map[string]credential.Public
}

// NewPeople makes a credential for every member but the HSM, with the real
// name and role.
func NewPeople(roster []plan.Member) (People, error) {
	p := People{Passphrases: map[string]string{}, files: map[string][]byte{}, public: map[string]credential.Public{}}
	for _, m := range roster {
		if m.Role == plan.HSM {
			continue
		}
		phrase := fmt.Sprintf("%s %s", m.ID, Digits(4))
		pass := secret.Copy([]byte(phrase))
		file, public, err := credential.Create(m.Name, m.Role, pass, credential.Options{LogN: logN, Mode: dsse.Rehearsal})
		pass.Destroy()
		if err != nil {
			return p, fmt.Errorf("failed to make a throwaway credential for %s: %w", m.ID, err)
		}
		p.files[m.ID], p.public[m.ID], p.Passphrases[m.ID] = file, public, phrase
	}
	p.Store = credential.NewStore(dsse.Rehearsal, p.File)
	return p, nil
}

// Roster is the plan's roster with every key replaced.
func (p People) Roster(members []plan.Member, hsm []byte) []plan.Member {
	var out []plan.Member
	for _, m := range members {
		m.Key, m.Recipient = p.public[m.ID].Key.DER(), ""
		if m.Role == plan.HSM {
			m.Key = hsm
		}
		if m.Role == plan.Custodian {
			m.Recipient = p.public[m.ID].Recipient
		}
		out = append(out, m)
	}
	return out
}

// File is a member's credential file, for the split worker.
func (p People) File(id string) ([]byte, error) {
	f, ok := p.files[id]
	if !ok {
		return nil, fmt.Errorf("no credential for %s", id)
	}
	return f, nil
}

// Unlock opens the credential of m with the throwaway passphrase.
func (p People) Unlock(ctx context.Context, m plan.Member) (ceremony.Unlocked, error) {
	pass := secret.Copy([]byte(p.Passphrases[m.ID]))
	defer pass.Destroy()
	return p.Store.Unlock(ctx, m, pass)
}

// Digits is a random decimal number of n digits, as text: PINs and parts of
// passphrases that guard nothing.
func Digits(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // crypto/rand.Read never fails; it ends the program instead
	for i := range b {
		b[i] = '0' + b[i]%10
	}
	return string(b)
}

// Trusted is the trust list that a roster's real owners would carry on paper.
func Trusted(roster []plan.Member) transcript.Trusted {
	t := transcript.Trusted{}
	for _, m := range roster {
		t[Fingerprint(m)] = m.Role
	}
	return t
}

// Fingerprint is a member's key fingerprint, "" for a key that is none (rule
// KEYS refuses such a roster).
func Fingerprint(m plan.Member) string {
	k, err := dsse.ParsePublicKey(m.Key)
	if err != nil {
		return ""
	}
	return k.ID()
}
