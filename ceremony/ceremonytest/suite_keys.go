package ceremonytest

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/keycheck"
	"keyrite.dev/keyrite/ceremony/keywrap"
	"keyrite.dev/keyrite/ceremony/plan"
)

func (s *suite) attributes(t *testing.T) {
	f := s.loggedIn(t)
	key := f.generate(t, plan.AES256)
	if raw, err := hex.DecodeString(string(key.ID)); err != nil || len(raw) != 16 || key.Label != suiteLabel || key.Mechanism != "CKM_AES_KEY_GEN" {
		t.Errorf("key %+v", key)
	}
	read, err := f.Token.Attributes(t.Context(), key.ID)
	must(t, err)
	for name, want := range map[string]string{
		"CKA_TOKEN": "true", "CKA_PRIVATE": "true", "CKA_SENSITIVE": "true", "CKA_EXTRACTABLE": "true",
		"CKA_ENCRYPT": "false", "CKA_DECRYPT": "false", "CKA_WRAP": "false", "CKA_UNWRAP": "false", "CKA_DERIVE": "false",
		"CKA_SIGN": "true", "CKA_VERIFY": "false", "CKA_ALWAYS_SENSITIVE": "true", "CKA_NEVER_EXTRACTABLE": "false",
	} {
		if read[name] != want || key.Attributes[name] != want {
			t.Errorf("%s is %q, and was %q when it was made; want %s", name, read[name], key.Attributes[name], want)
		}
	}
}

// checkValues compares what the token says of a key with the bytes that it wraps.
func (s *suite) checkValues(t *testing.T) {
	nonce := []byte("nonce of the suite, 32 bytes long")
	for _, spec := range []plan.KeySpec{plan.AES256, plan.HMAC256, plan.HMAC384, plan.HMAC512} {
		t.Run(string(spec), func(t *testing.T) {
			f := s.loggedIn(t)
			key := f.generate(t, spec)
			kcv, err := f.Token.CheckValue(t.Context(), key.ID, nonce)
			must(t, err)
			clear := s.export(t, f, spec, key.ID)
			if len(clear) != spec.Bytes() {
				t.Fatalf("%d bytes left the token, want %d", len(clear), spec.Bytes())
			}
			if !spec.IsHMAC() {
				want, err := keycheck.AESCheckValue(clear)
				must(t, err)
				if !bytes.Equal(kcv, want[:]) {
					t.Errorf("check value %x, of the bytes %x", kcv, want)
				}
				return
			}
			want, err := macOf(clear, nonce)
			must(t, err)
			mac, err := f.Token.MAC(t.Context(), key.ID, nonce)
			must(t, err)
			if !bytes.Equal(mac, want) || !bytes.Equal(kcv, want[:keycheck.AESCheckLength]) {
				t.Errorf("MAC %x and check value %x, of the bytes %x", mac, kcv, want)
			}
			if _, err := f.Token.CheckValue(t.Context(), key.ID, nil); err == nil {
				t.Error("an HMAC key was checked without a nonce")
			}
		})
	}
}

// export runs the preflight, wraps a key and opens the blob as the cloud would.
func (s *suite) export(t *testing.T, f TokenFixture, spec plan.KeySpec, id ceremony.KeyID) []byte {
	t.Helper()
	pre, err := f.Token.Preflight(t.Context(), ceremony.Need{Spec: spec, Algorithm: f.Algorithm, KeySpec: suiteSpec})
	must(t, err)
	if pre.Cloud == "" || pre.Backup == "" || len(pre.Recipes) < 2 || len(pre.Enforced) == 0 || pre.Elapsed <= 0 {
		t.Errorf("preflight %+v", pre)
	}
	wrapped, err := f.Token.Wrap(t.Context(), id, s.key(f))
	must(t, err)
	if wrapped.Mechanism == "" || len(wrapped.Blob) != suiteBits/8 {
		t.Errorf("%d bytes by %q", len(wrapped.Blob), wrapped.Mechanism)
	}
	hash, _, err := hashFor(f.Algorithm)
	must(t, err)
	out, err := keywrap.UnwrapOAEP(s.cloud, hash, wrapped.Blob)
	must(t, err)
	return out
}

