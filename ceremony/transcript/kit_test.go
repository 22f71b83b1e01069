package transcript

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"keyrite.dev/keyrite/ceremony/canon"
	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/plan"
)

// A testKey signs for one member; its key follows from a seed.
type testKey struct {
	private crypto.Signer
	public  dsse.PublicKey
}

func (k testKey) Public() dsse.PublicKey { return k.public }

func (k testKey) Sign(_ context.Context, message []byte) ([]byte, error) {
	if p, ok := k.private.Public().(*ecdsa.PublicKey); ok {
		return ecdsa.SignASN1(rand.Reader, k.private.(*ecdsa.PrivateKey), dsse.Digest(p.Curve, message))
	}
	return ed25519.Sign(k.private.(ed25519.PrivateKey), message), nil
}

func edKey(seed string) testKey {
	sum := sha256.Sum256([]byte(seed))
	return newTestKey(ed25519.NewKeyFromSeed(sum[:]))
}

func ecKey(curve elliptic.Curve, seed string) testKey {
	sum := sha256.Sum256([]byte(seed))
	raw := make([]byte, curve.Params().BitSize/8)
	copy(raw[1:], sum[:31])
	k, err := ecdsa.ParseRawPrivateKey(curve, raw)
	if err != nil {
		panic(err)
	}
	return newTestKey(k)
}

func newTestKey(private crypto.Signer) testKey {
	public, err := dsse.NewPublicKey(private.Public(), nil)
	if err != nil {
		panic(err)
	}
	return testKey{private, public}
}

// castKeys are the keys of the cast, made once; they are only read.
var castKeys = sync.OnceValue(func() map[string]testKey {
	return map[string]testKey{
		"administrator": edKey("administrator"), "operator": edKey("operator"), "witness": edKey("witness"),
		"officer": edKey("officer"), "fetcher": edKey("fetcher"), "importer": edKey("importer"),
		"custodian-1": edKey("custodian-1"), "custodian-2": edKey("custodian-2"), "custodian-3": ecKey(elliptic.P384(), "custodian-3"),
		"hsm": ecKey(elliptic.P256(), "hsm"), Recorder: edKey("recorder"), "recorder-2": edKey("recorder-2"), "recorder-3": edKey("recorder-3"),
		"outsider": edKey("outsider"),
	}
})

// testPlan is a plan for the cast: one of each role, three custodians.
func testPlan() (plan.Plan, map[string]testKey) {
	keys := maps.Clone(castKeys())
	p := plan.Plan{
		Afterwards: plan.Keep, Ceremony: plan.CeremonyKeyImport, Cryptoperiod: 365,
		Destination: plan.Destination{Account: "111122223333", Cloud: plan.CloudAWS, Key: "arn:aws:kms:eu-central-1:111122223333:key/k", Region: "eu-central-1"},
		Exceptions:  []plan.Exception{{Reason: "none better in the cloud", Rule: "KEY-STRENGTH"}},
		Key:         plan.Key{Label: "label", Spec: plan.AES256}, MinimumLife: 60,
		PhysicalSteps: []plan.PhysicalStep{{Actor: plan.Witness, After: "2.7", Text: "Open safe 2.", Watcher: plan.Officer}},
		Scheme:        plan.SchemeBackupKey, Shares: plan.Shares{Count: 3, Threshold: 2},
		Title: `Zoë's "test" of <keys> & Łukasz \ 山田 🔑`, Version: plan.Version,
		Wrapping: plan.Wrapping{Algorithm: "RSAES_OAEP_SHA_256", KeySpec: "RSA_4096"},
	}
	for _, m := range []struct {
		id   string
		role plan.Role
	}{
		{"administrator", plan.Administrator},
		{"operator", plan.Operator},
		{"witness", plan.Witness},
		{"officer", plan.Officer},
		{"fetcher", plan.Fetcher},
		{"importer", plan.Importer},
		{"custodian-1", plan.Custodian},
		{"custodian-2", plan.Custodian},
		{"custodian-3", plan.Custodian},
		{"hsm", plan.HSM},
	} {
		p.Roster = append(p.Roster, plan.Member{ID: m.id, Key: keys[m.id].public.DER(), Name: "Name of " + m.id, Role: m.role})
	}
	return p, keys
}

