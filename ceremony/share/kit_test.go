package share_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"testing"

	"filippo.io/age"

	"keyrite.dev/keyrite/ceremony/secret"
	"keyrite.dev/keyrite/ceremony/share"
)

// Places in the payload, written down a second time: docs/formats/share.md is
// the third, and a test compares it with these.
const (
	atVersion   = 0
	atCeremony  = 1
	atSplit     = 33
	atThreshold = 49
	atCount     = 50
	atIndex     = 51
	atX         = 52
	atY         = 53
	atSalt      = 85
	atChecksum  = 101
	payloadSize = 106
)

// A table is one split and the people at it.
type table struct {
	t           testing.TB
	key         []byte
	set         share.Set
	split       share.Split
	identities  []*age.X25519Identity
	commitments map[string]string // by holder
}

func holder(index int) string { return fmt.Sprintf("custodian-%d", index) }

func ceremonyID(name string) [32]byte { return sha256.Sum256([]byte(name)) }

// deal splits a random key, k of n.
func deal(t testing.TB, k, n int) *table {
	t.Helper()
	set, err := share.NewSet(ceremonyID("ceremony"), k, n)
	if err != nil {
		t.Fatal(err)
	}
	key := make([]byte, share.KeySize)
	rand.Read(key)
	return dealKey(t, key, set)
}

func dealKey(t testing.TB, key []byte, set share.Set) *table {
	t.Helper()
	tb := &table{t: t, key: key, set: set, commitments: map[string]string{}}
	var recipients []age.Recipient
	for range set.Count {
		id, err := age.GenerateX25519Identity()
		if err != nil {
			t.Fatal(err)
		}
		tb.identities = append(tb.identities, id)
		recipients = append(recipients, id.Recipient())
	}
	var err error
	secret.Do(func() { tb.split, err = share.Deal(key, set, recipients) })
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range tb.split.Dealt {
		tb.commitments[holder(d.Index)] = d.Commitment
	}
	return tb
}

// open opens the share of index, from 1.
func (tb *table) open(index int) *share.Share {
	tb.t.Helper()
	s, err := share.Open(tb.split.Dealt[index-1].Sealed, tb.identities[index-1])
	if err != nil {
		tb.t.Fatalf("share %d: %v", index, err)
	}
	return s
}

func (tb *table) held(indexes ...int) []share.Held {
	tb.t.Helper()
	var out []share.Held
	for _, i := range indexes {
		out = append(out, share.Held{Holder: holder(i), Share: tb.open(i)})
	}
	return out
}

// payload is what age alone finds in the file of index.
func (tb *table) payload(index int) []byte {
	tb.t.Helper()
	r, err := age.Decrypt(bytes.NewReader(tb.split.Dealt[index-1].Sealed), tb.identities[index-1])
	if err != nil {
		tb.t.Fatal(err)
	}
	p, err := io.ReadAll(r)
	if err != nil || len(p) != payloadSize {
		tb.t.Fatalf("payload of %d bytes: %v", len(p), err)
	}
	return p
}

func (tb *table) combine(held []share.Held) ([]byte, error) {
	out := make([]byte, share.KeySize)
	err := share.Combine(out, tb.set, held, tb.commitments)
	return out, err
}

// commitment is the second implementation of the commitment.
func commitment(payload []byte) [32]byte {
	return sha256.Sum256(append([]byte("keyrite share v1\x00"), payload[:atChecksum]...))
}

// forge gives a changed payload the checksum that fits.
func forge(payload []byte) []byte {
	sum := commitment(payload)
	copy(payload[atChecksum:], sum[:])
	return payload
}

// sealTo is age alone.
func sealTo(t testing.TB, content []byte, to age.Recipient) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := age.Encrypt(&b, to)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(content)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// reopen opens a payload that somebody changed, sealed to the custodian of index.
func (tb *table) reopen(index int, payload []byte) (*share.Share, error) {
	tb.t.Helper()
	id := tb.identities[index-1]
	return share.Open(sealTo(tb.t, payload, id.Recipient()), id)
}

// forged is a held share with a change and a checksum that fits.
func (tb *table) forged(index int, change func(p []byte)) share.Held {
	tb.t.Helper()
	p := tb.payload(index)
	change(p)
	s, err := tb.reopen(index, forge(p))
	if err != nil {
		tb.t.Fatal(err)
	}
	return share.Held{Holder: holder(index), Share: s}
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
