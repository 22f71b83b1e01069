package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"keyrite.dev/keyrite/ceremony/plan"
)

// checkForm: what people will read aloud and sign must say something. Characters
// that mislead, over-long texts and unknown words were refused when the plan was
// read (package plan).
func checkForm(p plan.Plan, _ Target) []finding {
	var fs []finding
	text := func(subject, s string) {
		if s == "" || strings.TrimSpace(s) != s {
			fs = append(fs, found(subject, "%q: a text that is empty or has space around it", s)...)
		}
	}
	text("title", p.Title)
	for _, m := range p.Roster {
		text("name of "+m.ID, m.Name)
	}
	for i, s := range p.PhysicalSteps {
		text(fmt.Sprintf("physical step %d", i+1), s.Text)
	}
	return fs
}

// checkDestination: one key in one place, named so that it cannot be another.
func checkDestination(p plan.Plan, t Target) []finding {
	d := p.Destination
	if t == nil {
		return found(fmt.Sprintf("cloud %q", d.Cloud), "this program knows no such cloud")
	}
	if d.Cloud == plan.CloudAWS {
		return checkARN(d)
	}
	if d.Account == "" || d.Key == "" || d.Region == "" {
		return found(fmt.Sprintf("key %q", d.Key), "account, region and key are all needed")
	}
	return nil
}

// arn is the form of an AWS KMS key ARN. An alias can be pointed elsewhere after
// the plan is signed, so none is taken.
const arn = `^arn:aws[a-z-]*:kms:([a-z0-9-]+):([0-9]{12}):key/[A-Za-z0-9-]+$`

func checkARN(d plan.Destination) []finding {
	m := regexp.MustCompile(arn).FindStringSubmatch(d.Key)
	switch {
	case m == nil:
		return found(fmt.Sprintf("key %q", d.Key), "not the ARN of an AWS KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID; no alias)")
	case m[1] != d.Region:
		return found(fmt.Sprintf("region %q", d.Region), "the key's ARN says %q", m[1])
	case m[2] != d.Account:
		return found(fmt.Sprintf("account %q", d.Account), "the key's ARN says %q", m[2])
	default:
		return nil
	}
}

// maxPerStep is how many letters there are to number them: "2.7a" to "2.7z".
const maxPerStep = 26

// checkPhysicalSteps: an extra step happens in the room, at a step of the script,
// by one person under the eyes of another.
func checkPhysicalSteps(p plan.Plan, _ Target) []finding {
	known, room, count := steps(p), inRoom(), map[string]int{}
	var fs []finding
	for i, s := range p.PhysicalSteps {
		subject := fmt.Sprintf("physical step %d", i+1)
		count[s.After]++
		switch {
		case !slices.Contains(known, s.After):
			fs = append(fs, found(subject, "the script has no step %q after which something can be done", s.After)...)
		case count[s.After] > maxPerStep:
			fs = append(fs, found(subject, "more than %d steps after %s", maxPerStep, s.After)...)
		}
		for _, role := range []plan.Role{s.Actor, s.Watcher} {
			if !slices.Contains(room, role) || len(p.With(role)) == 0 {
				fs = append(fs, found(subject, "no %s is in the room", role)...)
			}
		}
		if s.Actor == s.Watcher && len(p.With(s.Actor)) < 2 {
			fs = append(fs, found(subject, "the %s cannot watch the own work", s.Actor)...)
		}
	}
	return fs
}

func inRoom() []plan.Role {
	return []plan.Role{plan.Administrator, plan.Operator, plan.Custodian, plan.Witness, plan.Officer}
}

// steps are the numbers of the default script (ceremony.Script) but the last,
// after which the journal is closed.
func steps(p plan.Plan) []string {
	numbers := strings.Fields("1.1 1.2 1.3 1.4 1.5 2.1 2.2 2.3 2.4 2.5 2.6 2.7 2.8 2.9 2.10 2.11 3.1 3.2 3.3 4.1 " +
		"6.1 7.1 7.2 7.3 8.1 9.1 9.2 9.3 10.1 10.2")
	for i := range p.With(plan.Custodian) {
		numbers = append(numbers, fmt.Sprintf("5.%d", i+1))
	}
	return numbers
}

// checkReferences: what points to another document is a whole SHA-256.
func checkReferences(p plan.Plan, _ Target) []finding {
	var fs []finding
	for _, r := range []struct{ name, hash string }{{"registerHead", p.RegisterHead}, {"original", p.Original}} {
		if r.hash != "" && !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(r.hash) {
			fs = append(fs, found(r.name, "%q is neither empty nor a SHA-256 in lower-case hex", r.hash)...)
		}
	}
	return fs
}

// checkExceptions: an exception lifts one rule that can be lifted, once, for a
// reason that a reader can judge.
func checkExceptions(p plan.Plan, t Target) []finding {
	var fs []finding
	seen := map[string]bool{}
	for _, e := range p.Exceptions {
		i := slices.IndexFunc(rules(), func(r rule) bool { return r.id == e.Rule })
		switch {
		case i < 0:
			fs = append(fs, found(e.Rule, "there is no such rule")...)
		case !rules()[i].liftable:
			fs = append(fs, found(e.Rule, "this rule has no exceptions")...)
		case seen[e.Rule]:
			fs = append(fs, found(e.Rule, "excepted twice")...)
		case strings.TrimSpace(e.Reason) == "":
			fs = append(fs, found(e.Rule, "an exception without a reason")...)
		case len(rules()[i].check(p, t)) == 0:
			fs = append(fs, found(e.Rule, "the exception lifts nothing; a reader would take it for a weakness that is not there")...)
		}
		seen[e.Rule] = true
	}
	return fs
}
