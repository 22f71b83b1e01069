package aws_test

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/canon"
	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/transport"
	"keyrite.dev/keyrite/transport/aws"
	"keyrite.dev/keyrite/transport/rehearsal"
)

// TestKnowsTheWrappingMatrix and the pretended cloud agrees, whose table is
// another.
func TestKnowsTheWrappingMatrix(t *testing.T) {
	s := newStage(t, rehearsal.Config{})
	takes := map[string]bool{"RSAES_OAEP_SHA_256": true, "RSAES_OAEP_SHA_1": true}
	for _, spec := range []plan.KeySpec{plan.AES256, plan.HMAC224, plan.HMAC256, plan.HMAC384, plan.HMAC512} {
		d, err := s.cloud.CreateKey(t.Context(), spec, "matrix")
		check(t, err)
		for _, algorithm := range []string{
			"RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_1", "RSA_AES_KEY_WRAP_SHA_256", "RSA_AES_KEY_WRAP_SHA_1",
			"RSAES_PKCS1_V1_5", "SM2PKE", "", "rsaes_oaep_sha_256",
		} {
			for _, keySpec := range []string{"RSA_2048", "RSA_3072", "RSA_4096", "SM2", "RSA_1024", ""} {
				w := plan.Wrapping{Algorithm: algorithm, KeySpec: keySpec}
				want := takes[algorithm] && strings.HasPrefix(keySpec, "RSA_") && keySpec != "RSA_1024"
				if err := (aws.Target{}).CheckWrapping(spec, w); (err == nil) != want {
					t.Errorf("%s by %v: %v", spec, w, err)
				}
				if keySpec != "RSA_2048" {
					continue // the cloud is asked about each algorithm once: it makes keys
				}
				_, err := s.cloud.Fetch(t.Context(), ceremony.Fetch{
					Mode: dsse.Rehearsal, Key: d.Key, Wrapping: w, Signer: newSigner(t, false),
				})
				if (err == nil) != want {
					t.Errorf("%s by %v: the cloud says %v", spec, w, err)
				}
			}
		}
	}
	if err := (aws.Target{}).CheckWrapping("AES_128", small()); err == nil {
		t.Error("takes a key that there is none of")
	}
}

// A fetched is an import-parameters payload as plain JSON, to be changed.
type fetched map[string]any

func (f fetched) set(i int) map[string]any {
	sets, _ := f["sets"].([]any)
	s, _ := sets[i].(map[string]any)
	return s
}

// forge signs a changed payload as the fetcher.
func forge(t testing.TB, r *room, parcel []byte, edit func(fetched)) []byte {
	t.Helper()
	env, err := transport.Envelope(parcel, r.mode, transport.ImportParameters)
	check(t, err)
	var f fetched
	check(t, json.Unmarshal(env.Payload, &f))
	edit(f)
	payload, err := canon.Marshal(f) // encoding/json sorts a map's keys
	check(t, err)
	again, err := dsse.Sign(t.Context(), env.PayloadType, payload, r.person(plan.Fetcher))
	check(t, err)
	file, err := again.Encode()
	check(t, err)
	return append(file, '\n')
}

