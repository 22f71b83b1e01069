package ceremony

import (
	"fmt"
	"slices"

	"keyrite.dev/keyrite/ceremony/plan"
)

// Script derives the ordered steps of a key import from its plan: acts 1 to 10
// of the default ceremony. Acts 0 and 11 happen before and after the room.
//
// Where acting and watching roles differ from approvals: an approval always comes
// from two custodians, whoever acts or watches (design, claim 2).
//
// Two steps stand earlier than in the paper scripts this follows: the HSM login,
// since private objects are invisible and throwaway keys impossible before it,
// and the import parameters, whose remaining life decides go or no-go.
func Script(p plan.Plan) []Step {
	steps := slices.Concat(
		opening(), preflight(), generation(p), backup(p), handOver(p), recovery(p), wrapping(p), export(), cleanUp(p), closing(),
	)
	return insertPhysical(steps, p.PhysicalSteps)
}

var everyone = []plan.Role{plan.Administrator, plan.Operator, plan.Custodian, plan.Witness, plan.Officer}

func act(name string, steps ...Step) []Step {
	for i := range steps {
		steps[i].Act = name
	}
	return steps
}

func watched(by ...plan.Role) []plan.Role { return by }

func opening() []Step {
	return act("Opening",
		Step{
			Number: "1.1", Kind: KindConfirm, Title: "Open the ceremony", Actor: plan.Administrator, Watchers: watched(plan.Witness), Minutes: 3,
			Words: []string{
				"Start the recording.", "Say the purpose, the date and the title of the plan aloud.",
				"The witness starts the paper log.",
			},
		},
		Step{
			Number: "1.2", Kind: KindRollCall, Title: "Roll call", Actor: plan.Witness, Watchers: everyone, Minutes: 10,
			Words: []string{
				"Each person says name and role.", "The witness checks an identity document against the roster.",
				"Each person compares the key fingerprint with the own paper card, then signs in with the own credential.",
				"Signing in accepts the plan, and for custodians the duties of a key custodian.",
			},
		},
		Step{
			Number: "1.3", Kind: KindConfirm, Title: "Phones out, door closed", Actor: plan.Administrator, Watchers: watched(plan.Witness), Minutes: 2,
			Words: []string{"Phones and watches leave the room.", "Close the door.", "Read the rules for breaks and emergencies."},
		},
		Step{
			Number: "1.4", Kind: KindConfirm, Title: "Compare the seals", Actor: plan.Administrator, Watchers: watched(plan.Witness), Minutes: 5,
			Words: []string{
				"Read the bag numbers of the last record aloud.", "The witness compares them with the bags on the table.",
				"Open the bags.",
			},
		},
		Step{
			Number: "1.5", Kind: KindConfirm, Title: "Practice or production", Actor: plan.Witness, Watchers: everyone, Minutes: 1,
			Words: []string{"Say aloud what the frame of this window says: rehearsal or production.", "The witness confirms that it is what was announced."},
		},
	)
}

func preflight() []Step {
	return act("Pre-flight",
		Step{
			Number: "2.1", Kind: KindCheck, Title: "This program", Actor: plan.Administrator, Watchers: watched(plan.Witness), Minutes: 4,
			Words: []string{"Compare the program's digest with the one in the paper script."},
		},
		Step{
			Number: "2.2", Kind: KindCheck, Title: "Air gap", Actor: plan.Administrator, Watchers: watched(plan.Witness), Minutes: 3,
			Words: []string{"Read the list of interfaces.", "Look at cables, switches and antennas."},
		},
		Step{
			Number: "2.3", Kind: KindCheck, Title: "Clock", Actor: plan.Custodian, Watchers: watched(plan.Witness), Minutes: 2,
			Words: []string{"Two people each read an independent clock and type its time, UTC."},
		},
		Step{
			Number: "2.4", Kind: KindCheck, Title: "Self-test", Actor: plan.Administrator, Watchers: watched(plan.Witness), Minutes: 1,
			Words: []string{"The program runs known-answer tests."},
		},
		Step{
			Number: "2.5", Kind: KindCheck, Title: "The HSM's identity", Actor: plan.Operator, Watchers: watched(plan.Witness), Minutes: 3,
			Words: []string{"Read the serial number from the label on the HSM and type it.", "The program compares it with what the HSM says of itself."},
		},
		Step{
			Number: "2.6", Kind: KindLogin, Title: "HSM login", Actor: plan.Operator, Watchers: watched(plan.Administrator, plan.Witness), Minutes: 3,
			Words: []string{"Two people each type one half of the HSM's user PIN.", "Everyone else looks away."},
		},
		Step{
			Number: "2.7", Kind: KindInventory, Title: "HSM objects before", Actor: plan.Operator, Watchers: watched(plan.Officer), Minutes: 3,
			Words: []string{"Read the list of objects.", "Anything unexpected is a deviation."},
		},
		Step{
			Number: "2.8", Kind: KindCheck, Title: "Prove the wrapping", Actor: plan.Operator, Watchers: watched(plan.Administrator), Minutes: 2,
			Words: []string{"The HSM wraps throwaway keys; the program unwraps them and compares every byte."},
		},
		Step{
			Number: "2.9", Kind: KindParameters, Title: "Import parameters", Actor: plan.Administrator, Watchers: watched(plan.Witness), Minutes: 3,
			Words: []string{"Insert medium A.", "The program checks signature, destination and remaining life."},
		},
		Step{
			Number: "2.10", Kind: KindConfirm, Title: "Media and envelopes", Actor: plan.Administrator, Watchers: watched(plan.Witness), Minutes: 3,
			Words: []string{"Count the free envelopes and the media.", "Read the numbers aloud."},
		},
		Step{
			Number: "2.11", Kind: KindConfirm, Title: "Go or no-go", Actor: plan.Administrator, Watchers: everyone, SafePoint: true, Minutes: 2,
			Words: []string{"Ask each role: go or no-go?", "One no-go stops the ceremony here, with nothing made."},
		},
	)
}

