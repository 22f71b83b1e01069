package share

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/hashicorp/vault/shamir"
)

func dealRaw(t *testing.T, k, n int) (key []byte, raw [][]byte) {
	t.Helper()
	key = make([]byte, KeySize)
	rand.Read(key)
	raw, err := shamir.Split(key, n, k)
	if err != nil {
		t.Fatal(err)
	}
	return key, raw
}

// Recombining must be able to fail: one wrong byte in any share is found, by
// each of the two ways by itself.
func TestRecombiningFindsAWrongShare(t *testing.T) {
	for i := range 5 {
		for at := range KeySize + 1 {
			key, raw := dealRaw(t, 3, 5)
			used := map[byte]bool{0: true}
			for _, r := range raw {
				used[r[KeySize]] = true
			}
			for raw[i][at]++; at == KeySize && used[raw[i][at]]; raw[i][at]++ {
				continue
			}
			if err := proveChain(key, raw, 3); err == nil || !strings.HasPrefix(err.Error(), "failed to split: the first 2 shares and share ") {
				t.Errorf("share %d, byte %d: vault answers %v", i+1, at, err)
			}
			r, err := newRecombiner(key, raw)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := r.prove(3); err == nil || !strings.HasPrefix(err.Error(), "failed to split: shares [") {
				t.Errorf("share %d, byte %d: answered %v", i+1, at, err)
			}
			found := 0
			_ = everySubset(5, 3, func(places []int) error {
				if !r.rebuilds(places) {
					found++
				}
				return nil
			})
			if found != 6 { // of 10 subsets, those with the wrong share
				t.Errorf("share %d, byte %d: %d subsets do not rebuild the key, want 6", i+1, at, found)
			}
			if _, _, err := proveSubsets(key, raw, 3); err == nil {
				t.Errorf("share %d, byte %d: proven", i+1, at)
			}
		}
	}
}

func TestRefusesSharesThatNoSplitDeals(t *testing.T) {
	for name, c := range map[string]struct {
		change func(key []byte, raw [][]byte)
		want   string
	}{
		"x of 0":        {func(_ []byte, raw [][]byte) { raw[2][KeySize] = 0 }, "share 3 has another length, or an x that is 0 or another's"},
		"an x twice":    {func(_ []byte, raw [][]byte) { raw[4][KeySize] = raw[0][KeySize] }, "share 5 has another length, or an x that is 0 or another's"},
		"short":         {func(_ []byte, raw [][]byte) { raw[1] = raw[1][1:] }, "share 2 has another length"},
		"long":          {func(_ []byte, raw [][]byte) { raw[1] = append(raw[1], 1) }, "share 2 has another length"},
		"another key's": {func(key []byte, _ [][]byte) { key[31] ^= 0x80 }, "the first 2 shares and share 3 do not rebuild the key"},
		"all the key": {func(key []byte, raw [][]byte) { // as if the coefficients were zero
			for _, r := range raw {
				copy(r, key)
			}
		}, "fewer shares than the threshold rebuild the key"},
	} {
		key, raw := dealRaw(t, 3, 5)
		c.change(key, raw)
		if _, _, err := proveSubsets(key, raw, 3); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: answered %v", name, err)
		}
	}
}

// A split where any two rebuild the key proves each subset of three, too.
func TestRefusesASplitThatFewerRebuild(t *testing.T) {
	key, raw := dealRaw(t, 2, 5)
	if _, _, err := proveSubsets(key, raw, 3); err == nil || err.Error() != errTooFewRebuild.Error() {
		t.Errorf("answered %v", err)
	}
}

// The subsets' arithmetic agrees with vault's on right and on wrong shares.
func TestVaultAndTheRecombinerUnderstandEachOther(t *testing.T) {
	for _, c := range [][2]int{{2, 2}, {2, 3}, {3, 5}, {8, 16}, {20, 255}} {
		k, n := c[0], c[1]
		key, raw := dealRaw(t, k, n)
		for range 50 {
			places, err := randomSubset(n, k)
			if err != nil {
				t.Fatal(err)
			}
			raw[places[0]][places[0]%KeySize] ^= 1 // most shares are wrong after a while
			var pick [][]byte
			for _, i := range places {
				pick = append(pick, raw[i])
			}
			got, err := shamir.Combine(pick)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range [][]byte{key, got} {
				r, err := newRecombiner(want, raw)
				if err != nil {
					t.Fatal(err)
				}
				if r.rebuilds(places) != bytes.Equal(want, got) {
					t.Errorf("%d of %d: shares %v rebuild another key here and in vault", k, n, places)
				}
			}
		}
	}
}

func TestARecombinerWipesKeyAndShares(t *testing.T) {
	key, raw := dealRaw(t, 2, 3)
	r, err := newRecombiner(key, raw)
	if err != nil {
		t.Fatal(err)
	}
	r.wipe()
	if r.key != (words{}) || r.y[0] != (words{}) || r.y[2] != (words{}) {
		t.Error("something is left")
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

// 12,870 subsets are the most that a plan may have (8 of 16). The key is in clear
// while they are tried.
func BenchmarkProving8Of16(b *testing.B) {
	key := make([]byte, KeySize)
	raw, err := shamir.Split(key, 16, 8)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if tried, _, err := proveSubsets(key, raw, 8); err != nil || tried != 12870 {
			b.Fatal(tried, err)
		}
	}
}