func TestTakesNoParametersButThePlans(t *testing.T) {
	s := newStage(t, rehearsal.Config{})
	d, err := s.cloud.CreateKey(t.Context(), plan.AES256, "test")
	check(t, err)
	r := newRoom(t, dsse.Rehearsal, plan.AES256, d, small())
	get := func(w plan.Wrapping, by plan.Role) []byte {
		parcel, err := s.cloud.Fetch(t.Context(), ceremony.Fetch{Mode: r.mode, Key: d.Key, Wrapping: w, Signer: r.person(by)})
		check(t, err)
		return parcel
	}
	parcel := get(small(), plan.Fetcher)
	same := func(fetched) {}
	for name, c := range map[string]struct {
		parcel []byte
		edit   func(fetched)
		plan   func(*plan.Plan)
		want   string
	}{
		"as fetched":              {edit: same},
		"fetched by the importer": {parcel: get(small(), plan.Importer), want: "not the fetcher of the plan"},
		"another algorithm": {
			parcel: get(plan.Wrapping{Algorithm: "RSAES_OAEP_SHA_1", KeySpec: "RSA_3072"}, plan.Fetcher),
			want:   "the plan wraps with RSAES_OAEP_SHA_256 under RSA_3072",
		},
		"a smaller wrapping key": {parcel: get(plan.Wrapping{Algorithm: "RSAES_OAEP_SHA_256", KeySpec: "RSA_2048"}, plan.Fetcher), want: "the plan wraps with"},
		"another key":            {plan: func(p *plan.Plan) { p.Destination.Key += "0" }, want: "for the destination"},
		"another spec":           {plan: func(p *plan.Plan) { p.Key.Spec = plan.HMAC256 }, want: `for a key "AES_256"`},
		"one set":                {edit: func(f fetched) { f["sets"] = []any{f.set(0)} }, want: "1 parameter sets, AES_256 needs 2"},
		"three sets":             {edit: func(f fetched) { f["sets"] = []any{f.set(0), f.set(1), f.set(1)} }, want: "3 parameter sets"},
		"the same set twice":     {edit: func(f fetched) { f["sets"] = []any{f.set(0), f.set(0)} }, want: "repeats an earlier one"},
		"one key, two tokens": {edit: func(f fetched) {
			f.set(1)["publicKey"], f.set(1)["fingerprint"] = f.set(0)["publicKey"], f.set(0)["fingerprint"]
		}, want: "repeats an earlier one"},
		"two keys, one token":  {edit: func(f fetched) { f.set(1)["token"] = f.set(0)["token"] }, want: "repeats an earlier one"},
		"a wrong fingerprint":  {edit: func(f fetched) { f.set(0)["fingerprint"] = f.set(1)["fingerprint"] }, want: "fingerprint is not that"},
		"no token":             {edit: func(f fetched) { f.set(0)["token"] = "" }, want: "import token of 0 bytes"},
		"a token too long":     {edit: func(f fetched) { f.set(0)["token"] = strings.Repeat("AAAA", 2049) }, want: "import token of 6147 bytes"},
		"another key in a set": {edit: func(f fetched) { f.set(0)["key"] = d.Key + "0" }, want: "for the key"},
		"another Region":       {edit: func(f fetched) { f.set(1)["region"] = "us-east-1" }, want: "for Region"},
		"a long request id":    {edit: func(f fetched) { f.set(1)["requestId"] = strings.Repeat("x", 129) }, want: "request id"},
		"no time":              {edit: func(f fetched) { f.set(1)["validTo"] = "soon" }, want: "invalid time"},
		"a later expiry":       {edit: func(f fetched) { header(f)["expires"] = "2099-01-01T00:00:00Z" }, want: "does not expire with"},
		"no key":               {edit: func(f fetched) { f.set(0)["publicKey"] = "AAAA" }, want: "not a SubjectPublicKeyInfo"},
		"a key that is no RSA": {edit: func(f fetched) { f.set(0)["publicKey"] = r.person(plan.HSM).public.DER() }, want: "want RSA"},
		"a smaller key":        {edit: func(f fetched) { f.set(0)["publicKey"] = rsaKey(t, 2048, 65537) }, want: "is said to be RSA_3072"},
		"exponent 3":           {edit: func(f fetched) { f.set(0)["publicKey"] = rsaKey(t, 3072, 3) }, want: "exponent 3"},
		"an even modulus":      {edit: func(f fetched) { f.set(0)["publicKey"] = evenKey(t) }, want: "even modulus"},
		"an unknown spec":      {edit: func(f fetched) { f.set(0)["keySpec"] = "RSA_9000" }, want: "unknown"},
		"a member too many":    {edit: func(f fetched) { f["more"] = "" }, want: "canonical spelling"},
		"a ceremony's":         {edit: func(f fetched) { header(f)["ceremony"] = strings.Repeat("ab", 32) }},
	} {
		t.Run(name, func(t *testing.T) {
			p, file := r.plan, parcel
			if c.parcel != nil {
				file = c.parcel
			}
			if c.edit != nil {
				file = forge(t, r, file, c.edit)
			}
			if c.plan != nil {
				c.plan(&p)
			}
			_, err := aws.Target{}.OpenParameters(file, r.mode, p)
			if c.want == "" {
				check(t, err)
				return
			}
			contains(t, err, c.want)
		})
	}
	if _, err := (aws.Target{}).OpenParameters(parcel, dsse.Production, r.plan); err == nil {
		t.Error("opens a rehearsal's parameters in production")
	}
}