func generation(p plan.Plan) []Step {
	return act("Generation",
		Step{
			Number: "3.1", Kind: KindGenerate, Title: "Generate the key", Actor: plan.Administrator, Watchers: watched(plan.Witness),
			Approvals: 2, Irreversible: true, SafePoint: true, Minutes: 4,
			Words: []string{
				fmt.Sprintf("The witness says the label aloud: %s.", p.Key.Label),
				"Two custodians approve, each with the own credential.", "The HSM generates the key.",
			},
		},
		Step{
			Number: "3.2", Kind: KindCheck, Title: "Attributes read back", Actor: plan.Administrator, Watchers: watched(plan.Officer), Minutes: 2,
			Words: []string{"The program reads every attribute back and compares it with the plan."},
		},
		Step{
			Number: "3.3", Kind: KindCompare, Title: "Key check value", Actor: plan.Custodian, Watchers: watched(plan.Witness), SafePoint: true, Minutes: 5,
			Words: []string{
				"One custodian reads the value aloud, twice.", "Another types what was heard, without seeing it.",
				"They swap.", "The witness writes the value on paper.",
			},
		},
	)
}

func backup(p plan.Plan) []Step {
	return act("Backup and split",
		Step{
			Number: "4.1", Kind: KindSplit, Title: "Back up and split", Actor: plan.Administrator, Watchers: watched(plan.Witness),
			Approvals: 2, Irreversible: true, Minutes: 6,
			Words: []string{
				"Two custodians approve.", "The HSM makes a backup key and wraps the target under it.",
				fmt.Sprintf("A separate process splits the backup key into %d shares, any %d of which rebuild it, and seals each to its custodian.", p.Shares.Count, p.Shares.Threshold),
				"The backup key is destroyed.",
			},
		},
	)
}

func handOver(p plan.Plan) []Step {
	var steps []Step
	for i, c := range p.With(plan.Custodian) {
		steps = append(steps, Step{
			Number: fmt.Sprintf("5.%d", i+1), Kind: KindHandOver, Title: "Share of " + c.Name, Actor: plan.Custodian, Member: c.ID,
			Watchers: watched(plan.Witness), SafePoint: true, Minutes: 5,
			Words: []string{
				c.Name + " alone at the keyboard; the others step back.",
				"The program proves that the sealed share opens and matches. Nothing is shown.",
				"The share goes into its envelope. The custodian reads the envelope's number, the witness types it.",
				"Both sign over the flap. No two shares are on the table at once.",
			},
		})
	}
	return act("Share hand-over", steps...)
}

func recovery(p plan.Plan) []Step {
	return act("Recovery proof",
		Step{
			Number: "6.1", Kind: KindRecover, Title: "Prove the recovery", Actor: plan.Custodian, Watchers: watched(plan.Witness),
			Approvals: 2, SafePoint: true, Minutes: 8,
			Words: []string{
				fmt.Sprintf("The program draws %d custodians.", p.Shares.Threshold), "Two custodians approve.",
				"Those drawn open their shares, each alone at the keyboard.",
				"The HSM rebuilds the key inside; its check value must be the one on paper.",
			},
		},
	)
}

