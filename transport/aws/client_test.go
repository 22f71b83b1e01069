package aws_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/transport/aws"
	"keyrite.dev/keyrite/transport/rehearsal"
)

// TestRehearsalStaysOnThisMachine: whatever URL is given.
func TestRehearsalStaysOnThisMachine(t *testing.T) {
	for _, url := range []string{
		"", "https://kms.eu-central-1.amazonaws.com", "http://192.0.2.1", "http://127.0.0.1.example.org", "http://0.0.0.0:1",
		"ftp://127.0.0.1", "127.0.0.1:80", "http://", "http://[::]", "http://127.0.0.1@example.org", "http://2130706433",
	} {
		if _, err := aws.New(t.Context(), aws.Endpoint{URL: url, Rehearsal: true}); err == nil {
			t.Errorf("rehearses at %q", url)
		}
	}
	for _, url := range []string{"http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1", "https://127.8.8.8:1"} {
		if _, err := aws.New(t.Context(), aws.Endpoint{URL: url, Rehearsal: true}); err != nil {
			t.Errorf("does not rehearse at %q: %v", url, err)
		}
	}
}

// TestRehearsalFollowsNoRedirect away from this machine, and knows no proxy.
func TestRehearsalFollowsNoRedirect(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://192.0.2.1:1")
	var calls atomic.Int64
	away := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		http.Redirect(w, r, "http://192.0.2.1/", http.StatusTemporaryRedirect)
	}))
	defer away.Close()
	cloud, err := aws.New(t.Context(), aws.Endpoint{URL: away.URL, Rehearsal: true})
	check(t, err)
	if _, err := cloud.CreateKey(t.Context(), plan.AES256, "x"); err == nil || calls.Load() != 1 {
		t.Errorf("error %v after %d calls", err, calls.Load())
	}
}

// TestRehearsalUsesNoAmbientCredentials: not even with a whole environment of
// them.
func TestRehearsalUsesNoAmbientCredentials(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AMBIENT", "AWS_SECRET_ACCESS_KEY": "ambient", "AWS_SESSION_TOKEN": "ambient", "AWS_PROFILE": "ambient",
		"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": "http://192.0.2.1", "AWS_ENDPOINT_URL_KMS": "http://192.0.2.1",
	} {
		t.Setenv(name, value)
	}
	s, err := rehearsal.StartWith(t.Context(), rehearsal.Config{Stock: -1})
	check(t, err)
	defer func() { check(t, s.Close()) }()
	var seen http.Header
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header.Clone()
		s.ServeHTTP(w, r)
	}))
	defer front.Close()
	cloud, err := aws.New(t.Context(), aws.Endpoint{URL: front.URL, Rehearsal: true})
	check(t, err)
	d, err := cloud.CreateKey(t.Context(), plan.AES256, "x")
	check(t, err)
	if d.Region != aws.RehearsalRegion || d.Account != "111122223333" || d.Cloud != "aws" {
		t.Errorf("destination %v", d)
	}
	all := strings.ToLower(strings.Join(append(seen["Authorization"], seen["X-Amz-Security-Token"]...), " "))
	if strings.Contains(all, "ambient") || !strings.Contains(all, "rehearsal") {
		t.Errorf("signed with %q", all)
	}
	if !strings.Contains(seen.Get("User-Agent"), "app/keyrite") || seen.Get("Content-Type") != "application/x-amz-json-1.1" {
		t.Errorf("user agent %q, content type %q", seen.Get("User-Agent"), seen.Get("Content-Type"))
	}
}

// TestProductionGoesToTheRealCloudOnly: a pretended one would give a production
// receipt.
func TestProductionGoesToTheRealCloudOnly(t *testing.T) {
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
	for _, url := range []string{"http://kms.eu-central-1.amazonaws.com", "https://127.0.0.1", "https://localhost:8443", "https://[::1]", "https://", "x"} {
		if _, err := aws.New(t.Context(), aws.Endpoint{URL: url, Region: "eu-central-1"}); err == nil {
			t.Errorf("takes %q for the real cloud", url)
		}
	}
	for _, url := range []string{"", "https://vpce-1.kms.eu-central-1.vpce.amazonaws.com"} {
		if _, err := aws.New(t.Context(), aws.Endpoint{URL: url, Region: "eu-central-1"}); err != nil {
			t.Errorf("does not take %q: %v", url, err)
		}
	}
	t.Setenv("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:1")
	_, err := aws.New(t.Context(), aws.Endpoint{Region: "eu-central-1"})
	contains(t, err, "the environment sends KMS calls to")
}

func TestModesDoNotMix(t *testing.T) {
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	cloud, err := aws.New(t.Context(), aws.Endpoint{Region: "eu-central-1"})
	check(t, err)
	_, err = cloud.Fetch(t.Context(), ceremony.Fetch{Mode: dsse.Rehearsal, Key: "x", Wrapping: small(), Signer: newSigner(t, false)})
	contains(t, err, "a rehearsal fetch cannot go to a production cloud")
	s := newStage(t, rehearsal.Config{})
	_, err = s.cloud.Fetch(t.Context(), ceremony.Fetch{Mode: dsse.Production, Key: "x", Wrapping: small(), Signer: newSigner(t, false)})
	contains(t, err, "a production fetch cannot go to a rehearsal cloud")
	r, params := s.prepare(t, plan.HMAC256, small())
	_, err = cloud.Import(t.Context(), ceremony.Import{Parcel: r.pack(t, params), Trusted: r.trusted, Signer: r.person(plan.Importer)})
	contains(t, err, "made in the other mode")
}

