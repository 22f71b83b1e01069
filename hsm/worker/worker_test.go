package worker_test

import (
	"bytes"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/transcript"
)

func TestSplitsOpensAndRebuildsOnBothTokens(t *testing.T) {
	for _, spec := range []plan.KeySpec{plan.AES256, plan.HMAC256} {
		t.Run(string(spec), func(t *testing.T) {
			eachToken(t, spec, func(r *room) { wholeWay(r) })
		})
	}
}

func wholeWay(r *room) {
	t := r.t
	before := r.objects()
	began := time.Now()
	res, v := r.split()
	t.Logf("split: %v, in clear %d ms", time.Since(began).Round(time.Millisecond), res.ExposureMS)
	checkSplit(r, res)
	if now := r.objects(); now != before {
		t.Errorf("the token holds other objects after the split:\n%sbefore:\n%s", now, before)
	}
	for _, m := range r.plan.With(plan.Custodian) {
		line := r.handOver(m.ID, v)
		began := time.Now()
		got, err := r.splitter.ProveOpen(t.Context(), r.job(line), m.ID, r.phrase(m.ID))
		t.Logf("open: %v", time.Since(began).Round(time.Millisecond))
		if err != nil || got.Custodian != m.ID || got.Commitment != ceremony.Values(v).Get("commitment/"+m.ID) {
			t.Errorf("share of %s: %+v, %v", m.ID, got, err)
		}
		r.result(line, transcript.Done, values("custodian", m.ID, "opens", "true"))
	}
	drawn := []string{"custodian-1", "custodian-3", "custodian-5"}
	line := r.request(ceremony.KindRecover, 2, r.recoverParams(v, drawn...))
	began = time.Now()
	got, err := r.splitter.Recover(t.Context(), r.job(line), pin(), r.holders(drawn...))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("recover: %v, in clear %d ms", time.Since(began).Round(time.Millisecond), got.ExposureMS)
	checkRegained(r, got, before)
}

func checkSplit(r *room, res ceremony.SplitResult) {
	t := r.t
	t.Helper()
	switch {
	case len(res.Shares) != 5 || res.Subsets != 10 || !res.AllSubsets:
		t.Errorf("%d shares, %d subsets, all: %v; want 5, 10, true", len(res.Shares), res.Subsets, res.AllSubsets)
	case !res.Destroyed || res.ExposureMS < 1 || len(res.BackupKCV) != 10 || len(res.SplitID) != 32:
		t.Errorf("destroyed %v, exposure %d ms, check value %q, split %q", res.Destroyed, res.ExposureMS, res.BackupKCV, res.SplitID)
	case len(res.BackupBlob) != 40:
		t.Errorf("the backup has %d bytes, want 32 + 8", len(res.BackupBlob))
	case !res.SecretDo && runtime.GOOS == "linux":
		t.Error("the split was not inside runtime/secret; build with GOEXPERIMENT=runtimesecret")
	case res.NoNetwork != mayIsolate(t):
		t.Errorf("worker without network: %v; this machine allows it: %v", res.NoNetwork, mayIsolate(t))
	}
	for i, m := range r.plan.With(plan.Custodian) {
		if s := res.Shares[i]; s.Custodian != m.ID || s.Index != i+1 || len(s.Sealed) != 1765 {
			t.Errorf("share %d is %s's, index %d, %d bytes", i+1, s.Custodian, s.Index, len(s.Sealed))
		}
	}
}

// mayIsolate asks util-linux, not our own code, whether this machine gives out
// network namespaces.
func mayIsolate(t *testing.T) bool {
	t.Helper()
	return exec.CommandContext(t.Context(), "unshare", "--user", "--map-current-user", "--net", "true").Run() == nil
}

func checkRegained(r *room, got ceremony.RecoverResult, before string) {
	t := r.t
	t.Helper()
	if !bytes.Equal(got.CheckValue, r.kcv) || !got.Destroyed || got.ExposureMS < 1 {
		t.Errorf("regained: check value %x, want %x; destroyed %v; exposure %d ms", got.CheckValue, r.kcv, got.Destroyed, got.ExposureMS)
	}
	if !r.plan.Key.Spec.IsHMAC() { // SoftHSM2 tells no length of an HMAC key, so only the session that made it knows its hash
		kcv, err := r.token.CheckValue(t.Context(), got.Key, nil)
		if err != nil || !bytes.Equal(kcv, r.kcv) {
			t.Errorf("asked here, the regained key has check value %x: %v", kcv, err)
		}
	}
	old := must(r.token.Attributes(t.Context(), r.target.ID))
	now := must(r.token.Attributes(t.Context(), got.Key))
	for _, name := range []string{"CKA_SENSITIVE", "CKA_EXTRACTABLE", "CKA_PRIVATE", "CKA_TOKEN"} {
		if now[name] != old[name] || now[name] == "" {
			t.Errorf("%s is %q for the regained key and %q for the first", name, now[name], old[name])
		}
	}
	if err := r.token.Destroy(t.Context(), got.Key); err != nil {
		t.Error(err)
	}
	if now := r.objects(); now != before {
		t.Errorf("the token holds other objects after the recovery:\n%sbefore:\n%s", now, before)
	}
	if strings.Contains(before, "keyrite backup") || strings.Contains(before, "landing") {
		t.Error("the inventory was not clean to begin with")
	}
}
