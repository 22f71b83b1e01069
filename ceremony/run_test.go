package ceremony_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/policy"
	"keyrite.dev/keyrite/ceremony/rehearsal"
	"keyrite.dev/keyrite/ceremony/secret"
	"keyrite.dev/keyrite/ceremony/transcript"
)

func TestRunsFromAnApprovedPlanToASealedTranscript(t *testing.T) {
	for _, spec := range []plan.KeySpec{plan.AES256, plan.HMAC256} {
		t.Run(string(spec), func(t *testing.T) {
			r := newRoom(t, spec)
			if err := r.run(); err != nil {
				t.Fatal(err)
			}
			if report := r.verify(); report.Code != 0 || !strings.HasPrefix(report.Verdict, "REHEARSAL") {
				t.Errorf("code %d, verdict %q", report.Code, report.Verdict)
			}
			r.noHalfFiles()
		})
	}
}

// A watched token looks at the journal at the moment it is called.
type watchedToken struct {
	ceremony.Token
	before func(call string)
}

func (w watchedToken) Generate(ctx context.Context, spec plan.KeySpec, label string) (ceremony.Key, error) {
	w.before("Generate " + label)
	return w.Token.Generate(ctx, spec, label)
}

func TestRequestAndApprovalsAreOnDiskBeforeTheHSMIsCalled(t *testing.T) {
	r := newRoom(t, plan.AES256)
	called := false
	r.config.Token = watchedToken{r.config.Token, func(string) {
		called = true
		rec, err := transcript.Load(r.config.Folder)
		if err != nil {
			t.Fatal(err)
		}
		last := rec.Events[len(rec.Events)-3:]
		for i, want := range []transcript.Kind{transcript.KindRequest, transcript.KindApprove, transcript.KindApprove} {
			if last[i].Kind != want {
				t.Errorf("line %d from the end is %s, want %s", 3-i, last[i].Kind, want)
			}
		}
		if last[1].By == last[2].By {
			t.Error("both approvals are by one person")
		}
	}}
	if err := r.run(); err != nil {
		t.Fatal(err)
	}
	if !called {
		t.Error("the token never generated")
	}
}

func TestTwoApprovalsByOnePersonCountOnce(t *testing.T) {
	r := newRoom(t, plan.AES256)
	first, faults := "", 0
	r.answer = func(q ceremony.Question) (ceremony.Answer, error, bool) {
		if q.Kind != ceremony.AskApproval {
			return ceremony.Answer{}, nil, false
		}
		if q.Fault != "" {
			faults++
			q.Fault = ""
			a, err := r.player.Ask(t.Context(), q)
			return a, err, true
		}
		if first == "" {
			first = q.Candidates[0].ID
		}
		return ceremony.Answer{Person: first, Secret: secret.Copy([]byte(r.people.Passphrases[first]))}, nil, true
	}
	if err := r.run(); err != nil {
		t.Fatal(err)
	}
	if faults == 0 {
		t.Error("the second approval by one person was taken")
	}
}

func TestARefusalIsAnAnswerAndIsRecorded(t *testing.T) {
	r := newRoom(t, plan.AES256)
	r.answer = func(q ceremony.Question) (ceremony.Answer, error, bool) {
		if q.Kind != ceremony.AskApproval {
			return ceremony.Answer{}, nil, false
		}
		id := q.Candidates[0].ID
		return ceremony.Answer{
			Person: id, Refused: true, Reason: "the label is wrong", Secret: secret.Copy([]byte(r.people.Passphrases[id])),
		}, nil, true
	}
	report := r.aborted(r.run())
	if !mentions(report, "the label is wrong") {
		t.Errorf("deviations do not tell the refusal: %v", report.Deviations)
	}
}

func mentions(report transcript.Report, text string) bool {
	for _, d := range report.Deviations {
		if strings.Contains(d.Text, text) {
			return true
		}
	}
	return false
}

// countingToken counts logins.
type countingToken struct {
	ceremony.Token
	logins *int
}

func (c countingToken) Login(ctx context.Context, pin secret.Bytes) error {
	*c.logins++
	return c.Token.Login(ctx, pin)
}

