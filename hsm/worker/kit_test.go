package worker_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
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
	"keyrite.dev/keyrite/hsm"
	"keyrite.dev/keyrite/hsm/pkcs11"
	"keyrite.dev/keyrite/hsm/softtoken"
	"keyrite.dev/keyrite/hsm/worker"
)

const userPIN = "481516"

func pin() secret.Bytes { return secret.Copy([]byte(userPIN)) }

// takesAll is a cloud without opinions: policy is not what is tested here.
type takesAll struct{}

func (takesAll) CheckWrapping(plan.KeySpec, plan.Wrapping) error { return nil }

// A recorder writes the program's own lines.
type recorder struct {
	private ed25519.PrivateKey
	public  dsse.PublicKey
}

func (r recorder) Public() dsse.PublicKey { return r.public }

func (r recorder) Sign(_ context.Context, message []byte) ([]byte, error) {
	return ed25519.Sign(r.private, message), nil
}

// A room is a token with a target key, people, and a ceremony folder whose
// journal goes as far as the test has written it.
type room struct {
	t        *testing.T
	kind     string
	loc      hsm.Location
	token    *pkcs11.Token
	people   rehearsal.People
	plan     plan.Plan
	folder   string
	journal  *transcript.Journal
	recorder recorder
	target   ceremony.Key
	nonce    string
	kcv      []byte
	splitter *worker.Splitter
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func hexDigest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func (r *room) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// eachToken runs f on every software token. A token that is not installed fails
// the test.
func eachToken(t *testing.T, spec plan.KeySpec, f func(r *room)) {
	t.Helper()
	for _, kind := range []string{softtoken.SoftHSM, softtoken.NSS} {
		t.Run(kind, func(t *testing.T) { f(newRoom(t, kind, spec)) })
	}
}

func newRoom(t *testing.T, kind string, spec plan.KeySpec) *room {
	t.Helper()
	r := &room{t: t, kind: kind, folder: filepath.Join(t.TempDir(), "ceremony")}
	ctx := t.Context()
	var err error
	r.loc, err = softtoken.Create(ctx, kind, t.TempDir(), secret.Copy([]byte("so-481516")), pin())
	r.must(err)
	r.token, err = pkcs11.Open(ctx, r.loc)
	r.must(err)
	t.Cleanup(func() {
		if err := r.token.Close(); err != nil {
			t.Error(err)
		}
	})
	r.must(r.token.Login(ctx, pin()))
	transcriptKey, err := r.token.Commission(ctx)
	r.must(err)
	r.cast(spec, transcriptKey)
	r.open(r.approvedPlan())
	r.generate()
	r.splitter = worker.New(worker.Config{Location: r.loc, Credentials: r.people.File})
	return r
}

// cast makes the plan with throwaway people.
func (r *room) cast(spec plan.KeySpec, transcriptKey []byte) {
	r.t.Helper()
	r.plan = plan.Default(spec, true)
	var err error
	r.people, err = rehearsal.NewPeople(r.plan.Roster)
	r.must(err)
	r.plan.Roster = r.people.Roster(r.plan.Roster, transcriptKey)
}

func (r *room) approvedPlan() policy.ApprovedPlan {
	r.t.Helper()
	checked, violations := policy.Check(r.plan, takesAll{})
	if len(violations) > 0 {
		r.t.Fatal(violations)
	}
	officer, err := r.people.Unlock(r.t.Context(), r.plan.With(plan.Officer)[0])
	r.must(err)
	defer officer.Release()
	approved, err := policy.Sign(r.t.Context(), checked, dsse.Rehearsal, officer)
	r.must(err)
	return approved
}

// open makes the folder and writes the journal until everybody is enrolled.
func (r *room) open(p policy.ApprovedPlan) {
	r.t.Helper()
	r.must(os.MkdirAll(filepath.Join(r.folder, "shares"), 0o700))
	r.must(os.WriteFile(filepath.Join(r.folder, ceremony.PlanFile), p.Envelope(), 0o600))
	id := make([]byte, 32)
	rand.Read(id)
	public, private, err := ed25519.GenerateKey(rand.Reader)
	r.must(err)
	key, err := dsse.NewPublicKey(public, nil)
	r.must(err)
	r.recorder = recorder{private, key}
	r.journal, err = transcript.Create(filepath.Join(r.folder, ceremony.JournalFile), dsse.Rehearsal, hex.EncodeToString(id), time.Now)
	r.must(err)
	r.t.Cleanup(func() { r.journal.Close() })
	r.record(transcript.KindOpen, transcript.Open{
		Approvals: 2, Plan: p.Digest(), Recorder: key.DER(), Roster: transcript.RosterOf(r.plan), Title: r.plan.Title,
	})
	for _, m := range r.plan.With(plan.Custodian) {
		r.sign(m.ID, transcript.KindEnrol, transcript.Enrol{Plan: p.Digest(), Statement: "I accept."})
	}
}

func (r *room) record(kind transcript.Kind, body any) transcript.Line {
	r.t.Helper()
	line, err := r.journal.Append(r.t.Context(), kind, transcript.Recorder, r.recorder, body)
	r.must(err)
	return line
}

func (r *room) sign(id string, kind transcript.Kind, body any) {
	r.t.Helper()
	m, _ := r.plan.Member(id)
	u, err := r.people.Unlock(r.t.Context(), m)
	r.must(err)
	defer u.Release()
	_, err = r.journal.Append(r.t.Context(), kind, id, u, body)
	r.must(err)
}

// values are name and value by turns.
func values(pairs ...string) []transcript.Value {
	var out []transcript.Value
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, transcript.Value{Name: pairs[i], Value: pairs[i+1]})
	}
	return out
}

