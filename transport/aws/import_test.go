package aws_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"testing"
	"time"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/transport/rehearsal"
)

// TestProvesAnEncryptionKey runs the whole online part for AES through the real
// SDK over a real socket, on a cloud where a token works once and an import takes
// a moment to show.
func TestProvesAnEncryptionKey(t *testing.T) {
	for _, w := range []plan.Wrapping{
		small(),
		{Algorithm: "RSAES_OAEP_SHA_1", KeySpec: "RSA_3072"},
		{Algorithm: "RSAES_OAEP_SHA_256", KeySpec: "RSA_4096"},
	} {
		t.Run(w.Algorithm+" "+w.KeySpec, func(t *testing.T) {
			s := newStage(t, rehearsal.Config{SingleUse: true, Lag: 50 * time.Millisecond})
			r, params := s.prepare(t, plan.AES256, w)
			var stages []string
			receipt, err := s.cloud.Import(t.Context(), ceremony.Import{
				Parcel: r.pack(t, params), Trusted: r.trusted, Signer: r.person(plan.Importer), Control: true,
				Progress: func(stage string) { stages = append(stages, stage) },
			})
			check(t, err)
			if receipt.State != "Enabled" || receipt.Proof != "existing-material" || receipt.Control != "refused" {
				t.Errorf("receipt says %q, %q, %q", receipt.State, receipt.Proof, receipt.Control)
			}
			if receipt.Key != r.plan.Destination.Key || len(receipt.MaterialID) != 64 || receipt.Tag != nil {
				t.Errorf("receipt says key %q, material %q, tag %x", receipt.Key, receipt.MaterialID, receipt.Tag)
			}
			if len(stages) != 6 {
				t.Errorf("stages shown: %q", stages)
			}
		})
	}
}

// TestProvesAMACKey: the cloud's tag over the room's nonce is the right one.
func TestProvesAMACKey(t *testing.T) {
	for spec, h := range map[plan.KeySpec]func() hash.Hash{
		plan.HMAC224: sha256.New224, plan.HMAC256: sha256.New, plan.HMAC384: sha512.New384, plan.HMAC512: sha512.New,
	} {
		t.Run(string(spec), func(t *testing.T) {
			s := newStage(t, rehearsal.Config{SingleUse: true})
			r, params := s.prepare(t, spec, small())
			receipt, err := s.importParcel(t, r, r.pack(t, params))
			check(t, err)
			mac := hmac.New(h, r.material)
			mac.Write(r.nonce)
			equal(t, "tag", receipt.Tag, mac.Sum(nil))
			if receipt.Proof != "hmac-tag" || receipt.Control != "" || receipt.MaterialID != "" {
				t.Errorf("receipt says %q, %q, %q", receipt.Proof, receipt.Control, receipt.MaterialID)
			}
		})
	}
}

// BenchmarkFetchAndImport is the online part of an AES ceremony, without the
// making of wrapping keys and the room's work.
func BenchmarkFetchAndImport(b *testing.B) {
	s := newStage(b, rehearsal.Config{})
	w := plan.Wrapping{Algorithm: "RSAES_OAEP_SHA_256", KeySpec: "RSA_4096"}
	s.prepare(b, plan.AES256, w)
	s.prepare(b, plan.AES256, w) // fills the ring
	for b.Loop() {
		r, params := s.prepare(b, plan.AES256, w)
		if _, err := s.importParcel(b, r, r.pack(b, params)); err != nil {
			b.Fatal(err)
		}
	}
}
