package transport_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/transport"
)

// A note is a payload for tests, of any kind.
type note struct {
	Header transport.Header `json:"header"`
	Text   string           `json:"text"`
}

func (n *note) Head() transport.Header { return n.Header }

type signer struct {
	private ed25519.PrivateKey
	public  dsse.PublicKey
}

func (s signer) Public() dsse.PublicKey { return s.public }

func (s signer) Sign(_ context.Context, message []byte) ([]byte, error) {
	return ed25519.Sign(s.private, message), nil
}

// newSigner is a key from a seed of one letter, so that golden files stay as they
// are (Ed25519 signs without chance).
func newSigner(t testing.TB, seed string) signer {
	t.Helper()
	private := ed25519.NewKeyFromSeed([]byte(strings.Repeat(seed, ed25519.SeedSize)))
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

func expiry() time.Time { return time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC) }

// example is a parcel by the signer "a", in rehearsal.
func example(t testing.TB) []byte {
	t.Helper()
	s := newSigner(t, "a")
	n := note{transport.NewHeader(strings.Repeat("01", 32), expiry(), s, "fetcher"), "words"}
	file, err := transport.Seal(t.Context(), dsse.Rehearsal, transport.ImportParameters, &n, s)
	check(t, err)
	return file
}

func open(file []byte) (note, error) {
	var n note
	_, err := transport.Open(file, dsse.Rehearsal, transport.ImportParameters, "fetcher", &n)
	return n, err
}

var update = flag.Bool("update", false, "write the golden file again")

// TestEnvelopeIsFinal: parcels made today are read for ever, byte for byte.
func TestEnvelopeIsFinal(t *testing.T) {
	golden := filepath.Join("testdata", "example.json")
	got := example(t)
	if *update {
		check(t, os.WriteFile(golden, got, 0o644)) //nolint:gosec // nothing secret
	}
	want, err := os.ReadFile(golden)
	check(t, err)
	if !bytes.Equal(got, want) {
		t.Errorf("the example is now\n%s\nand was\n%s", got, want)
	}
	n, err := open(want)
	check(t, err)
	if at, err := n.Header.ExpiresAt(); err != nil || !at.Equal(expiry()) || n.Text != "words" {
		t.Errorf("read %q, expires %v, %v", n.Text, at, err)
	}
}

// TestEveryByteCounts: no byte of a parcel can be changed, lost or added.
func TestEveryByteCounts(t *testing.T) {
	file := example(t)
	for i := range file {
		for _, flip := range []byte{0x01, 0x20, 0x80} {
			bad := bytes.Clone(file)
			bad[i] ^= flip
			if _, err := open(bad); err == nil {
				t.Errorf("opens with byte %d changed by %#x", i, flip)
			}
		}
		if _, err := open(file[:i]); err == nil {
			t.Errorf("opens cut after %d bytes", i)
		}
		for _, extra := range []string{" ", "\n", "0"} {
			bad := append(append(bytes.Clone(file[:i]), extra...), file[i:]...)
			if _, err := open(bad); err == nil {
				t.Errorf("opens with %q put in at %d", extra, i)
			}
		}
	}
	for _, extra := range []string{"\n", " ", "{}"} {
		if _, err := open(append(bytes.Clone(file), extra...)); err == nil {
			t.Errorf("opens with %q behind it", extra)
		}
	}
}

func TestOpensForItsOwnPurposeOnly(t *testing.T) {
	file := example(t)
	for name, c := range map[string]struct {
		mode dsse.Mode
		kind transport.Kind
		role string
		want string
	}{
		"production":   {dsse.Production, transport.ImportParameters, "fetcher", "made in the other mode: it is rehearsal, this is production"},
		"another kind": {dsse.Rehearsal, transport.Receipt, "fetcher", "payload type is"},
		"another role": {dsse.Rehearsal, transport.ImportParameters, "importer", `issued by "fetcher", want "importer"`},
		"no kind":      {dsse.Rehearsal, "firmware", "fetcher", "no kind of parcel"},
	} {
		t.Run(name, func(t *testing.T) {
			var n note
			_, err := transport.Open(file, c.mode, c.kind, c.role, &n)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want %q in it", err, c.want)
			}
			if errors.Is(err, transport.ErrMode) != (name == "production") {
				t.Errorf("error %v is wrapped wrongly", err)
			}
		})
	}
}

