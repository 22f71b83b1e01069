package aws_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/transcript"
	"keyrite.dev/keyrite/transport"
	"keyrite.dev/keyrite/transport/aws"
	"keyrite.dev/keyrite/transport/rehearsal"
)

// A front stands before a pretended cloud, counts its calls and may answer in its
// place or change its answers.
type front struct {
	stage
	calls  atomic.Int64
	change func(operation string, in map[string]any, status int, out map[string]any) (int, map[string]any)
}

func newFront(t testing.TB, cfg rehearsal.Config) *front {
	t.Helper()
	f := &front{stage: newStage(t, cfg)}
	proxy := httptest.NewServer(f)
	t.Cleanup(proxy.Close)
	cloud, err := aws.New(t.Context(), aws.Endpoint{URL: proxy.URL, Rehearsal: true})
	check(t, err)
	f.cloud = cloud
	return f
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.calls.Add(1)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	record := httptest.NewRecorder()
	f.server.ServeHTTP(record, r)
	status, data := record.Code, record.Body.Bytes()
	if f.change != nil {
		in, out := map[string]any{}, map[string]any{}
		_ = json.Unmarshal(body, &in)
		_ = json.Unmarshal(data, &out)
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		status, out = f.change(operation, in, status, out)
		if status == 0 {
			panic(http.ErrAbortHandler) // the answer is lost
		}
		data, _ = json.Marshal(out)
	}
	maps.Copy(w.Header(), record.Header())
	w.Header().Del("X-Amzn-Errortype")
	w.WriteHeader(status)
	_, _ = w.Write(data)
}

// TestRefusesBeforeAnythingIsSent: what the room did not sign for never reaches
// the cloud.
func TestRefusesBeforeAnythingIsSent(t *testing.T) {
	f := newFront(t, rehearsal.Config{})
	stranger := newSigner(t, false)
	for name, c := range map[string]struct {
		spec plan.KeySpec
		room func(*room)
		in   func(*room, *ceremony.Import)
		want string
	}{
		"the fetcher imports": {in: func(r *room, i *ceremony.Import) { i.Signer = r.person(plan.Fetcher) }, want: "another person must import"},
		"the officer imports": {in: func(r *room, i *ceremony.Import) { i.Signer = r.person(plan.Officer) }, want: "not the importer's of the plan"},
		"a stranger imports":  {in: func(_ *room, i *ceremony.Import) { i.Signer = stranger }, want: "not the importer's of the plan"},
		"nobody is trusted":   {in: func(_ *room, i *ceremony.Import) { i.Trusted = nil }, want: "not enough trusted keys"},
		"the officer is not trusted": {
			in:   func(r *room, i *ceremony.Import) { delete(i.Trusted, r.person(plan.Officer).public.ID()) },
			want: "the officer",
		},
		"the officer is trusted as something else": {
			in:   func(r *room, i *ceremony.Import) { i.Trusted[r.person(plan.Officer).public.ID()] = plan.Witness },
			want: "the officer",
		},
		"the HSM is not trusted":      {in: func(r *room, i *ceremony.Import) { delete(i.Trusted, r.person(plan.HSM).public.ID()) }, want: "the HSM"},
		"the HSM did not sign":        {room: func(r *room) { r.sealers = r.sealers[1:] }, want: "the HSM"},
		"one custodian signed":        {room: func(r *room) { r.sealers = r.sealers[:3] }, want: "two custodians"},
		"the ceremony was aborted":    {room: func(r *room) { r.outcome = transcript.Aborted }, want: "must not be imported"},
		"a seal of another ceremony":  {room: func(r *room) { r.sealed = strings.Repeat("cd", 32) }, want: "another ceremony"},
		"a seal over another plan":    {room: func(r *room) { r.sealPlan = []byte("other") }, want: "another plan"},
		"the first blob was changed":  {room: changeBlob(0), want: "does not cover this export/wrapped-key-new.bin"},
		"the second blob was changed": {room: changeBlob(1), want: "does not cover this export/wrapped-key-existing.bin"},
		"the blobs were swapped": {room: func(r *room) {
			r.export = func(x *ceremony.Export) { x.Blobs[0].Key, x.Blobs[1].Key = x.Blobs[1].Key, x.Blobs[0].Key }
		}, want: "does not cover this"},
		"the seal covers no blob": {room: func(r *room) { r.subjects = func(s []transcript.Subject) []transcript.Subject { return s[:2] } }, want: "does not cover this"},
		"the plan is of the other mode": {room: func(r *room) {
			r.plan.Original = ""
			r.mode = dsse.Production
			r.planFile = nil
		}, want: "made in the other mode"},
		"another spec than the plan's": {room: func(r *room) {
			r.export = func(x *ceremony.Export) { x.Spec, x.Nonce, x.Blobs = plan.HMAC256, random(32), x.Blobs[:1] }
		}, want: `it holds a key "HMAC_256"`},
		"the sets are of another key": {room: func(r *room) {
			r.export = func(x *ceremony.Export) { x.Blobs[1].Set.Key += "x" }
		}, want: "parameter set 2: for the key"},
		"one set for both": {room: func(r *room) {
			r.export = func(x *ceremony.Export) { x.Blobs[1].Set.Token = x.Blobs[0].Set.Token }
		}, want: "repeats an earlier one"},
		"another expiry than the sets'": {room: func(r *room) {
			r.export = func(x *ceremony.Export) { x.Expires = x.Expires.Add(time.Hour) }
		}, want: "does not expire with its first"},
		"another recorder packed it": {room: func(r *room) {
			r.export = func(x *ceremony.Export) {
				r.recorder = stranger
				x.Recorder = stranger.public.DER()
			}
		}, want: "signature by unknown key"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.spec == "" {
				c.spec = plan.AES256
			}
			r, params := f.prepare(t, c.spec, small())
			if c.room != nil {
				c.room(r)
			}
			parcel := r.pack(t, params)
			in := ceremony.Import{Parcel: parcel, Trusted: r.trusted, Signer: r.person(plan.Importer), Control: true}
			if c.in != nil {
				c.in(r, &in)
			}
			before := f.calls.Load()
			_, err := f.cloud.Import(t.Context(), in)
			contains(t, err, c.want)
			if n := f.calls.Load() - before; n != 0 {
				t.Errorf("%d calls to the cloud", n)
			}
		})
	}
}

