package rehearsal_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"keyrite.dev/keyrite/transport/rehearsal"
)

// An awsCLI is the stock aws command line, pointed at a server: a client that
// shares no code and no author with it.
type awsCLI struct {
	t      *testing.T
	url    string
	folder string
}

func newCLI(t *testing.T) awsCLI {
	t.Helper()
	if _, err := exec.LookPath("aws"); err != nil {
		t.Fatal("the aws command line is not installed; scripts/test installs it: ", err)
	}
	s, err := rehearsal.StartWith(t.Context(), rehearsal.Config{Stock: -1})
	check(t, err)
	t.Cleanup(func() { check(t, s.Close()) })
	return awsCLI{t, s.URL(), t.TempDir()}
}

func (c awsCLI) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(c.t.Context(), "aws", append([]string{"--endpoint-url", c.url, "--output", "json", "kms"}, args...)...)
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + c.folder, "AWS_ACCESS_KEY_ID=anyone", "AWS_SECRET_ACCESS_KEY=anything",
		"AWS_DEFAULT_REGION=eu-west-3", "AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER=",
	}
	return cmd
}

// call runs aws kms, which must work, and answers what it prints.
func (c awsCLI) call(args ...string) map[string]any {
	c.t.Helper()
	var out, complaint bytes.Buffer
	cmd := c.command(args...)
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		c.t.Fatalf("aws kms %s: %v: %s", strings.Join(args, " "), err, complaint.String())
	}
	answer := map[string]any{}
	if out.Len() > 0 {
		check(c.t, json.Unmarshal(out.Bytes(), &answer))
	}
	return answer
}

// refused runs aws kms, which must fail with an error name.
func (c awsCLI) refused(name string, args ...string) {
	c.t.Helper()
	out, err := c.command(args...).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "("+name+")") {
		c.t.Errorf("aws kms %s: %v, want %s: %s", args[0], err, name, out)
	}
}

// file writes bytes to a file and answers how the command line reads them.
func (c awsCLI) file(name string, data []byte) string {
	c.t.Helper()
	path := filepath.Join(c.folder, name)
	check(c.t, os.WriteFile(path, data, 0o600))
	return "fileb://" + path
}

func text(t testing.TB, answer map[string]any, path ...string) string {
	t.Helper()
	var at any = answer
	for _, name := range path {
		m, ok := at.(map[string]any)
		if !ok {
			t.Fatalf("no %q in %v", path, answer)
		}
		at = m[name]
	}
	s, ok := at.(string)
	if !ok {
		t.Fatalf("%q is %v in %v", path, at, answer)
	}
	return s
}

func blobOf(t *testing.T, answer map[string]any, name string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(text(t, answer, name))
	check(t, err)
	return b
}

// importKey fetches parameters, wraps and imports, all by the command line but
// the wrapping.
func (c awsCLI) importKey(id string, key []byte) {
	c.t.Helper()
	p := c.call("get-parameters-for-import", "--key-id", id, "--wrapping-algorithm", "RSAES_OAEP_SHA_256", "--wrapping-key-spec", "RSA_2048")
	parsed, err := x509.ParsePKIXPublicKey(blobOf(c.t, p, "PublicKey"))
	check(c.t, err)
	pub, ok := parsed.(*rsa.PublicKey)
	if !ok || pub.N.BitLen() != 2048 {
		c.t.Fatalf("wrapping key is %T", parsed)
	}
	blob, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, pub, key, nil)
	check(c.t, err)
	if p["ParametersValidTo"] == nil {
		c.t.Errorf("no ParametersValidTo in %v", p)
	}
	c.call("import-key-material", "--key-id", id, "--encrypted-key-material", c.file("wrapped", blob),
		"--import-token", c.file("token", blobOf(c.t, p, "ImportToken")), "--expiration-model", "KEY_MATERIAL_DOES_NOT_EXPIRE")
}

// TestStockCommandLineRunsAnEncryptionKeysLife drives the aws command line from
// the empty key to the deleted material.
func TestStockCommandLineRunsAnEncryptionKeysLife(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	made := c.call("create-key", "--origin", "EXTERNAL", "--description", "made by the command line")
	id, arn := text(t, made, "KeyMetadata", "KeyId"), text(t, made, "KeyMetadata", "Arn")
	if state := text(t, made, "KeyMetadata", "KeyState"); state != "PendingImport" || !strings.HasPrefix(arn, "arn:aws:kms:eu-west-3:") {
		t.Errorf("state %q, ARN %q", state, arn)
	}
	message := c.file("message", []byte("a message"))
	c.refused("KMSInvalidStateException", "encrypt", "--key-id", id, "--plaintext", message)

	key := make([]byte, 32)
	_, _ = rand.Read(key)
	c.importKey(id, key)
	if state := text(t, c.call("describe-key", "--key-id", arn), "KeyMetadata", "KeyState"); state != "Enabled" {
		t.Errorf("state %q after the import", state)
	}
	sealed := blobOf(t, c.call("encrypt", "--key-id", id, "--plaintext", message, "--encryption-context", "of=test"), "CiphertextBlob")
	opened := c.call("decrypt", "--ciphertext-blob", c.file("sealed", sealed), "--encryption-context", "of=test") // without a key id
	if got := string(blobOf(t, opened, "Plaintext")); got != "a message" || text(t, opened, "KeyId") != arn {
		t.Errorf("decrypted to %q by %v", got, opened["KeyId"])
	}
	c.refused("InvalidCiphertextException", "decrypt", "--ciphertext-blob", c.file("sealed", sealed))
	c.importKey(arn, key) // the same again, as existing material by default

	c.call("delete-imported-key-material", "--key-id", id)
	c.refused("KMSInvalidStateException", "decrypt", "--ciphertext-blob", c.file("sealed", sealed), "--encryption-context", "of=test")
}

// TestStockCommandLineRunsAMACKeysLife is the same for HMAC keys.
func TestStockCommandLineRunsAMACKeysLife(t *testing.T) {
	t.Parallel()
	c := newCLI(t)
	made := c.call("create-key", "--origin", "EXTERNAL", "--key-spec", "HMAC_256", "--key-usage", "GENERATE_VERIFY_MAC")
	id := text(t, made, "KeyMetadata", "KeyId")
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	c.importKey(id, key)
	message := c.file("message", []byte("a message"))
	tag := blobOf(t, c.call("generate-mac", "--key-id", id, "--message", message, "--mac-algorithm", "HMAC_SHA_256"), "Mac")
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("a message"))
	if !hmac.Equal(tag, mac.Sum(nil)) {
		t.Errorf("tag %x is not HMAC-SHA-256 under the imported key", tag)
	}
	verify := []string{"verify-mac", "--key-id", id, "--message", message, "--mac-algorithm", "HMAC_SHA_256", "--mac"}
	if valid := c.call(append(verify, c.file("tag", tag))...)["MacValid"]; valid != true {
		t.Errorf("MacValid is %v", valid)
	}
	tag[0] ^= 1
	c.refused("KMSInvalidMacException", append(verify, c.file("tag", tag))...)
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
