package share

import (
	"bytes"
	"strings"
	"testing"

	"github.com/hashicorp/vault/shamir"
)

// Recombining must be able to fail: one wrong byte in one share is found.
func TestRecombiningFindsAWrongShare(t *testing.T) {
	key := bytes.Repeat([]byte{7}, KeySize)
	for at := range KeySize + 1 {
		raw, err := shamir.Split(key, 5, 3)
		if err != nil {
			t.Fatal(err)
		}
		x := map[byte]bool{}
		for _, r := range raw {
			x[r[KeySize]] = true
		}
		for raw[4][at]++; at == KeySize && (x[raw[4][at]] || raw[4][at] == 0); raw[4][at]++ {
			continue
		}
		_, _, err = proveSubsets(key, raw, 3)
		if err == nil || !strings.HasPrefix(err.Error(), "failed to split: shares [") {
			t.Errorf("byte %d: %v", at, err)
		}
	}
}

func TestEverySubsetComesOnce(t *testing.T) {
	seen := map[[3]int]bool{}
	err := everySubset(7, 3, func(i []int) error {
		if i[0] < 0 || i[0] >= i[1] || i[1] >= i[2] || i[2] > 6 {
			t.Errorf("subset %v", i)
		}
		seen[[3]int(i)] = true
		return nil
	})
	if err != nil || len(seen) != 35 {
		t.Errorf("%d subsets, %v", len(seen), err)
	}
}
