package ceremonytest

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strconv"
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

// A room is a token with a target key, people, and a ceremony folder whose
// journal goes as far as the suite has written it.
type room struct {
	t        *testing.T
	fixture  SplitterFixture
	splitter ceremony.Splitter
	people   rehearsal.People
	plan     plan.Plan
	folder   string
	journal  *transcript.Journal
	recorder recorder
	target   ceremony.Key
	kcv      []byte
	nonce    []byte
}

// recorder writes the program's own lines.
type recorder struct {
	private ed25519.PrivateKey
	public  dsse.PublicKey
}

func (r recorder) Public() dsse.PublicKey { return r.public }

func (r recorder) Sign(_ context.Context, message []byte) ([]byte, error) {
	return ed25519.Sign(r.private, message), nil
}

// noon is when everything in the room happens.
func noon() time.Time { return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) }

// takesAll is a cloud without opinions: policy is not what is tested here.
type takesAll struct{}

func (takesAll) CheckWrapping(plan.KeySpec, plan.Wrapping) error { return nil }

func newRoom(t *testing.T, f SplitterFixture, spec plan.KeySpec) *room {
	t.Helper()
	r := &room{t: t, fixture: f, folder: filepath.Join(t.TempDir(), "ceremony"), nonce: random(32)}
	must(t, f.Token.Login(t.Context(), secret.Copy([]byte(f.PIN))))
	spki, err := f.Token.Commission(t.Context())
	must(t, err)
	r.plan = plan.Default(spec, true)
	r.people, err = rehearsal.NewPeople(r.plan.Roster)
	must(t, err)
	r.plan.Roster = r.people.Roster(r.plan.Roster, spki)
	r.splitter = f.Splitter(r.people.File)
	r.open()
	r.generate()
	return r
}

// open makes the folder and writes the journal until everybody is enrolled.
func (r *room) open() {
	r.t.Helper()
	ctx := r.t.Context()
	checked, violations := policy.Check(r.plan, takesAll{})
	if len(violations) > 0 {
		r.t.Fatal(violations)
	}
	officer, err := r.people.Unlock(ctx, r.plan.With(plan.Officer)[0])
	must(r.t, err)
	defer officer.Release()
	approved, err := policy.Sign(ctx, checked, dsse.Rehearsal, officer)
	must(r.t, err)
	must(r.t, os.MkdirAll(filepath.Join(r.folder, "shares"), 0o700))
	r.write(ceremony.PlanFile, approved.Envelope())
	public, private, err := ed25519.GenerateKey(rand.Reader)
	must(r.t, err)
	key, err := dsse.NewPublicKey(public, nil)
	must(r.t, err)
	r.recorder = recorder{private, key}
	r.journal, err = transcript.Create(filepath.Join(r.folder, ceremony.JournalFile), dsse.Rehearsal, hex.EncodeToString(random(32)), noon)
	must(r.t, err)
	r.t.Cleanup(func() {
		if err := r.journal.Close(); err != nil {
			r.t.Error(err)
		}
	})
	r.record(transcript.KindOpen, transcript.Open{
		Approvals: 2, Plan: approved.Digest(), Recorder: key.DER(), Roster: transcript.RosterOf(r.plan), Title: r.plan.Title,
	})
	for _, m := range r.plan.With(plan.Custodian) {
		r.sign(m, transcript.KindEnrol, transcript.Enrol{Plan: approved.Digest(), Statement: "I accept."})
	}
}

func (r *room) write(name string, data []byte) {
	r.t.Helper()
	must(r.t, os.WriteFile(filepath.Join(r.folder, filepath.FromSlash(name)), data, 0o600))
}

func (r *room) read(name string) []byte {
	r.t.Helper()
	data, err := os.ReadFile(filepath.Join(r.folder, filepath.FromSlash(name)))
	must(r.t, err)
	return data
}

func (r *room) record(kind transcript.Kind, body any) transcript.Line {
	r.t.Helper()
	line, err := r.journal.Append(r.t.Context(), kind, transcript.Recorder, r.recorder, body)
	must(r.t, err)
	return line
}

func (r *room) sign(m plan.Member, kind transcript.Kind, body any) {
	r.t.Helper()
	u, err := r.people.Unlock(r.t.Context(), m)
	must(r.t, err)
	defer u.Release()
	_, err = r.journal.Append(r.t.Context(), kind, m.ID, u, body)
	must(r.t, err)
}

