package rehearsal_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"keyrite.dev/keyrite/transport/rehearsal"
)

// FuzzRequest: whatever is sent, the answer is JSON with status 200, 400 or 413,
// never a fault of the server.
func FuzzRequest(f *testing.F) {
	s, err := rehearsal.StartWith(f.Context(), rehearsal.Config{Stock: -1})
	check(f, err)
	f.Cleanup(func() { check(f, s.Close()) })
	w := wire{f, s.URL(), nil}
	external, own := w.create("SYMMETRIC_DEFAULT", "EXTERNAL"), w.create("SYMMETRIC_DEFAULT", "AWS_KMS")
	mac := w.create("HMAC_256", "AWS_KMS")
	for operation, body := range map[string]fields{
		"CreateKey":                 {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC", "Origin": "EXTERNAL"},
		"DescribeKey":               {"KeyId": external},
		"ImportKeyMaterial":         w.wrapped(external, random(32), nil),
		"DeleteImportedKeyMaterial": {"KeyId": external},
		"ListKeyRotations":          {"KeyId": external, "IncludeKeyMaterial": "ALL_KEY_MATERIAL"},
		"Encrypt":                   {"KeyId": own, "Plaintext": []byte("x"), "EncryptionContext": fields{"a": "b"}},
		"Decrypt":                   w.call("Encrypt", fields{"KeyId": own, "Plaintext": []byte("x")}),
		"GenerateMac":               {"KeyId": mac, "Message": []byte("x"), "MacAlgorithm": "HMAC_SHA_256"},
		"VerifyMac":                 {"KeyId": mac, "Message": []byte("x"), "MacAlgorithm": "HMAC_SHA_256", "Mac": random(32)},
	} {
		data, err := json.Marshal(body)
		check(f, err)
		f.Add(operation, credentials, data)
	}
	f.Add("DescribeKey", "", []byte(`{"KeyId":null}`))
	f.Add("ImportKeyMaterial", credentials, []byte(`{"ValidTo":-1e-9,"KeyMaterialId":"\u0000"}`))
	f.Fuzz(func(t *testing.T, operation, authorization string, body []byte) {
		if operation == "GetParametersForImport" {
			return // makes RSA keys
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", bytes.NewReader(body))
		r.Header.Set("X-Amz-Target", "TrentService."+operation)
		r.Header.Set("Content-Type", "application/x-amz-json-1.1")
		r.Header.Set("Authorization", authorization)
		answer := httptest.NewRecorder()
		s.ServeHTTP(answer, r)
		if c := answer.Code; c != 200 && c != 400 && c != 413 || !json.Valid(answer.Body.Bytes()) {
			t.Errorf("%d %s", c, answer.Body)
		}
		if answer.Code == 400 && !strings.Contains(answer.Body.String(), `"__type":"`) {
			t.Errorf("error without a name: %s", answer.Body)
		}
	})
}
