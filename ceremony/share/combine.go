package share

import (
	"errors"
	"fmt"

	"github.com/hashicorp/vault/shamir"
)

// A Held is an opened share and who brought it.
type Held struct {
	Holder string
	Share  *Share
}

// Combine puts exactly the threshold of shares together into out, 32 bytes. It
// refuses, naming the holder, every share that is not one of set's as the
// transcript knows it: commitments are by holder, hex. Call it inside secret.Do.
// The caller compares the key's check value after.
func Combine(out []byte, set Set, held []Held, commitments map[string]string) error {
	if len(out) != KeySize {
		return errors.New("invalid buffer: want 32 bytes")
	}
	if err := checkHeld(set, held, commitments); err != nil {
		return err
	}
	raw := make([][]byte, 0, len(held))
	defer func() { wipe(raw) }()
	for _, h := range held {
		raw = append(raw, h.Share.raw())
	}
	key, err := shamir.Combine(raw)
	if err != nil {
		return fmt.Errorf("failed to combine the shares: %w", err)
	}
	defer clear(key)
	copy(out, key)
	return nil
}

func checkHeld(set Set, held []Held, commitments map[string]string) error {
	byIndex, byX := map[int]string{}, map[byte]string{}
	for _, h := range held {
		if err := checkOne(set, h, commitments); err != nil {
			return err
		}
		x := h.Share.payload[52]
		if other, twice := byIndex[h.Share.Index()]; twice {
			return fmt.Errorf("the shares of %s and %s are the same share", other, h.Holder)
		}
		if other, twice := byX[x]; twice {
			return fmt.Errorf("the shares of %s and %s have the same x", other, h.Holder)
		}
		byIndex[h.Share.Index()], byX[x] = h.Holder, h.Holder
	}
	switch n := len(held); {
	case n < set.Threshold:
		return fmt.Errorf("%d shares are too few: %d are needed", n, set.Threshold)
	case n > set.Threshold:
		return fmt.Errorf("%d shares are too many: exactly %d are combined", n, set.Threshold)
	}
	return nil
}

func checkOne(set Set, h Held, commitments map[string]string) error {
	if err := h.Share.check(); err != nil {
		return fmt.Errorf("%s: %w", h.Holder, err)
	}
	switch got := h.Share.Set(); {
	case got.Ceremony != set.Ceremony:
		return fmt.Errorf("the share of %s is of another ceremony", h.Holder)
	case got.Split != set.Split:
		return fmt.Errorf("the share of %s is of another split of this ceremony", h.Holder)
	case got.Threshold != set.Threshold || got.Count != set.Count:
		return fmt.Errorf("the share of %s says %d of %d, and the split was %d of %d", h.Holder, got.Threshold, got.Count, set.Threshold, set.Count)
	case commitments[h.Holder] != h.Share.Commitment():
		return fmt.Errorf("the share of %s is not the one that was dealt", h.Holder)
	}
	return nil
}
