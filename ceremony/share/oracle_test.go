package share_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/vault/shamir"

	"keyrite.dev/keyrite/ceremony/share"
)

// The oracle is Shamir's scheme over GF(2^8) with the polynomial x^8+x^4+x^3+x+1,
// written a second time: no tables, no code in common with what it checks.

// times multiplies as one does by hand: shift, and reduce by 0x11b.
func times(a, b byte) byte {
	var out byte
	for ; b != 0; b >>= 1 {
		if b&1 != 0 {
			out ^= a
		}
		high := a&0x80 != 0
		a <<= 1
		if high {
			a ^= 0x1b
		}
	}
	return out
}

// inverse is a^254, since a^255 is 1.
func inverse(a byte) byte {
	out := byte(1)
	for range 254 {
		out = times(out, a)
	}
	return out
}

// A point is a share: x, and a y for each byte of the secret.
type point struct {
	x byte
	y []byte
}

// at is the value at x of the polynomials of least degree through points.
func at(x byte, points []point) []byte {
	out := make([]byte, len(points[0].y))
	for i, p := range points {
		basis := byte(1)
		for j, q := range points {
			if i != j {
				basis = times(basis, times(x^q.x, inverse(p.x^q.x)))
			}
		}
		for n := range out {
			out[n] ^= times(p.y[n], basis)
		}
	}
	return out
}

// oracleSplit draws k-1 points at random; they and the secret at 0 decide the
// rest.
func oracleSplit(secret []byte, k, n int) []point {
	fixed := []point{{0, secret}}
	for i := 1; i < k; i++ {
		y := make([]byte, len(secret))
		rand.Read(y)
		fixed = append(fixed, point{byte(i), y})
	}
	var out []point
	for i := 1; i <= n; i++ {
		out = append(out, point{byte(i), at(byte(i), fixed)})
	}
	return out
}

// vaults is the layout of vault/shamir: y, then x.
func vaults(points []point) [][]byte {
	var out [][]byte
	for _, p := range points {
		out = append(out, append(bytes.Clone(p.y), p.x))
	}
	return out
}

func points(raw [][]byte) []point {
	var out []point
	for _, r := range raw {
		out = append(out, point{r[len(r)-1], r[:len(r)-1]})
	}
	return out
}

func randomKey() []byte {
	key := make([]byte, share.KeySize)
	rand.Read(key)
	return key
}

func TestTheOracleIsAField(t *testing.T) {
	if times(0x57, 0x83) != 0xc1 || times(0x57, 0x13) != 0xfe { // FIPS 197, section 4.2
		t.Error("FIPS 197's examples come out otherwise")
	}
	for a := 1; a < 256; a++ {
		if times(byte(a), inverse(byte(a))) != 1 {
			t.Errorf("%#x times its inverse is not 1", a)
		}
	}
}

func TestVaultAndTheOracleUnderstandEachOther(t *testing.T) {
	for _, c := range [][2]int{{2, 2}, {2, 3}, {3, 5}, {8, 16}} {
		k, n := c[0], c[1]
		for range 20 {
			key := randomKey()
			raw, err := shamir.Split(key, n, k)
			if err != nil {
				t.Fatal(err)
			}
			if got := at(0, points(raw)[n-k:]); !bytes.Equal(got, key) {
				t.Errorf("%d of %d: the oracle reads vault's shares as another key", k, n)
			}
			ours := oracleSplit(key, k, n)
			got, err := shamir.Combine(vaults(ours)[n-k:])
			if err != nil || !bytes.Equal(got, key) {
				t.Errorf("%d of %d: vault reads the oracle's shares as another key: %v", k, n, err)
			}
		}
	}
}

func TestTheOracleReadsSealedShares(t *testing.T) {
	tb := deal(t, 3, 5)
	var pts []point
	for _, i := range []int{5, 1, 3} {
		p := tb.payload(i)
		pts = append(pts, point{p[atX], p[atY:atSalt]})
	}
	if !bytes.Equal(at(0, pts), tb.key) {
		t.Error("the payloads hold another key")
	}
}

// With k-1 shares, each value of each key byte is left exactly as possible as
// any other: one value of the missing share gives it.
func TestFewerSharesFitEveryKey(t *testing.T) {
	for _, c := range [][2]int{{2, 3}, {3, 5}, {8, 16}} {
		k, n := c[0], c[1]
		raw, err := shamir.Split(randomKey(), n, k)
		if err != nil {
			t.Fatal(err)
		}
		known := raw[:k-1]
		x := raw[k-1][share.KeySize]
		seen := map[byte]bool{}
		for v := range 256 {
			candidate := bytes.Repeat([]byte{byte(v)}, share.KeySize)
			missing := point{x, at(x, append([]point{{0, candidate}}, points(known)...))}
			got, err := shamir.Combine(append(append([][]byte{}, known...), vaults([]point{missing})...))
			if err != nil || !bytes.Equal(got, candidate) {
				t.Fatalf("%d of %d: %d shares do not fit key byte %#x: %v", k, n, k-1, v, err)
			}
			seen[missing.y[0]] = true
		}
		if len(seen) != 256 {
			t.Errorf("%d of %d: %d values of the missing share for 256 keys", k, n, len(seen))
		}
	}
}

// The scheme's code is MPL-2.0 in a module that otherwise is not, and it was
// read: a new version is read again before this test is changed.
func TestVaultsShamirIsTheFileThatWasRead(t *testing.T) {
	dir, err := exec.CommandContext(context.Background(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/hashicorp/vault").Output()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "shamir", "shamir.go"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	if got := hex.EncodeToString(sum[:]); got != "6e3a43a2f97a7219074c0c20846dc720ab1273f3ed21414bc2ab6e507915a30e" {
		t.Errorf("shamir.go has SHA-256 %s", got)
	}
	if !bytes.Contains(data, []byte("// SPDX-License-Identifier: MPL-2.0\n")) {
		t.Error("shamir.go has another licence line")
	}
}