func changeBlob(which int) func(*room) {
	return func(r *room) {
		r.wrappingKey = func(i int, blob []byte) []byte {
			if i == which {
				blob = bytes.Clone(blob)
				blob[len(blob)-1] ^= 1
			}
			return blob
		}
	}
}

// TestRefusesADamagedParcel: every byte of it is significant.
func TestRefusesADamagedParcel(t *testing.T) {
	f := newFront(t, rehearsal.Config{})
	r, params := f.prepare(t, plan.AES256, small())
	parcel := r.pack(t, params)
	before := f.calls.Load()
	const step = 5 // every byte would take ten seconds
	for i := 0; i < len(parcel); i += step {
		bad := bytes.Clone(parcel)
		bad[i] ^= 1
		if _, err := f.importParcel(t, r, bad); err == nil {
			t.Fatalf("imports a parcel with byte %d changed", i)
		}
	}
	for _, bad := range [][]byte{nil, parcel[:len(parcel)-1], parcel[:len(parcel)/2], append(bytes.Clone(parcel), '\n'), append([]byte(" "), parcel...)} {
		if _, err := f.importParcel(t, r, bad); err == nil {
			t.Errorf("imports a parcel of %d bytes instead of %d", len(bad), len(parcel))
		}
	}
	if n := f.calls.Load() - before; n != 0 {
		t.Errorf("%d calls to the cloud", n)
	}
}

// TestExpiredParametersNeedAnotherFetch: told before the cloud is asked, and by
// the cloud itself where clocks differ.
func TestExpiredParametersNeedAnotherFetch(t *testing.T) {
	past := &clock{time.Now().Add(-25 * time.Hour)}
	f := newFront(t, rehearsal.Config{Now: past.Now})
	r, params := f.prepare(t, plan.AES256, small())
	before := f.calls.Load()
	_, err := f.importParcel(t, r, r.pack(t, params))
	failure(t, err, "ExpiredImportTokenException", "Fetch new import parameters")
	if n := f.calls.Load() - before; n != 0 {
		t.Errorf("%d calls to the cloud", n)
	}

	ahead := &clock{time.Now()}
	f = newFront(t, rehearsal.Config{Now: ahead.Now})
	r, params = f.prepare(t, plan.AES256, small())
	ahead.now = ahead.now.Add(25 * time.Hour)
	_, err = f.importParcel(t, r, r.pack(t, params))
	failure(t, err, "ExpiredImportTokenException", "wrap the key again")
}

// failure checks an error's code and advice, and that it has all its words.
func failure(t testing.TB, err error, code, advice string) {
	t.Helper()
	var f *aws.Failure
	if !errors.As(err, &f) {
		t.Errorf("got error %v, want a Failure", err)
		return
	}
	title, meaning, does := f.Explain()
	if f.Code != code || !strings.Contains(does, advice) || title == "" || meaning == "" {
		t.Errorf("got %s: %q %q %q, want %s with advice %q", f.Code, title, meaning, does, code, advice)
	}
	if !strings.HasPrefix(f.Error(), title) {
		t.Errorf("error %q does not begin with its title", f.Error())
	}
}