// An entry is one line to be written, by the rules or against them. body is the
// struct of kind; of names the request that it answers, by its entry's name.
type entry struct {
	name   string
	kind   Kind
	by     string
	of     string
	body   any
	signer string                      // by, unless set
	edit   func(*wireEvent)            // before the signature
	raw    func(payload []byte) []byte // before the signature
	env    func(*dsse.Envelope)        // after it
	line   func(line []byte) []byte    // the encoded line
	typ    string                      // payload type, unless the mode's
	late   func(w *world, e any) any   // changes the body when all before is known
}

// A world is a ceremony folder in the making. Every test may break one thing.
type world struct {
	t        testing.TB
	mode     dsse.Mode
	ceremony string
	plan     plan.Plan
	keys     map[string]testKey
	entries  []entry
	outcome  string
	sealers  []string
	subjects map[string]string // file → content, beside journal and plan
	trusted  string            // the list; built from the roster unless set

	planSigners []string
	planEdit    func(*plan.Plan) // after line 0's roster was taken
	planRaw     func([]byte) []byte
	planFile    func([]byte) []byte
	planType    string
	journalEdit func([]byte) []byte
	sealEdit    func(*sealStatement)
	sealRaw     func([]byte) []byte
	sealEnv     func(*dsse.Envelope)
	sealFile    func([]byte) []byte
	sealType    string
	after       func(dir string) // last, on the folder

	journal []byte
	planBuf []byte
	seqs    map[string]int
	digests map[string]string
}

func newWorld(t testing.TB, mode dsse.Mode) *world {
	t.Helper()
	p, keys := testPlan()
	w := &world{
		t: t, mode: mode, ceremony: digest([]byte("ceremony")), plan: p, keys: keys, outcome: Completed,
		sealers: []string{Recorder, "hsm", "witness", "custodian-1", "custodian-2"}, planSigners: []string{"officer"},
		subjects: map[string]string{"backup.bin": "backup", "shares/custodian-1.age": "share"},
	}
	w.add(entry{name: "open", kind: KindOpen, by: Recorder})
	for _, id := range []string{"custodian-1", "custodian-2", "custodian-3", "witness"} {
		w.add(entry{name: "enrol " + id, kind: KindEnrol, by: id, body: Enrol{Statement: "I accept."}})
	}
	w.add(w.step("check", "", 0)...)
	for _, action := range mandatory() {
		w.add(w.step(action, "", 2)...)
	}
	w.add(entry{name: "statement", kind: KindStatement, by: "witness", body: Statement{Agree: true}})
	w.add(entry{name: "close", kind: KindClose, by: Recorder})
	return w
}

func (w *world) add(e ...entry) { w.entries = append(w.entries, e...) }

// step is a request, so many approvals, and its result.
func (w *world) step(action, suffix string, approvals int) []entry {
	name := action + suffix
	out := []entry{{name: name, kind: KindRequest, by: Recorder, body: Request{
		Action: action, Params: []Value{{"label", "k"}}, Statement: "Do " + action + ".", Step: "1.1",
	}}}
	for i := range approvals {
		by := fmt.Sprintf("custodian-%d", i+1)
		out = append(out, entry{name: fmt.Sprintf("%s approval %d", name, i+1), kind: KindApprove, by: by, of: name, body: Approve{}})
	}
	return append(out, entry{name: name + " result", kind: KindResult, by: Recorder, of: name, body: Result{Outcome: Done, Values: []Value{}}})
}

// at is the place of a named entry.
func (w *world) at(name string) int {
	i := slices.IndexFunc(w.entries, func(e entry) bool { return e.name == name })
	if i < 0 {
		w.t.Fatalf("no entry %q", name)
	}
	return i
}

func (w *world) entry(name string) *entry { return &w.entries[w.at(name)] }

func (w *world) insert(before string, e ...entry) {
	w.entries = slices.Insert(w.entries, w.at(before), e...)
}

func (w *world) drop(names ...string) {
	for _, n := range names {
		i := w.at(n)
		w.entries = slices.Delete(w.entries, i, i+1)
	}
}

// cut drops everything from the named entry on, and the seal.
func (w *world) cut(from string) {
	w.entries = w.entries[:w.at(from)]
	w.sealers = nil
}

