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

// A RefusedError is a share that does not belong with the others.
type RefusedError struct {
	Holders []string // whose: one, or two whose shares clash
	Text    string
}

func (e RefusedError) Error() string { return e.Text }

func refusef(holder, format string, args ...any) error {
	return RefusedError{[]string{holder}, fmt.Sprintf(format, args...)}
}

func clash(a, b, what string) error {
	return RefusedError{[]string{a, b}, fmt.Sprintf("the shares of %s and %s %s", a, b, what)}
}

// A CountError is another number of shares than the threshold. More are no help:
// each is used, so one bad share among them would spoil the key.
type CountError struct{ Got, Want int }

func (e CountError) Error() string {
	if e.Got < e.Want {
		return fmt.Sprintf("%d shares are too few: %d are needed", e.Got, e.Want)
	}
	return fmt.Sprintf("%d shares are too many: exactly %d are combined", e.Got, e.Want)
}

// Combine puts exactly the threshold of shares together into out, 32 bytes. It
// refuses, by a [RefusedError] that names the holder, every share that is not one
// of set's as the transcript knows it, and by a [CountError] fewer or more than
// the threshold. commitments are by holder, hex. Call it inside secret.Do. The
// caller compares the key's check value after.
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
			return clash(other, h.Holder, "are the same share")
		}
		if other, twice := byX[x]; twice {
			return clash(other, h.Holder, "have the same x")
		}
		byIndex[h.Share.Index()], byX[x] = h.Holder, h.Holder
	}
	if len(held) != set.Threshold {
		return CountError{len(held), set.Threshold}
	}
	return nil
}

func checkOne(set Set, h Held, commitments map[string]string) error {
	if err := h.Share.check(); err != nil {
		return refusef(h.Holder, "%s: %s", h.Holder, err)
	}
	switch got := h.Share.Set(); {
	case got.Ceremony != set.Ceremony:
		return refusef(h.Holder, "the share of %s is of another ceremony", h.Holder)
	case got.Split != set.Split:
		return refusef(h.Holder, "the share of %s is of another split of this ceremony", h.Holder)
	case got.Threshold != set.Threshold || got.Count != set.Count:
		return refusef(h.Holder, "the share of %s says %d of %d, and the split was %d of %d", h.Holder, got.Threshold, got.Count, set.Threshold, set.Count)
	case commitments[h.Holder] != h.Share.Commitment():
		return refusef(h.Holder, "the share of %s is not the one that was dealt", h.Holder)
	}
	return nil
}
