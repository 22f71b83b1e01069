// Package dsse holds signed envelopes after DSSE 1.0.2 (secure-systems-lab/dsse),
// narrowed to what two independent readers can agree on.
//
// An envelope is one JSON object in the spelling of package canon:
//
//	{"payload":"<std base64>","payloadType":"<ASCII>","signatures":[{"keyid":"<64 hex>","sig":"<std base64>"}]}
//
// A signature is over PAE(type, payload) = "DSSEv1 " len(type) " " type " "
// len(payload) " " payload, lengths in ASCII decimal bytes. keyid is the
// lower-case hex SHA-256 of the signer's SubjectPublicKeyInfo in DER. Algorithms
// follow from the key and are never named in the envelope: Ed25519 (pure), ECDSA
// P-256 with SHA-256, ECDSA P-384 with SHA-384, ECDSA signatures in DER.
//
// Deliberately stricter than the DSSE libraries: every signature must be by a
// known key, valid, and the only one of its key; there is no best effort.
package dsse

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"keyrite.dev/keyrite/ceremony/canon"
)

// Caps, checked before anything is decoded. The largest honest envelope is a
// wrapped-key parcel (about 60 kB); the largest roster signs a seal with 64 keys.
const (
	MaxEnvelope   = 1 << 20 // bytes
	MaxSignatures = 64
)

// An Envelope is a payload of a stated type and the signatures over both.
type Envelope struct {
	Payload     []byte      `json:"payload"`
	PayloadType string      `json:"payloadType"`
	Signatures  []Signature `json:"signatures"`
}

// A Signature is one key's signature over the envelope's PAE.
type Signature struct {
	KeyID string `json:"keyid"`
	Sig   []byte `json:"sig"`
}

// A Signer signs messages with one key. message is the PAE, not a digest.
type Signer interface {
	Public() PublicKey
	Sign(ctx context.Context, message []byte) ([]byte, error)
}

// PAE is DSSE's pre-authentication encoding: the bytes that are signed.
func PAE(payloadType string, payload []byte) []byte {
	return fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(payloadType), payloadType, len(payload), payload)
}

// Sign returns an envelope over payload with one signature of each signer, in
// the order given. A signature that its own public key does not verify is an
// error here, not a surprise for the reader.
func Sign(ctx context.Context, payloadType string, payload []byte, signers ...Signer) (Envelope, error) {
	e := Envelope{Payload: payload, PayloadType: payloadType}
	for _, s := range signers {
		if err := e.Add(ctx, s); err != nil {
			return Envelope{}, err
		}
	}
	return e, nil
}

// Add appends s's signature.
func (e *Envelope) Add(ctx context.Context, s Signer) error {
	message := PAE(e.PayloadType, e.Payload)
	sig, err := s.Sign(ctx, message)
	if err != nil {
		return fmt.Errorf("failed to sign: %w", err)
	}
	if !s.Public().Verify(message, sig) {
		return errors.New("the signature just made does not verify")
	}
	e.Signatures = append(e.Signatures, Signature{KeyID: s.Public().ID(), Sig: sig})
	return nil
}

// Encode returns e in the one spelling, without a line feed.
func (e Envelope) Encode() ([]byte, error) { return canon.Marshal(e) }

// Parse reads an envelope. It checks the form only; see [Envelope.Verify].
func Parse(data []byte) (Envelope, error) {
	if len(data) > MaxEnvelope {
		return Envelope{}, fmt.Errorf("invalid envelope: %d bytes, at most %d", len(data), MaxEnvelope)
	}
	var e Envelope
	if err := canon.Unmarshal(data, &e); err != nil {
		return Envelope{}, fmt.Errorf("invalid envelope: %w", err)
	}
	switch n := len(e.Signatures); {
	case n == 0:
		return Envelope{}, errors.New("invalid envelope: no signature")
	case n > MaxSignatures:
		return Envelope{}, fmt.Errorf("invalid envelope: %d signatures, at most %d", n, MaxSignatures)
	}
	return e, nil
}

// Keys are the public keys that a reader knows, by key id.
type Keys map[string]PublicKey

// NewKeys collects keys.
func NewKeys(keys ...PublicKey) Keys {
	m := Keys{}
	for _, k := range keys {
		m[k.ID()] = k
	}
	return m
}

// Verify checks that e is of the wanted type and that every signature is by a
// key in keys, valid, and the only one of that key. It returns the key ids in
// the envelope's order.
func (e Envelope) Verify(payloadType string, keys Keys) ([]string, error) {
	if e.PayloadType != payloadType {
		return nil, fmt.Errorf("payload type is %q, want %q", e.PayloadType, payloadType)
	}
	if len(e.Signatures) == 0 {
		return nil, errors.New("no signature")
	}
	message := PAE(e.PayloadType, e.Payload)
	var ids []string
	for _, s := range e.Signatures {
		key, ok := keys[s.KeyID]
		switch {
		case !ok:
			return nil, fmt.Errorf("signature by unknown key %.16q", s.KeyID)
		case slices.Contains(ids, s.KeyID):
			return nil, fmt.Errorf("key %.16s signed twice", s.KeyID)
		case !key.Verify(message, s.Sig):
			return nil, fmt.Errorf("bad signature by key %.16s", s.KeyID)
		}
		ids = append(ids, s.KeyID)
	}
	return ids, nil
}
