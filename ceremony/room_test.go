package ceremony_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/ceremonytest"
	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/policy"
	"keyrite.dev/keyrite/ceremony/rehearsal"
	"keyrite.dev/keyrite/ceremony/secret"
	"keyrite.dev/keyrite/ceremony/transcript"
	"keyrite.dev/keyrite/transport/aws"
	kms "keyrite.dev/keyrite/transport/rehearsal"
)

// A room is a rehearsal's people on software parts. A test changes what one
// person answers, or what a part does, and looks at what the record says.
type room struct {
	t       *testing.T
	config  ceremony.Config
	people  rehearsal.People
	fetch   func(ctx context.Context) ([]byte, error)
	props   rehearsal.Props
	player  *rehearsal.Player
	answer  func(q ceremony.Question) (ceremony.Answer, error, bool)
	asked   []ceremony.Question
	notices []ceremony.Notice
}

const pin = "73918264"

// A world is what all rooms of a key spec share, since making it is slow and
// nothing of it is used up: people, a cloud key, and fetched import parameters.
type world struct {
	plan   plan.Plan
	people rehearsal.People
	parcel []byte
	fetch  func(ctx context.Context) ([]byte, error) // another parcel for the same key
	sets   []ceremony.ParameterSet
}

var worlds sync.Map // of func() world, by spec