func TestAWrongPINIsNeverTriedAgainByItself(t *testing.T) {
	r := newRoom(t, plan.AES256)
	logins, wrong := 0, 0
	r.config.Token = countingToken{r.config.Token, &logins}
	r.answer = func(q ceremony.Question) (ceremony.Answer, error, bool) {
		switch {
		case q.Kind == ceremony.AskSecret && wrong == 0:
			wrong++
			return ceremony.Answer{Secret: secret.Copy([]byte("0000"))}, nil, true
		case q.Kind == ceremony.AskConfirm && q.Fault != "":
			if logins != 1 {
				t.Errorf("%d logins before the room decided", logins)
			}
			return ceremony.Answer{}, nil, true
		default:
			return ceremony.Answer{}, nil, false
		}
	}
	if err := r.run(); err != nil {
		t.Fatal(err)
	}
	if logins != 2 {
		t.Errorf("%d logins, want the wrong and the right one", logins)
	}
}

func TestAnExistingFolderIsRefusedUntouched(t *testing.T) {
	r := newRoom(t, plan.AES256)
	if err := os.Mkdir(r.config.Folder, 0o750); err != nil {
		t.Fatal(err)
	}
	if _, err := ceremony.NewRun(t.Context(), r.config); !errors.Is(err, os.ErrExist) {
		t.Errorf("got %v", err)
	}
	if names, err := os.ReadDir(r.config.Folder); err != nil || len(names) > 0 {
		t.Errorf("folder was written to: %v %v", names, err)
	}
}

func TestExpiredParametersStopBeforeAnythingIsMade(t *testing.T) {
	r := newRoom(t, plan.AES256)
	r.config.Clock = later{}
	r.props.Clock = later{}
	r.player = rehearsal.NewPlayer(r.props, io.Discard)
	report := r.aborted(r.run())
	if made(t, r) || report.Code != 0 {
		t.Error("a key was made")
	}
	if !mentions(report, "expired") {
		t.Errorf("deviations: %v", report.Deviations)
	}
}

// later is two days after the parameters were fetched.
type later struct{}

func (later) Now() time.Time { return time.Now().UTC().Add(48 * time.Hour) }

func made(t *testing.T, r *room) bool {
	t.Helper()
	rec, err := transcript.Load(r.config.Folder)
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(rec.Events, func(e transcript.Event) bool {
		q, ok := e.Body.(transcript.Request)
		return ok && q.Action == string(ceremony.KindGenerate)
	})
}

func TestAFingerprintThatStaysWrongStopsTheCeremonyAndDestroysTheKey(t *testing.T) {
	r := newRoom(t, plan.AES256)
	r.answer = func(q ceremony.Question) (ceremony.Answer, error, bool) {
		if strings.HasPrefix(q.Value, ceremony.ValueFingerprint) {
			return ceremony.Answer{Text: strings.Repeat("ab", 32)}, nil, true
		}
		return ceremony.Answer{}, nil, false
	}
	r.aborted(r.run())
	for _, o := range r.objects() {
		if o.Class == "CKO_SECRET_KEY" {
			t.Errorf("key %s is still in the HSM", o.Label)
		}
	}
}

