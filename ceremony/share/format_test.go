package share_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"keyrite.dev/keyrite/ceremony/keywrap"
	"keyrite.dev/keyrite/ceremony/share"
)

func page(t *testing.T) string {
	t.Helper()
	data, err := fs.ReadFile(os.DirFS("../../docs/formats"), "share.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// layout is the page's byte table: what → offset and length.
func layout(t *testing.T) map[string][2]int {
	t.Helper()
	out, next := map[string][2]int{}, 0
	for _, m := range regexp.MustCompile(`(?m)^\| (\d+) \| (\d+) \| ([a-z ]+)`).FindAllStringSubmatch(page(t), -1) {
		at, n := must(strconv.Atoi(m[1])), must(strconv.Atoi(m[2]))
		if at != next {
			t.Errorf("the table has byte %d after %d", at, next)
		}
		out[strings.TrimSpace(m[3])], next = [2]int{at, n}, at+n
	}
	if next != payloadSize {
		t.Errorf("the table ends at %d", next)
	}
	return out
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestTheFormatPagesTableIsTheLayout(t *testing.T) {
	want := map[string][2]int{
		"version": {atVersion, 1}, "ceremony id": {atCeremony, 32}, "split id": {atSplit, 16}, "threshold k": {atThreshold, 1},
		"count n": {atCount, 1}, "index": {atIndex, 1}, "x": {atX, 1}, "y": {atY, 32}, "salt": {atSalt, 16}, "checksum": {atChecksum, 5},
	}
	got := layout(t)
	for what, place := range want {
		if got[what] != place {
			t.Errorf("the page has %q at %v, want %v", what, got[what], place)
		}
	}
	if len(got) != len(want) {
		t.Errorf("the page has %d rows, want %d", len(got), len(want))
	}
	text := strings.Join(strings.Fields(page(t)), " ")
	for _, fact := range []string{fmt.Sprintf("At most %d bytes", share.MaxSealed), "the file has 1765 bytes", "106 bytes; numbers"} {
		if !strings.Contains(text, fact) {
			t.Errorf("the page does not say %q", fact)
		}
	}
}

// example answers the lines of the page's example by name.
func example(t *testing.T) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for _, m := range regexp.MustCompile(`(?m)^(payload \d|commitment \d|key) +([0-9a-f]+)$`).FindAllStringSubmatch(page(t), -1) {
		out[m[1]] = unhex(t, m[2])
	}
	if len(out) != 7 {
		t.Fatalf("%d lines in the page's example", len(out))
	}
	return out
}

func TestTheFormatPagesExampleIsTrue(t *testing.T) {
	e, place := example(t), layout(t)
	set := share.Set{Ceremony: ceremonyID("keyrite share example"), Threshold: 2, Count: 3}
	copy(set.Split[:], unhex(t, "00112233445566778899aabbccddeeff"))
	id, commitments := identity(t), map[string]string{}
	var held []share.Held
	var pts []point
	for i := 1; i <= 3; i++ {
		p, c := e[fmt.Sprintf("payload %d", i)], e[fmt.Sprintf("commitment %d", i)]
		s, err := share.Open(sealTo(t, p, id.Recipient()), id)
		if err != nil {
			t.Fatal(err)
		}
		sum := commitment(p)
		if s.Set() != set || s.Index() != i || s.Commitment() != fmt.Sprintf("%x", c) || !bytes.Equal(sum[:], c) {
			t.Errorf("payload %d is another share", i)
		}
		held, commitments[holder(i)] = append(held, share.Held{Holder: holder(i), Share: s}), s.Commitment()
		y := place["y"]
		pts = append(pts, point{p[place["x"][0]], p[y[0] : y[0]+y[1]]})
	}
	for i := range 3 {
		got := make([]byte, share.KeySize)
		j := (i + 1) % 3
		if err := share.Combine(got, set, []share.Held{held[i], held[j]}, commitments); err != nil || !bytes.Equal(got, e["key"]) {
			t.Errorf("shares %d and %d: %x, %v", i+1, j+1, got, err)
		}
		if !bytes.Equal(formula(pts[i], pts[j]), e["key"]) {
			t.Errorf("the page's formula gives another key from shares %d and %d", i+1, j+1)
		}
	}
}

// formula is the page's, as it stands there.
func formula(shares ...point) []byte {
	key := make([]byte, share.KeySize)
	for i, a := range shares {
		l := byte(1)
		for j, b := range shares {
			if j != i {
				l = times(l, times(b.x, inverse(b.x^a.x)))
			}
		}
		for n := range key {
			key[n] ^= times(a.y[n], l)
		}
	}
	return key
}

// What the page does with openssl on the last day is KWP.
func TestTheFormatPagesCommandUnwrapsABackup(t *testing.T) {
	m := regexp.MustCompile(`(?m)^openssl (enc .*)$`).FindStringSubmatch(page(t))
	if m == nil {
		t.Fatal("the page has no openssl command")
	}
	key, target, folder := randomKey(), randomKey(), t.TempDir()
	args := strings.Fields(strings.NewReplacer(
		"<key in hex>", hex.EncodeToString(key), "backup.bin", filepath.Join(folder, "backup.bin"), "target.key", filepath.Join(folder, "target.key"),
	).Replace(m[1]))
	if err := os.WriteFile(filepath.Join(folder, "backup.bin"), must(keywrap.Wrap(key, target)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "openssl", args...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if got := must(os.ReadFile(filepath.Join(folder, "target.key"))); !bytes.Equal(got, target) {
		t.Error("openssl unwraps another key")
	}
}
