package transcript

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"keyrite.dev/keyrite/ceremony/dsse"
)

// longWorld is a ceremony of at least 1,000 lines: the honest one with checks
// and approved steps repeated.
func longWorld(b *testing.B) *world {
	b.Helper()
	w := newWorld(b, dsse.Production)
	var more []entry
	for i := 0; len(more) < 1000; i++ {
		more = append(more, w.step("wrap", fmt.Sprint(" again ", i), 2)...)
	}
	w.insert("statement", more...)
	return w
}

// BenchmarkVerify1000 verifies 1,000 lines from disk, with plan, seal and trust.
// ratio is the time over that of the bare work that no verifier can leave out:
// one SHA-256 over the journal and every signature check.
func BenchmarkVerify1000(b *testing.B) {
	w := longWorld(b)
	dir, list := w.write()
	trusted, err := ReadTrusted(list, dir)
	w.must(err)
	bare := bareWork(b, w)
	var whole, least time.Duration // in turns, so that a busy machine slows both
	for b.Loop() {
		begin := time.Now()
		if r := Verify(dir, trusted, Options{}); r.Code != CodeValid {
			b.Fatal(r.Verdict)
		}
		between := time.Now()
		bare()
		whole += between.Sub(begin)
		least += time.Since(between)
	}
	b.ReportMetric(whole.Seconds()*1e6/float64(b.N)/float64(len(w.entries)), "ms/1000-lines")
	b.ReportMetric(whole.Seconds()/least.Seconds(), "ratio")
	b.ReportMetric(0, "ns/op") // holds both, and so says nothing
}

// bareWork answers the hashing and the signature checks of w's journal alone,
// everything else done beforehand.
func bareWork(b *testing.B, w *world) func() {
	b.Helper()
	type check struct {
		key          dsse.PublicKey
		message, sig []byte
	}
	var checks []check
	for i, line := range bytes.Split(bytes.TrimSuffix(w.journal, []byte("\n")), []byte("\n")) {
		env, err := dsse.Parse(line)
		w.must(err)
		checks = append(checks, check{w.keys[w.lastRecorder(i, w.entries[i].by)].public, dsse.PAE(env.PayloadType, env.Payload), env.Signatures[0].Sig})
	}
	return func() {
		sum := sha256.New()
		sum.Write(w.journal)
		sum.Sum(nil)
		for _, c := range checks {
			if !c.key.Verify(c.message, c.sig) {
				b.Fatal("bad signature")
			}
		}
	}
}
