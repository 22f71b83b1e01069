package keywrap_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"testing"

	"github.com/tink-crypto/tink-go/v2/kwp/subtle"

	"keyrite.dev/keyrite/ceremony/keywrap"
)

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

// Tink's is a second implementation, by other people.
func TestAgreesWithAnotherImplementation(t *testing.T) {
	for _, bits := range []int{128, 256} { // it has no 192
		kek := random(bits / 8)
		other, err := subtle.NewKWP(kek)
		if err != nil {
			t.Fatal(err)
		}
		for n := 16; n <= 300; n++ { // it takes no fewer than 16 bytes
			key := random(n)
			ours, err := keywrap.Wrap(kek, key)
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := other.Wrap(key)
			if err != nil || !bytes.Equal(ours, theirs) {
				t.Fatalf("%d bytes: %x, and theirs is %x, %v", n, ours, theirs, err)
			}
			back, err := keywrap.Unwrap(kek, theirs)
			if err != nil || !bytes.Equal(back, key) {
				t.Fatalf("%d bytes come back as %x, %v", n, back, err)
			}
		}
	}
}

func TestEveryLengthComesBack(t *testing.T) {
	kek := random(32)
	for _, n := range []int{1, 7, 8, 9, 15, 16, 28, 32, 48, 64, 2375, keywrap.MaxKey} {
		key := random(n)
		blob, err := keywrap.Wrap(kek, key)
		if err != nil || len(blob) != keywrap.Size(n) {
			t.Fatalf("%d bytes are wrapped in %d, %v", n, len(blob), err)
		}
		if back, err := keywrap.Unwrap(kek, blob); err != nil || !bytes.Equal(back, key) {
			t.Errorf("%d bytes do not come back: %v", n, err)
		}
	}
}

func TestRefusesWhatItCannotWrap(t *testing.T) {
	for name, c := range map[string]struct{ kek, key []byte }{
		"no key": {random(32), nil}, "too long": {random(32), random(keywrap.MaxKey + 1)}, "a short wrapping key": {random(31), random(32)},
	} {
		if _, err := keywrap.Wrap(c.kek, c.key); err == nil {
			t.Errorf("%s was wrapped", name)
		}
	}
	if _, err := keywrap.Unwrap(random(31), random(40)); err == nil || errors.Is(err, keywrap.ErrIntegrity) {
		t.Errorf("a wrapping key that is none was answered %v", err)
	}
}

func TestEveryTamperedByteIsFound(t *testing.T) {
	kek := random(32)
	for _, n := range []int{5, 28, 32, 64} {
		blob, err := keywrap.Wrap(kek, random(n))
		if err != nil {
			t.Fatal(err)
		}
		for i := range blob {
			for bit := range 8 {
				bad := bytes.Clone(blob)
				bad[i] ^= 1 << bit
				refuse(t, kek, bad)
			}
		}
		for cut := range blob {
			refuse(t, kek, blob[:cut])
		}
		refuse(t, kek, append(bytes.Clone(blob), make([]byte, 8)...))
		refuse(t, random(32), blob)
	}
	refuse(t, kek, random(keywrap.Size(keywrap.MaxKey)+8))
}

func refuse(t *testing.T, kek, blob []byte) {
	t.Helper()
	if out, err := keywrap.Unwrap(kek, blob); !errors.Is(err, keywrap.ErrIntegrity) || out != nil {
		t.Errorf("%x was answered %x, %v", blob, out, err)
	}
}

