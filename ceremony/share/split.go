package share

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"

	"filippo.io/age"
	"github.com/hashicorp/vault/shamir"
)

// MaxSubsets bounds how many threshold subsets are recombined: all of them up to
// here, else this many, drawn at random. 3 of 5 has 10, 8 of 16 has 12,870.
const MaxSubsets = 20_000

// A Dealt is one custodian's share, sealed.
type Dealt struct {
	Index      int
	Sealed     []byte // age file
	Commitment string // hex
}

// A Split is what came of splitting.
type Split struct {
	Set     Set
	Dealt   []Dealt // by index
	Subsets int     // threshold subsets recombined and compared
	All     bool    // Subsets is all there are
}

// NewSet draws a split id.
func NewSet(ceremony [32]byte, threshold, count int) (Set, error) {
	set := Set{Ceremony: ceremony, Threshold: threshold, Count: count}
	if threshold < 2 || threshold > count || count > 255 {
		return set, fmt.Errorf("invalid split: %d of %d", threshold, count)
	}
	_, _ = rand.Read(set.Split[:]) // never fails; it ends the program instead
	return set, nil
}

// Deal splits key, 32 bytes, recombines the threshold subsets and compares them
// (all that a plan may have, in milliseconds), and seals one share to each
// recipient, in order. Call it inside secret.Do: the
// arithmetic leaves the key in small heap objects that nothing else can clear.
func Deal(key []byte, set Set, recipients []age.Recipient) (Split, error) {
	if len(key) != KeySize || len(recipients) != set.Count {
		return Split{}, errors.New("invalid split: a key of 32 bytes and a recipient for each share are wanted")
	}
	raw, err := shamir.Split(key, set.Count, set.Threshold)
	if err != nil {
		return Split{}, fmt.Errorf("failed to split: %w", err)
	}
	defer wipe(raw)
	out := Split{Set: set}
	if out.Subsets, out.All, err = proveSubsets(key, raw, set.Threshold); err != nil {
		return Split{}, err
	}
	for i, r := range recipients {
		d, err := seal(set, i+1, raw[i], r)
		if err != nil {
			return Split{}, err
		}
		out.Dealt = append(out.Dealt, d)
	}
	return out, nil
}

func wipe(raw [][]byte) {
	for _, r := range raw {
		clear(r)
	}
}

// seal makes the payload of share index and encrypts it to r.
func seal(set Set, index int, raw []byte, r age.Recipient) (Dealt, error) {
	s := &Share{}
	defer s.Wipe()
	p := &s.payload
	p[0], p[49], p[50], p[51] = version, byte(set.Threshold), byte(set.Count), byte(index)
	copy(p[1:], set.Ceremony[:])
	copy(p[33:], set.Split[:])
	p[52] = raw[KeySize]
	copy(p[53:], raw[:KeySize])
	_, _ = rand.Read(p[85 : 85+saltSize]) // never fails; it ends the program instead
	sum := s.commitment()
	copy(p[bodySize:], sum[:])
	var file bytes.Buffer
	w, err := age.Encrypt(&file, r)
	if err != nil {
		return Dealt{}, fmt.Errorf("failed to seal share %d: %w", index, err)
	}
	if _, err = w.Write(p[:]); err == nil {
		err = w.Close()
	}
	if err != nil {
		return Dealt{}, fmt.Errorf("failed to seal share %d: %w", index, err)
	}
	return Dealt{Index: index, Sealed: file.Bytes(), Commitment: s.Commitment()}, nil
}

// proveSubsets recombines threshold subsets and compares each with the key, in
// two ways, and sees that one share less does not give it.
func proveSubsets(key []byte, raw [][]byte, k int) (tried int, all bool, err error) {
	r, err := newRecombiner(key, raw)
	if err != nil {
		return 0, false, err
	}
	defer r.wipe()
	if err := proveChain(key, raw, k); err != nil {
		return 0, false, err
	}
	return r.prove(k)
}

// prove tries all k-subsets, or a sample.
func (r *recombiner) prove(k int) (tried int, all bool, err error) {
	try := func(places []int) error {
		tried++
		if !r.rebuilds(places) {
			return fmt.Errorf("failed to split: shares %v do not rebuild the key", numbers(places))
		}
		return nil
	}
	n := len(r.y)
	total := new(big.Int).Binomial(int64(n), int64(k))
	all = total.IsInt64() && total.Int64() <= MaxSubsets
	if all {
		err = everySubset(n, k, try)
	} else {
		err = someSubsets(n, k, try)
	}
	if err == nil && r.rebuilds(firstPlaces(k-1)) {
		err = errTooFewRebuild
	}
	return tried, all, err
}

func firstPlaces(k int) []int {
	places := make([]int, k)
	for i := range places {
		places[i] = i
	}
	return places
}

// numbers are places as people count them, from 1.
func numbers(places []int) []int {
	out := make([]int, len(places))
	for i, at := range places {
		out[i] = at + 1
	}
	return out
}

// someSubsets calls f with MaxSubsets k-subsets of 0 to n-1, drawn at random.
func someSubsets(n, k int, f func([]int) error) error {
	for range MaxSubsets {
		places, err := randomSubset(n, k)
		if err != nil {
			return err
		}
		if err := f(places); err != nil {
			return err
		}
	}
	return nil
}

// everySubset calls f with each k-subset of 0 to n-1, in order.
func everySubset(n, k int, f func([]int) error) error {
	index := firstPlaces(k)
	for {
		if err := f(index); err != nil {
			return err
		}
		i := k - 1
		for i >= 0 && index[i] == n-k+i {
			i--
		}
		if i < 0 {
			return nil
		}
		index[i]++
		for j := i + 1; j < k; j++ {
			index[j] = index[j-1] + 1
		}
	}
}

func randomSubset(n, k int) ([]int, error) {
	index := firstPlaces(n)
	for i := range k {
		j, err := rand.Int(rand.Reader, big.NewInt(int64(n-i)))
		if err != nil {
			return nil, fmt.Errorf("failed to draw: %w", err)
		}
		o := i + int(j.Int64())
		index[i], index[o] = index[o], index[i]
	}
	return index[:k], nil
}