func header(f fetched) map[string]any {
	h, _ := f["header"].(map[string]any)
	return h
}

// rsaKey is a public key that nobody has the private part of.
func rsaKey(t testing.TB, bits, exponent int) []byte {
	t.Helper()
	n := new(big.Int).SetBytes(random(bits / 8))
	n.SetBit(n, bits-1, 1).SetBit(n, 0, 1)
	der, err := x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: n, E: exponent})
	check(t, err)
	return der
}

func evenKey(t testing.TB) []byte {
	t.Helper()
	n := new(big.Int).SetBytes(random(3072 / 8))
	n.SetBit(n, 3071, 1).SetBit(n, 0, 0)
	der, err := x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: n, E: 65537})
	check(t, err)
	return der
}

func TestParametersEveryByteCounts(t *testing.T) {
	s := newStage(t, rehearsal.Config{})
	d, err := s.cloud.CreateKey(t.Context(), plan.HMAC256, "test")
	check(t, err)
	r := newRoom(t, dsse.Rehearsal, plan.HMAC256, d, small())
	parcel, err := s.cloud.Fetch(t.Context(), ceremony.Fetch{Mode: r.mode, Key: d.Key, Wrapping: small(), Signer: r.person(plan.Fetcher)})
	check(t, err)
	for i := range parcel {
		bad := bytes.Clone(parcel)
		bad[i] ^= 1
		if _, err := (aws.Target{}).OpenParameters(bad, r.mode, r.plan); err == nil {
			t.Fatalf("opens with byte %d changed", i)
		}
	}
}

func TestRefusesDestinationsThatAreNotOneKey(t *testing.T) {
	s := newStage(t, rehearsal.Config{})
	d, err := s.cloud.CreateKey(t.Context(), plan.HMAC256, "test")
	check(t, err)
	for name, edit := range map[string]func(*plan.Destination){
		"another cloud":  func(d *plan.Destination) { d.Cloud = "gcp" },
		"an alias":       func(d *plan.Destination) { d.Key = "arn:aws:kms:eu-central-1:111122223333:alias/x" },
		"an id":          func(d *plan.Destination) { d.Key = "1234abcd-12ab-34cd-56ef-1234567890ab" },
		"another Region": func(d *plan.Destination) { d.Region = "us-east-1" },
		"another account": func(d *plan.Destination) {
			d.Account = "999999999999"
		},
		"China": func(d *plan.Destination) { d.Key = strings.Replace(d.Key, "arn:aws:", "arn:aws-cn:", 1) },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t, dsse.Rehearsal, plan.HMAC256, d, small())
			parcel, err := s.cloud.Fetch(t.Context(), ceremony.Fetch{Mode: r.mode, Key: d.Key, Wrapping: small(), Signer: r.person(plan.Fetcher)})
			check(t, err)
			edit(&r.plan.Destination)
			forged := forge(t, r, parcel, func(f fetched) {
				f["destination"] = map[string]any{
					"account": r.plan.Destination.Account, "cloud": r.plan.Destination.Cloud,
					"key": r.plan.Destination.Key, "region": r.plan.Destination.Region,
				}
			})
			if _, err := (aws.Target{}).OpenParameters(forged, r.mode, r.plan); err == nil {
				t.Error("opens")
			}
		})
	}
}

func TestChecksABlobsShape(t *testing.T) {
	private, err := made(3072, 0)
	check(t, err)
	der, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	check(t, err)
	set := ceremony.ParameterSet{SPKI: der, KeySpec: "RSA_3072", Algorithm: "RSAES_OAEP_SHA_256"}
	check(t, aws.Target{}.CheckBlob(wrap(t, set, random(32)), set))
	for name, blob := range map[string][]byte{
		"short": random(383), "long": random(385), "empty": nil, "zero": make([]byte, 384),
		"one": append(make([]byte, 383), 1), "the modulus": private.N.Bytes(), "all ones": bytes.Repeat([]byte{0xff}, 384),
	} {
		if err := (aws.Target{}).CheckBlob(blob, set); err == nil {
			t.Errorf("takes a blob: %s", name)
		}
	}
	set.KeySpec = "RSA_4096"
	if err := (aws.Target{}).CheckBlob(random(512), set); err == nil {
		t.Error("takes a set whose key is not as said")
	}
}

