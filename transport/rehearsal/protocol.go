package rehearsal

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
)

// maxBody caps a request. The largest honest one is ImportKeyMaterial with a key
// and a token of 6,144 bytes each in base64.
const maxBody = 64 << 10

const contentType = "application/x-amz-json-1.1"

// targetPrefix is KMS's name in X-Amz-Target, from before it was called KMS.
const targetPrefix = "TrentService."

// An operation answers one request; the answer is encoded as JSON.
type operation func(s *Server, ctx context.Context, r *request) (any, error)

// operationNamed is the table of operations; nil: unknown.
func operationNamed(name string) operation {
	switch name {
	case "CreateKey":
		return (*Server).createKey
	case "DescribeKey":
		return (*Server).describeKey
	case "GetParametersForImport":
		return (*Server).getParametersForImport
	case "ImportKeyMaterial":
		return (*Server).importKeyMaterial
	case "DeleteImportedKeyMaterial":
		return (*Server).deleteImportedKeyMaterial
	case "ListKeyRotations":
		return (*Server).listKeyRotations
	case "Encrypt":
		return (*Server).encrypt
	case "Decrypt":
		return (*Server).decrypt
	case "GenerateMac":
		return (*Server).generateMac
	case "VerifyMac":
		return (*Server).verifyMac
	default:
		return nil
	}
}

// ServeHTTP answers one call of the API: POST / with the operation in
// X-Amz-Target (AWS JSON 1.1).
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" || r.Method != http.MethodPost {
		http.Error(w, "AWS JSON 1.1 is POST /", http.StatusNotFound)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		answerFault(w, http.StatusRequestEntityTooLarge, newFault("RequestEntityTooLargeException", "Request is larger than %d bytes", maxBody))
		return
	case err != nil:
		return // the client is gone
	}
	answer, err := s.call(r.Context(), r.Header, body)
	var f *fault
	switch {
	case errors.As(err, &f):
		answerFault(w, http.StatusBadRequest, f)
	case err != nil:
		answerFault(w, http.StatusInternalServerError, newFault("KMSInternalException", "%s", err))
	default:
		reply(w, http.StatusOK, answer)
	}
}

func (s *Server) call(ctx context.Context, h http.Header, body []byte) (any, error) {
	name, ok := strings.CutPrefix(h.Get("X-Amz-Target"), targetPrefix)
	op := operationNamed(name)
	if !ok || op == nil {
		return nil, newFault("UnknownOperationException", "")
	}
	if media, _, _ := strings.Cut(h.Get("Content-Type"), ";"); media != contentType {
		return nil, newFault("UnknownOperationException", "")
	}
	region, err := regionOf(h.Get("Authorization"))
	if err != nil {
		return nil, err
	}
	r, err := parseRequest(body)
	if err != nil {
		return nil, err
	}
	r.region = region
	return op(s, ctx, r)
}

// scope is the credential scope of a Signature Version 4 header: key id, date,
// Region, service.
var scope = regexp.MustCompile(`Credential=[^/, ]{1,128}/[0-9]{8}/([a-z0-9-]{1,32})/kms/aws4_request`)

// regionOf is the Region that a call was signed for. The signature is not looked
// at: any credentials are good.
func regionOf(authorization string) (string, error) {
	if authorization == "" {
		return "", newFault("MissingAuthenticationTokenException", "Missing Authentication Token")
	}
	m := scope.FindStringSubmatch(authorization)
	if m == nil {
		return "", newFault("IncompleteSignatureException", "Credential should be scoped to a valid region and to the service kms.")
	}
	return m[1], nil
}

func answerFault(w http.ResponseWriter, status int, f *fault) {
	w.Header().Set("X-Amzn-Errortype", f.name)
	reply(w, status, struct {
		Type    string `json:"__type"`
		Message string `json:"message,omitempty"`
	}{f.name, f.message})
}

func reply(w http.ResponseWriter, status int, answer any) {
	data, err := json.Marshal(answer)
	if err != nil { // only structs of this package come here
		status, data = http.StatusInternalServerError, []byte(`{"__type":"KMSInternalException"}`)
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Amzn-Requestid", newUUID())
	w.WriteHeader(status)
	_, _ = w.Write(data) // a client that is gone needs no answer
}

// newUUID is a random UUID (RFC 9562, section 5.4).
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
