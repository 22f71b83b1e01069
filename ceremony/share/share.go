// Package share splits a backup key among custodians and puts it together again.
//
// The arithmetic is github.com/hashicorp/vault/shamir (Shamir's scheme over
// GF(2^8), as in ISO/IEC 19592-2), which has no integrity: it answers garbage, or
// an attacker's choice, without an error. Version, ceremony, split, threshold,
// count, index, salt and commitment are ours, and all of them are checked before
// anything is combined. docs/formats/share.md specifies the payload:
//
//	offset  bytes  what
//	0       1      version, 1
//	1       32     ceremony id
//	33      16     split id, random
//	49      1      threshold k
//	50      1      count n
//	51      1      index, 1 to n: the custodian's place in the roster
//	52      1      x, 1 to 255
//	53      32     y
//	85      16     salt, random
//	101     5      first bytes of the commitment
//
// The commitment is SHA-256 over "keyrite share v1", a zero byte, and bytes 0 to
// 100. The salt keeps it from testing guesses; the transcript holds it.
package share

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
)

// Sizes, bytes.
const (
	KeySize     = 32
	payloadSize = 106
	bodySize    = 101
	splitIDSize = 16
	saltSize    = 16
	// MaxSealed caps a sealed share: a hybrid age file around one payload has
	// 1765.
	MaxSealed = 16 << 10
)

const (
	version = 1
	domain  = "keyrite share v1\x00"
)

// A Set is what all shares of one split have in common.
type Set struct {
	Ceremony  [32]byte
	Split     [splitIDSize]byte
	Threshold int // k
	Count     int // n
}

// SplitID is the split's id in hex.
func (s Set) SplitID() string { return hex.EncodeToString(s.Split[:]) }

// A Share is one opened share. Wipe it as soon as it was used.
type Share struct {
	payload [payloadSize]byte
}

// Wipe overwrites the share.
func (s *Share) Wipe() { clear(s.payload[:]) }

// Index is the custodian's place, 1 to n.
func (s *Share) Index() int { return int(s.payload[51]) }

// Set is what the share says of its split.
func (s *Share) Set() Set {
	set := Set{Threshold: int(s.payload[49]), Count: int(s.payload[50])}
	copy(set.Ceremony[:], s.payload[1:33])
	copy(set.Split[:], s.payload[33:49])
	return set
}

// Commitment is the salted commitment in hex.
func (s *Share) Commitment() string {
	sum := s.commitment()
	return hex.EncodeToString(sum[:])
}

func (s *Share) commitment() [sha256.Size]byte {
	h := sha256.New()
	h.Write([]byte(domain))
	h.Write(s.payload[:bodySize])
	return [sha256.Size]byte(h.Sum(nil))
}

// raw is the share as vault/shamir knows it: y, then x.
func (s *Share) raw() []byte {
	return append(append(make([]byte, 0, KeySize+1), s.payload[53:53+KeySize]...), s.payload[52])
}

// A DamagedError is a share that is not what any split dealt.
type DamagedError struct{ Reason string }

func (e DamagedError) Error() string { return "the share is damaged: " + e.Reason }

// Open opens a sealed share with its custodian's identity and checks its form.
// What is wrong with it is a [DamagedError], unless it is another custodian's.
// Call it inside secret.Do.
func Open(sealed []byte, identity age.Identity) (*Share, error) {
	if len(sealed) > MaxSealed {
		return nil, DamagedError{fmt.Sprintf("its file has %d bytes, at most %d", len(sealed), MaxSealed)}
	}
	r, err := age.Decrypt(bytes.NewReader(sealed), identity)
	var none *age.NoIdentityMatchError
	switch {
	case errors.As(err, &none):
		return nil, errors.New("the share is sealed to another custodian's credential")
	case err != nil:
		return nil, DamagedError{"its envelope does not open"}
	}
	s := &Share{}
	if err = s.read(r); err == nil {
		err = s.check()
	}
	if err != nil {
		s.Wipe()
		return nil, err
	}
	return s, nil
}

// read takes exactly one payload. age authenticates as it reads, so damage shows
// here too.
func (s *Share) read(r io.Reader) error {
	_, err := io.ReadFull(r, s.payload[:])
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return DamagedError{"it is too short"}
	case err != nil:
		return DamagedError{"its envelope does not open"}
	}
	if n, err := r.Read(make([]byte, 1)); n > 0 || !errors.Is(err, io.EOF) {
		return DamagedError{"it is too long"}
	}
	return nil
}

// check looks at one share alone.
func (s *Share) check() error {
	sum := s.commitment()
	set := s.Set()
	switch {
	case s.payload[0] != version:
		return DamagedError{fmt.Sprintf("version %d is not known", s.payload[0])}
	case string(sum[:payloadSize-bodySize]) != string(s.payload[bodySize:]):
		return DamagedError{"its checksum does not fit"}
	case s.payload[52] == 0:
		return DamagedError{"its x is 0, which would let its giver choose the key"}
	case set.Threshold < 2 || set.Threshold > set.Count || s.Index() < 1 || s.Index() > set.Count:
		return DamagedError{"its threshold, count or index is impossible"}
	}
	return nil
}
