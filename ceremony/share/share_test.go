package share_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"

	"keyrite.dev/keyrite/ceremony/share"
)

func TestThresholdSharesRebuildTheKey(t *testing.T) {
	for _, c := range []struct {
		k, n, subsets int
		all           bool
	}{
		{2, 2, 1, true},
		{2, 3, 3, true},
		{3, 5, 10, true},
		{5, 5, 1, true},
		{8, 16, 12870, true},
		{5, 40, share.MaxSubsets, false},
		{2, 255, share.MaxSubsets, false},
	} {
		t.Run(fmt.Sprintf("%d of %d", c.k, c.n), func(t *testing.T) {
			t.Parallel()
			tb := deal(t, c.k, c.n)
			if tb.split.Subsets != c.subsets || tb.split.All != c.all {
				t.Errorf("recombined %d subsets, all: %v; want %d, %v", tb.split.Subsets, tb.split.All, c.subsets, c.all)
			}
			first, last := make([]int, c.k), make([]int, c.k)
			for i := range c.k {
				first[i], last[i] = i+1, c.n-i
			}
			for _, pick := range [][]int{first, last} {
				got, err := tb.combine(tb.held(pick...))
				if err != nil || !bytes.Equal(got, tb.key) {
					t.Errorf("shares %v: another key, %v", pick, err)
				}
			}
		})
	}
}

func TestASplitSaysWhatItIs(t *testing.T) {
	tb := deal(t, 3, 5)
	xs := map[byte]bool{}
	for i := 1; i <= 5; i++ {
		s, p := tb.open(i), tb.payload(i)
		sum := commitment(p)
		switch {
		case s.Set() != tb.set || s.Index() != i || tb.split.Dealt[i-1].Index != i:
			t.Errorf("share %d says another set or index", i)
		case s.Commitment() != fmt.Sprintf("%x", sum) || s.Commitment() != tb.commitments[holder(i)]:
			t.Errorf("share %d has another commitment", i)
		case p[atX] == 0 || xs[p[atX]]:
			t.Errorf("share %d has x = %d, zero or used", i, p[atX])
		case len(tb.split.Dealt[i-1].Sealed) > share.MaxSealed:
			t.Errorf("share %d is larger than MaxSealed", i)
		}
		xs[p[atX]] = true
	}
	if tb.set.SplitID() != fmt.Sprintf("%x", tb.set.Split) {
		t.Error("another split id")
	}
}

func TestCommitmentsAreSalted(t *testing.T) {
	a := deal(t, 2, 3)
	b := dealKey(t, a.key, a.set)
	salts := map[string]bool{}
	for i := 1; i <= 3; i++ {
		if a.commitments[holder(i)] == b.commitments[holder(i)] {
			t.Errorf("share %d has the same commitment in two splits of one key", i)
		}
		salts[string(a.payload(i)[atSalt:atChecksum])] = true
		salts[string(b.payload(i)[atSalt:atChecksum])] = true
		p := a.payload(i)
		before := commitment(p)
		p[atSalt+15] ^= 1
		if commitment(p) == before {
			t.Error("the salt is not in the commitment")
		}
	}
	if len(salts) != 6 {
		t.Errorf("%d salts in 6 shares", len(salts))
	}
}

func TestAHybridRecipientsShareStaysUnderTheCap(t *testing.T) {
	set, err := share.NewSet(ceremonyID("ceremony"), 2, 2)
	if err != nil {
		t.Fatal(err)
	}
	var ids []*age.HybridIdentity
	var recipients []age.Recipient
	for range 2 {
		id, err := age.GenerateHybridIdentity()
		if err != nil {
			t.Fatal(err)
		}
		ids, recipients = append(ids, id), append(recipients, id.Recipient())
	}
	split, err := share.Deal(make([]byte, share.KeySize), set, recipients)
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range split.Dealt {
		if _, err := share.Open(d.Sealed, ids[i]); err != nil {
			t.Error(err)
		}
		if len(d.Sealed) != 1765 { // docs/formats/share.md says so
			t.Errorf("a sealed share has %d bytes", len(d.Sealed))
		}
	}
}

func TestRefusesASplitThatIsNone(t *testing.T) {
	for _, c := range [][2]int{{0, 0}, {1, 1}, {1, 3}, {4, 3}, {-1, 3}, {2, 256}} {
		if _, err := share.NewSet(ceremonyID("c"), c[0], c[1]); err == nil {
			t.Errorf("took %d of %d", c[0], c[1])
		}
	}
	set, err := share.NewSet(ceremonyID("c"), 2, 2)
	if err != nil {
		t.Fatal(err)
	}
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	two := []age.Recipient{id.Recipient(), id.Recipient()}
	one := share.Set{Threshold: 1, Count: 2}
	for name, c := range map[string]struct {
		key        []byte
		set        share.Set
		recipients []age.Recipient
	}{
		"short key":          {make([]byte, 31), set, two},
		"long key":           {make([]byte, 33), set, two},
		"a recipient less":   {make([]byte, 32), set, two[:1]},
		"a recipient more":   {make([]byte, 32), set, append(two, two[0])},
		"threshold of one":   {make([]byte, 32), one, two},
		"no recipients, set": {make([]byte, 32), share.Set{}, nil},
	} {
		if _, err := share.Deal(c.key, c.set, c.recipients); err == nil {
			t.Errorf("%s: dealt", name)
		}
	}
}

