package rehearsal_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // one of the API's algorithms
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"keyrite.dev/keyrite/transport/rehearsal"
)

const credentials = "AWS4-HMAC-SHA256 Credential=ANY/20261123/us-west-2/kms/aws4_request, SignedHeaders=host, Signature=00"

// fields are a request's or an answer's members.
type fields map[string]any

// A wire is a server and nothing but HTTP.
type wire struct {
	t     testing.TB
	url   string
	clock *clock
}

type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func newWire(t testing.TB, cfg rehearsal.Config) wire {
	t.Helper()
	c := &clock{time.Date(2026, 11, 23, 9, 0, 0, 123456789, time.UTC)}
	cfg.Now, cfg.Stock = c.Now, -1
	s, err := rehearsal.StartWith(t.Context(), cfg)
	check(t, err)
	t.Cleanup(func() { check(t, s.Close()) })
	return wire{t, s.URL(), c}
}

func (w wire) post(operation string, header map[string]string, body []byte) (int, http.Header, []byte) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.url+"/", bytes.NewReader(body))
	check(w.t, err)
	r.Header.Set("X-Amz-Target", "TrentService."+operation)
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("Authorization", credentials)
	for name, value := range header {
		r.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(r)
	check(w.t, err)
	defer answer.Body.Close() //nolint:errcheck // only read
	data, err := io.ReadAll(answer.Body)
	check(w.t, err)
	return answer.StatusCode, answer.Header, data
}

// ask sends one request and answers status and members.
func (w wire) ask(operation string, in fields) (int, fields) {
	w.t.Helper()
	body, err := json.Marshal(in)
	check(w.t, err)
	status, header, data := w.post(operation, nil, body)
	if header.Get("Content-Type") != "application/x-amz-json-1.1" || len(header.Get("X-Amzn-Requestid")) != 36 {
		w.t.Errorf("%s: answer's headers are %v", operation, header)
	}
	out := fields{}
	check(w.t, json.Unmarshal(data, &out))
	return status, out
}

// call must be answered.
func (w wire) call(operation string, in fields) fields {
	w.t.Helper()
	status, out := w.ask(operation, in)
	if status != http.StatusOK {
		w.t.Fatalf("%s: %d %v", operation, status, out)
	}
	return out
}

// refused must be answered with an error of a name and, after the key's ARN is
// put in for ARN, exactly these words ("" none; "*" any).
func (w wire) refused(operation string, in fields, name, message string) {
	w.t.Helper()
	status, out := w.ask(operation, in)
	got, _ := out["message"].(string)
	if status != http.StatusBadRequest || out["__type"] != name || message != "*" && got != message {
		w.t.Errorf("%s: %d %v, want %s %q", operation, status, out, name, message)
	}
}

// create makes a key and answers its ARN.
func (w wire) create(spec, origin string) string {
	w.t.Helper()
	usage := "ENCRYPT_DECRYPT"
	if strings.HasPrefix(spec, "HMAC") {
		usage = "GENERATE_VERIFY_MAC"
	}
	out := w.call("CreateKey", fields{"KeySpec": spec, "KeyUsage": usage, "Origin": origin})
	return text(w.t, out, "KeyMetadata", "Arn")
}

// parameters fetches a wrapping key and its token.
func (w wire) parameters(arn, algorithm, keySpec string) (*rsa.PublicKey, fields) {
	w.t.Helper()
	out := w.call("GetParametersForImport", fields{"KeyId": arn, "WrappingAlgorithm": algorithm, "WrappingKeySpec": keySpec})
	parsed, err := x509.ParsePKIXPublicKey(unbase64(w.t, out["PublicKey"]))
	check(w.t, err)
	pub, ok := parsed.(*rsa.PublicKey)
	if !ok {
		w.t.Fatalf("wrapping key is %T", parsed)
	}
	return pub, out
}

func unbase64(t testing.TB, v any) []byte {
	t.Helper()
	s, _ := v.(string)
	b, err := base64.StdEncoding.DecodeString(s)
	check(t, err)
	return b
}

// wrapped is an import request for material, under parameters of its own.
func (w wire) wrapped(arn string, material []byte, more fields) fields {
	w.t.Helper()
	pub, p := w.parameters(arn, "RSAES_OAEP_SHA_256", "RSA_2048")
	blob, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, pub, material, nil)
	check(w.t, err)
	in := fields{
		"KeyId": arn, "EncryptedKeyMaterial": blob, "ImportToken": p["ImportToken"],
		"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
	}
	return in.with(more)
}

func (f fields) with(more fields) fields {
	out := fields{}
	for _, m := range []fields{f, more} {
		for name, value := range m {
			out[name] = value
			if value == nil {
				delete(out, name)
			}
		}
	}
	return out
}

