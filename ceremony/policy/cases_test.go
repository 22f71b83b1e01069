package policy

import (
	"crypto/ed25519"
	"crypto/elliptic"
	"strings"

	"filippo.io/age"

	"keyrite.dev/keyrite/ceremony/plan"
)

type ruleCases struct{ accept, reject []testCase }

// cases are, per rule, plans that must pass and plans that must not. Those
// marked alone break nothing else.
func cases() map[string]ruleCases {
	return map[string]ruleCases{
		ruleForm:          formCases(),
		ruleScheme:        schemeCases(),
		ruleDualControl:   dualControlCases(),
		ruleRoles:         roleCases(),
		ruleFetchImport:   fetchImportCases(),
		ruleThreshold:     thresholdCases(),
		ruleKeys:          publicKeyCases(),
		ruleHSMKey:        hsmKeyCases(),
		ruleRecipients:    recipientCases(),
		ruleKeySpec:       keySpecCases(),
		ruleDestination:   destinationCases(),
		ruleWrapMatrix:    wrapMatrixCases(),
		ruleKeyStrength:   keyStrengthCases(),
		ruleCryptoperiod:  cryptoperiodCases(),
		ruleTimeLeft:      timeLeftCases(),
		rulePhysicalSteps: physicalStepCases(),
		ruleReferences:    referenceCases(),
		ruleExceptions:    exceptionCases(),
	}
}

func shares(k, n int) func(*plan.Plan) {
	return func(p *plan.Plan) { p.Shares = plan.Shares{Count: n, Threshold: k} }
}

func excepting(rule, reason string) func(*plan.Plan) {
	return func(p *plan.Plan) {
		p.Exceptions = append(p.Exceptions, plan.Exception{Rule: rule, Reason: reason})
	}
}

func both(edits ...func(*plan.Plan)) func(*plan.Plan) {
	return func(p *plan.Plan) {
		for _, e := range edits {
			e(p)
		}
	}
}

// custodians leaves the first n custodians.
func custodians(n int) func(*plan.Plan) {
	return func(p *plan.Plan) {
		for _, c := range p.With(plan.Custodian)[n:] {
			remove(p, c.ID)
		}
	}
}

// moreCustodians adds n custodians with fresh keys.
func moreCustodians(n int) func(*plan.Plan) {
	return func(p *plan.Plan) {
		for i := range n {
			id := "extra-" + string(rune('a'+i))
			x, err := age.GenerateX25519Identity()
			if err != nil {
				panic(err)
			}
			p.Roster = append(p.Roster, plan.Member{ID: id, Key: newKey(), Name: "Extra " + id, Role: plan.Custodian, Recipient: x.Recipient().String()})
		}
	}
}

func rename(id, as string) func(*plan.Plan) {
	return func(p *plan.Plan) { member(p, id).Name = member(p, as).Name }
}

func dropped(id string) func(*plan.Plan) { return func(p *plan.Plan) { remove(p, id) } }

func added(role plan.Role) func(*plan.Plan) {
	return func(p *plan.Plan) {
		p.Roster = append(p.Roster, plan.Member{ID: "new", Key: newKey(), Name: "A New Person", Role: role})
	}
}

func key(id string, der []byte) func(*plan.Plan) {
	return func(p *plan.Plan) { member(p, id).Key = der }
}

func sameKey(id, as string) func(*plan.Plan) {
	return func(p *plan.Plan) { member(p, id).Key = member(p, as).Key }
}

func dualControlCases() ruleCases {
	return ruleCases{
		accept: []testCase{
			{name: "two custodians", edit: both(custodians(2), shares(2, 2), excepting(ruleThreshold, "two people only"))},
			{name: "two HSM operators", edit: added(plan.Operator)},
		},
		reject: []testCase{
			{name: "no HSM operator for the other half of the PIN", edit: dropped("hsm-operator"), alone: true},
			{name: "a threshold of one", edit: shares(1, 5)},
			{name: "a threshold of none", edit: shares(0, 5)},
			{name: "one custodian", edit: both(custodians(1), shares(1, 1))},
			{name: "no custodian", edit: both(custodians(0), shares(0, 0))},
		},
	}
}

func roleCases() ruleCases {
	return ruleCases{
		accept: []testCase{
			{name: "names that share a part", edit: func(p *plan.Plan) { member(p, "witness").Name = "Ingrid Sørensen-Berg" }},
		},
		reject: []testCase{
			{name: "no witness", edit: dropped("witness")},             // a physical step names this role
			{name: "no administrator", edit: dropped("administrator")}, // and this one
			{name: "no officer", edit: dropped("officer"), alone: true},
			{name: "two administrators", edit: added(plan.Administrator), alone: true},
			{name: "two witnesses", edit: added(plan.Witness), alone: true},
			{name: "two officers", edit: added(plan.Officer), alone: true},
			{name: "the administrator is the witness", edit: rename("witness", "administrator"), alone: true},
			{name: "the administrator is the officer", edit: rename("officer", "administrator"), alone: true},
			{name: "the witness is the officer", edit: rename("officer", "witness"), alone: true},
			{name: "a custodian is the HSM operator", edit: rename("custodian-2", "hsm-operator"), alone: true},
			{name: "a custodian is the importer", edit: rename("importer", "custodian-3"), alone: true},
			{name: "a custodian holds two shares", edit: rename("custodian-5", "custodian-1"), alone: true},
			{name: "the same name in capitals", edit: func(p *plan.Plan) { member(p, "witness").Name = "INGRID SØRENSEN" }, alone: true},
			{name: "the same name with other space", edit: func(p *plan.Plan) { member(p, "witness").Name = "Ingrid  Sørensen" }, alone: true},
			{name: "the same name with a ligature", edit: func(p *plan.Plan) {
				member(p, "witness").Name, member(p, "officer").Name = "Fiona Ash", "ﬁona Ash"
			}, alone: true},
			{name: "the administrator has the witness's key", edit: sameKey("administrator", "witness")},
			{name: "the witness has the HSM's key", edit: sameKey("witness", "hsm")},
		},
	}
}

