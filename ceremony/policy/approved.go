package policy

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/plan"
)

// payloadKind is the document kind of a plan in its payload type.
const payloadKind = "plan"

// An ApprovedPlan broke no rule and is signed by the officer of its own roster,
// and by nobody else. Only [Sign] and [Open] make one; the zero value has no mode
// and no digest, and starts nothing.
//
// That the officer is one whom the reader trusts is not known here: it follows
// from the fingerprint on paper (roll call) and from the trust list (verify).
type ApprovedPlan struct {
	plan     plan.Plan
	mode     dsse.Mode
	envelope []byte
}

// Plan is a copy of the plan.
func (a ApprovedPlan) Plan() plan.Plan { return a.plan.Clone() }

// Mode tells a rehearsal from production; 0 in the zero value.
func (a ApprovedPlan) Mode() dsse.Mode { return a.mode }

// Envelope is the plan file, byte for byte, with its line feed.
func (a ApprovedPlan) Envelope() []byte { return bytes.Clone(a.envelope) }

// Digest is the lower-case hex SHA-256 of the plan file, "" in the zero value.
func (a ApprovedPlan) Digest() string {
	if a.mode == 0 {
		return ""
	}
	sum := sha256.Sum256(a.envelope)
	return hex.EncodeToString(sum[:])
}

// Sign has the plan's own officer sign it for a mode.
func Sign(ctx context.Context, c Checked, mode dsse.Mode, officer dsse.Signer) (ApprovedPlan, error) {
	if c.payload == nil {
		return ApprovedPlan{}, errors.New("invalid plan: it was not checked")
	}
	if err := checkMode(c.plan, mode); err != nil {
		return ApprovedPlan{}, err
	}
	want, err := officerOf(c.plan)
	if err != nil {
		return ApprovedPlan{}, err
	}
	if officer.Public() != want {
		return ApprovedPlan{}, fmt.Errorf("key %.16s is not the officer's of the plan, %.16s; only the officer signs it", officer.Public().ID(), want.ID())
	}
	e, err := dsse.Sign(ctx, mode.Type(payloadKind), c.payload, officer)
	if err != nil {
		return ApprovedPlan{}, err
	}
	data, err := e.Encode()
	if err != nil {
		return ApprovedPlan{}, err
	}
	return ApprovedPlan{plan: c.plan, mode: mode, envelope: append(data, '\n')}, nil
}

// Open reads a signed plan file: one envelope and one line feed, signed by
// exactly the officer of the plan's own roster, breaking no rule. The error is a
// [Violations] where rules are broken.
func Open(file []byte, t Target) (ApprovedPlan, error) {
	mode, p, err := OpenUnchecked(file)
	if err != nil {
		return ApprovedPlan{}, err
	}
	c, violations := Check(p, t)
	if violations != nil {
		return ApprovedPlan{}, violations
	}
	if err := checkMode(c.plan, mode); err != nil {
		return ApprovedPlan{}, err
	}
	return ApprovedPlan{plan: c.plan, mode: mode, envelope: bytes.Clone(file)}, nil
}

// OpenUnchecked is [Open] without the rules: for showing what a plan breaks, and
// for readers who judge a ceremony that is over. The plan may start nothing.
func OpenUnchecked(file []byte) (dsse.Mode, plan.Plan, error) {
	line, ok := bytes.CutSuffix(file, []byte("\n"))
	if !ok {
		return 0, plan.Plan{}, errors.New("invalid plan file: no line feed at its end")
	}
	e, err := dsse.Parse(line)
	if err != nil {
		return 0, plan.Plan{}, err
	}
	mode, err := modeOf(e)
	if err != nil {
		return 0, plan.Plan{}, err
	}
	p, err := plan.ParseCanonical(e.Payload)
	if err != nil {
		return 0, plan.Plan{}, err
	}
	officer, err := officerOf(p)
	if err != nil {
		return 0, plan.Plan{}, err
	}
	if _, err := e.Verify(mode.Type(payloadKind), dsse.NewKeys(officer)); err != nil {
		return 0, plan.Plan{}, fmt.Errorf("the plan is not signed by its officer alone: %w", err)
	}
	return mode, p, nil
}

func modeOf(e dsse.Envelope) (dsse.Mode, error) {
	for _, m := range []dsse.Mode{dsse.Production, dsse.Rehearsal} {
		if e.PayloadType == m.Type(payloadKind) {
			return m, nil
		}
	}
	return 0, fmt.Errorf("payload type is %q: not a plan", e.PayloadType)
}

// officerOf is the key of the plan's one officer.
func officerOf(p plan.Plan) (dsse.PublicKey, error) {
	officers := p.With(plan.Officer)
	if len(officers) != 1 {
		return dsse.PublicKey{}, fmt.Errorf("the roster has %d officers, and one officer signs the plan", len(officers))
	}
	key, err := dsse.ParsePublicKey(officers[0].Key)
	if err != nil {
		return dsse.PublicKey{}, fmt.Errorf("key of %s: %w", officers[0].ID, err)
	}
	return key, nil
}

// checkMode keeps a rehearsal's plan out of production: only a rehearsal names
// the plan that it rehearses.
func checkMode(p plan.Plan, mode dsse.Mode) error {
	switch {
	case mode != dsse.Production && mode != dsse.Rehearsal:
		return fmt.Errorf("invalid mode: %s", mode)
	case mode == dsse.Production && p.Original != "":
		return errors.New("the plan says that it rehearses another (original), so it cannot be a production plan")
	}
	return nil
}
