package dsse

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"filippo.io/edwards25519"
	oracle "github.com/secure-systems-lab/go-securesystemslib/dsse"
)

type testSigner struct {
	private crypto.Signer
	public  PublicKey
}

func (s testSigner) Public() PublicKey { return s.public }

func (s testSigner) Sign(_ context.Context, message []byte) ([]byte, error) {
	if k, ok := s.private.(*ecdsa.PrivateKey); ok {
		return ecdsa.SignASN1(rand.Reader, k, Digest(k.Curve, message))
	}
	return s.private.Sign(nil, message, crypto.Hash(0))
}

func newSigner(t testing.TB, private crypto.Signer) testSigner {
	t.Helper()
	public, err := NewPublicKey(private.Public(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return testSigner{private, public}
}

func ed25519Signer(t testing.TB, seed string) testSigner {
	t.Helper()
	sum := sha256.Sum256([]byte(seed))
	return newSigner(t, ed25519.NewKeyFromSeed(sum[:]))
}

func ecdsaSigner(t testing.TB, curve elliptic.Curve) testSigner {
	t.Helper()
	k, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return newSigner(t, k)
}

const testType = "application/vnd.keyrite.event.v1+json"

func signed(t testing.TB, signers ...Signer) Envelope {
	t.Helper()
	e, err := Sign(context.Background(), testType, []byte(`{"a":1}`), signers...)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestPAEIsTheSpecifications is the vector of protocol.md.
func TestPAEIsTheSpecifications(t *testing.T) {
	got := string(PAE("http://example.com/HelloWorld", []byte("hello world")))
	if want := "DSSEv1 29 http://example.com/HelloWorld 11 hello world"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := string(PAE("", nil)); got != "DSSEv1 0  0 " {
		t.Errorf("%q", got)
	}
}

func TestEveryAlgorithmSignsAndVerifies(t *testing.T) {
	for name, s := range map[string]testSigner{
		"Ed25519": ed25519Signer(t, "a"), "P-256": ecdsaSigner(t, elliptic.P256()), "P-384": ecdsaSigner(t, elliptic.P384()),
	} {
		e := signed(t, s)
		file, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := Parse(file)
		if err != nil {
			t.Fatal(err)
		}
		if ids, err := back.Verify(testType, NewKeys(s.Public())); err != nil || len(ids) != 1 || ids[0] != s.Public().ID() {
			t.Errorf("%s: %v %v", name, ids, err)
		}
		sum := sha256.Sum256(s.Public().DER())
		if s.Public().ID() != hex.EncodeToString(sum[:]) {
			t.Errorf("%s: id is not the fingerprint", name)
		}
		again, err := ParsePublicKey(s.Public().DER())
		if err != nil || again != s.Public() {
			t.Errorf("%s: a key read again is not equal: %v", name, err)
		}
	}
}

func TestRefusesEnvelopes(t *testing.T) {
	a, b, stranger := ed25519Signer(t, "a"), ed25519Signer(t, "b"), ed25519Signer(t, "c")
	keys := NewKeys(a.public, b.public)
	for name, bend := range map[string]func(e *Envelope){
		"no signature":       func(e *Envelope) { e.Signatures = nil },
		"other type":         func(e *Envelope) { e.PayloadType += "x" },
		"other payload":      func(e *Envelope) { e.Payload = []byte(`{"a":2}`) },
		"same twice":         func(e *Envelope) { e.Signatures = append(e.Signatures, e.Signatures[0]) },
		"stranger":           func(e *Envelope) { e.Signatures = append(e.Signatures, signed(t, stranger).Signatures...) },
		"stranger's alone":   func(e *Envelope) { e.Signatures = signed(t, stranger).Signatures },
		"bad among good":     func(e *Envelope) { e.Signatures[1].Sig[3] ^= 1 },
		"empty signature":    func(e *Envelope) { e.Signatures[0].Sig = nil },
		"another's key id":   func(e *Envelope) { e.Signatures[0].KeyID = b.public.ID(); e.Signatures = e.Signatures[:1] },
		"id in upper case":   func(e *Envelope) { e.Signatures[0].KeyID = strings.ToUpper(e.Signatures[0].KeyID) },
		"id with a path":     func(e *Envelope) { e.Signatures[0].KeyID = "../" + e.Signatures[0].KeyID },
		"id empty":           func(e *Envelope) { e.Signatures[0].KeyID = "" },
		"signature too long": func(e *Envelope) { e.Signatures[0].Sig = append(e.Signatures[0].Sig, 0) },
	} {
		e := signed(t, a, b)
		bend(&e)
		if ids, err := e.Verify(testType, keys); err == nil {
			t.Errorf("%s: verified as %v", name, ids)
		}
	}
	if _, err := signed(t, a).Verify(testType, Keys{a.public.ID(): {}}); err == nil {
		t.Error("the zero key verified")
	}
	if _, err := signed(t, a).Verify(testType, Keys{a.public.ID(): b.public}); err == nil {
		t.Error("took another key for the one that the id names")
	}
}

func TestParseChecksCapsAndForm(t *testing.T) {
	one, err := signed(t, ed25519Signer(t, "a")).Encode()
	if err != nil {
		t.Fatal(err)
	}
	many := signed(t, ed25519Signer(t, "a"))
	for len(many.Signatures) <= MaxSignatures {
		many.Signatures = append(many.Signatures, many.Signatures[0])
	}
	tooMany, err := many.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"nothing": {}, "line feed": append(bytes.Clone(one), '\n'), "too many signatures": tooMany,
		"too large":    bytes.Replace(one, []byte(`"payload":"`), []byte(`"payload":"`+strings.Repeat("AAAA", MaxEnvelope/4)), 1),
		"no signature": []byte(`{"payload":"","payloadType":"","signatures":[]}`), "null": []byte(`{"payload":null,"payloadType":"","signatures":null}`),
		"url-safe base64": bytes.Replace(one, []byte(`"sig":"`), []byte(`"sig":"__-_`), 1),
	} {
		if _, err := Parse(data); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// A lyingSigner signs something else than it is asked to.
type lyingSigner struct{ testSigner }

func (s lyingSigner) Sign(ctx context.Context, _ []byte) ([]byte, error) {
	return s.testSigner.Sign(ctx, []byte("something else"))
}

type brokenSigner struct{ testSigner }

func (brokenSigner) Sign(context.Context, []byte) ([]byte, error) {
	return nil, errors.New("card removed")
}

func TestRefusesASignerThatLies(t *testing.T) {
	for _, s := range []Signer{lyingSigner{ed25519Signer(t, "a")}, brokenSigner{ed25519Signer(t, "a")}} {
		if _, err := Sign(context.Background(), testType, nil, s); err == nil {
			t.Errorf("%T: an envelope was made", s)
		}
	}
}

func TestModesShareNoPayloadType(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range []Mode{Production, Rehearsal} {
		for _, typ := range []string{m.SealType(), m.Type("event"), m.Type("plan"), m.Type("receipt")} {
			if seen[typ] {
				t.Errorf("%s serves twice", typ)
			}
			seen[typ] = true
		}
	}
}

// smallOrder returns every encoding that edwards25519 reads as a point of small
// order: the 8 points and their second spellings.
func smallOrder(t *testing.T) [][]byte {
	t.Helper()
	var out [][]byte
	try := func(b []byte) {
		p, err := new(edwards25519.Point).SetBytes(b)
		if err == nil && new(edwards25519.Point).MultByCofactor(p).Equal(edwards25519.NewIdentityPoint()) == 1 {
			out = append(out, bytes.Clone(b))
		}
	}
	for _, s := range []string{
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	} {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		try(b)
		b[31] ^= 0x80
		try(b)
	}
	b := make([]byte, 32)
	for _, last := range []byte{0x00, 0x80, 0x7f, 0xff} {
		fill := byte(0)
		if last&0x7f != 0 {
			fill = 0xff
		}
		for i := range b {
			b[i] = fill
		}
		b[31] = last
		for first := range 256 {
			b[0] = byte(first)
			try(b)
		}
	}
	if len(out) < 8+6 {
		t.Fatalf("only %d encodings", len(out))
	}
	return out
}

func TestRefusesKeys(t *testing.T) {
	good := ed25519Signer(t, "a").public.DER()
	with := func(raw []byte) []byte { return append(bytes.Clone(good[:12]), raw...) }
	bad := map[string][]byte{"nothing": nil, "cut": good[:43], "bytes after": append(bytes.Clone(good), 0)}
	for _, raw := range smallOrder(t) {
		bad["small order "+hex.EncodeToString(raw)] = with(raw)
	}
	for first := 0xed; first <= 0xff; first++ { // y = p and above: second spellings
		raw := append([]byte{byte(first)}, append(bytes.Repeat([]byte{0xff}, 30), 0x7f)...)
		bad["second spelling "+hex.EncodeToString(raw)] = with(raw)
	}
	off := with(bytes.Repeat([]byte{2}, 32))
	if _, err := new(edwards25519.Point).SetBytes(off[12:]); err == nil {
		off[12]++
	}
	bad["off the curve"] = off
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, private := range map[string]crypto.Signer{"RSA": rsaKey, "P-224": mustKey(t, elliptic.P224()), "P-521": mustKey(t, elliptic.P521())} {
		der, err := x509.MarshalPKIXPublicKey(private.Public())
		if err != nil {
			t.Fatal(err)
		}
		bad[name] = der
	}
	point := ecdsaSigner(t, elliptic.P256()).public.DER()
	point[len(point)-1] ^= 1
	bad["P-256 off the curve"] = point
	for name, der := range bad {
		if _, err := ParsePublicKey(der); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func mustKey(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// An oracleKey lets the library of the DSSE authors verify with our key.
type oracleKey struct {
	key crypto.PublicKey
	id  string
}

func (k oracleKey) Verify(_ context.Context, data, sig []byte) error {
	ok := false
	switch key := k.key.(type) {
	case ed25519.PublicKey:
		ok = ed25519.Verify(key, data, sig)
	case *ecdsa.PublicKey:
		sum := sha256.Sum256(data)
		ok = ecdsa.VerifyASN1(key, sum[:], sig)
	}
	if !ok {
		return errors.New("bad signature")
	}
	return nil
}

func (k oracleKey) KeyID() (string, error)   { return k.id, nil }
func (k oracleKey) Public() crypto.PublicKey { return k.key }

// TestAgreesWithTheLibraryOfTheAuthors verifies our envelopes with theirs, and
// theirs with ours.
func TestAgreesWithTheLibraryOfTheAuthors(t *testing.T) {
	a, b := ed25519Signer(t, "a"), ecdsaSigner(t, elliptic.P256())
	verifier, err := oracle.NewMultiEnvelopeVerifier(2, oracleKey{a.private.Public(), a.public.ID()}, oracleKey{b.private.Public(), b.public.ID()})
	if err != nil {
		t.Fatal(err)
	}
	e := signed(t, a, b)
	file, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	var theirs oracle.Envelope
	if err := json.Unmarshal(file, &theirs); err != nil {
		t.Fatal(err)
	}
	if _, err := verifier.Verify(context.Background(), &theirs); err != nil {
		t.Errorf("they refuse ours: %v", err)
	}
	theirs.Payload = base64.StdEncoding.EncodeToString([]byte(`{"a":2}`))
	if _, err := verifier.Verify(context.Background(), &theirs); err == nil {
		t.Error("they took a changed payload")
	}
	if got, want := PAE(testType, e.Payload), oracle.PAE(testType, e.Payload); !bytes.Equal(got, want) {
		t.Errorf("PAE %q, theirs %q", got, want)
	}
	for _, payload := range []string{"", "é", strings.Repeat("x", 1000)} {
		if got, want := PAE("type", []byte(payload)), oracle.PAE("type", []byte(payload)); !bytes.Equal(got, want) {
			t.Errorf("PAE %q, theirs %q", got, want)
		}
	}
}

// FuzzParseEnvelope holds Parse to what it promises: one spelling, caps, and no
// signature that verifies unless it was made.
func FuzzParseEnvelope(f *testing.F) {
	a := ed25519Signer(f, "a")
	honest, err := signed(f, a).Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(honest)
	f.Add([]byte(`{"payload":"","payloadType":"","signatures":[{"keyid":"","sig":""}]}`))
	f.Add([]byte(`{"payload":"e30=","payload":"e30=","payloadType":"x","signatures":[]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := Parse(data)
		if err != nil {
			return
		}
		again, err := e.Encode()
		if err != nil || !bytes.Equal(again, data) {
			t.Errorf("took %q, writes %q, %v", data, again, err)
		}
		if _, err := e.Verify(testType, NewKeys(a.public)); err == nil && !bytes.Equal(data, honest) {
			t.Errorf("verified %q", data)
		}
	})
}