func TestRefusesSharesThatDoNotBelongTogether(t *testing.T) {
	tb := deal(t, 3, 5)
	second := dealKey(t, tb.key, mustSet(t, "ceremony", 3, 5)) // same ceremony, new split
	foreign := dealKey(t, tb.key, mustSet(t, "another", 3, 5))
	as := func(i int, h share.Held) share.Held { h.Holder = holder(i); return h }
	for name, c := range map[string]struct {
		held []share.Held
		want string
	}{
		"too few":  {tb.held(1, 2), "2 shares are too few: 3 are needed"},
		"none":     {nil, "0 shares are too few: 3 are needed"},
		"too many": {tb.held(1, 2, 3, 4), "4 shares are too many: exactly 3 are combined"},
		"another split of the ceremony": {
			append(tb.held(1, 2), second.held(3)...), "the share of custodian-3 is of another split of this ceremony",
		},
		"a foreign ceremony": {append(tb.held(1, 2), foreign.held(3)...), "the share of custodian-3 is of another ceremony"},
		"another threshold": {
			append(tb.held(1, 2), tb.forged(3, func(p []byte) { p[atThreshold] = 2 })), "the share of custodian-3 says 2 of 5, and the split was 3 of 5",
		},
		"another count": {
			append(tb.held(1, 2), tb.forged(3, func(p []byte) { p[atCount] = 6 })), "the share of custodian-3 says 3 of 6, and the split was 3 of 5",
		},
		"not the one dealt": {
			append(tb.held(1, 2), tb.forged(3, func(p []byte) { p[atY] ^= 1 })), "the share of custodian-3 is not the one that was dealt",
		},
		"only the salt differs": {
			append(tb.held(1, 2), tb.forged(3, func(p []byte) { p[atSalt] ^= 1 })), "the share of custodian-3 is not the one that was dealt",
		},
		"swapped between two holders": {
			[]share.Held{tb.held(1)[0], as(2, tb.held(3)[0]), as(3, tb.held(2)[0])}, "the share of custodian-2 is not the one that was dealt",
		},
		"somebody else's": {append(tb.held(1, 2), share.Held{Holder: "stranger", Share: tb.open(3)}), "the share of stranger is not the one that was dealt"},
		"the same twice":  {tb.held(1, 2, 2), "the shares of custodian-2 and custodian-2 are the same share"},
		"wiped":           {append(tb.held(1, 2), wiped(tb)), "custodian-3: the share is damaged: version 0 is not known"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := tb.combine(c.held)
			if err == nil || err.Error() != c.want {
				t.Errorf("answered %v\nwant %s", err, c.want)
			}
			checkHolders(t, err)
			if !bytes.Equal(out, make([]byte, len(out))) {
				t.Error("wrote something out")
			}
		})
	}
	if err := share.Combine(make([]byte, 31), tb.set, tb.held(1, 2, 3), tb.commitments); err == nil {
		t.Error("took a buffer of 31 bytes")
	}
}

// checkHolders sees that a program can tell whose shares a sentence is about, or
// that it is about their number.
func checkHolders(t *testing.T, err error) {
	t.Helper()
	if _, ok := errors.AsType[share.CountError](err); ok {
		return
	}
	refused, ok := errors.AsType[share.RefusedError](err)
	if !ok || len(refused.Holders) == 0 {
		t.Errorf("neither a share nor their number is refused: %v", err)
	}
	for _, h := range refused.Holders {
		if !strings.Contains(err.Error(), h) {
			t.Errorf("it is about %s, and says %v", h, err)
		}
	}
}

func wiped(tb *table) share.Held {
	h := tb.held(3)[0]
	h.Share.Wipe()
	return h
}

func mustSet(t testing.TB, ceremony string, k, n int) share.Set {
	t.Helper()
	set, err := share.NewSet(ceremonyID(ceremony), k, n)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// A dealer who lies could commit to shares that clash. The combiner still says
// whose they are.
func TestRefusesClashesThatWereCommittedTo(t *testing.T) {
	tb := deal(t, 3, 5)
	x := tb.payload(1)[atX]
	for name, c := range map[string]struct {
		change func(p []byte)
		want   string
	}{
		"same x":     {func(p []byte) { p[atX] = x }, "the shares of custodian-1 and custodian-2 have the same x"},
		"same index": {func(p []byte) { p[atIndex] = 1 }, "the shares of custodian-1 and custodian-2 are the same share"},
	} {
		bad := tb.forged(2, c.change)
		commitments := map[string]string{holder(1): tb.commitments[holder(1)], holder(2): bad.Share.Commitment(), holder(3): tb.commitments[holder(3)]}
		err := share.Combine(make([]byte, 32), tb.set, []share.Held{tb.held(1)[0], bad, tb.held(3)[0]}, commitments)
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: answered %v", name, err)
		}
	}
}

