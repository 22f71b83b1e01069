package share

import (
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/hashicorp/vault/shamir"
)

// A recombiner tries subsets of the shares just dealt. It is a second
// implementation of the arithmetic, used for nothing but this comparison, for
// two reasons: what it proves does not rest on the code that dealt; and 12,870
// subsets of 16 shares take it milliseconds where vault/shamir, which works the
// weights out again for each byte, takes seconds in which the key is in clear.
//
// What it branches on is x, which is public. A key byte or a y is never looked up
// in a table nor branched on.
type recombiner struct {
	key   words
	y     []words
	ratio [][]byte // ratio[i][j] = xj / (xj + xi): share i's weight is their product over j
}

// words are 32 field elements, eight in a word.
type words [KeySize / 8]uint64

func wordsOf(b []byte) (out words) {
	for i := range out {
		out[i] = binary.NativeEndian.Uint64(b[8*i:])
	}
	return out
}

// newRecombiner takes shares as vault/shamir has them: y, then x.
func newRecombiner(key []byte, raw [][]byte) (*recombiner, error) {
	r := &recombiner{key: wordsOf(key), y: make([]words, len(raw)), ratio: make([][]byte, len(raw))}
	seen := [256]bool{0: true} // x = 0 is the key itself
	for i, share := range raw {
		if len(share) != KeySize+1 || seen[share[KeySize]] {
			r.wipe()
			return nil, fmt.Errorf("failed to split: share %d has another length, or an x that is 0 or another's", i+1)
		}
		seen[share[KeySize]] = true
		r.y[i] = wordsOf(share)
	}
	for i := range raw {
		r.ratio[i] = make([]byte, len(raw))
		for j := range raw {
			xi, xj := raw[i][KeySize], raw[j][KeySize]
			r.ratio[i][j] = multiply(xj, invert(xj^xi))
		}
	}
	return r, nil
}

// rebuilds tells whether the shares at these places give the key.
func (r *recombiner) rebuilds(places []int) bool {
	sum := r.key
	for _, i := range places {
		weight := byte(1)
		for _, j := range places {
			if j != i {
				weight = multiply(weight, r.ratio[i][j])
			}
		}
		r.y[i].addTo(&sum, weight)
	}
	var differs uint64
	for _, w := range sum {
		differs |= w
	}
	return differs == 0
}

func (r *recombiner) wipe() {
	clear(r.key[:])
	clear(r.y)
}

// addTo adds weight times w to sum, eight bytes at a time: bit by bit of the
// weight, with w doubled in between.
func (w words) addTo(sum *words, weight byte) {
	const top, low = 0x8080808080808080, 0x7f7f7f7f7f7f7f7f
	for ; weight != 0; weight >>= 1 {
		for i := range w {
			if weight&1 != 0 {
				sum[i] ^= w[i]
			}
			w[i] = w[i]&low<<1 ^ w[i]&top>>7*0x1b // no byte's 0x1b reaches the next
		}
	}
}

// multiply is the product in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1.
func multiply(a, b byte) byte {
	var out byte
	for range 8 {
		out ^= a & -(b & 1)
		a, b = a<<1^0x1b&-(a>>7), b>>1
	}
	return out
}

// invert is a^254, the inverse; of 0 it is 0.
func invert(a byte) byte {
	out := byte(1)
	for range 7 { // 254 = 2 + 4 + … + 128
		a = multiply(a, a)
		out = multiply(out, a)
	}
	return out
}

// proveChain has vault/shamir recombine the n-k+1 subsets that are the first k-1
// shares and one more. The first k-1 shares and the key decide a polynomial of
// degree k-1; that each other share gives the key says that it lies on the same
// one. So these few subsets prove all.
func proveChain(key []byte, raw [][]byte, k int) error {
	pick := append(make([][]byte, 0, k), raw[:k-1]...)
	for i, last := range raw[k-1:] {
		got, err := shamir.Combine(append(pick, last))
		same := subtle.ConstantTimeCompare(got, key) == 1
		clear(got)
		if err != nil || !same {
			return fmt.Errorf("failed to split: the first %d shares and share %d do not rebuild the key", k-1, k+i)
		}
	}
	return nil
}

var errTooFewRebuild = errors.New("failed to split: fewer shares than the threshold rebuild the key")