// TestEveryErrorHasAdvice asks a cloud that answers with one error after the
// other.
func TestEveryErrorHasAdvice(t *testing.T) {
	for name, advice := range map[string]string{
		"ExpiredImportTokenException":   "Fetch new import parameters",
		"InvalidImportTokenException":   "Check that the parcel",
		"InvalidCiphertextException":    "Compare algorithm and fingerprint",
		"IncorrectKeyMaterialException": "Stop",
		"KMSInvalidStateException":      "Look at the key's state",
		"UnsupportedOperationException": "origin EXTERNAL",
		"NotFoundException":             "by its ARN",
		"InvalidArnException":           "by its ARN",
		"DisabledException":             "who disabled it",
		"ValidationException":           "docs/guides/aws.md",
		"LimitExceededException":        "quota",
		"ConflictException":             "Wait a minute",
		"AccessDeniedException":         "policies",
		"UnrecognizedClientException":   "policies",
		"SomethingNewException":         "support",
	} {
		t.Run(name, func(t *testing.T) {
			f := newFront(t, rehearsal.Config{})
			d, err := f.cloud.CreateKey(t.Context(), plan.HMAC256, "x")
			check(t, err)
			f.change = func(operation string, _ map[string]any, status int, out map[string]any) (int, map[string]any) {
				if operation != "GetParametersForImport" {
					return status, out
				}
				return http.StatusBadRequest, map[string]any{"__type": name, "message": "the cloud's words"}
			}
			_, err = f.cloud.Fetch(t.Context(), ceremony.Fetch{Mode: dsse.Rehearsal, Key: d.Key, Wrapping: small(), Signer: newSigner(t, false)})
			failure(t, err, name, advice)
			contains(t, err, name+": the cloud's words (request ")
		})
	}
}

// TestWaitsOutAFault: throttling and faults of the cloud are asked again.
func TestWaitsOutAFault(t *testing.T) {
	for name, status := range map[string]int{"ThrottlingException": 400, "KMSInternalException": 500, "DependencyTimeoutException": 500} {
		f := newFront(t, rehearsal.Config{})
		once := false
		f.change = func(_ string, _ map[string]any, was int, out map[string]any) (int, map[string]any) {
			if !once {
				once = true
				return status, map[string]any{"__type": name, "message": "not now"}
			}
			return was, out
		}
		if _, err := f.cloud.CreateKey(t.Context(), plan.AES256, "x"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUnreachableCloudHasAdvice(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed at once
	check(t, err)
	url := "http://" + listener.Addr().String()
	check(t, listener.Close())
	cloud, err := aws.New(t.Context(), aws.Endpoint{URL: url, Rehearsal: true})
	check(t, err)
	ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond) // it is asked again for longer
	defer stop()
	_, err = cloud.CreateKey(ctx, plan.AES256, "x")
	failure(t, err, "Unreachable", "run the same command again")
}

func TestFetchesOnlyWhatCanBeImported(t *testing.T) {
	f := newFront(t, rehearsal.Config{})
	d, err := f.cloud.CreateKey(t.Context(), plan.AES256, "x")
	check(t, err)
	fetch := func(edit func(*ceremony.Fetch)) error {
		in := ceremony.Fetch{Mode: dsse.Rehearsal, Key: d.Key, Wrapping: small(), Signer: newSigner(t, false)}
		edit(&in)
		_, err := f.cloud.Fetch(t.Context(), in)
		return err
	}
	check(t, fetch(func(in *ceremony.Fetch) { in.Spec = plan.AES256 }))
	failure(t, fetch(func(in *ceremony.Fetch) { in.Spec = plan.HMAC256 }), "WrongKey", "Stop")
	contains(t, fetch(func(in *ceremony.Fetch) { in.Wrapping.Algorithm = "RSA_AES_KEY_WRAP_SHA_256" }), "for private keys only")
	_, id, _ := strings.Cut(d.Key, "key/")
	contains(t, fetch(func(in *ceremony.Fetch) { in.Key = id }), "no Region is named")
	failure(t, fetch(func(in *ceremony.Fetch) {
		in.Key = strings.Replace(d.Key, id, "11111111-2222-3333-4444-555555555555", 1)
	}), "NotFoundException", "by its ARN")
	seen := 0
	check(t, fetch(func(in *ceremony.Fetch) { in.Fetched = func(ceremony.ParameterSet) { seen++ } }))
	if seen != 2 {
		t.Errorf("told of %d sets", seen)
	}
	for name, change := range map[string]func(out map[string]any){
		"another key":  func(out map[string]any) { out["KeyId"] = d.Key + "0" },
		"no token":     func(out map[string]any) { delete(out, "ImportToken") },
		"no key":       func(out map[string]any) { delete(out, "PublicKey") },
		"broken key":   func(out map[string]any) { out["PublicKey"] = "AAAA" },
		"always one":   func(out map[string]any) { out["ImportToken"] = "AAAA" },
		"a weaker one": func(out map[string]any) { out["PublicKey"] = rsaKey(t, 2048, 65537) },
	} {
		f.change = func(_ string, _ map[string]any, status int, out map[string]any) (int, map[string]any) {
			if out["PublicKey"] != nil {
				change(out)
			}
			return status, out
		}
		if err := fetch(func(*ceremony.Fetch) {}); err == nil || !strings.Contains(err.Error(), "invalid answer") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := f.cloud.CreateKey(t.Context(), "RSA_2048", "x"); err == nil {
		t.Error("makes a key that cannot be imported")
	}
}