func fetchImportCases() ruleCases {
	return ruleCases{
		accept: []testCase{{name: "two importers", edit: added(plan.Importer)}},
		reject: []testCase{
			{name: "no fetcher", edit: dropped("fetcher"), alone: true},
			{name: "no importer", edit: dropped("importer"), alone: true},
			{name: "one name", edit: rename("importer", "fetcher")},
			{name: "one key", edit: sameKey("importer", "fetcher")},
			{name: "the second importer is the fetcher", edit: both(added(plan.Importer), rename("new", "fetcher"))},
		},
	}
}

func thresholdCases() ruleCases {
	return ruleCases{
		accept: []testCase{
			{name: "2 of 5", edit: shares(2, 5)},
			{name: "4 of 5", edit: shares(4, 5)},
			{name: "16 of 17 people fit but 16 is the most", edit: both(moreCustodians(11), shares(9, 16))},
			{name: "5 of 5 with a reason", edit: both(shares(5, 5), excepting(ruleThreshold, "five board members, all or none"))},
		},
		reject: []testCase{
			{name: "more shares than custodians", edit: shares(3, 6), alone: true},
			{name: "fewer shares than custodians", edit: shares(3, 4), alone: true},
			{name: "a threshold above the count", edit: shares(6, 5), alone: true},
			{name: "5 of 5", edit: shares(5, 5), alone: true},
			{name: "17 shares", edit: both(moreCustodians(12), shares(9, 17)), alone: true},
			{name: "1 of 5, with a reason", edit: both(shares(1, 5), excepting(ruleThreshold, "we like it"))},
			{name: "6 of 5, with a reason", edit: both(shares(6, 5), excepting(ruleThreshold, "we like it")), alone: true},
		},
	}
}

func publicKeyCases() ruleCases {
	return ruleCases{
		accept: []testCase{
			{name: "a custodian with a P-256 key, as cards have", edit: key("custodian-1", ecKey(elliptic.P256()))},
			{name: "a P-384 key", edit: key("custodian-1", ecKey(elliptic.P384()))},
		},
		reject: []testCase{
			{name: "no key", edit: key("fetcher", nil), alone: true},
			{name: "garbage", edit: key("fetcher", []byte("key")), alone: true},
			{name: "a key of small order", edit: key("fetcher", spki(ed25519.PublicKey(append([]byte{1}, make([]byte, 31)...)))), alone: true},
			{name: "a key on P-521", edit: key("fetcher", ecKey(elliptic.P521())), alone: true},
			{name: "a key with something behind it", edit: key("fetcher", append(newKey(), 0)), alone: true},
			{name: "one key for two", edit: sameKey("fetcher", "witness")},
		},
	}
}

func hsmKeyCases() ruleCases {
	return ruleCases{
		accept: []testCase{
			{name: "P-256", edit: key("hsm", ecKey(elliptic.P256()))},
			{name: "P-384", edit: key("hsm", ecKey(elliptic.P384()))},
		},
		reject: []testCase{
			{name: "no HSM", edit: dropped("hsm"), alone: true},
			{name: "two HSMs", edit: both(added(plan.HSM), key("new", ecKey(elliptic.P256()))), alone: true},
			{name: "an Ed25519 key, made in software", edit: key("hsm", newKey()), alone: true},
		},
	}
}

func recipientCases() ruleCases {
	recipient := func(id, r string) func(*plan.Plan) { return func(p *plan.Plan) { member(p, id).Recipient = r } }
	classic := "age1mqvmddx7qhmmkc829xcclh5aa4qmm2ygtmlrt3y7nhefq22za2cs38sfaj"
	hybrid, err := age.GenerateHybridIdentity()
	if err != nil {
		panic(err)
	}
	pq := hybrid.Recipient().String()
	return ruleCases{
		accept: []testCase{{name: "a hybrid recipient", edit: recipient("custodian-1", pq)}},
		reject: []testCase{
			{name: "no recipient", edit: recipient("custodian-1", ""), alone: true},
			{name: "a letter changed", edit: recipient("custodian-1", strings.Replace(classic, "mqvm", "mqvn", 1)), alone: true},
			{name: "a letter of a hybrid recipient changed", edit: recipient("custodian-1", pq[:100]+swap(pq[100])+pq[101:]), alone: true},
			{name: "cut", edit: recipient("custodian-1", pq[:len(pq)-1]), alone: true},
			{name: "in capitals", edit: recipient("custodian-1", strings.ToUpper(classic)), alone: true},
			{name: "a plugin's", edit: recipient("custodian-1", "age1yubikey1q2w7u3vpya839jxxuq8g0sedh3d740d4xvn639sqhr95ejj8vu3hyfumptt"), alone: true},
			{name: "an SSH key", edit: recipient("custodian-1", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGH"), alone: true},
			{name: "one recipient for two", edit: func(p *plan.Plan) {
				member(p, "custodian-1").Recipient = member(p, "custodian-2").Recipient
			}, alone: true},
			{name: "a witness who could open a share", edit: recipient("witness", pq), alone: true},
		},
	}
}

func swap(b byte) string {
	if b == 'q' {
		return "p"
	}
	return "q"
}
