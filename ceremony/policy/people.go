package policy

import (
	"crypto/ecdsa"
	"crypto/x509"
	"fmt"

	"keyrite.dev/keyrite/ceremony/credential"
	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/plan"
)

// checkDualControl: PCI DSS 3.7.6, no act by one person. Approvals come from two
// custodians, the backup needs two shares, and the HSM's PIN has two halves, held
// by an HSM operator and the administrator.
func checkDualControl(p plan.Plan, _ Target) []finding {
	var fs []finding
	if n := len(p.With(plan.Custodian)); n < 2 {
		fs = append(fs, found(fmt.Sprintf("%d custodians", n), "every consequential step needs the approvals of two custodians")...)
	}
	if k := p.Shares.Threshold; k < 2 {
		fs = append(fs, found(fmt.Sprintf("shares %d of %d", k, p.Shares.Count), "one custodian alone could rebuild the backup key; the threshold is at least 2")...)
	}
	if len(p.With(plan.Operator)) == 0 {
		fs = append(fs, found(string(plan.Operator), "nobody but the administrator would hold the HSM's PIN; it is typed in two halves by two people")...)
	}
	return fs
}

// checkRoles: PCI DSS 3.7.6 and the practice of public ceremonies. A person has
// one role, and a custodian one share, so the roster must not list anyone twice.
func checkRoles(p plan.Plan, _ Target) []finding {
	var fs []finding
	for _, role := range []plan.Role{plan.Administrator, plan.Witness, plan.Officer} {
		if n := len(p.With(role)); n != 1 {
			fs = append(fs, found(string(role), "the roster has %d, and the script needs exactly one", n)...)
		}
	}
	for i, m := range p.Roster {
		for _, other := range p.Roster[:i] {
			if same := samePerson(m, other); same != "" {
				fs = append(fs, found(m.ID, "has %s as %s (%s, %s): one person has one role and a custodian one share",
					same, other.ID, other.Role, m.Role)...)
			}
		}
	}
	return fs
}

func samePerson(a, b plan.Member) string {
	switch {
	case a.Person() == b.Person():
		return "the same name"
	case len(a.Key) > 0 && string(a.Key) == string(b.Key):
		return "the same key"
	default:
		return ""
	}
}

// checkFetchImport: PCI DSS 3.7.7, substitution of keys. Whoever fetches the
// cloud's wrapping key could put an own one in its place; the import by another
// person then fails, and is noticed.
func checkFetchImport(p plan.Plan, _ Target) []finding {
	var fs []finding
	for _, role := range []plan.Role{plan.Fetcher, plan.Importer} {
		if len(p.With(role)) == 0 {
			fs = append(fs, found(string(role), "the roster has none; fetching the wrapping key and importing the wrapped key are the work of two people")...)
		}
	}
	for _, f := range p.With(plan.Fetcher) {
		for _, i := range p.With(plan.Importer) {
			if same := samePerson(f, i); same != "" {
				fs = append(fs, found(f.ID, "has %s as %s: who fetches the wrapping key must not import under it", same, i.ID)...)
			}
		}
	}
	return fs
}

// maxShares is arbitrary and generous: 16 sealed shares prove all their subsets
// in a moment, and more people than that do not fit a ceremony.
const maxShares = 16

// checkThreshold: each custodian holds exactly one share, and a backup that dies
// with one share is no backup, unless the officer says why it may be.
func checkThreshold(p plan.Plan, _ Target) []finding {
	k, n := p.Shares.Threshold, p.Shares.Count
	subject := fmt.Sprintf("shares %d of %d", k, n)
	var fs []finding
	if c := len(p.With(plan.Custodian)); c != n {
		fs = append(fs, found(subject, "the roster has %d custodians, and each holds exactly one share", c)...)
	}
	switch {
	case k < 2 || k > n:
		fs = append(fs, found(subject, "the threshold is from 2 to the number of shares")...)
	case n > maxShares:
		fs = append(fs, found(subject, "at most %d shares", maxShares)...)
	case k == n:
		fs = append(fs, liftable(found(subject, "the loss of any one share would lose the backup; "+
			"take a threshold below the number of shares, or an exception with the reason"))...)
	}
	return fs
}

// checkKeys: a signature must mean one key and one person.
func checkKeys(p plan.Plan, _ Target) []finding {
	var fs []finding
	holder := map[string]string{}
	for _, m := range p.Roster {
		if _, err := dsse.ParsePublicKey(m.Key); err != nil {
			fs = append(fs, found(m.ID, "%s", err)...)
			continue
		}
		if other, taken := holder[string(m.Key)]; taken {
			fs = append(fs, found(m.ID, "has the key of %s", other)...)
		}
		holder[string(m.Key)] = m.ID
	}
	return fs
}

// checkHSMKey: the HSM signs the seal with a key made in it at commissioning,
// and the HSMs in reach make no Ed25519 keys.
func checkHSMKey(p plan.Plan, _ Target) []finding {
	hsms := p.With(plan.HSM)
	if len(hsms) != 1 {
		return found(string(plan.HSM), "the roster has %d, and exactly one HSM signs the seal", len(hsms))
	}
	pub, err := x509.ParsePKIXPublicKey(hsms[0].Key)
	if err != nil {
		return nil // KEYS says so
	}
	if _, ok := pub.(*ecdsa.PublicKey); !ok {
		return found(hsms[0].ID, "its transcript key is no ECDSA key on P-256 or P-384")
	}
	return nil
}

// checkRecipients: every custodian can open the own share, and nobody else's.
func checkRecipients(p plan.Plan, _ Target) []finding {
	var fs []finding
	holder := map[string]string{}
	for _, m := range p.Roster {
		if m.Role != plan.Custodian {
			if m.Recipient != "" {
				fs = append(fs, found(m.ID, "only custodians have an age recipient, and this is a %s", m.Role)...)
			}
			continue
		}
		if err := credential.CheckRecipient(m.Recipient); err != nil {
			fs = append(fs, found(m.ID, "%s", err)...)
			continue
		}
		if other, taken := holder[m.Recipient]; taken {
			fs = append(fs, found(m.ID, "has the recipient of %s, who could open this share too", other)...)
		}
		holder[m.Recipient] = m.ID
	}
	return fs
}