func (r *room) objects() []ceremony.Object {
	r.t.Helper()
	if err := r.config.Token.Login(r.t.Context(), secret.Copy([]byte(pin))); err != nil {
		r.t.Fatal(err)
	}
	objects, err := r.config.Token.Inventory(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return objects
}

// goneToken fails everything from the wrap on, as a token that was pulled.
type goneToken struct {
	ceremony.Token
	gone *bool
}

var errGone = errors.New("the token is gone")

func (g goneToken) Wrap(context.Context, ceremony.KeyID, ceremony.WrappingKey) (ceremony.Wrapped, error) {
	*g.gone = true
	return ceremony.Wrapped{}, errGone
}

func (g goneToken) Sign(ctx context.Context, m []byte) ([]byte, error) {
	if *g.gone {
		return nil, errGone
	}
	return g.Token.Sign(ctx, m)
}

func (g goneToken) Destroy(ctx context.Context, id ceremony.KeyID) error {
	if *g.gone {
		return errGone
	}
	return g.Token.Destroy(ctx, id)
}

func TestATokenThatIsGoneEndsInASealedAbortThatNamesTheKeyLeft(t *testing.T) {
	r := newRoom(t, plan.AES256)
	gone := false
	r.config.Token = goneToken{r.config.Token, &gone}
	report := r.aborted(r.run())
	if !mentions(report, "still in the HSM") {
		t.Errorf("deviations do not name the key left: %v", report.Deviations)
	}
}

func TestAbortAtEveryStepEndsInAVerifiableRecord(t *testing.T) {
	script := ceremony.Script(newRoom(t, plan.AES256).config.Plan.Plan())
	for _, s := range script {
		t.Run(s.Number, func(t *testing.T) {
			t.Parallel()
			r := newRoom(t, plan.AES256)
			done := false
			r.answer = func(q ceremony.Question) (ceremony.Answer, error, bool) {
				if done || q.Step.Number != s.Number {
					return ceremony.Answer{}, nil, false
				}
				done = true
				return ceremony.Answer{Abort: true, Reason: "fire alarm"}, nil, true
			}
			err := r.run()
			if !done {
				return // a step that asks nobody cannot be aborted by anyone
			}
			if report := r.aborted(err); !mentions(report, "fire alarm") {
				t.Errorf("deviations: %v", report.Deviations)
			}
		})
	}
}

func TestARunThatIsLeftVerifiesUpToItsLastLine(t *testing.T) {
	full := newRoom(t, plan.AES256)
	if err := full.run(); err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(full.asked); n += 7 {
		r := newRoom(t, plan.AES256)
		left := n
		r.answer = func(ceremony.Question) (ceremony.Answer, error, bool) {
			left--
			return ceremony.Answer{}, context.Canceled, left < 0
		}
		if err := r.run(); !errors.Is(err, ceremony.ErrAbandoned) {
			t.Fatalf("after %d questions: %v", n, err)
		}
		if report := r.verify(); report.Code != 3 {
			t.Errorf("after %d questions: code %d, %s", n, report.Code, report.Verdict)
		}
		r.noHalfFiles()
	}
}

func TestNoPassphraseOrPINReachesTheFolder(t *testing.T) {
	r := newRoom(t, plan.AES256)
	if err := r.run(); err != nil {
		t.Fatal(err)
	}
	secrets := []string{pin}
	for _, p := range r.people.Passphrases {
		secrets = append(secrets, p)
	}
	err := filepath.WalkDir(r.config.Folder, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		for _, s := range secrets {
			if strings.Contains(string(data), s) {
				t.Errorf("%s holds a secret", path)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestADamagedParcelStopsBeforeAnythingIsMade(t *testing.T) {
	r := newRoom(t, plan.AES256)
	good := r.config.Parameters
	r.config.Parameters = func(ctx context.Context) ([]byte, error) {
		parcel, err := good(ctx)
		damaged := slices.Clone(parcel)
		damaged[len(damaged)/2] ^= 1
		return damaged, err
	}
	r.aborted(r.run())
	if made(t, r) {
		t.Error("a key was made")
	}
}

func TestAnotherFileOnMediumAThanAtPreflightStopsTheWrap(t *testing.T) {
	r := newRoom(t, plan.AES256)
	other, err := r.fetch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	good, reads := r.config.Parameters, 0
	r.config.Parameters = func(ctx context.Context) ([]byte, error) {
		if reads++; reads > 1 {
			return other, nil
		}
		return good(ctx)
	}
	if report := r.aborted(r.run()); !mentions(report, "another file") {
		t.Errorf("deviations: %v", report.Deviations)
	}
}

func TestProductionRefusesSoftwareTokensAndPlayedPeople(t *testing.T) {
	r := newRoom(t, plan.AES256)
	approved := approveAs(t, r.config.Plan.Plan(), r.people, dsse.Production)
	for _, automatic := range []bool{true, false} {
		c := r.config
		c.Plan, c.Automatic = approved, automatic
		if _, err := ceremony.NewRun(t.Context(), c); err == nil {
			t.Errorf("automatic %t: a production run began on a software token", automatic)
		}
		if _, err := os.Stat(c.Folder); !errors.Is(err, os.ErrNotExist) {
			t.Error("a folder was made")
		}
	}
}

func TestARunNeedsAnApprovedPlan(t *testing.T) {
	r := newRoom(t, plan.AES256)
	r.config.Plan = policy.ApprovedPlan{}
	if _, err := ceremony.NewRun(t.Context(), r.config); err == nil {
		t.Error("a run began without a plan")
	}
}

func TestPhysicalStepsStandBehindTheStepTheyName(t *testing.T) {
	p := plan.Default(plan.AES256, false)
	p.PhysicalSteps = []plan.PhysicalStep{
		{Actor: plan.Administrator, After: "2.10", Text: "Open safe 2.", Watcher: plan.Witness},
		{Actor: plan.Administrator, After: "2.10", Text: "Read bag 7.", Watcher: plan.Witness},
	}
	script := ceremony.Script(p)
	at := slices.IndexFunc(script, func(s ceremony.Step) bool { return s.Number == "2.10" })
	if a, b := script[at+1], script[at+2]; a.Number != "2.10a" || a.Words[0] != "Open safe 2." || b.Number != "2.10b" {
		t.Errorf("steps behind 2.10 are %q and %q", a.Number, b.Number)
	}
}
