package keywrap

import (
	"bytes"
	"crypto/aes"
	"encoding/hex"
	"errors"
	"testing"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestTheVectorsOfRFC5649(t *testing.T) { // section 6
	kek := unhex(t, "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8")
	for key, want := range map[string]string{
		"c37b7e6492584340bed12207808941155068f738": "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a",
		"466f7250617369": "afbeb0f07dfbf5419200f2ccb50bb24f",
	} {
		blob, err := Wrap(kek, unhex(t, key))
		if err != nil || hex.EncodeToString(blob) != want || len(blob) != Size(len(key)/2) {
			t.Errorf("%s is wrapped as %x, %v; want %s", key, blob, err, want)
		}
		back, err := Unwrap(kek, unhex(t, want))
		if err != nil || hex.EncodeToString(back) != key {
			t.Errorf("%s is unwrapped as %x, %v", want, back, err)
		}
	}
}

// rfc3394 are the vectors of section 4: KWP's W is the same function, with
// another initial value.
func rfc3394() []struct{ kek, key, want string } {
	const key = "00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f"
	const kek = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	return []struct{ kek, key, want string }{
		{kek[:32], key[:32], "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5"},
		{kek[:48], key[:32], "96778b25ae6ca435f92b5b97c050aed2468ab8a17ad84e5d"},
		{kek, key[:32], "64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7"},
		{kek[:48], key[:48], "031d33264e15d33268f24ec260743edce1c6c7ddee725a936ba814915c6762d2"},
		{kek, key[:48], "a8f9bc1612c68b3ff6e6f4fbe30e71e4769c8b80a32cb8958cd5d17d6b254da1"},
		{kek, key, "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21"},
	}
}

func TestTheVectorsOfRFC3394(t *testing.T) {
	iv := bytes.Repeat([]byte{0xa6}, 8) // section 2.2.3.1
	for _, v := range rfc3394() {
		b, err := aes.NewCipher(unhex(t, v.kek))
		if err != nil {
			t.Fatal(err)
		}
		work := append(bytes.Clone(iv), unhex(t, v.key)...)
		if wrapBlocks(b, work); hex.EncodeToString(work) != v.want {
			t.Errorf("%s under %s: %x, want %s", v.key, v.kek, work, v.want)
		}
		if unwrapBlocks(b, work); hex.EncodeToString(work[8:]) != v.key || !bytes.Equal(work[:8], iv) {
			t.Errorf("%s under %s comes back as %x", v.key, v.kek, work)
		}
	}
}

// A token that wraps by RFC 3394 where RFC 5649 was asked for is found out.
func TestPlainKeyWrapIsNotKWP(t *testing.T) {
	for _, v := range rfc3394() {
		if out, err := Unwrap(unhex(t, v.kek), unhex(t, v.want)); !errors.Is(err, ErrIntegrity) || out != nil {
			t.Errorf("RFC 3394's %s was unwrapped to %x", v.want, out)
		}
	}
}

// PKCS #7 padding, and padding with zeros that the length counts: what tokens
// were seen to emit under the name CKM_AES_KEY_WRAP_PAD.
func TestOtherPaddingsAreNotKWPOfTheKey(t *testing.T) {
	kek, key := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 28)
	b, err := aes.NewCipher(kek)
	if err != nil {
		t.Fatal(err)
	}
	pkcs7 := append(bytes.Repeat([]byte{0xa6}, 8), append(bytes.Clone(key), 4, 4, 4, 4)...)
	wrapBlocks(b, pkcs7)
	if _, err := Unwrap(kek, pkcs7); !errors.Is(err, ErrIntegrity) {
		t.Errorf("PKCS #7 under RFC 3394: %v", err)
	}
	long, err := Wrap(kek, append(bytes.Clone(key), 0, 0, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	if out, err := Unwrap(kek, long); err != nil || bytes.Equal(out, key) {
		t.Errorf("a key that was zero-padded before is %x, %v", out, err)
	}
	dirty := append(AIV(28), append(bytes.Clone(key), 0, 0, 0, 1)...)
	wrapBlocks(b, dirty)
	if _, err := Unwrap(kek, dirty); !errors.Is(err, ErrIntegrity) {
		t.Errorf("padding that is not zero: %v", err)
	}
}
