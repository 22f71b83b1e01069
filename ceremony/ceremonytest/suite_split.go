package ceremonytest

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/credential"
	"keyrite.dev/keyrite/ceremony/keywrap"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/secret"
)

// A SplitterFixture is a fresh token, not logged in, and the splitter for it. The
// token does OAEP by SHA-1, at least, and backs up AES-256 and HMAC_256.
type SplitterFixture struct {
	Token      Commissioner
	PIN        string
	Splitter   func(credentials func(id string) ([]byte, error)) ceremony.Splitter
	IsPINError func(error) bool
}

// TestSplitter is what every implementation of ceremony.Splitter promises.
func TestSplitter(t *testing.T, open func(t *testing.T) SplitterFixture) {
	t.Helper()
	for _, spec := range []plan.KeySpec{plan.AES256, plan.HMAC256} {
		t.Run("splits, opens and rebuilds "+string(spec), func(t *testing.T) { wholeWay(newRoom(t, open(t), spec)) })
	}
	for name, f := range map[string]func(*room){
		"a split is refused that was not approved so": splitRefused,
		"a wrong PIN is told and leaves nothing":      splitWrongPIN,
		"a share opens to its custodian alone":        openRefused,
		"a recovery is refused that was not drawn so": recoverRefused,
		"a file that was exchanged is found":          exchanged,
	} {
		t.Run(name, func(t *testing.T) { f(newRoom(t, open(t), plan.AES256)) })
	}
	t.Run("a key of another check value does not stay", func(t *testing.T) { regainedOther(newRoom(t, open(t), plan.HMAC256)) })
}

func (r *room) objects() []string {
	r.t.Helper()
	return TokenFixture{Token: r.fixture.Token}.objects(r.t)
}

// unchanged runs f and compares the token's objects before and after.
func (r *room) unchanged(f func()) {
	r.t.Helper()
	before := r.objects()
	f()
	if now := r.objects(); !slices.Equal(now, before) {
		r.t.Errorf("the token holds %v, before %v", now, before)
	}
}

func wholeWay(r *room) {
	r.t.Helper()
	var res ceremony.SplitResult
	var v ceremony.Values
	r.unchanged(func() { res, v = r.split() })
	checkSplit(r, res)
	for i, m := range r.plan.With(plan.Custodian) {
		j := r.handOver(m.ID, v)
		got, err := r.splitter.ProveOpen(r.t.Context(), j, m.ID, r.phrase(m.ID))
		if err != nil || got.Custodian != m.ID || got.Commitment != res.Shares[i].Commitment {
			r.t.Errorf("share of %s: %+v, %v", m.ID, got, err)
		}
		r.done(j, values("custodian", m.ID))
	}
	r.unchanged(func() { regainAndDestroy(r, v) })
}

func checkSplit(r *room, res ceremony.SplitResult) {
	r.t.Helper()
	switch {
	case len(res.Shares) != 5 || res.Subsets != 10 || !res.AllSubsets:
		r.t.Fatalf("%d shares, %d subsets, all: %t; want 5, 10, true", len(res.Shares), res.Subsets, res.AllSubsets)
	case !res.Destroyed || res.ExposureMS < 1 || len(res.BackupKCV) != 10 || len(res.SplitID) != 32:
		r.t.Errorf("destroyed %t, exposure %d ms, check value %q, split %q", res.Destroyed, res.ExposureMS, res.BackupKCV, res.SplitID)
	case len(res.BackupBlob) != keywrap.Size(r.plan.Key.Spec.Bytes()):
		r.t.Errorf("the backup has %d bytes", len(res.BackupBlob))
	}
	for i, m := range r.plan.With(plan.Custodian) {
		if s := res.Shares[i]; s.Custodian != m.ID || s.Index != i+1 {
			r.t.Errorf("share %d is %s's and has index %d", i+1, s.Custodian, s.Index)
		}
	}
}