func wrapping(p plan.Plan) []Step {
	return act("Wrapping for the cloud",
		Step{
			Number: "7.1", Kind: KindParameters, Title: "Import parameters again", Actor: plan.Administrator, Watchers: watched(plan.Witness), Minutes: 2,
			Words: []string{"The program reads medium A again: the same file, and enough time left."},
		},
		Step{
			Number: "7.2", Kind: KindFingerprint, Title: "Second channel", Actor: plan.Officer, Watchers: watched(plan.Witness), Minutes: 6,
			Words: []string{
				"The officer opens the value that came by the second channel.",
				"The officer types it, without seeing what the program computed.", "A mismatch stops the ceremony.",
			},
		},
		Step{
			Number: "7.3", Kind: KindWrap, Title: "Wrap the key for the cloud", Actor: plan.Operator, Watchers: watched(plan.Administrator),
			Approvals: 2, Irreversible: true, SafePoint: true, Minutes: 4,
			Words: []string{
				"Two custodians approve the wrapping key's fingerprint, region and key.",
				fmt.Sprintf("The HSM wraps the key with %s.", p.Wrapping.Algorithm),
			},
		},
	)
}

func export() []Step {
	return act("Export",
		Step{
			Number: "8.1", Kind: KindExport, Title: "Write medium B", Actor: plan.Administrator, Watchers: watched(plan.Witness),
			Approvals: 2, SafePoint: true, Minutes: 4,
			Words: []string{
				"Two custodians approve.", "The program writes the wrapped key and reads it back.",
				"Medium B goes into a numbered bag. The administrator reads its number, the witness types it.",
			},
		},
	)
}

func cleanUp(p plan.Plan) []Step {
	words := "The key stays in the HSM and becomes non-extractable, for good."
	if p.Afterwards == plan.Destroy {
		words = "The key in the HSM is destroyed. A lost import is repaired from the shares."
	}
	return act("Clean-up",
		Step{
			Number: "9.1", Kind: KindDestroy, Title: "End of the key in the HSM", Actor: plan.Operator, Watchers: watched(plan.Officer),
			Approvals: 2, Irreversible: true, Minutes: 3, Words: []string{"Two custodians approve.", words},
		},
		Step{
			Number: "9.2", Kind: KindInventory, Title: "HSM objects after", Actor: plan.Operator, Watchers: watched(plan.Officer), Minutes: 3,
			Words: []string{"Read what changed.", "Every difference is explained."},
		},
		Step{
			Number: "9.3", Kind: KindConfirm, Title: "Media and paper", Actor: plan.Administrator, Watchers: watched(plan.Witness), Minutes: 4,
			Words: []string{"Shred waste paper.", "Power-cycle the printer.", "Wipe or destroy the media that stay."},
		},
	)
}

func closing() []Step {
	return act("Closing",
		Step{
			Number: "10.1", Kind: KindConfirm, Title: "Deviations read out", Actor: plan.Witness, Watchers: everyone, Minutes: 4,
			Words: []string{"Read each deviation aloud with its decision."},
		},
		Step{
			Number: "10.2", Kind: KindConfirm, Title: "Unused forms", Actor: plan.Witness, Watchers: watched(plan.Administrator), Minutes: 2,
			Words: []string{"Strike out the unused forms and count them."},
		},
		Step{
			Number: "10.3", Kind: KindClose, Title: "Statements and seal", Actor: plan.Administrator, Watchers: everyone, Minutes: 10,
			Words: []string{
				"Each person states: I was present, and the script was followed except as noted.",
				"Whoever does not agree says so, and why. That is an answer, not an obstacle.",
				"Custodians, witness and HSM sign the seal.",
			},
		},
	)
}

// insertPhysical puts each of the plan's own steps behind the step it names,
// in the plan's order, numbered "2.7a", "2.7b".
func insertPhysical(steps []Step, extra []plan.PhysicalStep) []Step {
	count := map[string]int{}
	for _, e := range extra {
		at := slices.IndexFunc(steps, func(s Step) bool { return s.Number == e.After })
		if at < 0 {
			continue // policy refuses such plans (PHYSICAL-STEPS)
		}
		n := count[e.After]
		count[e.After]++
		s := Step{
			Number: e.After + string(rune('a'+n)), Act: steps[at].Act, Kind: KindConfirm, Title: "On site",
			Words: []string{e.Text}, Actor: e.Actor, Watchers: watched(e.Watcher), Minutes: 2,
		}
		steps = slices.Insert(steps, at+1+n, s)
	}
	return steps
}
