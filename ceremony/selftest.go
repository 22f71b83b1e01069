package ceremony

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"

	"keyrite.dev/keyrite/ceremony/keycheck"
	"keyrite.dev/keyrite/ceremony/keywrap"
)

// Known answers, one for each primitive that the ceremony's checks stand on.
const (
	// RFC 5649 §6, first example: 20 bytes under a 192-bit key.
	kwpKey   = "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8"
	kwpPlain = "c37b7e6492584340bed12207808941155068f738"
	kwpWrap  = "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a"
	// NIST SP 800-38B, appendix D.3 (AES-256), example with 16 bytes.
	cmacKey     = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"
	cmacMessage = "6bc1bee22e409f96e93d7e117393172a"
	cmacTag     = "28a7023f452e8f82bd4bf28d8c37c35c"
	// RFC 8032 §7.1, TEST 1: the empty message.
	edSeed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
	edSig  = "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
)

// checkSelfTest runs the known-answer tests.
func checkSelfTest(context.Context, Request) (Values, error) {
	tests := []struct {
		name string
		ok   func() bool
	}{
		{"AES-KWP (RFC 5649)", func() bool {
			got, err := keywrap.Unwrap(unhex(kwpKey), unhex(kwpWrap))
			return err == nil && bytes.Equal(got, unhex(kwpPlain))
		}},
		{"AES-CMAC (SP 800-38B)", func() bool {
			got, err := keycheck.CMAC(unhex(cmacKey), unhex(cmacMessage))
			return err == nil && bytes.Equal(got[:], unhex(cmacTag))
		}},
		{"Ed25519 (RFC 8032)", func() bool {
			return bytes.Equal(ed25519.Sign(ed25519.NewKeyFromSeed(unhex(edSeed)), nil), unhex(edSig))
		}},
	}
	var out Values
	var failed []error
	for _, t := range tests {
		if !t.ok() {
			failed = append(failed, fatal("the self-test of %s fails: this program or machine computes wrongly", t.name))
			continue
		}
		out = append(out, value(t.name, "passed"))
	}
	return out, errors.Join(failed...)
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(fmt.Sprintf("constant %q is not hex", s))
	}
	return b
}
