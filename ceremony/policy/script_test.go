package policy_test

import (
	"fmt"
	"testing"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/policy"
)

type takesAll struct{}

func (takesAll) CheckWrapping(plan.KeySpec, plan.Wrapping) error { return nil }

// The rule PHYSICAL-STEPS knows the script's step numbers without importing the
// engine. A step that it takes must be in the script, and the other way round.
func TestPhysicalStepsKnowTheScript(t *testing.T) {
	p := plan.Default(plan.AES256, false)
	p.PhysicalSteps = nil
	script := ceremony.Script(p)
	inScript := map[string]bool{}
	for _, s := range script[:len(script)-1] {
		inScript[s.Number] = true
	}
	for act := range 12 {
		for step := range 20 {
			number := fmt.Sprintf("%d.%d", act, step)
			p.PhysicalSteps = []plan.PhysicalStep{{Actor: plan.Administrator, After: number, Text: "Open safe 2.", Watcher: plan.Witness}}
			_, vs := policy.Check(p, takesAll{})
			if taken := vs == nil; taken != inScript[number] {
				t.Errorf("step %s: taken %t, in the script %t: %v", number, taken, inScript[number], vs)
			}
			if want := len(script) + 1; inScript[number] && len(ceremony.Script(p)) != want {
				t.Errorf("step %s is lost in the script", number)
			}
		}
	}
}