// TestPacksNoHalfParcel: what the importer would refuse is not made.
func TestPacksNoHalfParcel(t *testing.T) {
	s := newSigner(t, false)
	set := ceremony.ParameterSet{ValidTo: time.Now(), SPKI: []byte("k"), Token: []byte("t")}
	good := func() ceremony.Export {
		return ceremony.Export{
			Mode: dsse.Rehearsal, Ceremony: strings.Repeat("ab", 32), Spec: plan.AES256, Plan: []byte("p"), Seal: []byte("s"),
			Blobs:    []ceremony.Blob{{Use: ceremony.UseNew, Set: set, Key: []byte("1")}, {Use: ceremony.UseExisting, Set: set, Key: []byte("2")}},
			Recorder: s.public.DER(), Expires: time.Now(),
		}
	}
	for i, edit := range []func(*ceremony.Export){
		func(x *ceremony.Export) { x.Recorder = newSigner(t, false).public.DER() },
		func(x *ceremony.Export) { x.Ceremony = "" },
		func(x *ceremony.Export) { x.Expires = time.Time{} },
		func(x *ceremony.Export) { x.Spec = "AES_128" },
		func(x *ceremony.Export) { x.Blobs = x.Blobs[:1] },
		func(x *ceremony.Export) { x.Blobs[0].Use = ceremony.UseExisting },
		func(x *ceremony.Export) { x.Nonce = random(32) },
		func(x *ceremony.Export) { x.Spec, x.Blobs = plan.HMAC256, x.Blobs[:1] },
		func(x *ceremony.Export) { x.Plan = random(1 << 20) },
	} {
		x := good()
		edit(&x)
		if _, err := (aws.Target{}).Package(t.Context(), x, s); err == nil {
			t.Errorf("case %d is packed", i)
		}
	}
	if _, err := (aws.Target{}).Package(t.Context(), good(), s); err != nil {
		t.Error(err)
	}
}

// FuzzOpenParameters: nothing but the fetcher's own parcel opens.
func FuzzOpenParameters(f *testing.F) {
	s := newStage(f, rehearsal.Config{})
	d, err := s.cloud.CreateKey(f.Context(), plan.HMAC256, "fuzz")
	check(f, err)
	r := newRoom(f, dsse.Rehearsal, plan.HMAC256, d, small())
	parcel, err := s.cloud.Fetch(f.Context(), ceremony.Fetch{Mode: r.mode, Key: d.Key, Wrapping: small(), Signer: r.person(plan.Fetcher)})
	check(f, err)
	f.Add(parcel)
	f.Add(forge(f, r, parcel, func(f fetched) { f["sets"] = []any{} }))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := (aws.Target{}).OpenParameters(data, r.mode, r.plan); err == nil && !bytes.Equal(data, parcel) {
			t.Errorf("opens %q", data)
		}
	})
}

// FuzzImport: the importer's reader takes any bytes, and nothing reaches a cloud.
func FuzzImport(f *testing.F) {
	stand := newFront(f, rehearsal.Config{})
	r, params := stand.prepare(f, plan.HMAC256, small())
	parcel := r.pack(f, params)
	f.Add(parcel[:len(parcel)-2])
	f.Add([]byte(fmt.Sprintf(`{"payload":"e30=","payloadType":%q,"signatures":[{"keyid":"","sig":""}]}`+"\n", r.mode.Type("wrapped-key"))))
	before := stand.calls.Load()
	f.Fuzz(func(t *testing.T, data []byte) {
		if bytes.Equal(data, parcel) {
			return
		}
		_, err := stand.cloud.Import(t.Context(), ceremony.Import{Parcel: data, Trusted: r.trusted, Signer: r.person(plan.Importer)})
		if err == nil || stand.calls.Load() != before {
			t.Errorf("error %v, %d calls", err, stand.calls.Load()-before)
		}
	})
}