func TestNoticesDamageAtEveryByte(t *testing.T) {
	tb := deal(t, 2, 3)
	whole := tb.payload(1)
	for at := range whole {
		for _, bit := range []byte{0x01, 0x80, 0xff} {
			p := slices.Clone(whole)
			p[at] ^= bit
			_, err := tb.reopen(1, p)
			if _, ok := errors.AsType[share.DamagedError](err); !ok {
				t.Errorf("byte %d ^ %#x: opened with %v", at, bit, err)
			}
		}
	}
}

// The checksum is no protection against people: with one that fits, every change
// must still meet a refusal, when the share is opened or when it is combined.
func TestRefusesAForgeryAtEveryByte(t *testing.T) {
	tb := deal(t, 2, 3)
	whole := tb.payload(1)
	for at := range whole[:atChecksum] {
		p := slices.Clone(whole)
		p[at] ^= 0x01
		s, err := tb.reopen(1, forge(p))
		if err != nil {
			continue
		}
		_, err = tb.combine([]share.Held{{Holder: holder(1), Share: s}, tb.held(2)[0]})
		if err == nil || !strings.Contains(err.Error(), holder(1)) {
			t.Errorf("byte %d: combined with %v", at, err)
		}
	}
}

func TestRefusesToOpenWhatIsNoShare(t *testing.T) {
	tb := deal(t, 2, 3)
	good, id := tb.split.Dealt[0].Sealed, tb.identities[0]
	change := func(f func(p []byte)) []byte {
		p := tb.payload(1)
		f(p)
		return sealTo(t, forge(p), id.Recipient())
	}
	impossible := "the share is damaged: its threshold, count or index is impossible"
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"sealed to another": {tb.split.Dealt[1].Sealed, "the share is sealed to another custodian's credential"},
		"empty":             {nil, "the share is damaged: its envelope does not open"},
		"no age file":       {[]byte("custodian-1"), "the share is damaged: its envelope does not open"},
		"cut at its end":    {good[:len(good)-1], "the share is damaged: its envelope does not open"},
		"half":              {good[:len(good)/2], "the share is damaged: its envelope does not open"},
		"a byte more":       {append(slices.Clone(good), 0), "the share is damaged: its envelope does not open"},
		"oversized":         {append(slices.Clone(good), make([]byte, share.MaxSealed)...), "the share is damaged: its file has 16690 bytes, at most 16384"},
		"empty inside":      {sealTo(t, nil, id.Recipient()), "the share is damaged: it is too short"},
		"short inside":      {sealTo(t, tb.payload(1)[:payloadSize-1], id.Recipient()), "the share is damaged: it is too short"},
		"long inside":       {sealTo(t, append(tb.payload(1), 0), id.Recipient()), "the share is damaged: it is too long"},
		"version 2":         {change(func(p []byte) { p[atVersion] = 2 }), "the share is damaged: version 2 is not known"},
		"x of 0":            {change(func(p []byte) { p[atX] = 0 }), "the share is damaged: its x is 0, which would let its giver choose the key"},
		"threshold 1":       {change(func(p []byte) { p[atThreshold] = 1 }), impossible},
		"threshold over n":  {change(func(p []byte) { p[atThreshold] = 4 }), impossible},
		"index 0":           {change(func(p []byte) { p[atIndex] = 0 }), impossible},
		"index over n":      {change(func(p []byte) { p[atIndex] = 4 }), impossible},
		"wrong checksum": {
			sealTo(t, func() []byte { p := tb.payload(1); p[atChecksum] ^= 1; return p }(), id.Recipient()), "the share is damaged: its checksum does not fit",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := share.Open(c.file, id); err == nil || err.Error() != c.want {
				t.Errorf("answered %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestRefusesEveryTruncatedOrFlippedFile(t *testing.T) {
	tb := deal(t, 2, 2)
	good, id := tb.split.Dealt[0].Sealed, tb.identities[0]
	for n := range good {
		if _, err := share.Open(good[:n], id); err == nil {
			t.Errorf("opened the first %d of %d bytes", n, len(good))
		}
		bad := slices.Clone(good)
		bad[n] ^= 0x01
		if _, err := share.Open(bad, id); err == nil {
			t.Errorf("opened with byte %d changed", n)
		}
	}
}

func TestWipeLeavesNothing(t *testing.T) {
	s := deal(t, 2, 2).open(1)
	s.Wipe()
	if *s != (share.Share{}) {
		t.Error("something is left")
	}
}