func regainAndDestroy(r *room, v ceremony.Values) {
	t := r.t
	t.Helper()
	drawn := []string{"custodian-2", "custodian-3", "custodian-5"}
	j := r.request(ceremony.KindRecover, 2, r.recoverParams(v, drawn...))
	got, err := r.splitter.Recover(t.Context(), j, r.pin(), r.holders(drawn...))
	must(t, err)
	if !bytes.Equal(got.CheckValue, r.kcv) || !got.Destroyed || got.Label != r.target.Label+" regained" {
		t.Errorf("regained %+v, want check value %x", got, r.kcv)
	}
	if !r.plan.Key.Spec.IsHMAC() { // some tokens tell no length of an unwrapped key, so only the session that made it knows its hash
		kcv, err := r.fixture.Token.CheckValue(t.Context(), got.Key, nil)
		if err != nil || !bytes.Equal(kcv, r.kcv) {
			t.Errorf("asked here, the regained key has check value %x, %v", kcv, err)
		}
	}
	must(t, r.fixture.Token.Destroy(t.Context(), got.Key))
}

func splitRefused(r *room) {
	r.t.Helper()
	other, err := r.fixture.Token.Generate(r.t.Context(), r.plan.Key.Spec, "not of this ceremony")
	must(r.t, err)
	r.unchanged(func() {
		for name, j := range map[string]ceremony.Job{
			"one approval":      r.request(ceremony.KindSplit, 1, r.splitParams()),
			"another action":    r.request(ceremony.KindRecover, 2, r.splitParams()),
			"another threshold": r.request(ceremony.KindSplit, 2, with(r.splitParams(), "threshold", "2")),
			"another count":     r.request(ceremony.KindSplit, 2, with(r.splitParams(), "count", "6")),
			"another spec":      r.request(ceremony.KindSplit, 2, with(r.splitParams(), "spec", "HMAC_256")),
			"another key":       r.request(ceremony.KindSplit, 2, with(r.splitParams(), "target", string(other.ID))),
			"no such key":       r.request(ceremony.KindSplit, 2, with(r.splitParams(), "target", "00112233445566778899aabbccddeeff")),
			"no request":        {Folder: r.folder, Request: 0},
			"no such line":      {Folder: r.folder, Request: 9999},
			"no folder":         {Folder: r.folder + "-gone", Request: 1},
		} {
			if res, err := r.splitter.Split(r.t.Context(), j, r.pin()); err == nil || len(res.Shares) > 0 || len(res.BackupBlob) > 0 {
				r.t.Errorf("%s: %d shares, %v", name, len(res.Shares), err)
			}
		}
	})
	j := r.request(ceremony.KindSplit, 2, r.splitParams())
	r.done(j, nil)
	if _, err := r.splitter.Split(r.t.Context(), j, r.pin()); err == nil {
		r.t.Error("a request that has its result was done again")
	}
}

func splitWrongPIN(r *room) {
	r.t.Helper()
	r.unchanged(func() {
		j := r.request(ceremony.KindSplit, 2, r.splitParams())
		if _, err := r.splitter.Split(r.t.Context(), j, secret.Copy([]byte(r.fixture.PIN+"0"))); !r.fixture.IsPINError(err) {
			r.t.Errorf("a wrong PIN was answered %v", err)
		}
	})
}