func (s *suite) key(f TokenFixture) ceremony.WrappingKey {
	k := s.with
	k.Algorithm = f.Algorithm
	return k
}

func (s *suite) noPreflight(t *testing.T) {
	f := s.loggedIn(t)
	key := f.generate(t, plan.AES256)
	before := f.objects(t)
	if w, err := f.Token.Wrap(t.Context(), key.ID, s.key(f)); err == nil || len(w.Blob) > 0 || !strings.Contains(err.Error(), "preflight") {
		t.Errorf("wrapped without a preflight: %d bytes, %v", len(w.Blob), err)
	}
	if now := f.objects(t); !slices.Equal(now, before) {
		t.Errorf("objects %v, before %v", now, before)
	}
}

func (s *suite) otherThanProven(t *testing.T) {
	f := s.loggedIn(t)
	key := f.generate(t, plan.AES256)
	for name, need := range map[string]ceremony.Need{
		"another size":   {Spec: plan.AES256, Algorithm: f.Algorithm, KeySpec: "RSA_4096"},
		"another length": {Spec: plan.HMAC512, Algorithm: f.Algorithm, KeySpec: suiteSpec},
		"another kind":   {Spec: plan.HMAC256, Algorithm: f.Algorithm, KeySpec: suiteSpec},
	} {
		_, err := f.Token.Preflight(t.Context(), need)
		must(t, err)
		if _, err := f.Token.Wrap(t.Context(), key.ID, s.key(f)); err == nil {
			t.Errorf("%s was proven, and the wrap went on", name)
		}
	}
}

func (s *suite) wrongKeySize(t *testing.T) {
	f := s.loggedIn(t)
	key := f.generate(t, plan.AES256)
	_, err := f.Token.Preflight(t.Context(), ceremony.Need{Spec: plan.AES256, Algorithm: f.Algorithm, KeySpec: suiteSpec})
	must(t, err)
	lies := s.key(f)
	lies.KeySpec = "RSA_4096"
	damaged := s.key(f)
	damaged.SPKI = damaged.SPKI[:len(damaged.SPKI)-1]
	unknown := s.key(f)
	unknown.Algorithm = "RSAES_PKCS1_V1_5"
	for name, with := range map[string]ceremony.WrappingKey{"a key that is not its spec": lies, "a damaged key": damaged, "an unknown algorithm": unknown} {
		if w, err := f.Token.Wrap(t.Context(), key.ID, with); err == nil || len(w.Blob) > 0 {
			t.Errorf("wrapped under %s: %d bytes", name, len(w.Blob))
		}
	}
}

func (s *suite) lacks(t *testing.T) {
	f := s.loggedIn(t)
	lacks := append(f.Lacks,
		Lack{ceremony.Need{Spec: plan.AES256, Algorithm: "RSAES_PKCS1_V1_5", KeySpec: suiteSpec}, []string{"RSAES_PKCS1_V1_5"}},
		Lack{ceremony.Need{Spec: plan.AES256, Algorithm: f.Algorithm, KeySpec: "RSA_1024"}, []string{"RSA_1024"}})
	for _, l := range lacks {
		_, err := f.Token.Preflight(t.Context(), l.Need)
		if err == nil {
			t.Errorf("%+v was not refused", l.Need)
			continue
		}
		for _, words := range l.Says {
			if !strings.Contains(err.Error(), words) {
				t.Errorf("%+v was refused with %q, without the words %q", l.Need, err, words)
			}
		}
	}
	if got := f.objects(t); len(got) > 0 {
		t.Errorf("the refusals made %v", got)
	}
}

