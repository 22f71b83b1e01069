package policy

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"

	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/plan"
)

var modes = []dsse.Mode{dsse.Production, dsse.Rehearsal}

// checked is a good plan whose officer is s.
func checked(t *testing.T, s signer, edits ...func(*plan.Plan)) Checked {
	t.Helper()
	p := good()
	member(&p, "officer").Key = s.pub.DER()
	both(edits...)(&p)
	c, vs := Check(p, matrix{})
	if vs != nil {
		t.Fatal(vs)
	}
	return c
}

func signed(t *testing.T, mode dsse.Mode, edits ...func(*plan.Plan)) ApprovedPlan {
	t.Helper()
	officer := newSigner(t)
	a, err := Sign(context.Background(), checked(t, officer, edits...), mode, officer)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestASignedPlanOpensAsItWasSigned(t *testing.T) {
	for _, mode := range modes {
		want := signed(t, mode)
		got, err := Open(want.Envelope(), matrix{})
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) || got.Mode() != mode {
			t.Errorf("%s: got %+v", mode, got)
		}
		sum := sha256.Sum256(want.Envelope())
		if got.Digest() != hex.EncodeToString(sum[:]) {
			t.Errorf("digest %s is not that of the file", got.Digest())
		}
	}
}

func TestEveryByteOfASignedPlanCounts(t *testing.T) {
	file := signed(t, dsse.Production).Envelope()
	for i := range file {
		changed := bytes.Clone(file)
		changed[i] ^= 1 << (i % 8)
		if _, err := Open(changed, matrix{}); err == nil {
			t.Fatalf("byte %d of %d changed, and the plan opens", i, len(file))
		}
	}
	for _, n := range []int{0, 1, len(file) / 2, len(file) - 1} {
		if _, err := Open(file[:n], matrix{}); err == nil {
			t.Errorf("a plan cut at byte %d opens", n)
		}
	}
	for _, more := range []string{"\n", " ", "{}", "\x00"} {
		if _, err := Open(append(bytes.Clone(file), more...), matrix{}); err == nil {
			t.Errorf("a plan with %q behind it opens", more)
		}
	}
}

func TestOnlyTheRostersOfficerSignsAPlan(t *testing.T) {
	officer, other := newSigner(t), newSigner(t)
	c := checked(t, officer)
	if _, err := Sign(context.Background(), c, dsse.Production, other); err == nil || !strings.Contains(err.Error(), "only the officer signs") {
		t.Errorf("another key signed: %v", err)
	}
	kind := dsse.Production.Type(payloadKind)
	for name, signers := range map[string][]dsse.Signer{
		"another":                {other},
		"the officer and others": {officer, other},
		"the officer twice":      {officer, officer},
	} {
		e, err := dsse.Sign(context.Background(), kind, c.payload, signers...)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Open(encode(t, e), matrix{}); err == nil {
			t.Errorf("a plan signed by %s opens", name)
		}
	}
}

func encode(t *testing.T, e dsse.Envelope) []byte {
	t.Helper()
	data, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return append(data, '\n')
}

func TestNoOtherDocumentPassesAsAPlan(t *testing.T) {
	officer := newSigner(t)
	c := checked(t, officer)
	for _, kind := range []string{dsse.Production.Type("event"), dsse.Rehearsal.Type("receipt"), dsse.Production.SealType(), ""} {
		e, err := dsse.Sign(context.Background(), kind, c.payload, officer)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Open(encode(t, e), matrix{}); err == nil {
			t.Errorf("%q opens as a plan", kind)
		}
	}
}

func TestASignatureDoesNotLiftARule(t *testing.T) {
	officer := newSigner(t)
	p := checked(t, officer).Plan()
	shares(1, 5)(&p)
	payload, err := plan.Canonical(p)
	if err != nil {
		t.Fatal(err)
	}
	e, err := dsse.Sign(context.Background(), dsse.Production.Type(payloadKind), payload, officer)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Open(encode(t, e), matrix{})
	var vs Violations
	if !errors.As(err, &vs) || !reflect.DeepEqual(broken(vs), []string{ruleDualControl, ruleThreshold}) {
		t.Errorf("got %v", err)
	}
	if mode, got, err := OpenUnchecked(encode(t, e)); err != nil || mode != dsse.Production || got.Shares.Threshold != 1 {
		t.Errorf("it cannot be shown either: %v", err)
	}
}