// TestOnlyItsIssuerSigns: not somebody else, not two, not nobody.
func TestOnlyItsIssuerSigns(t *testing.T) {
	a, b := newSigner(t, "a"), newSigner(t, "b")
	n := note{Header: transport.NewHeader("", time.Time{}, a, "fetcher")}
	if _, err := transport.Seal(t.Context(), dsse.Rehearsal, transport.ImportParameters, &n, b); err == nil {
		t.Error("seals for another issuer")
	}
	file, err := transport.Seal(t.Context(), dsse.Rehearsal, transport.ImportParameters, &n, a)
	check(t, err)
	env, err := dsse.Parse(file[:len(file)-1])
	check(t, err)
	for name, signers := range map[string][]dsse.Signer{"another": {b}, "two": {a, b}, "nobody": nil} {
		env.Signatures = []dsse.Signature{}
		for _, s := range signers {
			check(t, env.Add(t.Context(), s))
		}
		data, err := env.Encode()
		check(t, err)
		if _, err := open(append(data, '\n')); err == nil {
			t.Errorf("opens a parcel signed by %s", name)
		}
	}
}

func TestRefusesBrokenHeaders(t *testing.T) {
	s := newSigner(t, "a")
	for name, edit := range map[string]func(*transport.Header){
		"ceremony in capitals": func(h *transport.Header) { h.Ceremony = strings.Repeat("AB", 32) },
		"ceremony too short":   func(h *transport.Header) { h.Ceremony = "ab" },
		"expiry with fraction": func(h *transport.Header) { h.Expires = "2026-11-24T09:00:00.5Z" },
		"expiry with offset":   func(h *transport.Header) { h.Expires = "2026-11-24T10:00:00+01:00" },
		"expiry no day":        func(h *transport.Header) { h.Expires = "2026-02-30T09:00:00Z" },
	} {
		t.Run(name, func(t *testing.T) {
			n := note{Header: transport.NewHeader("", time.Time{}, s, "fetcher")}
			edit(&n.Header)
			file, err := transport.Seal(t.Context(), dsse.Rehearsal, transport.ImportParameters, &n, s)
			check(t, err)
			if _, err := open(file); err == nil {
				t.Error("opens")
			}
		})
	}
}

// TestCapsAreCheckedFirst: a file one byte too large is refused unread, and none
// such is made.
func TestCapsAreCheckedFirst(t *testing.T) {
	s := newSigner(t, "a")
	for _, kind := range []transport.Kind{
		transport.Plan, transport.ImportParameters, transport.WrappedKey,
		transport.Share, transport.Receipt, transport.Acceptance,
	} {
		limit := kind.Cap()
		if limit == 0 || limit > dsse.MaxEnvelope {
			t.Errorf("%s: cap %d", kind, limit)
		}
		_, err := transport.Envelope(bytes.Repeat([]byte("\n"), limit+1), dsse.Rehearsal, kind)
		if err == nil || !strings.Contains(err.Error(), "at most") {
			t.Errorf("%s: too large a file gives %v", kind, err)
		}
		n := note{transport.NewHeader("", time.Time{}, s, "fetcher"), strings.Repeat("x", limit)}
		if _, err := transport.Seal(t.Context(), dsse.Rehearsal, kind, &n, s); err == nil {
			t.Errorf("%s: seals more than may be opened", kind)
		}
	}
}

func FuzzOpen(f *testing.F) {
	file := example(f)
	f.Add(file)
	f.Add(file[:len(file)-1])
	f.Add([]byte(`{"payload":"","payloadType":"application/vnd.keyrite.rehearsal.import-parameters.v1+json","signatures":[]}` + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := open(data)
		if err != nil {
			return
		}
		// Ed25519 has one signature for a message here, so what opens is the example
		// or signed by a key that the fuzzer found.
		if n.Text != "words" || !bytes.Equal(data, file) {
			t.Errorf("opens %q", data)
		}
	})
}
