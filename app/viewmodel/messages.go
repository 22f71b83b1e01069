package viewmodel

import (
	"bytes"
	"encoding/json"
	"fmt"

	"keyrite.dev/keyrite/ceremony/plan"
)

// Messages are the words that people read in the window, in one language. A
// field that holds %s or %d is a format; the comment names what goes in.
type Messages struct {
	// The frame.
	Product        string `json:"product"`
	WindowTitle    string `json:"windowTitle"`
	RehearsalMark  string `json:"rehearsalMark"`
	RehearsalWords string `json:"rehearsalWords"`
	Smaller        string `json:"smaller"`
	Larger         string `json:"larger"`
	Colours        string `json:"colours"`
	TranscriptShow string `json:"transcriptShow"`
	AbortButton    string `json:"abortButton"`
	KeysHome       string `json:"keysHome"`
	KeysCeremony   string `json:"keysCeremony"`

	// The rail.
	ActNumber   string `json:"actNumber"`   // number
	ActTitle    string `json:"actTitle"`    // number, title
	StepsDone   string `json:"stepsDone"`   // done, all
	MinutesLeft string `json:"minutesLeft"` // minutes
	HoursLeft   string `json:"hoursLeft"`   // hours, minutes
	StateFailed string `json:"stateFailed"`

	// The transcript.
	Transcript        string            `json:"transcript"`
	TranscriptEmpty   string            `json:"transcriptEmpty"`
	TranscriptCovered string            `json:"transcriptCovered"`
	TranscriptEarlier string            `json:"transcriptEarlier"` // count
	LinesOnDisk       string            `json:"linesOnDisk"`       // count
	ChainInOrder      string            `json:"chainInOrder"`
	ChainGap          string            `json:"chainGap"`
	HeadShort         string            `json:"headShort"` // groups
	Kinds             map[string]string `json:"kinds"`     // journal line kinds
	Roles             map[string]string `json:"roles"`

	// The card of a step.
	StepNumber   string `json:"stepNumber"` // act title, number
	DoesIt       string `json:"doesIt"`
	Watches      string `json:"watches"`
	LooksAway    string `json:"looksAway"`
	Everyone     string `json:"everyone"`
	EveryoneElse string `json:"everyoneElse"`
	NameAndRole  string `json:"nameAndRole"` // name, role
	CustodianOf  string `json:"custodianOf"` // which, of how many
	Irreversible string `json:"irreversible"`
	ReadAloud    string `json:"readAloud"`
	WhatIsSigned string `json:"whatIsSigned"`
	OnlyHere     string `json:"onlyHere"` // heads the rehearsal's hint
	Deadline     string `json:"deadline"` // time left, time of day
	DeadlineOver string `json:"deadlineOver"`
	ThisStep     string `json:"thisStep"`
	Working      string `json:"working"`
	WorkingHint  string `json:"workingHint"`
	AbortComing  string `json:"abortComing"`

	// Questions.
	Done              string `json:"done"`
	DoneIrreversible  string `json:"doneIrreversible"`
	Refuse            string `json:"refuse"`
	WhoApproves       string `json:"whoApproves"`
	ApprovedBy        string `json:"approvedBy"` // names
	ApprovedByNobody  string `json:"approvedByNobody"`
	Approve           string `json:"approve"`
	ChooseFirst       string `json:"chooseFirst"`
	ChooseAgain       string `json:"chooseAgain"`
	PassphraseOf      string `json:"passphraseOf"` // name
	Sign              string `json:"sign"`
	Enter             string `json:"enter"`
	BlindHint         string `json:"blindHint"`
	Agree             string `json:"agree"`
	Disagree          string `json:"disagree"`
	FieldPassphrase   string `json:"fieldPassphrase"`
	FieldPIN          string `json:"fieldPIN"` // which half
	FieldClock        string `json:"fieldClock"`
	FormatClock       string `json:"formatClock"`
	FieldSerial       string `json:"fieldSerial"`
	FieldCheck        string `json:"fieldCheck"`
	FieldFingerprint  string `json:"fieldFingerprint"`
	FormatFingerprint string `json:"formatFingerprint"`
	FieldEnvelope     string `json:"fieldEnvelope"`
	SecretEmpty       string `json:"secretEmpty"`
	SecretCount       string `json:"secretCount"` // characters
	SecretNoPaste     string `json:"secretNoPaste"`
	SecretFull        string `json:"secretFull"`

	// Faults of what was typed.
	FaultEmpty      string `json:"faultEmpty"`
	FaultChoose     string `json:"faultChoose"`
	FaultPassphrase string `json:"faultPassphrase"`
	FaultReason     string `json:"faultReason"`
	FaultWord       string `json:"faultWord"` // the word to type

	// Reasons, abort, close.
	ReasonRefuse   string `json:"reasonRefuse"`
	ReasonDisagree string `json:"reasonDisagree"`
	ReasonLabel    string `json:"reasonLabel"`
	ReasonHint     string `json:"reasonHint"`
	Back           string `json:"back"`
	AbortTitle     string `json:"abortTitle"`
	AbortWords     string `json:"abortWords"`
	AbortType      string `json:"abortType"` // the word
	AbortWord      string `json:"abortWord"`
	AbortDo        string `json:"abortDo"`
	CloseTitle     string `json:"closeTitle"`
	CloseWords     string `json:"closeWords"`
	CloseStay      string `json:"closeStay"`
	CloseAbort     string `json:"closeAbort"`
	CloseLeave     string `json:"closeLeave"`
	CloseLeaving   string `json:"closeLeaving"`

	// Heads.
	NoteTitle string `json:"noteTitle"`
	NoteWords string `json:"noteWords"`
	NoteAfter string `json:"noteAfter"` // step number, title, line number
	Noted     string `json:"noted"`

	// The end.
	EndCompleted      string `json:"endCompleted"`
	EndCompletedWords string `json:"endCompletedWords"`
	EndAborted        string `json:"endAborted"`
	EndAbortedWords   string `json:"endAbortedWords"`
	EndBroken         string `json:"endBroken"`
	EndBrokenWords    string `json:"endBrokenWords"`
	EndWaiting        string `json:"endWaiting"`
	EndReason         string `json:"endReason"`
	EndFailure        string `json:"endFailure"`
	EndFolder         string `json:"endFolder"`
	EndVerify         string `json:"endVerify"`
	EndHome           string `json:"endHome"`

	// Home.
	HomeTitle     string   `json:"homeTitle"`
	HomeWords     string   `json:"homeWords"`
	HomeRehearse  string   `json:"homeRehearse"`
	HomeSteps     []string `json:"homeSteps"`
	HomeFolder    string   `json:"homeFolder"`
	HomeToken     string   `json:"homeToken"`
	HomePlan      string   `json:"homePlan"`
	HomePlanOwn   string   `json:"homePlanOwn"`
	HomePlanBuilt string   `json:"homePlanBuilt"`
	HomeStart     string   `json:"homeStart"`
	FaultFolder   string   `json:"faultFolder"`
	FaultExists   string   `json:"faultExists"`
	FaultParent   string   `json:"faultParent"`
}

// ReadMessages reads a translation. A message that is missing or unknown is an
// error: a window with holes in its words is not shown.
func ReadMessages(translation []byte) (Messages, error) {
	var m Messages
	d := json.NewDecoder(bytes.NewReader(translation))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return Messages{}, fmt.Errorf("invalid translation: %w", err)
	}
	if hole := m.hole(); hole != "" {
		return Messages{}, fmt.Errorf("invalid translation: no words for %s", hole)
	}
	return m, nil
}

func (m Messages) role(r plan.Role) string { return translated(m.Roles, string(r)) }

func (m Messages) kind(k string) string { return translated(m.Kinds, k) }

// translated falls back to the name itself: a kind that a later version writes
// is better shown raw than not at all.
func translated(words map[string]string, name string) string {
	if w, ok := words[name]; ok {
		return w
	}
	return name
}