func (s *suite) preflightLeavesNothing(t *testing.T) {
	f := s.loggedIn(t)
	f.generate(t, plan.AES256)
	before := f.objects(t)
	_, err := f.Token.Preflight(t.Context(), ceremony.Need{Spec: plan.AES256, Algorithm: f.Algorithm, KeySpec: suiteSpec})
	must(t, err)
	if now := f.objects(t); !slices.Equal(now, before) {
		t.Errorf("objects %v, before %v", now, before)
	}
}

func (s *suite) seal(t *testing.T) {
	f := s.loggedIn(t)
	key := f.generate(t, plan.AES256)
	must(t, f.Token.Seal(t.Context(), key.ID))
	a, err := f.Token.Attributes(t.Context(), key.ID)
	must(t, err)
	if a["CKA_EXTRACTABLE"] != "false" || a["CKA_NEVER_EXTRACTABLE"] != "false" || a["CKA_SENSITIVE"] != "true" {
		t.Errorf("sealed, the key says %v", a)
	}
	if _, err := f.Token.CheckValue(t.Context(), key.ID, nil); err != nil {
		t.Errorf("a sealed key has no check value: %v", err)
	}
	if err := f.Token.Seal(t.Context(), ceremony.KeyID(strings.Repeat("00", 16))); err == nil {
		t.Error("a key that is not there was sealed")
	}
	_, err = f.Token.Preflight(t.Context(), ceremony.Need{Spec: plan.AES256, Algorithm: f.Algorithm, KeySpec: suiteSpec})
	must(t, err)
	if w, err := f.Token.Wrap(t.Context(), key.ID, s.key(f)); err == nil || len(w.Blob) > 0 {
		t.Errorf("a sealed key was wrapped: %d bytes", len(w.Blob))
	}
}

func (s *suite) destroy(t *testing.T) {
	f := s.loggedIn(t)
	key := f.generate(t, plan.AES256)
	must(t, f.Token.Destroy(t.Context(), key.ID))
	if err := f.Token.Destroy(t.Context(), key.ID); err == nil {
		t.Error("a key was destroyed twice")
	}
	if _, err := f.Token.CheckValue(t.Context(), key.ID, nil); err == nil {
		t.Error("a destroyed key has a check value")
	}
	f.generate(t, plan.AES256) // its label is free again
}

func (s *suite) inventory(t *testing.T) {
	f := s.loggedIn(t)
	empty := f.objects(t)
	if len(empty) != 0 {
		t.Errorf("a fresh token holds %v", empty)
	}
	key := f.generate(t, plan.HMAC256)
	want := fmt.Sprintf("CKO_SECRET_KEY CKK_GENERIC_SECRET %q %s token=true", suiteLabel, key.ID)
	if got := f.objects(t); !slices.Equal(got, []string{want}) {
		t.Errorf("the token holds %v, want %s", got, want)
	}
	_, err := f.Token.Commission(t.Context())
	must(t, err)
	if got := f.objects(t); len(got) != 3 || !slices.IsSorted(got) {
		t.Errorf("commissioned, the token holds %v; want three objects, sorted", got)
	}
	must(t, f.Token.Destroy(t.Context(), key.ID))
	if got := f.objects(t); len(got) != 2 || slices.Contains(got, want) {
		t.Errorf("after the destruction the token holds %v", got)
	}
}

func (s *suite) sign(t *testing.T) {
	f := s.loggedIn(t)
	message := []byte("what the room saw")
	if _, err := f.Token.Sign(t.Context(), message); err == nil {
		t.Error("a token signed that was not commissioned")
	}
	spki, err := f.Token.Commission(t.Context())
	must(t, err)
	public, err := dsse.ParsePublicKey(spki)
	must(t, err)
	sig, err := f.Token.Sign(t.Context(), message)
	must(t, err)
	if !public.Verify(message, sig) || public.Verify([]byte("another"), sig) {
		t.Error("the signature does not verify as it should")
	}
	if _, err := f.Token.Commission(t.Context()); err == nil {
		t.Error("a token was commissioned twice")
	}
	must(t, f.Token.Logout(t.Context()))
	if _, err := f.Token.Sign(t.Context(), message); err == nil {
		t.Error("a token signed after the logout")
	}
}