func worldOf(t *testing.T, spec plan.KeySpec) world {
	t.Helper()
	once, _ := worlds.LoadOrStore(spec, sync.OnceValues(func() (world, error) { return makeWorld(spec) }))
	w, err := once.(func() (world, error))()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// makeWorld fetches through the real SDK from the pretended cloud.
func makeWorld(spec plan.KeySpec) (world, error) {
	ctx := context.Background()
	w := world{plan: plan.Default(spec, false)}
	var err error
	if w.people, err = rehearsal.NewPeople(w.plan.Roster); err != nil {
		return w, err
	}
	w.plan.Roster = w.people.Roster(w.plan.Roster, nil)
	server, err := kms.Start(ctx, "127.0.0.1:0") // ends with the tests
	if err != nil {
		return w, err
	}
	cloud, err := aws.New(ctx, aws.Endpoint{URL: server.URL(), Region: w.plan.Destination.Region, Rehearsal: true})
	if err != nil {
		return w, err
	}
	if w.plan.Destination, err = cloud.CreateKey(ctx, spec, "engine test"); err != nil {
		return w, err
	}
	w.fetch = func(ctx context.Context) ([]byte, error) {
		fetcher, err := w.people.Unlock(ctx, w.plan.With(plan.Fetcher)[0])
		if err != nil {
			return nil, err
		}
		defer fetcher.Release()
		return cloud.Fetch(ctx, ceremony.Fetch{
			Mode: dsse.Rehearsal, Key: w.plan.Destination.Key, Spec: spec, Wrapping: w.plan.Wrapping, Signer: fetcher,
		})
	}
	if w.parcel, err = w.fetch(ctx); err != nil {
		return w, err
	}
	params, err := aws.Target{}.OpenParameters(w.parcel, dsse.Rehearsal, w.plan)
	w.sets = params.Sets
	return w, err
}

// newRoom puts the people of spec's world in front of a fresh token.
func newRoom(t *testing.T, spec plan.KeySpec) *room {
	t.Helper()
	w := worldOf(t, spec)
	token := ceremonytest.NewToken(pin)
	p := w.plan.Clone()
	spki := commission(t, token)
	for i := range p.Roster {
		if p.Roster[i].Role == plan.HSM {
			p.Roster[i].Key = spki
		}
	}
	r := &room{t: t, people: w.people, fetch: w.fetch}
	r.props = rehearsal.Props{
		Passphrases: w.people.Passphrases,
		Paper: map[string]string{
			ceremony.ValuePIN + "/1": pin[:4], ceremony.ValuePIN + "/2": pin[4:], ceremony.ValueSerial: ceremonytest.Serial,
		},
		Clock: wall{},
	}
	for i, set := range w.sets {
		r.props.Paper[fmt.Sprintf("%s/%d", ceremony.ValueFingerprint, i+1)] = set.Fingerprint
	}
	r.player = rehearsal.NewPlayer(r.props, io.Discard)
	r.config = ceremony.Config{
		Plan: approve(t, p, w.people), Folder: filepath.Join(t.TempDir(), "ceremony"), Token: token,
		Splitter: ceremonytest.NewSplitter(token, w.people.File),
		Target:   aws.Target{}, Prompter: r, Credentials: w.people.Store, Clock: wall{},
		Parameters: func(context.Context) ([]byte, error) { return w.parcel, nil },
		Tool:       []transcript.Value{{Name: "program", Value: "test"}}, Automatic: true,
	}
	return r
}

func commission(t *testing.T, token *ceremonytest.Token) []byte {
	t.Helper()
	if err := token.Login(t.Context(), secret.Copy([]byte(pin))); err != nil {
		t.Fatal(err)
	}
	spki, err := token.Commission(t.Context())
	if err = errors.Join(err, token.Logout(t.Context())); err != nil {
		t.Fatal(err)
	}
	return spki
}

func approve(t *testing.T, p plan.Plan, people rehearsal.People) policy.ApprovedPlan {
	t.Helper()
	return approveAs(t, p, people, dsse.Rehearsal)
}

func approveAs(t *testing.T, p plan.Plan, people rehearsal.People, mode dsse.Mode) policy.ApprovedPlan {
	t.Helper()
	checked, violations := policy.Check(p, aws.Target{})
	if len(violations) > 0 {
		t.Fatal(violations)
	}
	officer, err := people.Unlock(t.Context(), p.With(plan.Officer)[0])
	if err != nil {
		t.Fatal(err)
	}
	defer officer.Release()
	approved, err := policy.Sign(t.Context(), checked, mode, officer)
	if err != nil {
		t.Fatal(err)
	}
	return approved
}

func (r *room) Show(ctx context.Context, n ceremony.Notice) {
	r.notices = append(r.notices, n)
	r.player.Show(ctx, n)
}

func (r *room) Ask(ctx context.Context, q ceremony.Question) (ceremony.Answer, error) {
	r.asked = append(r.asked, q)
	if r.answer != nil {
		if a, err, ok := r.answer(q); ok {
			return a, err
		}
	}
	return r.player.Ask(ctx, q)
}

// run starts the ceremony and answers how it ended.
func (r *room) run() error {
	r.t.Helper()
	run, err := ceremony.NewRun(r.t.Context(), r.config)
	if err != nil {
		r.t.Fatal(err)
	}
	return run.Do(r.t.Context())
}

// verify reads the folder as an auditor with the right trust list.
func (r *room) verify() transcript.Report {
	return transcript.Verify(r.config.Folder, rehearsal.Trusted(r.config.Plan.Plan().Roster), transcript.Options{})
}

// aborted demands a sealed, valid, ABORTED record and no half-written file.
func (r *room) aborted(err error) transcript.Report {
	r.t.Helper()
	if !errors.Is(err, ceremony.ErrAborted) {
		r.t.Fatalf("run ended with %v, want an abort", err)
	}
	report := r.verify()
	if report.Code != 0 {
		r.t.Fatalf("aborted ceremony does not verify: %s", report.Verdict)
	}
	r.noHalfFiles()
	return report
}

func (r *room) noHalfFiles() {
	r.t.Helper()
	err := filepath.WalkDir(r.config.Folder, func(path string, _ os.DirEntry, err error) error {
		if filepath.Ext(path) == ".part" {
			r.t.Errorf("half-written file %s", path)
		}
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

type wall struct{}

func (wall) Now() time.Time { return time.Now().UTC() }