// TestStopsAtAnotherKey: the shares' key differs from the HSM's.
func TestStopsAtAnotherKey(t *testing.T) {
	f := newFront(t, rehearsal.Config{})
	r, params := f.prepare(t, plan.AES256, small())
	r.regained = random(32)
	_, err := f.importParcel(t, r, r.pack(t, params))
	failure(t, err, "IncorrectKeyMaterialException", "Stop")
}

// TestMayRunAgainAfterAnyStop loses each answer of the cloud in turn; the second
// run comes to the same receipt, on a cloud where tokens work once.
func TestMayRunAgainAfterAnyStop(t *testing.T) {
	for _, lose := range []string{"DescribeKey", "ImportKeyMaterial new", "ImportKeyMaterial existing", "GetParametersForImport"} {
		t.Run(lose, func(t *testing.T) {
			f := newFront(t, rehearsal.Config{})
			r, params := f.prepare(t, plan.AES256, small())
			parcel := r.pack(t, params)
			f.change = func(operation string, in map[string]any, status int, out map[string]any) (int, map[string]any) {
				if kind, _ := in["ImportType"].(string); kind != "" {
					operation += " " + strings.ToLower(strings.TrimSuffix(kind, "_KEY_MATERIAL"))
				}
				if operation == lose {
					return http.StatusForbidden, map[string]any{"__type": "AccessDeniedException", "message": "lost"}
				}
				return status, out
			}
			_, first := f.importParcel(t, r, parcel)
			if lose != "ImportKeyMaterial new" { // there the key is looked at again, and is enabled
				failure(t, first, "AccessDeniedException", "policies")
			}
			f.change = nil
			receipt, err := f.importParcel(t, r, parcel)
			check(t, err)
			if receipt.State != "Enabled" || receipt.Proof != "existing-material" || receipt.Control != "refused" {
				t.Errorf("receipt says %q, %q, %q", receipt.State, receipt.Proof, receipt.Control)
			}
		})
	}
}

// TestRestoresDeletedMaterial: to a key whose material somebody deleted, the same
// parcel brings it back, and another ceremony's does not.
func TestRestoresDeletedMaterial(t *testing.T) {
	for _, spec := range []plan.KeySpec{plan.AES256, plan.HMAC384} {
		f := newFront(t, rehearsal.Config{})
		r, params := f.prepare(t, spec, small())
		parcel := r.pack(t, params)
		first, err := f.importParcel(t, r, parcel)
		check(t, err)
		f.deleteMaterial(t, r)
		again, err := f.importParcel(t, r, parcel)
		check(t, err)
		if again.State != "Enabled" || again.MaterialID != first.MaterialID || !bytes.Equal(again.Tag, first.Tag) {
			t.Errorf("%s: state %s, material %q, then %q", spec, again.State, first.MaterialID, again.MaterialID)
		}
		f.deleteMaterial(t, r)
		r.material = random(spec.Bytes())
		r.regained = r.material
		_, err = f.importParcel(t, r, r.pack(t, f.fetch(t, r)))
		failure(t, err, "IncorrectKeyMaterialException", "Stop")
	}
}

// deleteMaterial is what neither fetcher nor importer may do.
func (f *front) deleteMaterial(t testing.TB, r *room) {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(`{"KeyId":"`+r.plan.Destination.Key+`"}`))
	request.Header.Set("X-Amz-Target", "TrentService.DeleteImportedKeyMaterial")
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=X/20261123/"+r.plan.Destination.Region+"/kms/aws4_request")
	answer := httptest.NewRecorder()
	f.server.ServeHTTP(answer, request)
	if answer.Code != http.StatusOK {
		t.Fatal(answer.Body)
	}
}

// TestMACImportMayRunAgain: the tag is made anew, over the same nonce.
func TestMACImportMayRunAgain(t *testing.T) {
	s := newStage(t, rehearsal.Config{SingleUse: true})
	r, params := s.prepare(t, plan.HMAC256, small())
	parcel := r.pack(t, params)
	first, err := s.importParcel(t, r, parcel)
	check(t, err)
	again, err := s.importParcel(t, r, parcel)
	check(t, err)
	equal(t, "second tag", again.Tag, first.Tag)
}

// TestSurvivesALostAnswer: the import was done, its answer never came, and the
// SDK's own second try is refused.
func TestSurvivesALostAnswer(t *testing.T) {
	f := newFront(t, rehearsal.Config{SingleUse: true})
	r, params := f.prepare(t, plan.AES256, small())
	lost := false
	f.change = func(_ string, in map[string]any, status int, out map[string]any) (int, map[string]any) {
		if in["ImportType"] == "NEW_KEY_MATERIAL" && !lost {
			lost = true
			return 0, nil
		}
		return status, out
	}
	receipt, err := f.importParcel(t, r, r.pack(t, params))
	check(t, err)
	if !lost || receipt.Proof != "existing-material" {
		t.Errorf("lost %v, proof %q", lost, receipt.Proof)
	}
}

