package app

import (
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"keyrite.dev/keyrite/app/widget"
	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/keycheck"
	"keyrite.dev/keyrite/ceremony/plan"
)

// A scene brings the window to one screen.
type scene struct {
	name string
	home bool
	set  func(s *stage)
}

func member(i int) plan.Member { return people().With(plan.Custodian)[i] }

func headWords() []string {
	w, err := keycheck.WordsOfHex(testHead)
	if err != nil {
		panic(err)
	}
	return w
}

func scenes() []scene {
	return []scene{
		{name: "01-home", home: true, set: func(*stage) {}},
		{name: "02-confirm", set: func(s *stage) {
			s.ask(ceremony.Question{Kind: ceremony.AskConfirm, Step: opened(s, "1.1"), Title: "Open the ceremony"})
		}},
		{name: "03-roll-call", set: func(s *stage) {
			m := member(0)
			s.ask(ceremony.Question{
				Kind: ceremony.AskSignature, Step: opened(s, "1.2"), Person: &m, Title: m.Name + " signs in",
				Detail: "I am the person named, I accept the plan, and I understand and accept my duties as a key custodian.\n\nRehearsal: the passphrase is crane-velvet-otter-basin",
				Params: []ceremony.Param{{Name: "name", Value: m.Name}, {Name: "role", Value: "custodian"}, {Name: "key fingerprint", Value: testHead}, {Name: "plan", Value: testHead}},
			})
		}},
		{name: "04-pin", set: func(s *stage) {
			m := people().With(plan.Operator)[0]
			s.ask(ceremony.Question{
				Kind: ceremony.AskSecret, Step: opened(s, "2.6"), Person: &m, Title: "PIN, half 1 of 2", Value: "pin/1",
				Detail: "A wrong PIN counts against the HSM's limit of tries.\n\nRehearsal: this half of the PIN is 4711",
			})
			s.write("471")
		}},
		{name: "05-working", set: func(s *stage) {
			opened(s, "2.8")
			s.tell(ceremony.Notice{Progress: &ceremony.Progress{Stage: "Wrapping throwaway keys", Fraction: 0.4}})
		}},
		{name: "06-parameters", set: func(s *stage) {
			s.ask(ceremony.Question{
				Kind: ceremony.AskConfirm, Step: opened(s, "2.9"), Title: "Read the parameters", Deadline: time.Now().Add(23 * time.Hour),
				Params: []ceremony.Param{{Name: "parcel", Value: testHead}, {Name: "fetchedBy", Value: "fetcher"}, {Name: "key/1", Value: "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"}, {Name: "fingerprint/1", Value: testHead}, {Name: "fingerprint/2", Value: testHead}},
			})
		}},
		{name: "07-approval", set: approvalScene},
		{name: "08-approval-second", set: func(s *stage) {
			step := opened(s, "3.1")
			next := len(s.w.model.Lines())
			s.ask(approvalQuestion(step))
			s.tell(ceremony.Notice{Line: &ceremony.LineNotice{Seq: next, Kind: "approve", By: member(0).ID, Head: testHead}})
			q := approvalQuestion(step)
			q.Candidates = q.Candidates[1:]
			q.Fault = "the passphrase does not open this credential"
			s.ask(q)
			s.press(fyne.KeyRight)
			s.press(fyne.KeyReturn)
			s.write("correct horse battery staple")
		}},
		{name: "09-read-aloud", set: func(s *stage) {
			m := member(0)
			s.ask(ceremony.Question{
				Kind: ceremony.AskConfirm, Step: opened(s, "3.3"), Person: &m, Title: "Read the key check value aloud, twice", Detail: "Bob does not look at the screen.",
				Show: []ceremony.Value{{Name: ceremony.ValueCheck, Text: keycheck.Group("3f2a91cc0b"), Words: keycheck.Spell("3f2a91cc0b")}},
			})
		}},
		{name: "10-blind", set: func(s *stage) {
			m := member(1)
			s.ask(ceremony.Question{Kind: ceremony.AskText, Blind: true, Step: opened(s, "3.3"), Person: &m, Title: "Key check value as heard", Value: ceremony.ValueCheck})
			s.write("3F2A 91")
		}},
		{name: "11-fingerprint", set: func(s *stage) {
			m := people().With(plan.Officer)[0]
			s.ask(ceremony.Question{
				Kind: ceremony.AskText, Blind: true, Step: opened(s, "7.2"), Person: &m, Title: "Fingerprint of the wrapping key, from the second channel", Value: "fingerprint/1",
				Detail: "Type the 64 hexadecimal characters from the paper; spaces do not matter.\n\nRehearsal: the paper says " + testHead,
				Fault:  "This is not the value that the program has. Read and type it again.",
			})
			s.write(testHead[:42])
		}},
		{name: "12-hand-over", set: func(s *stage) {
			m := member(2)
			s.ask(ceremony.Question{Kind: ceremony.AskText, Step: opened(s, "5.3"), Person: &m, Title: "Number of the envelope", Detail: "Type it, then read it aloud to the witness.", Value: "envelope/custodian-3"})
			s.write("E-3")
		}},
		{name: "13-note", set: func(s *stage) {
			opened(s, "3.1")
			s.tell(ceremony.Notice{Head: &ceremony.HeadNotice{Step: "3.1", Seq: 41, Head: testHead, Words: headWords()}})
		}},
		{name: "14-statement", set: func(s *stage) {
			m := member(3)
			s.ask(ceremony.Question{
				Kind: ceremony.AskStatement, Step: opened(s, "10.3"), Person: &m, Title: "Statement of " + m.Name,
				Detail: "I was present throughout, announced breaks aside. The script was followed except as noted.",
				Params: []ceremony.Param{{Name: "journal so far", Value: testHead}},
			})
		}},
		{name: "15-refuse", set: func(s *stage) {
			approvalScene(s)
			s.press(fyne.KeyReturn)
			s.shortcut(fyne.KeyModifierAlt, fyne.KeyR)
		}},
		{name: "16-abort", set: func(s *stage) {
			approvalScene(s)
			s.shortcut(fyne.KeyModifierAlt, fyne.KeyA)
		}},
		{name: "17-close", set: func(s *stage) {
			approvalScene(s)
			s.w.close()
		}},
		{name: "18-failed-step", set: func(s *stage) {
			s.ask(ceremony.Question{
				Kind: ceremony.AskConfirm, Step: opened(s, "2.5"), Title: "This step did not succeed",
				Fault:  "the HSM says: CKR_PIN_INCORRECT; 2 tries are left. Check the halves and their order.",
				Detail: "Done repeats the step from its beginning. Refuse stops the ceremony, which is then sealed as aborted.",
			})
		}},
		{name: "19-completed", set: func(s *stage) { ended(s, "completed", "", "") }},
		{name: "20-aborted", set: func(s *stage) { ended(s, "aborted", "stopped by the people in the room: smoke", "x") }},
		{name: "21-broken", set: func(s *stage) { ended(s, "", "", "the HSM does not answer: CKR_DEVICE_REMOVED") }},
	}
}