// request writes a request, the approvals of so many custodians, and answers the
// job that points at it.
func (r *room) request(action ceremony.StepKind, approvals int, params ceremony.Values) ceremony.Job {
	r.t.Helper()
	line := r.record(transcript.KindRequest, transcript.Request{Action: string(action), Params: params, Statement: "Do it.", Step: "3.1"})
	for _, m := range r.plan.With(plan.Custodian)[:approvals] {
		r.sign(m, transcript.KindApprove, transcript.Approve{Of: line.Seq, Request: line.Digest})
	}
	return ceremony.Job{Folder: r.folder, Request: line.Seq}
}

func (r *room) done(j ceremony.Job, v ceremony.Values) {
	r.t.Helper()
	r.record(transcript.KindResult, transcript.Result{Of: j.Request, Outcome: transcript.Done, Values: v})
}

// values are name and value by turns.
func values(pairs ...string) ceremony.Values {
	var out ceremony.Values
	for pair := range slices.Chunk(pairs, 2) {
		out = append(out, transcript.Value{Name: pair[0], Value: pair[len(pair)-1]})
	}
	return out
}

// with replaces one value.
func with(v ceremony.Values, name, value string) ceremony.Values {
	out := append(ceremony.Values{}, v...)
	for i := range out {
		if out[i].Name == name {
			out[i].Value = value
		}
	}
	return out
}

// generate makes the target key and says so in the journal.
func (r *room) generate() {
	r.t.Helper()
	spec, label := r.plan.Key.Spec, r.plan.Key.Label
	j := r.request(ceremony.KindGenerate, 2, values("label", label, "spec", string(spec), "nonce", hex.EncodeToString(r.nonce)))
	var err error
	r.target, err = r.fixture.Token.Generate(r.t.Context(), spec, label)
	must(r.t, err)
	r.kcv, err = r.fixture.Token.CheckValue(r.t.Context(), r.target.ID, r.nonce)
	must(r.t, err)
	r.done(j, values("id", string(r.target.ID), "checkValue", hex.EncodeToString(r.kcv)))
}

func (r *room) pin() secret.Bytes { return secret.Copy([]byte(r.fixture.PIN)) }

func (r *room) phrase(id string) secret.Bytes { return secret.Copy([]byte(r.people.Passphrases[id])) }

// splitParams are those of the engine's own request.
func (r *room) splitParams() ceremony.Values {
	return values("target", string(r.target.ID), "label", r.target.Label, "spec", string(r.plan.Key.Spec),
		"threshold", strconv.Itoa(r.plan.Shares.Threshold), "count", strconv.Itoa(r.plan.Shares.Count))
}

// split does an approved split and keeps what it made, as the engine does.
func (r *room) split() (ceremony.SplitResult, ceremony.Values) {
	r.t.Helper()
	j := r.request(ceremony.KindSplit, 2, r.splitParams())
	res, err := r.splitter.Split(r.t.Context(), j, r.pin())
	must(r.t, err)
	v := values("splitId", res.SplitID, "backup", digest(res.BackupBlob), "backupCheckValue", res.BackupKCV)
	r.write(ceremony.BackupFile, res.BackupBlob)
	for _, s := range res.Shares {
		r.write(ceremony.ShareFile(s.Custodian), s.Sealed)
		v = append(v, values("share/"+s.Custodian, digest(s.Sealed), "commitment/"+s.Custodian, s.Commitment)...)
	}
	r.done(j, v)
	return res, v
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func (r *room) handOver(id string, v ceremony.Values) ceremony.Job {
	r.t.Helper()
	return r.request(ceremony.KindHandOver, 0, values("custodian", id, "splitId", v.Get("splitId"), "commitment", v.Get("commitment/"+id)))
}

func (r *room) recoverParams(v ceremony.Values, holders ...string) ceremony.Values {
	return values("holders", strings.Join(holders, ","), "backup", v.Get("backup"), "splitId", v.Get("splitId"), "target", string(r.target.ID),
		"label", r.target.Label+" regained", "spec", string(r.plan.Key.Spec), "nonce", hex.EncodeToString(r.nonce), "expected", hex.EncodeToString(r.kcv))
}

func (r *room) holders(ids ...string) []ceremony.Holder {
	var out []ceremony.Holder
	for _, id := range ids {
		out = append(out, ceremony.Holder{ID: id, Passphrase: r.phrase(id)})
	}
	return out
}