func (w wire) state(arn string) string {
	w.t.Helper()
	return text(w.t, w.call("DescribeKey", fields{"KeyId": arn}), "KeyMetadata", "KeyState")
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

func TestAnswersOnlyTheProtocol(t *testing.T) {
	w := newWire(t, rehearsal.Config{})
	for name, c := range map[string]struct {
		operation string
		header    map[string]string
		body      string
		status    int
		want      string
	}{
		"unknown operation":  {"ScheduleEverything", nil, `{}`, 400, "UnknownOperationException"},
		"other service":      {"DescribeKey", map[string]string{"X-Amz-Target": "DynamoDB.DescribeKey"}, `{}`, 400, "UnknownOperationException"},
		"other content type": {"DescribeKey", map[string]string{"Content-Type": "application/json"}, `{}`, 400, "UnknownOperationException"},
		"no credentials":     {"DescribeKey", map[string]string{"Authorization": ""}, `{}`, 400, "MissingAuthenticationTokenException"},
		"broken credentials": {"DescribeKey", map[string]string{"Authorization": "Basic YTpi"}, `{}`, 400, "IncompleteSignatureException"},
		"no JSON":            {"DescribeKey", nil, `{`, 400, "SerializationException"},
		"null":               {"DescribeKey", nil, `null`, 400, "SerializationException"},
		"list":               {"DescribeKey", nil, `[]`, 400, "SerializationException"},
		"wrong type":         {"DescribeKey", nil, `{"KeyId":7}`, 400, "SerializationException"},
		"no base64":          {"Encrypt", nil, `{"KeyId":"x","Plaintext":"*"}`, 400, "SerializationException"},
		"too large":          {"DescribeKey", nil, `{"KeyId":"` + strings.Repeat("x", 70_000) + `"}`, 413, "RequestEntityTooLargeException"},
		"absurd time":        {"ImportKeyMaterial", nil, `{"ValidTo":1e300}`, 400, "SerializationException"},
	} {
		t.Run(name, func(t *testing.T) {
			status, header, data := w.post(c.operation, c.header, []byte(c.body))
			if status != c.status || !strings.Contains(string(data), `"__type":"`+c.want+`"`) || header.Get("X-Amzn-Errortype") != c.want {
				t.Errorf("%d %s", status, data)
			}
		})
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+"/", nil)
	check(t, err)
	answer, err := http.DefaultClient.Do(r)
	check(t, err)
	check(t, answer.Body.Close())
	if answer.StatusCode != http.StatusNotFound {
		t.Errorf("GET answers %d", answer.StatusCode)
	}
}

// TestNamesAllViolationsAtOnce: like the real service's framework.
func TestNamesAllViolationsAtOnce(t *testing.T) {
	w := newWire(t, rehearsal.Config{})
	w.refused("GetParametersForImport", fields{"WrappingAlgorithm": "ROT13"}, "ValidationException",
		"3 validation errors detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null; "+
			"Value 'ROT13' at 'wrappingAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: "+
			"[RSAES_PKCS1_V1_5, RSAES_OAEP_SHA_1, RSAES_OAEP_SHA_256, RSA_AES_KEY_WRAP_SHA_1, RSA_AES_KEY_WRAP_SHA_256, SM2PKE]; "+
			"Value null at 'wrappingKeySpec' failed to satisfy constraint: Member must not be null")
	w.refused("DescribeKey", fields{"KeyId": ""}, "ValidationException",
		"1 validation error detected: Value '' at 'keyId' failed to satisfy constraint: Member must have length greater than or equal to 1")
	w.refused("DescribeKey", fields{"KeyId": strings.Repeat("k", 2049)}, "ValidationException", "*")
}

func TestListensOnLoopbackOnly(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", "[::]:0", ":0", "192.0.2.1:0", "example.org:0", "127.0.0.1", "[::ffff:192.0.2.1]:0"} {
		if s, err := rehearsal.Start(t.Context(), address); err == nil {
			t.Errorf("listens on %s: %s", address, s.URL())
			check(t, s.Close())
		}
	}
}

// TestIsReadySoon: the issue allows two seconds; wrapping keys are made meanwhile.
func TestIsReadySoon(t *testing.T) {
	begin := time.Now()
	s, err := rehearsal.Start(t.Context(), "localhost:0")
	check(t, err)
	w := wire{t, s.URL(), nil}
	w.create("SYMMETRIC_DEFAULT", "EXTERNAL")
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("ready after %v", took)
	}
	if s.Waited() != 0 {
		t.Errorf("waited %v before any wrapping key was asked for", s.Waited())
	}
	check(t, s.Close())
	check(t, s.Close())
}

