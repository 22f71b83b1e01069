package viewmodel

import (
	"strings"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/secret"
)

// Each answer method returns a fault in words, "" when the answer was taken. A
// secret belongs to the method from the call on: it reaches the run or is wiped.

// Confirm answers "done".
func (c *Ceremony) Confirm() string { return c.answer(ceremony.Answer{}, "") }

// Sign answers with a passphrase, for a signature.
func (c *Ceremony) Sign(passphrase secret.Bytes) string {
	return c.answer(ceremony.Answer{Secret: passphrase}, c.empty(passphrase, c.words.FaultPassphrase))
}

// Secret answers with a secret that is no passphrase.
func (c *Ceremony) Secret(s secret.Bytes) string {
	return c.answer(ceremony.Answer{Secret: s}, c.empty(s, c.words.FaultEmpty))
}

// Approve answers for one custodian.
func (c *Ceremony) Approve(person string, passphrase secret.Bytes) string {
	fault := c.empty(passphrase, c.words.FaultPassphrase)
	if !c.isCandidate(person) {
		fault = c.words.FaultChoose
	}
	return c.answer(ceremony.Answer{Person: person, Secret: passphrase}, fault)
}

// Text answers with a typed value, without the spaces around it.
func (c *Ceremony) Text(text string) string {
	text = strings.TrimSpace(text)
	fault := ""
	if text == "" {
		fault = c.words.FaultEmpty
	}
	return c.answer(ceremony.Answer{Text: text}, fault)
}

// Refuse answers no, with the reason. person is needed for an approval, the
// passphrase for what a person signs.
func (c *Ceremony) Refuse(person, reason string, passphrase secret.Bytes) string {
	reason = strings.TrimSpace(reason)
	fault := ""
	switch {
	case c.kind() == ceremony.AskApproval && !c.isCandidate(person):
		fault = c.words.FaultChoose
	case reason == "":
		fault = c.words.FaultReason
	case c.SignsRefusal():
		fault = c.empty(passphrase, c.words.FaultPassphrase)
	}
	return c.answer(ceremony.Answer{Person: person, Refused: true, Reason: reason, Secret: passphrase}, fault)
}

// SignsRefusal tells whether a no to the present question is signed by the
// person: a refused approval and a dissenting statement are.
func (c *Ceremony) SignsRefusal() bool {
	return c.kind() == ceremony.AskApproval || c.kind() == ceremony.AskStatement
}

// Abort ends the ceremony, now if somebody is asked something, else at the next
// question: work of the HSM is never cut in the middle.
func (c *Ceremony) Abort(reason string) string {
	reason = strings.TrimSpace(reason)
	if reason == "" {
		return c.words.FaultReason
	}
	if c.waiting == nil {
		c.aborting = reason
		c.newScreen()
		return ""
	}
	c.aborted = true
	return c.answer(ceremony.Answer{Abort: true, Reason: reason}, "")
}

// Aborting tells whether an abort was asked for.
func (c *Ceremony) Aborting() bool { return c.aborted || c.aborting != "" }

// AbortComing tells whether an abort waits for work to end.
func (c *Ceremony) AbortComing() bool { return c.aborting != "" }

func (c *Ceremony) kind() ceremony.QuestionKind {
	if c.waiting == nil {
		return 0
	}
	return c.waiting.question.Kind
}

func (c *Ceremony) isCandidate(id string) bool {
	if c.waiting == nil {
		return false
	}
	for _, m := range c.waiting.question.Candidates {
		if m.ID == id {
			return true
		}
	}
	return false
}

func (c *Ceremony) empty(s secret.Bytes, fault string) string {
	if s.Len() == 0 {
		return fault
	}
	return ""
}

// answer sends a, unless there is a fault or nobody waits.
func (c *Ceremony) answer(a ceremony.Answer, fault string) string {
	if fault != "" || c.waiting == nil {
		a.Secret.Destroy()
		return fault
	}
	w := c.waiting
	c.waiting = nil
	w.answer <- a
	c.newScreen()
	return ""
}