func approvalQuestion(step ceremony.Step) ceremony.Question {
	return ceremony.Question{
		Kind: ceremony.AskApproval, Step: step, Candidates: people().With(plan.Custodian), Title: `Generate the AES_256 key "payments-2026" in the HSM.`,
		Params: []ceremony.Param{{Name: "label", Value: "payments-2026"}, {Name: "spec", Value: "AES_256"}, {Name: "nonce", Value: testHead}},
		Detail: "\n\nRehearsal: the passphrases are\nJosé Álvarez: crane-velvet-otter-basin\nАнна Мельник: lunar-copper-anvil-fjord\nΝίκος Γεωργίου: mango-tunnel-prism-delta",
	}
}

func approvalScene(s *stage) { s.ask(approvalQuestion(opened(s, "3.1"))) }

func ended(s *stage, outcome, reason, failure string) {
	opened(s, "10.3")
	if outcome != "" {
		s.tell(ceremony.Notice{Done: &ceremony.DoneNotice{Outcome: outcome, Reason: reason, Folder: "/home/ceremony/rehearsal"}})
	}
	s.w.model.Finish(summary(), failure)
	s.drain()
}

func TestEveryScreenIsDrawnInLightAndDark(t *testing.T) {
	for _, sc := range scenes() {
		t.Run(sc.name, func(t *testing.T) {
			s := newStage(t, light, !sc.home)
			sc.set(s)
			s.snap(sc.name + "-light")
			s.w.nextMode()
			s.drain()
			s.snap(sc.name + "-dark")
		})
	}
}

func TestThePicturesOfTheGallery(t *testing.T) {
	looks := map[string]look{"dark-1024": {widget.Dark, 1024, 700}}
	if *gallery != "" {
		looks["contrast"] = look{widget.Contrast, 1280, 800}
		looks["light-1920"] = look{widget.Light, 1920, 1080}
		looks["dark-1920"] = look{widget.Dark, 1920, 1080}
	}
	all := scenes()
	if *gallery == "" {
		all = all[6:7] // the fullest screen, in the smallest window
	}
	for _, sc := range all {
		for name, l := range looks {
			s := newStage(t, l, !sc.home)
			sc.set(s)
			s.snap(sc.name + "-" + name)
		}
	}
}