// TestCallsDoNotWaitForWarmKeys: and for others the time is told.
func TestCallsDoNotWaitForWarmKeys(t *testing.T) {
	s, err := rehearsal.StartWith(t.Context(), rehearsal.Config{Stock: -1})
	check(t, err)
	defer func() { check(t, s.Close()) }()
	check(t, s.Warm(t.Context(), "RSA_2048", 1))
	w := wire{t, s.URL(), nil}
	arn := w.create("SYMMETRIC_DEFAULT", "EXTERNAL")
	w.parameters(arn, "RSAES_OAEP_SHA_1", "RSA_2048")
	warm := s.Waited()
	w.parameters(arn, "RSAES_OAEP_SHA_1", "RSA_2048")
	if cold := s.Waited() - warm; warm > 20*time.Millisecond || cold < time.Millisecond {
		t.Errorf("waited %v for a warm key, %v for a cold one", warm, cold)
	}
	if err := s.Warm(t.Context(), "RSA_1024", 1); err == nil {
		t.Error("warms a wrapping key that there is none of")
	}
}

func TestDescribesKeysAsTheRealOne(t *testing.T) {
	w := newWire(t, rehearsal.Config{})
	for spec, want := range map[string]string{
		"SYMMETRIC_DEFAULT": `^{"AWSAccountId":"111122223333","Arn":"arn:aws:kms:us-west-2:111122223333:key/[0-9a-f-]{36}","CreationDate":1795424400.123,` +
			`"CustomerMasterKeySpec":"SYMMETRIC_DEFAULT","Description":"","Enabled":false,"EncryptionAlgorithms":\["SYMMETRIC_DEFAULT"\],"KeyId":"[0-9a-f-]{36}",` +
			`"KeyManager":"CUSTOMER","KeySpec":"SYMMETRIC_DEFAULT","KeyState":"PendingImport","KeyUsage":"ENCRYPT_DECRYPT","MultiRegion":false,"Origin":"EXTERNAL"}$`,
		"HMAC_384": `^{.*"Enabled":false,"KeyId":.*"KeySpec":"HMAC_384","KeyState":"PendingImport","KeyUsage":"GENERATE_VERIFY_MAC","MacAlgorithms":\["HMAC_SHA_384"\],.*}$`,
	} {
		body, err := json.Marshal(fields{"KeyId": w.create(spec, "EXTERNAL")})
		check(t, err)
		_, _, data := w.post("DescribeKey", nil, body)
		got := strings.TrimSuffix(strings.TrimPrefix(string(data), `{"KeyMetadata":`), "}")
		if !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("%s: %s", spec, got)
		}
	}
}

func TestRefusesKeysItCannotMake(t *testing.T) {
	w := newWire(t, rehearsal.Config{})
	only := "The rehearsal cloud has no such keys: only encryption and HMAC keys of one Region."
	w.refused("CreateKey", fields{"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"}, "UnsupportedOperationException", only)
	w.refused("CreateKey", fields{"MultiRegion": true}, "UnsupportedOperationException", only)
	w.refused("CreateKey", fields{"Origin": "AWS_CLOUDHSM"}, "UnsupportedOperationException", only)
	w.refused("CreateKey", fields{"KeySpec": "HMAC_256"}, "ValidationException",
		"You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.")
	w.refused("CreateKey", fields{"KeySpec": "HMAC_256", "KeyUsage": "ENCRYPT_DECRYPT"}, "ValidationException",
		"KeyUsage ENCRYPT_DECRYPT is not compatible with KeySpec HMAC_256")
	w.refused("CreateKey", fields{"KeySpec": "AES_256"}, "ValidationException", "*")
}

func TestFindsKeysByIDAndARNOnly(t *testing.T) {
	w := newWire(t, rehearsal.Config{})
	arn := w.create("SYMMETRIC_DEFAULT", "EXTERNAL")
	_, id, _ := strings.Cut(arn, "key/")
	for _, name := range []string{id, arn} {
		if got := text(t, w.call("DescribeKey", fields{"KeyId": name}), "KeyMetadata", "Arn"); got != arn {
			t.Errorf("%s is %s", name, got)
		}
	}
	other := "11111111-2222-3333-4444-555555555555"
	for name, want := range map[string][2]string{
		"alias/mine":          {"NotFoundException", "Alias arn:aws:kms:us-west-2:111122223333:alias/mine is not found."},
		"mine":                {"NotFoundException", "Invalid keyId 'mine'"},
		other:                 {"NotFoundException", "Key 'arn:aws:kms:us-west-2:111122223333:key/" + other + "' does not exist"},
		"arn:aws:s3:::bucket": {"InvalidArnException", "arn:aws:s3:::bucket is not a valid ARN"},
		strings.Replace(arn, "us-west-2", "eu-west-1", 1):       {"NotFoundException", "Invalid arn eu-west-1"},
		strings.Replace(arn, "111122223333", "444455556666", 1): {"NotFoundException", "*"},
	} {
		w.refused("DescribeKey", fields{"KeyId": name}, want[0], want[1])
	}
}

