package aws_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
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
	"keyrite.dev/keyrite/ceremony/transcript"
	"keyrite.dev/keyrite/transport"
	"keyrite.dev/keyrite/transport/aws"
	"keyrite.dev/keyrite/transport/rehearsal"
)

var update = flag.Bool("update", false, "make the golden parcels again")

func golden(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	check(t, err)
	return data
}

// makeGolden makes a set of parcels whose parameters have long expired, and a
// receipt of another import.
func makeGolden(t *testing.T) {
	t.Helper()
	past := &clock{time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)}
	s := newStage(t, rehearsal.Config{Now: past.Now})
	d, err := s.cloud.CreateKey(t.Context(), plan.AES256, "golden")
	check(t, err)
	r := newRoom(t, dsse.Rehearsal, plan.AES256, d, small())
	parcel, err := s.cloud.Fetch(t.Context(), ceremony.Fetch{Mode: r.mode, Key: d.Key, Wrapping: r.plan.Wrapping, Signer: r.person(plan.Fetcher)})
	check(t, err)
	params, err := aws.Target{}.OpenParameters(parcel, r.mode, r.plan)
	check(t, err)
	wrapped := r.pack(t, params)
	var list strings.Builder
	for id, role := range r.trusted {
		fmt.Fprintf(&list, "%s %s\n", id, role)
	}
	now := newStage(t, rehearsal.Config{})
	other, otherParams := now.prepare(t, plan.AES256, small())
	receipt, err := now.importParcel(t, other, other.pack(t, otherParams))
	check(t, err)
	for name, data := range map[string][]byte{
		"import-parameters.json": parcel, "wrapped-key.json": wrapped, "receipt.json": receipt.Parcel,
		"plan.dsse.json": r.planFile, "trusted": []byte(list.String()),
	} {
		check(t, os.WriteFile(filepath.Join("testdata", name), data, 0o644)) //nolint:gosec // nothing secret
	}
}

// A nobody has a public key and cannot sign.
type nobody struct{ public dsse.PublicKey }

func (n nobody) Public() dsse.PublicKey { return n.public }

func (n nobody) Sign(context.Context, []byte) ([]byte, error) { return nil, errors.New("cannot sign") }

// TestReadsTheGoldenParcels: parcels made in the past pass every check but the
// clock's, which comes last.
func TestReadsTheGoldenParcels(t *testing.T) {
	if *update {
		makeGolden(t)
	}
	mode, p, err := policy.OpenUnchecked(golden(t, "plan.dsse.json"))
	check(t, err)
	parcel := golden(t, "import-parameters.json")
	params, err := aws.Target{}.OpenParameters(parcel, mode, p)
	check(t, err)
	if len(params.Sets) != 2 || params.By != p.With(plan.Fetcher)[0].ID || params.Digest != transport.Digest(parcel) {
		t.Errorf("%d sets by %q, digest %s", len(params.Sets), params.By, params.Digest)
	}
	if got := params.Sets[0].ValidTo; !got.Equal(time.Date(2026, 1, 2, 9, 0, 0, 0, time.UTC)) {
		t.Errorf("good until %v", got)
	}
	trusted, err := transcript.ParseTrusted(bytes.NewReader(golden(t, "trusted")))
	check(t, err)
	importer, err := dsse.ParsePublicKey(p.With(plan.Importer)[0].Key)
	check(t, err)
	cloud, err := aws.New(t.Context(), aws.Endpoint{URL: "http://127.0.0.1:1", Rehearsal: true})
	check(t, err)
	_, err = cloud.Import(t.Context(), ceremony.Import{Parcel: golden(t, "wrapped-key.json"), Trusted: trusted, Signer: nobody{importer}})
	failure(t, err, "ExpiredImportTokenException", "Fetch new")
	contains(t, err, "2026-01-02T09:00:00Z")
}

// TestPayloadsAreSpelledAsDocumented: the members of every payload, in order.
func TestPayloadsAreSpelledAsDocumented(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "formats", "parcel.md"))
	check(t, err)
	for name, want := range map[string]string{
		"import-parameters.json": "destination.account destination.cloud destination.key destination.region " +
			"header.ceremony header.expires header.issuer.key header.issuer.role " +
			"sets[].algorithm sets[].fingerprint sets[].key sets[].keySpec sets[].publicKey sets[].region sets[].requestId sets[].token sets[].validTo spec",
		"wrapped-key.json": "blobs[].set.algorithm blobs[].set.fingerprint blobs[].set.key blobs[].set.keySpec blobs[].set.publicKey " +
			"blobs[].set.region blobs[].set.requestId blobs[].set.token blobs[].set.validTo blobs[].use blobs[].wrapped " +
			"header.ceremony header.expires header.issuer.key header.issuer.role nonce plan seal spec",
		"receipt.json": "control destination.account destination.cloud destination.key destination.region " +
			"header.ceremony header.expires header.issuer.key header.issuer.role materialId parcel proof requests[].id requests[].name seal state tag time",
	} {
		t.Run(name, func(t *testing.T) {
			var env dsse.Envelope
			check(t, json.Unmarshal(golden(t, name), &env))
			var payload any
			check(t, json.Unmarshal(env.Payload, &payload))
			members := slices.Compact(slices.Sorted(slices.Values(paths("", payload))))
			if got := strings.Join(members, " "); got != want {
				t.Errorf("members are\n%s\nwant\n%s", got, want)
			}
			for _, m := range members {
				if _, last, ok := strings.Cut(m, "."); ok {
					m = last
				}
				if !bytes.Contains(page, []byte("`"+m+"`")) {
					t.Errorf("docs/formats/parcel.md does not say what `%s` is", m)
				}
			}
		})
	}
}

// paths names all leaves of a JSON value.
func paths(at string, v any) []string {
	var out []string
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			out = append(out, paths(strings.TrimPrefix(at+"."+name, "."), member)...)
		}
	case []any:
		for _, item := range v {
			out = append(out, paths(at+"[]", item)...)
		}
	default:
		out = append(out, at)
	}
	return out
}