// TestBelievesNoLyingCloud: answers that a right cloud would not give.
func TestBelievesNoLyingCloud(t *testing.T) {
	for name, c := range map[string]struct {
		spec   plan.KeySpec
		change func(operation string, in, out map[string]any)
		code   string
	}{
		"another material": {plan.AES256, func(op string, in, out map[string]any) {
			if op == "ImportKeyMaterial" && in["ImportType"] == "EXISTING_KEY_MATERIAL" {
				out["KeyMaterialId"] = strings.Repeat("0", 64)
			}
		}, "NotProven"},
		"another key":     {plan.AES256, describedAs("Arn", "arn:aws:kms:eu-central-1:111122223333:key/other"), "WrongKey"},
		"an alias":        {plan.AES256, describedAs("Arn", "arn:aws:kms:eu-central-1:111122223333:alias/other"), ""},
		"another Region":  {plan.AES256, describedAs("Arn", "arn:aws:kms:eu-west-1:111122223333:key/other"), "WrongKey"},
		"another spec":    {plan.AES256, describedAs("KeySpec", "HMAC_256"), "WrongKey"},
		"unknown spec":    {plan.AES256, describedAs("KeySpec", "RSA_2048"), "WrongKey"},
		"another origin":  {plan.AES256, describedAs("Origin", "AWS_KMS"), "UnsupportedOperationException"},
		"disabled":        {plan.AES256, describedAs("KeyState", "Disabled"), "KMSInvalidStateException"},
		"to be deleted":   {plan.HMAC256, describedAs("KeyState", "PendingDeletion"), "KMSInvalidStateException"},
		"no description":  {plan.AES256, func(_ string, _, out map[string]any) { delete(out, "KeyMetadata") }, ""},
		"tag too short":   {plan.HMAC256, func(_ string, _, out map[string]any) { cut(out, "Mac") }, "NotProven"},
		"no material id":  {plan.AES256, func(_ string, _, out map[string]any) { delete(out, "KeyMaterialId"); without(out) }, "NotProven"},
		"no such control": {plan.AES256, nil, "NotProven"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFront(t, rehearsal.Config{})
			r, params := f.prepare(t, c.spec, small())
			f.change = func(op string, in map[string]any, status int, out map[string]any) (int, map[string]any) {
				if c.change != nil {
					c.change(op, in, out)
				} else if out["__type"] == "IncorrectKeyMaterialException" { // takes anything
					return http.StatusOK, map[string]any{"KeyId": in["KeyId"]}
				}
				return status, out
			}
			_, err := f.importParcel(t, r, r.pack(t, params))
			if c.code == "" {
				contains(t, err, "invalid answer")
				return
			}
			failure(t, err, c.code, "")
		})
	}
}

func describedAs(name, value string) func(string, map[string]any, map[string]any) {
	return func(_ string, _, out map[string]any) {
		if meta, ok := out["KeyMetadata"].(map[string]any); ok {
			meta[name] = value
		}
	}
}

func cut(out map[string]any, name string) {
	if s, ok := out[name].(string); ok {
		out[name] = s[4:]
	}
}

func without(out map[string]any) {
	if meta, ok := out["KeyMetadata"].(map[string]any); ok {
		delete(meta, "CurrentKeyMaterialId")
	}
}

// TestReceiptSaysWhatWasDone reads the receipt as the officer would.
func TestReceiptSaysWhatWasDone(t *testing.T) {
	s := newStage(t, rehearsal.Config{})
	r, params := s.prepare(t, plan.HMAC256, small())
	parcel := r.pack(t, params)
	receipt, err := s.importParcel(t, r, parcel)
	check(t, err)
	env, err := transport.Envelope(receipt.Parcel, dsse.Rehearsal, transport.Receipt)
	check(t, err)
	_, err = env.Verify(dsse.Rehearsal.Type("receipt"), dsse.NewKeys(r.person(plan.Importer).public))
	check(t, err)
	var got map[string]any
	check(t, json.Unmarshal(env.Payload, &got))
	for name, want := range map[string]any{
		"control": "", "materialId": "", "parcel": transport.Digest(parcel), "proof": "hmac-tag", "state": "Enabled",
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	requests, _ := got["requests"].([]any)
	if len(requests) != 2 {
		t.Errorf("requests: %v", got["requests"])
	}
}