// with replaces one value.
func with(params []transcript.Value, name, value string) []transcript.Value {
	out := append([]transcript.Value{}, params...)
	for i := range out {
		if out[i].Name == name {
			out[i].Value = value
		}
	}
	return out
}

// request writes a request and the approvals of so many custodians.
func (r *room) request(action ceremony.StepKind, approvals int, params []transcript.Value) transcript.Line {
	r.t.Helper()
	line := r.record(transcript.KindRequest, transcript.Request{Action: string(action), Params: params, Statement: "Do it.", Step: "3.1"})
	for _, m := range r.plan.With(plan.Custodian)[:approvals] {
		r.sign(m.ID, transcript.KindApprove, transcript.Approve{Of: line.Seq, Request: line.Digest})
	}
	return line
}

func (r *room) result(of transcript.Line, outcome string, v []transcript.Value) {
	r.t.Helper()
	r.record(transcript.KindResult, transcript.Result{Of: of.Seq, Outcome: outcome, Values: v})
}

func (r *room) job(line transcript.Line) ceremony.Job {
	return ceremony.Job{Folder: r.folder, Request: line.Seq}
}

// generate makes the target key and says so in the journal.
func (r *room) generate() {
	r.t.Helper()
	nonce := make([]byte, 32)
	rand.Read(nonce)
	r.nonce = hex.EncodeToString(nonce)
	line := r.request(ceremony.KindGenerate, 2, values("label", r.plan.Key.Label, "spec", string(r.plan.Key.Spec), "nonce", r.nonce))
	var err error
	r.target, err = r.token.Generate(r.t.Context(), r.plan.Key.Spec, r.plan.Key.Label)
	r.must(err)
	r.kcv, err = r.token.CheckValue(r.t.Context(), r.target.ID, nonce)
	r.must(err)
	r.result(line, transcript.Done, values("id", string(r.target.ID), "checkValue", hex.EncodeToString(r.kcv)))
}

// splitParams are those of the engine's own request.
func (r *room) splitParams() []transcript.Value {
	return values("target", string(r.target.ID), "label", r.target.Label, "spec", string(r.plan.Key.Spec),
		"threshold", strconv.Itoa(r.plan.Shares.Threshold), "count", strconv.Itoa(r.plan.Shares.Count))
}

// keep writes files and result of a split, as the engine does.
func (r *room) keep(line transcript.Line, res ceremony.SplitResult) []transcript.Value {
	r.t.Helper()
	v := values("splitId", res.SplitID, "backup", hexDigest(res.BackupBlob), "backupCheckValue", res.BackupKCV)
	r.write(ceremony.BackupFile, res.BackupBlob)
	for _, s := range res.Shares {
		r.write(ceremony.ShareFile(s.Custodian), s.Sealed)
		v = append(v, values("share/"+s.Custodian, hexDigest(s.Sealed), "commitment/"+s.Custodian, s.Commitment)...)
	}
	r.result(line, transcript.Done, v)
	return v
}

func (r *room) write(name string, data []byte) {
	r.t.Helper()
	r.must(os.WriteFile(filepath.Join(r.folder, filepath.FromSlash(name)), data, 0o600))
}

func (r *room) read(name string) []byte {
	r.t.Helper()
	data, err := os.ReadFile(filepath.Join(r.folder, filepath.FromSlash(name)))
	r.must(err)
	return data
}

// split does an approved split and answers its result in the journal.
func (r *room) split() (ceremony.SplitResult, []transcript.Value) {
	r.t.Helper()
	line := r.request(ceremony.KindSplit, 2, r.splitParams())
	res, err := r.splitter.Split(r.t.Context(), r.job(line), pin())
	r.must(err)
	return res, r.keep(line, res)
}

func (r *room) handOver(id string, v []transcript.Value) transcript.Line {
	r.t.Helper()
	d := ceremony.Values(v)
	return r.request(ceremony.KindHandOver, 0, values("custodian", id, "splitId", d.Get("splitId"), "commitment", d.Get("commitment/"+id)))
}

func (r *room) recoverParams(v []transcript.Value, holders ...string) []transcript.Value {
	d := ceremony.Values(v)
	return values("holders", strings.Join(holders, ","), "backup", d.Get("backup"), "splitId", d.Get("splitId"), "target", string(r.target.ID),
		"label", r.target.Label+" regained", "spec", string(r.plan.Key.Spec), "nonce", r.nonce, "expected", hex.EncodeToString(r.kcv))
}

func (r *room) phrase(id string) secret.Bytes { return secret.Copy([]byte(r.people.Passphrases[id])) }

func (r *room) holders(ids ...string) []ceremony.Holder {
	var out []ceremony.Holder
	for _, id := range ids {
		out = append(out, ceremony.Holder{ID: id, Passphrase: r.phrase(id)})
	}
	return out
}

// objects is the inventory, one object a line.
func (r *room) objects() string {
	r.t.Helper()
	all, err := r.token.Inventory(r.t.Context())
	r.must(err)
	var b bytes.Buffer
	for _, o := range all {
		fmt.Fprintf(&b, "%s %s %q %s token=%v\n", o.Class, o.Type, o.Label, o.ID, o.Token)
	}
	return b.String()
}
