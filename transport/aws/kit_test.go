package aws_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // one of the cloud's algorithms
	"crypto/sha256"
	"crypto/x509"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/policy"
	"keyrite.dev/keyrite/ceremony/transcript"
	"keyrite.dev/keyrite/transport"
	"keyrite.dev/keyrite/transport/aws"
	"keyrite.dev/keyrite/transport/rehearsal"
)

// A signer is a key in memory.
type signer struct {
	private crypto.Signer
	public  dsse.PublicKey
}

func (s signer) Public() dsse.PublicKey { return s.public }

func (s signer) Sign(_ context.Context, message []byte) ([]byte, error) {
	if key, ok := s.private.(*ecdsa.PrivateKey); ok {
		sum := sha256.Sum256(message)
		return ecdsa.SignASN1(rand.Reader, key, sum[:])
	}
	return s.private.Sign(nil, message, crypto.Hash(0))
}

func newSigner(t testing.TB, hsm bool) signer {
	t.Helper()
	var private crypto.Signer
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if hsm {
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	check(t, err)
	public, err := dsse.NewPublicKey(private.Public(), nil)
	check(t, err)
	return signer{private, public}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A room is a ceremony's people and papers, with what the engine would have made
// of them. The tests change it before it is packed.
type room struct {
	mode     dsse.Mode
	ceremony string
	plan     plan.Plan
	people   map[string]signer // by roster id
	recorder signer
	trusted  map[string]plan.Role

	// What the seal says.
	outcome     string
	sealed      string // ceremony named by the seal
	subjects    func([]transcript.Subject) []transcript.Subject
	sealers     []string
	sealPlan    []byte // plan file named by the seal; nil is the plan's
	material    []byte
	regained    []byte // wrapped into the second blob
	nonce       []byte
	export      func(*ceremony.Export)
	planFile    []byte
	wrappingKey func(int, []byte) []byte // changes a blob after the wrap
}

// newRoom is a room whose plan names a key, with keys of its own for everyone.
func newRoom(t testing.TB, mode dsse.Mode, spec plan.KeySpec, d plan.Destination, w plan.Wrapping) *room {
	t.Helper()
	r := &room{
		mode: mode, ceremony: strings.Repeat("ab", 32), plan: plan.Default(spec, false),
		people: map[string]signer{}, recorder: newSigner(t, false), trusted: map[string]plan.Role{},
		outcome: transcript.Completed, sealed: strings.Repeat("ab", 32),
		material: random(spec.Bytes()),
	}
	r.regained = r.material
	if spec.IsHMAC() {
		r.nonce = random(32)
	}
	r.plan.Destination = d
	r.plan.Wrapping = w
	for i, m := range r.plan.Roster {
		s := newSigner(t, m.Role == plan.HSM)
		r.people[m.ID] = s
		r.plan.Roster[i].Key = s.public.DER()
		r.trusted[s.public.ID()] = m.Role
	}
	if mode == dsse.Rehearsal {
		r.plan.Original = strings.Repeat("0", 64)
	}
	r.sealers = []string{r.id(plan.HSM), r.id(plan.Witness), r.plan.With(plan.Custodian)[0].ID, r.plan.With(plan.Custodian)[1].ID}
	return r
}

func (r *room) id(role plan.Role) string { return r.plan.With(role)[0].ID }

func (r *room) person(role plan.Role) signer { return r.people[r.id(role)] }

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

// signPlan has the officer sign; it is the policy's own way.
func (r *room) signPlan(t testing.TB) []byte {
	t.Helper()
	c, violations := policy.Check(r.plan, aws.Target{})
	if violations != nil {
		t.Fatal(violations)
	}
	approved, err := policy.Sign(t.Context(), c, r.mode, r.person(plan.Officer))
	check(t, err)
	return approved.Envelope()
}

// wrap is what the HSM would do.
func wrap(t testing.TB, set ceremony.ParameterSet, key []byte) []byte {
	t.Helper()
	parsed, err := x509.ParsePKIXPublicKey(set.SPKI)
	check(t, err)
	pub, ok := parsed.(*rsa.PublicKey)
	if !ok {
		t.Fatalf("wrapping key is %T", parsed)
	}
	h := sha256.New()
	if set.Algorithm == "RSAES_OAEP_SHA_1" {
		h = sha1.New() //nolint:gosec // the cloud's algorithm
	}
	blob, err := rsa.EncryptOAEP(h, rand.Reader, pub, key, nil)
	check(t, err)
	return blob
}

// pack wraps for the parameters, seals, and makes the wrapped-key parcel.
func (r *room) pack(t testing.TB, params ceremony.Parameters) []byte {
	t.Helper()
	if r.planFile == nil {
		r.planFile = r.signPlan(t)
	}
	x := ceremony.Export{
		Mode: r.mode, Ceremony: r.ceremony, Spec: r.plan.Key.Spec, Nonce: r.nonce,
		Plan: r.planFile, Recorder: r.recorder.public.DER(),
	}
	for i, set := range params.Sets {
		use, key := ceremony.UseNew, r.material
		if i > 0 {
			use, key = ceremony.UseExisting, r.regained
		}
		x.Blobs = append(x.Blobs, ceremony.Blob{Use: use, Set: set, Key: wrap(t, set, key)})
		if x.Expires.IsZero() || set.ValidTo.Before(x.Expires) {
			x.Expires = set.ValidTo
		}
	}
	x.Seal = r.seal(t, x.Blobs)
	for i := range x.Blobs {
		if r.wrappingKey != nil {
			x.Blobs[i].Key = r.wrappingKey(i, x.Blobs[i].Key)
		}
	}
	if r.export != nil {
		r.export(&x)
	}
	parcel, err := aws.Target{}.Package(t.Context(), x, r.recorder)
	check(t, err)
	return parcel
}

// seal is seal.json of a ceremony that exported blobs.
func (r *room) seal(t testing.TB, blobs []ceremony.Blob) []byte {
	t.Helper()
	sealPlan := r.planFile
	if r.sealPlan != nil {
		sealPlan = r.sealPlan
	}
	subjects := []transcript.Subject{
		transcript.NewSubject(transcript.JournalFile, transport.Digest([]byte("journal"))),
		transcript.NewSubject(transcript.PlanFile, transport.Digest(sealPlan)),
	}
	for _, b := range blobs {
		subjects = append(subjects, transcript.NewSubject("export/wrapped-key-"+string(b.Use)+".bin", transport.Digest(b.Key)))
	}
	if r.subjects != nil {
		subjects = r.subjects(subjects)
	}
	payload, err := transcript.SealStatement(r.mode, r.sealed, 99, r.outcome, subjects)
	check(t, err)
	signers := []dsse.Signer{r.recorder}
	for _, id := range r.sealers {
		signers = append(signers, r.people[id])
	}
	env, err := dsse.Sign(t.Context(), r.mode.SealType(), payload, signers...)
	check(t, err)
	file, err := env.Encode()
	check(t, err)
	return append(file, '\n')
}

// A stage is a pretended cloud with one client.
type stage struct {
	server *rehearsal.Server
	cloud  *aws.Client
}

// ring deals RSA keys that were made once, three of each size in turn: enough that
// one import meets none twice.
func ring() func(bits int) (*rsa.PrivateKey, error) {
	var next atomic.Int64
	return func(bits int) (*rsa.PrivateKey, error) { return made(bits, int(next.Add(1)%3)) }
}

type ringKey struct{ bits, place int }

var ringKeys sync.Map // ringKey → func() (*rsa.PrivateKey, error)

func made(bits, place int) (*rsa.PrivateKey, error) {
	once, _ := ringKeys.LoadOrStore(ringKey{bits, place}, sync.OnceValues(func() (*rsa.PrivateKey, error) {
		return rsa.GenerateKey(rand.Reader, bits)
	}))
	f, _ := once.(func() (*rsa.PrivateKey, error))
	return f()
}

// newStage starts a cloud that makes no RSA keys ahead.
func newStage(t testing.TB, cfg rehearsal.Config) stage {
	t.Helper()
	cfg.Stock, cfg.MakeKey = -1, ring()
	server, err := rehearsal.StartWith(t.Context(), cfg)
	check(t, err)
	t.Cleanup(func() { check(t, server.Close()) })
	cloud, err := aws.New(t.Context(), aws.Endpoint{URL: server.URL(), Rehearsal: true})
	check(t, err)
	return stage{server, cloud}
}

// small is the wrapping with the wrapping key that is made fastest and that
// policy allows.
func small() plan.Wrapping {
	return plan.Wrapping{Algorithm: "RSAES_OAEP_SHA_256", KeySpec: "RSA_3072"}
}

// prepare makes a key, a room whose plan names it, and fetches.
func (s stage) prepare(t testing.TB, spec plan.KeySpec, w plan.Wrapping) (*room, ceremony.Parameters) {
	t.Helper()
	d, err := s.cloud.CreateKey(t.Context(), spec, "test")
	check(t, err)
	r := newRoom(t, dsse.Rehearsal, spec, d, w)
	return r, s.fetch(t, r)
}

func (s stage) fetch(t testing.TB, r *room) ceremony.Parameters {
	t.Helper()
	parcel, err := s.cloud.Fetch(t.Context(), ceremony.Fetch{
		Mode: r.mode, Key: r.plan.Destination.Key, Wrapping: r.plan.Wrapping, Signer: r.person(plan.Fetcher),
	})
	check(t, err)
	params, err := aws.Target{}.OpenParameters(parcel, r.mode, r.plan)
	check(t, err)
	return params
}

func (s stage) importParcel(t testing.TB, r *room, parcel []byte) (ceremony.Receipt, error) {
	t.Helper()
	return s.cloud.Import(t.Context(), ceremony.Import{
		Parcel: parcel, Trusted: r.trusted, Signer: r.person(plan.Importer), Control: true,
	})
}

// A clock is set by hand.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func contains(t testing.TB, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got error %v, want %q in it", err, want)
	}
}

func equal(t testing.TB, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got %x, want %x", what, got, want)
	}
}