// TestHoldsTheWrappingMatrix tries every wrapping with every key, by a table
// written out here.
func TestHoldsTheWrappingMatrix(t *testing.T) {
	w := newWire(t, rehearsal.Config{})
	for _, spec := range []string{"SYMMETRIC_DEFAULT", "HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512"} {
		arn := w.create(spec, "EXTERNAL")
		for _, algorithm := range []string{"RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"} {
			if pub, _ := w.parameters(arn, algorithm, "RSA_2048"); pub.N.BitLen() != 2048 || pub.E != 65537 {
				t.Errorf("wrapping key of %d bits, exponent %d", pub.N.BitLen(), pub.E)
			}
			w.refused("GetParametersForImport", fields{"KeyId": arn, "WrappingAlgorithm": algorithm, "WrappingKeySpec": "SM2"}, "ValidationException",
				"Wrapping algorithm "+algorithm+" and wrapping key spec SM2 cannot be used to import a "+spec+" key")
		}
		for _, algorithm := range []string{"RSA_AES_KEY_WRAP_SHA_1", "RSA_AES_KEY_WRAP_SHA_256", "SM2PKE"} {
			w.refused("GetParametersForImport", fields{"KeyId": arn, "WrappingAlgorithm": algorithm, "WrappingKeySpec": "RSA_3072"}, "ValidationException",
				"Wrapping algorithm "+algorithm+" and wrapping key spec RSA_3072 cannot be used to import a "+spec+" key")
		}
		w.refused("GetParametersForImport", fields{"KeyId": arn, "WrappingAlgorithm": "RSAES_PKCS1_V1_5", "WrappingKeySpec": "RSA_2048"},
			"UnsupportedOperationException", "Wrapping algorithm RSAES_PKCS1_V1_5 is no longer supported.")
	}
	own := w.create("SYMMETRIC_DEFAULT", "AWS_KMS")
	w.refused("GetParametersForImport", fields{"KeyId": own, "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"},
		"UnsupportedOperationException", own+" origin is AWS_KMS which is not valid for this operation.")
}

func TestParametersAreFreshAndAsLongAsRealOnes(t *testing.T) {
	w := newWire(t, rehearsal.Config{})
	arn := w.create("SYMMETRIC_DEFAULT", "EXTERNAL")
	for keySpec, size := range map[string]int{"RSA_2048": 1757, "RSA_3072": 2611, "RSA_4096": 3465} {
		first, a := w.parameters(arn, "RSAES_OAEP_SHA_256", keySpec)
		if n := len(unbase64(t, a["ImportToken"])); n != size {
			t.Errorf("%s: token of %d bytes, want %d", keySpec, n, size)
		}
		if a["ParametersValidTo"] != 1795424400.123+24*3600 || a["KeyId"] != arn {
			t.Errorf("%s: %v, %v", keySpec, a["KeyId"], a["ParametersValidTo"])
		}
		if keySpec != "RSA_2048" {
			continue
		}
		second, b := w.parameters(arn, "RSAES_OAEP_SHA_256", keySpec)
		if first.Equal(second) || a["ImportToken"] == b["ImportToken"] {
			t.Errorf("%s: the same parameters twice", keySpec)
		}
	}
}

func TestTakesBothHashesAndNoOther(t *testing.T) {
	w := newWire(t, rehearsal.Config{})
	for _, algorithm := range []string{"RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"} {
		arn := w.create("SYMMETRIC_DEFAULT", "EXTERNAL")
		pub, p := w.parameters(arn, algorithm, "RSA_2048")
		in := fields{"KeyId": arn, "ImportToken": p["ImportToken"], "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
		by256, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, pub, random(32), nil)
		check(t, err)
		by1, err := rsa.EncryptOAEP(sha1.New(), rand.Reader, pub, random(32), nil) //nolint:gosec // the API's algorithm
		check(t, err)
		labelled, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, pub, random(32), []byte("label"))
		check(t, err)
		right, wrong := by1, by256
		if algorithm == "RSAES_OAEP_SHA_256" {
			right, wrong = by256, by1
		}
		for _, blob := range [][]byte{wrong, labelled, bytes.Repeat([]byte{0xff}, 256), make([]byte, 256)} {
			w.refused("ImportKeyMaterial", in.with(fields{"EncryptedKeyMaterial": blob}), "InvalidCiphertextException", "")
		}
		for _, blob := range [][]byte{right[1:], append(right[:256:256], 0)} {
			w.refused("ImportKeyMaterial", in.with(fields{"EncryptedKeyMaterial": blob}), "ValidationException", "Invalid encrypted key size.")
		}
		w.call("ImportKeyMaterial", in.with(fields{"EncryptedKeyMaterial": right}))
	}
}
