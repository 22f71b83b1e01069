package ceremony

import "keyrite.dev/keyrite/ceremony/plan"

// A StepKind decides what the engine does and which screen shows it.
type StepKind string

// Kinds of steps, which are also the actions of request lines.
const (
	KindConfirm     StepKind = "confirm"     // people do something, one says done
	KindRollCall    StepKind = "roll-call"   // each member enrols with the own key
	KindCheck       StepKind = "check"       // the program looks at something
	KindLogin       StepKind = "login"       // PIN in two halves
	KindGenerate    StepKind = "generate"    // target key
	KindCompare     StepKind = "compare"     // read aloud, typed blind, compared
	KindSplit       StepKind = "split"       // worker: backup and split
	KindHandOver    StepKind = "hand-over"   // worker: one custodian's share opens
	KindRecover     StepKind = "recover"     // worker: k shares rebuild
	KindParameters  StepKind = "parameters"  // read the import parameters
	KindFingerprint StepKind = "fingerprint" // second-channel comparison
	KindWrap        StepKind = "wrap"        // for the cloud
	KindExport      StepKind = "export"      // files leave
	KindDestroy     StepKind = "destroy"     // temporary or target keys end
	KindInventory   StepKind = "inventory"   // objects before or after
	KindClose       StepKind = "close"       // statements and seal
)

// A Step is one line of the script.
type Step struct {
	Number       string // "3.2"
	Act          string // "Generation"
	Kind         StepKind
	Title        string
	Words        []string    // numbered instructions on the screen
	Actor        plan.Role   // who does it
	Watchers     []plan.Role // who watches or confirms
	Approvals    int         // custodians who must approve: 0 or 2
	Irreversible bool
	SafePoint    bool   // after it, the head is noted
	Member       string // roster id, for steps repeated per person
	Minutes      int    // estimate
}