func published(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := keywrap.PublishedKey("RSA_3072")
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestThePublishedKeysAreOfTheCloudsSizes(t *testing.T) {
	for spec, bits := range map[string]int{"RSA_3072": 3072, "RSA_4096": 4096} {
		key, err := keywrap.PublishedKey(spec)
		if err != nil || key.N.BitLen() != bits || key.E != 65537 || key.Validate() != nil {
			t.Errorf("%s: %v", spec, err)
		}
	}
	for _, spec := range []string{"", "RSA_1024", "RSA_2048", "SM2"} {
		if _, err := keywrap.PublishedKey(spec); err == nil {
			t.Errorf("there is a published key for %q", spec)
		}
	}
}

func TestTheComposedWrapOpensAndTamperingIsFound(t *testing.T) {
	key := published(t)
	for _, hash := range []crypto.Hash{crypto.SHA1, crypto.SHA256} {
		target, kek := random(32), random(32)
		outer, err := rsa.EncryptOAEP(hash.New(), rand.Reader, &key.PublicKey, kek, nil)
		if err != nil {
			t.Fatal(err)
		}
		inner, err := keywrap.Wrap(kek, target)
		if err != nil {
			t.Fatal(err)
		}
		blob := append(outer, inner...)
		if out, err := keywrap.UnwrapRSAAES(key, hash, blob); err != nil || !bytes.Equal(out, target) {
			t.Errorf("%v: %v", hash, err)
		}
		for _, i := range []int{0, 200, key.Size() - 1, key.Size(), len(blob) - 1} {
			bad := bytes.Clone(blob)
			bad[i] ^= 1
			if _, err := keywrap.UnwrapRSAAES(key, hash, bad); !errors.Is(err, keywrap.ErrIntegrity) {
				t.Errorf("%v, byte %d tampered with: %v", hash, i, err)
			}
		}
		for _, n := range []int{0, key.Size(), len(blob) - 8} {
			if _, err := keywrap.UnwrapRSAAES(key, hash, blob[:n]); !errors.Is(err, keywrap.ErrIntegrity) {
				t.Errorf("%v, cut to %d: %v", hash, n, err)
			}
		}
	}
}

// SoftHSM 2.7 was seen to answer a wrap by SHA-256 with one by SHA-1.
func TestAnotherHashThanAskedForIsFound(t *testing.T) {
	key := published(t)
	blob, err := rsa.EncryptOAEP(crypto.SHA1.New(), rand.Reader, &key.PublicKey, random(32), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keywrap.UnwrapOAEP(key, crypto.SHA256, blob); !errors.Is(err, keywrap.ErrIntegrity) {
		t.Errorf("answered %v", err)
	}
	if out, err := keywrap.UnwrapOAEP(key, crypto.SHA1, blob); err != nil || len(out) != 32 {
		t.Errorf("%d bytes, %v", len(out), err)
	}
	if _, err := keywrap.UnwrapRSAAES(key, crypto.SHA1, append(innerOf(t, key, 16), random(40)...)); !errors.Is(err, keywrap.ErrIntegrity) {
		t.Errorf("an inner key of 16 bytes was answered %v", err)
	}
}

func innerOf(t *testing.T, key *rsa.PrivateKey, n int) []byte {
	t.Helper()
	blob, err := rsa.EncryptOAEP(crypto.SHA1.New(), rand.Reader, &key.PublicKey, random(n), nil)
	if err != nil {
		t.Fatal(err)
	}
	return blob
}

// FuzzUnwrap holds that what unwraps is exactly what wraps.
func FuzzUnwrap(f *testing.F) {
	kek := bytes.Repeat([]byte{7}, 32)
	for _, n := range []int{1, 8, 20, 28, 32, 64} {
		blob, err := keywrap.Wrap(kek, bytes.Repeat([]byte{byte(n)}, n))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(blob)
		f.Add(blob[:len(blob)-8])
	}
	f.Add([]byte{})
	f.Add(make([]byte, 16))
	f.Add(make([]byte, keywrap.Size(keywrap.MaxKey)))
	f.Fuzz(func(t *testing.T, blob []byte) {
		key, err := keywrap.Unwrap(kek, blob)
		if err != nil {
			if !errors.Is(err, keywrap.ErrIntegrity) || key != nil {
				t.Fatalf("%x, %v", key, err)
			}
			return
		}
		if again, err := keywrap.Wrap(kek, key); err != nil || !bytes.Equal(again, blob) {
			t.Fatalf("%x unwraps to %x, which wraps to %x, %v", blob, key, again, err)
		}
	})
}
