package keycheck

import (
	"encoding/hex"
	"testing"
)

// Examples of RFC 4493, section 4 (AES-128), and of NIST's "AES_CMAC" example
// values for SP 800-38B (AES-192, AES-256). All use the same message, cut to
// length.
const message = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51" +
	"30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"

func TestCMACAnswersThePublishedExamples(t *testing.T) {
	const (
		key128 = "2b7e151628aed2a6abf7158809cf4f3c"
		key192 = "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b"
		key256 = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"
	)
	for _, c := range []struct {
		key    string
		length int
		want   string
	}{
		{key128, 0, "bb1d6929e95937287fa37d129b756746"},
		{key128, 16, "070a16b46b4d4144f79bdd9dd04a287c"},
		{key128, 40, "dfa66747de9ae63030ca32611497c827"},
		{key128, 64, "51f0bebf7e3b9d92fc49741779363cfe"},
		{key192, 0, "d17ddf46adaacde531cac483de7a9367"},
		{key192, 16, "9e99a7bf31e710900662f65e617c5184"},
		{key192, 40, "8a1de5be2eb31aad089a82e6ee908b0e"},
		{key192, 64, "a1d5df0eed790f794d77589659f39a11"},
		{key256, 0, "028962f61b7bf89efc6b551f4667d983"},
		{key256, 16, "28a7023f452e8f82bd4bf28d8c37c35c"},
		{key256, 40, "aaf3d8f1de5640c232f5b169b9c911e6"},
		{key256, 64, "e1992190549f6ed5696a2c056c315410"},
	} {
		got, err := CMAC(unhex(t, c.key), unhex(t, message)[:c.length])
		if err != nil {
			t.Fatal(err)
		}
		if hex.EncodeToString(got[:]) != c.want {
			t.Errorf("key of %d bytes, message of %d: %x, want %s", len(c.key)/2, c.length, got, c.want)
		}
	}
}

func TestCMACChangesWithEveryLength(t *testing.T) {
	seen := map[[16]byte]int{}
	for n := range 70 {
		mac, err := CMAC(make([]byte, 32), make([]byte, n))
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[mac]; ok {
			t.Errorf("%d and %d zeros have the same MAC", n, other)
		}
		seen[mac] = n
	}
}

func TestCMACLeavesTheMessageAlone(t *testing.T) {
	m := unhex(t, message)
	if _, err := CMAC(make([]byte, 32), m); err != nil {
		t.Fatal(err)
	}
	if hex.EncodeToString(m) != message {
		t.Error("the message was written to")
	}
}

func TestAESCheckValueIsTheStartOfTheCMACOverZeros(t *testing.T) {
	key := unhex(t, "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
	mac, err := CMAC(key, make([]byte, 16))
	if err != nil {
		t.Fatal(err)
	}
	got, err := AESCheckValue(key)
	if err != nil {
		t.Fatal(err)
	}
	if got != [5]byte(mac[:5]) {
		t.Errorf("check value %x, CMAC %x", got, mac)
	}
}

func TestKeysOfNoAESSizeAreRefused(t *testing.T) {
	for _, n := range []int{0, 1, 15, 17, 31, 33, 64} {
		if _, err := CMAC(make([]byte, n), nil); err == nil {
			t.Errorf("CMAC took a key of %d bytes", n)
		}
		if _, err := AESCheckValue(make([]byte, n)); err == nil {
			t.Errorf("AESCheckValue took a key of %d bytes", n)
		}
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
