// Package wycheproof runs the Ed25519 and ECDSA vectors of Project Wycheproof
// against package dsse. It is a module of its own, so that the 100 MB of vectors
// are not a dependency of the program.
package wycheproof

import (
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"testing"

	"github.com/c2sp/wycheproof"

	"keyrite.dev/keyrite/ceremony/dsse"
)

// A vectorFile is what we read of testvectors_v1/*_test.json.
type vectorFile struct {
	NumberOfTests int `json:"numberOfTests"`
	TestGroups    []struct {
		PublicKeyDER string `json:"publicKeyDer"`
		Tests        []struct {
			ID      int    `json:"tcId"`
			Comment string `json:"comment"`
			Msg     string `json:"msg"`
			Sig     string `json:"sig"`
			Result  string `json:"result"` // "valid", "invalid", "acceptable"
		} `json:"tests"`
	} `json:"testGroups"`
}

func TestVerifiesAsWycheproofSays(t *testing.T) {
	for name, atLeast := range map[string]int{
		"ed25519_test.json": 150, "ecdsa_secp256r1_sha256_test.json": 480, "ecdsa_secp384r1_sha384_test.json": 500,
	} {
		t.Run(name, func(t *testing.T) {
			run, valid := judge(t, name)
			if run < atLeast || valid == 0 || valid == run {
				t.Errorf("%d vectors were run, %d of them valid", run, valid)
			}
		})
	}
}

func judge(t *testing.T, name string) (run, valid int) {
	t.Helper()
	data, err := fs.ReadFile(wycheproof.TestVectors, name)
	if err != nil {
		t.Fatal(err)
	}
	var file vectorFile
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	for _, group := range file.TestGroups {
		key, err := dsse.ParsePublicKey(unhex(t, group.PublicKeyDER))
		if err != nil {
			t.Fatalf("key %s: %v", group.PublicKeyDER, err)
		}
		for _, v := range group.Tests {
			run++
			want := v.Result == "valid"
			if want {
				valid++
			}
			if got := key.Verify(unhex(t, v.Msg), unhex(t, v.Sig)); got != want {
				t.Errorf("vector %d (%s): %v, want %s", v.ID, v.Comment, got, v.Result)
			}
		}
	}
	if run != file.NumberOfTests {
		t.Errorf("%d vectors were run of %d", run, file.NumberOfTests)
	}
	return run, valid
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
