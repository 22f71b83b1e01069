package plan

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"

	"keyrite.dev/keyrite/ceremony/dsse"
)

func TestTheDefaultIsThreeOfFiveForAWS(t *testing.T) {
	for _, spec := range []KeySpec{AES256, HMAC224, HMAC256, HMAC384, HMAC512} {
		for _, sha1 := range []bool{false, true} {
			p := Default(spec, sha1)
			want := Wrapping{Algorithm: "RSAES_OAEP_SHA_256", KeySpec: "RSA_4096"}
			if sha1 {
				want.Algorithm = "RSAES_OAEP_SHA_1"
			}
			if p.Key.Spec != spec || p.Wrapping != want || p.Destination.Cloud != CloudAWS || p.Shares != (Shares{Count: 5, Threshold: 3}) {
				t.Errorf("%+v", p)
			}
		}
	}
}

// The keys of the example are SHA-256 of a text, taken as a point where it is
// one: whoever made them knows no private key either.
func TestTheDefaultsKeysBelongToNobody(t *testing.T) {
	for _, m := range Default(AES256, false).Roster {
		if got, want := string(m.Key), string(nobodysKey(t, m)); got != want {
			t.Errorf("%s: %x, want %x", m.ID, got, want)
		}
	}
}

func nobodysKey(t *testing.T, m Member) []byte {
	t.Helper()
	for i := range 100 {
		h := sha256.Sum256(fmt.Appendf(nil, "keyrite placeholder key %s %d", m.ID, i))
		der, err := x509.MarshalPKIXPublicKey(ed25519.PublicKey(h[:]))
		if m.Role == HSM {
			x, y := elliptic.UnmarshalCompressed(elliptic.P256(), append([]byte{2}, h[:]...))
			if x == nil {
				continue
			}
			point := make([]byte, 65) // uncompressed, SEC 1 section 2.3.3
			point[0] = 4
			x.FillBytes(point[1:33])
			y.FillBytes(point[33:])
			pub, parseErr := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
			if parseErr != nil {
				t.Fatal(parseErr)
			}
			der, err = x509.MarshalPKIXPublicKey(pub)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := dsse.ParsePublicKey(der); err == nil {
			return der
		}
	}
	t.Fatalf("no key for %s", m.ID)
	return nil
}

// The window's bundled font has Latin, Greek and Cyrillic letters.
func TestTheDefaultsNamesCanBeDrawn(t *testing.T) {
	p := Default(AES256, false)
	texts := []string{p.Title, p.Key.Label}
	for _, m := range p.Roster {
		texts = append(texts, m.Name)
	}
	for _, s := range texts {
		for _, r := range s {
			if unicode.IsLetter(r) && !unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic) {
				t.Errorf("%q in %q", r, s)
			}
		}
	}
}

func TestWithAndMemberFindPeople(t *testing.T) {
	p := Default(AES256, false)
	if got := p.With(Custodian); len(got) != 5 || got[0].ID != "custodian-1" || got[4].ID != "custodian-5" {
		t.Errorf("%v", got)
	}
	if m, ok := p.Member("witness"); !ok || m.Role != Witness {
		t.Errorf("%v, %t", m, ok)
	}
	if _, ok := p.Member("Witness"); ok {
		t.Error("ids are found in other letters")
	}
	if p.Life() != 4*time.Hour {
		t.Error(p.Life())
	}
}

func TestKeySpecsKnowTheirSizes(t *testing.T) {
	for spec, want := range map[KeySpec]int{AES256: 32, HMAC224: 28, HMAC256: 32, HMAC384: 48, HMAC512: 64, "": 0, "AES_128": 0, "aes_256": 0} {
		if spec.Bytes() != want {
			t.Errorf("%s: %d bytes", spec, spec.Bytes())
		}
		if spec.IsHMAC() != strings.HasPrefix(string(spec), "HMAC") {
			t.Errorf("%s: HMAC %t", spec, spec.IsHMAC())
		}
	}
}