func openRefused(r *room) {
	t := r.t
	t.Helper()
	_, v := r.split()
	const me, other = "custodian-1", "custodian-2"
	j := r.handOver(me, v)
	if _, err := r.splitter.ProveOpen(t.Context(), j, me, r.phrase(other)); !errors.Is(err, credential.ErrPassphrase) {
		t.Errorf("another's passphrase was answered %v", err)
	}
	for name, f := range map[string]func() (ceremony.OpenResult, error){
		"another custodian": func() (ceremony.OpenResult, error) {
			return r.splitter.ProveOpen(t.Context(), j, other, r.phrase(other))
		},
		"the witness": func() (ceremony.OpenResult, error) {
			id := r.plan.With(plan.Witness)[0].ID
			return r.splitter.ProveOpen(t.Context(), r.handOver(id, v), id, r.phrase(id))
		},
		"another split": func() (ceremony.OpenResult, error) {
			return r.splitter.ProveOpen(t.Context(), r.handOver(me, with(v, "splitId", "00112233445566778899aabbccddeeff")), me, r.phrase(me))
		},
	} {
		if got, err := f(); err == nil || got != (ceremony.OpenResult{}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func recoverRefused(r *room) {
	t := r.t
	t.Helper()
	_, v := r.split()
	drawn := []string{"custodian-1", "custodian-2", "custodian-3"}
	good := r.recoverParams(v, drawn...)
	r.unchanged(func() {
		for name, c := range map[string]struct {
			job     ceremony.Job
			holders []string
		}{
			"one approval":   {r.request(ceremony.KindRecover, 1, good), drawn},
			"others":         {r.request(ceremony.KindRecover, 2, good), []string{"custodian-1", "custodian-2", "custodian-4"}},
			"too few":        {r.request(ceremony.KindRecover, 2, r.recoverParams(v, drawn[:2]...)), drawn[:2]},
			"too many":       {r.request(ceremony.KindRecover, 2, r.recoverParams(v, append(drawn, "custodian-4")...)), append(drawn, "custodian-4")},
			"one twice":      {r.request(ceremony.KindRecover, 2, r.recoverParams(v, drawn[0], drawn[1], drawn[1])), []string{drawn[0], drawn[1], drawn[1]}},
			"another backup": {r.request(ceremony.KindRecover, 2, with(good, "backup", digest(nil))), drawn},
			"another split":  {r.request(ceremony.KindRecover, 2, with(good, "splitId", "00112233445566778899aabbccddeeff")), drawn},
			"another spec":   {r.request(ceremony.KindRecover, 2, with(good, "spec", "HMAC_256")), drawn},
			"another key":    {r.request(ceremony.KindRecover, 2, with(good, "target", "00112233445566778899aabbccddeeff")), drawn},
			"another value":  {r.request(ceremony.KindRecover, 2, with(good, "expected", "0000000000")), drawn},
			"a taken label":  {r.request(ceremony.KindRecover, 2, with(good, "label", r.target.Label)), drawn},
		} {
			if got, err := r.splitter.Recover(t.Context(), c.job, r.pin(), r.holders(c.holders...)); err == nil || got.Key != "" {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
		}
	})
}

func exchanged(r *room) {
	t := r.t
	t.Helper()
	_, v := r.split()
	drawn := []string{"custodian-1", "custodian-2", "custodian-3"}
	for _, name := range []string{ceremony.BackupFile, ceremony.ShareFile(drawn[1])} {
		whole := r.read(name)
		bad := bytes.Clone(whole)
		bad[len(bad)-1] ^= 1
		for _, data := range [][]byte{bad, whole[:8], r.read(ceremony.ShareFile("custodian-4"))} {
			r.write(name, data)
			r.unchanged(func() {
				j := r.request(ceremony.KindRecover, 2, r.recoverParams(v, drawn...))
				if got, err := r.splitter.Recover(t.Context(), j, r.pin(), r.holders(drawn...)); err == nil || got.Key != "" || !strings.Contains(err.Error(), "not the file that the journal names") {
					t.Errorf("%s exchanged: %+v, %v", name, got, err)
				}
			})
		}
		r.write(name, whole)
	}
}

// regainedOther asks for a check value over another nonce than the key's, so that
// the right key looks like a wrong one.
func regainedOther(r *room) {
	r.t.Helper()
	_, v := r.split()
	drawn := []string{"custodian-1", "custodian-3", "custodian-4"}
	params := with(r.recoverParams(v, drawn...), "nonce", digest(nil))
	r.unchanged(func() {
		got, err := r.splitter.Recover(r.t.Context(), r.request(ceremony.KindRecover, 2, params), r.pin(), r.holders(drawn...))
		if err == nil || !strings.Contains(err.Error(), "check value") || got.Key != "" {
			r.t.Errorf("answered %+v, %v", got, err)
		}
	})
}
