package share_test

import (
	"bytes"
	"testing"

	"filippo.io/age"

	"keyrite.dev/keyrite/ceremony/share"
)

func FuzzOpenTakesNothingButAShare(f *testing.F) {
	tb := deal(f, 2, 2)
	good, id := tb.split.Dealt[0].Sealed, tb.identities[0]
	for _, seed := range [][]byte{nil, good, good[:len(good)-1], append(bytes.Clone(good), 0), tb.split.Dealt[1].Sealed, []byte("age-encryption.org/v1\n")} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		s, err := share.Open(file, id)
		if (s == nil) == (err == nil) {
			t.Fatalf("a share and an error, or neither: %v", err)
		}
		if s != nil && s.Commitment() != tb.commitments[holder(1)] {
			t.Error("opened what was not dealt")
		}
	})
}

func FuzzAPayloadIsUnderstoodOrRefused(f *testing.F) {
	tb := deal(f, 2, 3)
	id := identity(f)
	whole, other := tb.payload(1), tb.held(2)[0]
	for _, seed := range [][]byte{whole, whole[:payloadSize-1], append(bytes.Clone(whole), 0), make([]byte, payloadSize), bytes.Repeat([]byte{0xff}, payloadSize)} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, payload []byte, fits bool) {
		payload = bytes.Clone(payload)
		if fits && len(payload) == payloadSize {
			forge(payload)
		}
		s, err := share.Open(sealTo(t, payload, id.Recipient()), id)
		if err != nil {
			return
		}
		sum := commitment(payload)
		k, n, i := int(payload[atThreshold]), int(payload[atCount]), int(payload[atIndex])
		switch {
		case len(payload) != payloadSize || payload[atVersion] != 1 || payload[atX] == 0 || !bytes.Equal(sum[:5], payload[atChecksum:]):
			t.Error("opened a payload that is none")
		case k < 2 || k > n || i < 1 || i > n:
			t.Errorf("opened share %d of %d of %d", i, k, n)
		case s.Index() != i || s.Set().Threshold != k || s.Set().Count != n:
			t.Error("understood another share")
		}
		err = share.Combine(make([]byte, share.KeySize), tb.set, []share.Held{{Holder: holder(1), Share: s}, other}, tb.commitments)
		if err == nil && !bytes.Equal(payload, whole) {
			t.Error("combined what was not dealt")
		}
	})
}

func identity(t testing.TB) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}
