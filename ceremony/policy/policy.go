package policy

import (
	"fmt"
	"slices"
	"strings"

	"keyrite.dev/keyrite/ceremony/plan"
)

// A Violation is one rule that a plan breaks. Rule is its identifier, the same
// in code, tests and docs/assurance.md.
type Violation struct {
	Rule    string
	Subject string // what breaks it: a roster id, "shares 1 of 5"
	Detail  string // why, and what to do
}

func (v Violation) String() string { return v.Rule + ": " + v.Subject + ": " + v.Detail }

// Violations are all rules that a plan breaks, in the order of the rules. As an
// error they read as one line each.
type Violations []Violation

func (vs Violations) Error() string {
	lines := make([]string, len(vs))
	for i, v := range vs {
		lines[i] = v.String()
	}
	return "the plan is refused:\n" + strings.Join(lines, "\n")
}

// A Checked plan broke no rule. Only [Check] makes one; the zero value is refused
// wherever one is wanted.
type Checked struct {
	plan    plan.Plan
	payload []byte // canonical spelling, what will be signed
}

// Plan is a copy of the plan that was checked.
func (c Checked) Plan() plan.Plan { return c.plan.Clone() }

// Check holds p against every rule and answers all violations at once. t is the
// offline knowledge of the plan's cloud; nil says that this program knows none.
func Check(p plan.Plan, t Target) (Checked, Violations) {
	return check(p, t, rules())
}

func check(p plan.Plan, t Target, rules []rule) (Checked, Violations) {
	payload, err := plan.Canonical(p)
	if err == nil {
		// Read back: what is checked is a copy that no caller can change, and is
		// exactly what will be signed.
		p, err = plan.ParseCanonical(payload)
	}
	if err != nil {
		return Checked{}, Violations{{Rule: ruleForm, Subject: "plan", Detail: err.Error()}}
	}
	var all Violations
	lifted := map[string]bool{}
	for _, r := range rules {
		for _, f := range r.check(p, t) {
			if f.liftable && excepted(p, r.id) {
				lifted[r.id] = true
				continue
			}
			all = append(all, Violation{Rule: r.id, Subject: f.subject, Detail: f.detail})
		}
	}
	if len(all) > 0 {
		return Checked{}, all
	}
	return Checked{plan: p, payload: payload}, nil
}

// excepted reports whether the plan lifts a rule with a reason. Whether the
// exceptions themselves are sound is the rule EXCEPTIONS.
func excepted(p plan.Plan, rule string) bool {
	return slices.ContainsFunc(p.Exceptions, func(e plan.Exception) bool {
		return e.Rule == rule && strings.TrimSpace(e.Reason) != ""
	})
}

// A rule looks at one thing. Its checks are pure: no clock, no file, no network.
type rule struct {
	id string
	// liftable rules may be named in an exception; which of their findings it
	// lifts, each finding says.
	liftable bool
	check    func(plan.Plan, Target) []finding
}

// A finding is a violation before it has a rule.
type finding struct {
	subject  string
	detail   string
	liftable bool // by an exception with a reason
}

func found(subject, format string, args ...any) []finding {
	return []finding{{subject: subject, detail: fmt.Sprintf(format, args...)}}
}

// liftable marks findings that a signed exception may lift.
func liftable(fs []finding) []finding {
	for i := range fs {
		fs[i].liftable = true
	}
	return fs
}