// abort replaces everything from the named entry on by an abort.
func (w *world) abort(from string, more ...entry) {
	w.entries = w.entries[:w.at(from)]
	w.add(entry{name: "abort", kind: KindAbort, by: Recorder, body: Abort{Reason: "the HSM is gone", Step: "3.1"}})
	w.add(more...)
	w.add(entry{name: "close", kind: KindClose, by: Recorder})
	w.outcome = Aborted
	w.sealers = []string{Recorder, "witness", "custodian-1"}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	data, err := canon.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// build makes the folder's files in memory.
func (w *world) build() {
	w.journal, w.seqs, w.digests = nil, map[string]int{}, map[string]string{}
	roster := RosterOf(w.plan)
	p := w.plan
	if w.planEdit != nil {
		p.Roster = slices.Clone(p.Roster)
		w.planEdit(&p)
	}
	withEmptyLists(&p)
	payload := edited(marshal(w.t, p), w.planRaw)
	w.planBuf = edited(w.envelope(or(w.planType, w.mode.Type("plan")), payload, nil, w.planSigners...), w.planFile)
	for i, e := range w.entries {
		w.line(i, e, roster)
	}
	w.journal = edited(w.journal, w.journalEdit)
}

func withEmptyLists(p *plan.Plan) {
	p.Exceptions = append([]plan.Exception{}, p.Exceptions...)
	p.PhysicalSteps = append([]plan.PhysicalStep{}, p.PhysicalSteps...)
}

func edited(data []byte, edit func([]byte) []byte) []byte {
	if edit == nil {
		return data
	}
	return edit(data)
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// envelope signs a payload and answers a file's bytes.
func (w *world) envelope(typ string, payload []byte, edit func(*dsse.Envelope), by ...string) []byte {
	env := dsse.Envelope{Payload: payload, PayloadType: typ, Signatures: []dsse.Signature{}}
	for _, id := range by {
		sig, err := w.keys[id].Sign(context.Background(), dsse.PAE(typ, payload))
		w.must(err)
		env.Signatures = append(env.Signatures, dsse.Signature{KeyID: w.keys[id].public.ID(), Sig: sig})
	}
	if edit != nil {
		edit(&env)
	}
	return append(marshal(w.t, env), '\n')
}

func (w *world) line(n int, e entry, roster []Member) {
	prev := digest(w.journal)
	var body any = e.body
	switch b := e.body.(type) {
	case nil:
		if e.kind == KindOpen {
			body = Open{
				Approvals: 2, Plan: digest(w.planBuf), Recorder: w.keys[Recorder].public.DER(), Roster: roster,
				Site: []Value{{"serial", "1"}}, Title: w.plan.Title, Tool: []Value{},
			}
		} else if e.kind == KindClose {
			body = Close{Events: n + 1, Outcome: w.outcome}
		}
	case Enrol:
		b.Plan = digest(w.planBuf)
		body = b
	case Approve:
		b.Of, b.Request = w.seqs[e.of], w.digests[e.of]
		body = b
	case Refuse:
		b.Of, b.Request = w.seqs[e.of], w.digests[e.of]
		body = b
	case Result:
		b.Of = w.seqs[e.of]
		body = b
	case Statement:
		b.Head = prev
		body = b
	case Resume:
		b.Head = prev
		if b.Recorder == nil {
			b.Recorder = w.keys[e.signer].public.DER()
		}
		body = b
	}
	if e.late != nil {
		body = e.late(w, body)
	}
	ev := wireEvent{
		Body: marshal(w.t, body), By: e.by, Ceremony: w.ceremony, Kind: e.kind, Prev: prev, Seq: n,
		Time: time.Date(2026, 11, 22, 5, 0, n, 0, time.UTC).Format(time.RFC3339),
	}
	if e.edit != nil {
		e.edit(&ev)
	}
	signers := []string{or(e.signer, w.lastRecorder(n, e.by))}
	line := edited(w.envelope(or(e.typ, w.mode.Type("event")), edited(rawEvent(w.t, ev), e.raw), e.env, signers...), e.line)
	w.seqs[e.name], w.digests[e.name] = n, digest(line)
	w.journal = append(w.journal, line...)
}

// rawEvent encodes an event without the checks of package canon, as a forger would.
func rawEvent(t testing.TB, ev wireEvent) []byte {
	t.Helper()
	return fmt.Appendf(nil, `{"body":%s,"by":%s,"ceremony":%s,"kind":%s,"prev":%s,"seq":%d,"time":%s}`,
		ev.Body, marshal(t, ev.By), marshal(t, ev.Ceremony), marshal(t, ev.Kind), marshal(t, ev.Prev), ev.Seq, marshal(t, ev.Time))
}

// lastRecorder is who signs for the recorder in line n: the key of the last resume.
func (w *world) lastRecorder(n int, by string) string {
	if by != Recorder {
		return by
	}
	for _, e := range slices.Backward(w.entries[:n]) {
		if e.kind == KindResume {
			return e.signer
		}
	}
	return Recorder
}