func TestARehearsalsPlanIsNoProductionPlan(t *testing.T) {
	rehearses := func(p *plan.Plan) { p.Original = strings.Repeat("ab", 32) }
	signed(t, dsse.Rehearsal, rehearses)
	officer := newSigner(t)
	c := checked(t, officer, rehearses)
	if _, err := Sign(context.Background(), c, dsse.Production, officer); err == nil {
		t.Error("signed for production")
	}
	e, err := dsse.Sign(context.Background(), dsse.Production.Type(payloadKind), c.payload, officer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(encode(t, e), matrix{}); err == nil {
		t.Error("opened as production")
	}
}

func TestAPlanThatWasNotCheckedCannotBeSigned(t *testing.T) {
	officer := newSigner(t)
	if _, err := Sign(context.Background(), Checked{}, dsse.Production, officer); err == nil {
		t.Error("the zero Checked was signed")
	}
	if _, err := Sign(context.Background(), checked(t, officer), 0, officer); err == nil {
		t.Error("signed for no mode")
	}
	if a := (ApprovedPlan{}); a.Mode() != 0 || a.Digest() != "" || len(a.Envelope()) != 0 {
		t.Errorf("the zero ApprovedPlan says %v %q", a.Mode(), a.Digest())
	}
}

func TestWhatWasCheckedCannotBeChangedAfterwards(t *testing.T) {
	officer := newSigner(t)
	p := good()
	member(&p, "officer").Key = officer.pub.DER()
	c, vs := Check(p, matrix{})
	if vs != nil {
		t.Fatal(vs)
	}
	want := c.Plan()
	spoil := func(p plan.Plan) {
		p.Roster[0].Key[5]++
		p.Roster[1].Role = plan.Witness
		p.Exceptions[0].Reason = ""
	}
	spoil(p)
	spoil(c.Plan())
	a, err := Sign(context.Background(), c, dsse.Rehearsal, officer)
	if err != nil {
		t.Fatal(err)
	}
	spoil(a.Plan())
	clear(a.Envelope())
	if !reflect.DeepEqual(a.Plan(), want) {
		t.Error("the approved plan changed")
	}
	if _, err := Open(a.Envelope(), matrix{}); err != nil {
		t.Error(err)
	}
}

func TestCheckTellsEveryViolationAtOnce(t *testing.T) {
	p := good()
	both(shares(1, 7), func(p *plan.Plan) {
		p.Exceptions, p.Cryptoperiod, p.MinimumLife, p.Title, p.Scheme, p.Key.Label = nil, 0, 0, "", "", ""
		member(p, "importer").Name = member(p, "fetcher").Name
		member(p, "hsm").Key = newKey()
		member(p, "custodian-1").Recipient = ""
		p.Destination.Key, p.RegisterHead, p.Wrapping.Algorithm = "x", "x", "x"
		p.PhysicalSteps[0].After = "x"
		excepting("x", "x")(p)
		member(p, "custodian-2").Key = nil
	})(&p)
	_, vs := Check(p, matrix{})
	for _, r := range rules() {
		if !strings.Contains(vs.Error(), "\n"+r.id+": ") {
			t.Errorf("%s is not told:\n%v", r.id, vs)
		}
	}
	for _, v := range vs {
		if v.Subject == "" || v.Detail == "" || strings.ContainsAny(v.Detail, "\n") || strings.HasSuffix(v.Detail, ".") {
			t.Errorf("%+v", v)
		}
	}
}

func TestCheckNeedsATarget(t *testing.T) {
	if _, vs := Check(good(), nil); !reflect.DeepEqual(broken(vs), []string{ruleDestination}) {
		t.Errorf("%v", vs)
	}
}
