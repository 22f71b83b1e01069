package transcript

import (
	"bytes"
	"flag"
	"math/bits"
	"testing"

	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/plan"
)

// exhaustive is for a quiet hour: "go test -run Matters -args -exhaustive".
var exhaustive = flag.Bool("exhaustive", false, "flip every bit of every byte, and shift every byte")

// mutations yields variants of data: at each byte one bit flipped, another at
// each; with shift also the byte deleted, doubled and with a space before it.
// The slice is reused.
func mutations(data []byte, shift bool, yield func(variant []byte)) {
	buf := make([]byte, 0, len(data)+1)
	for i := range data {
		for bit := range 8 {
			if bit == i*5%8 || *exhaustive {
				buf = append(buf[:0], data...)
				buf[i] ^= 1 << bit
				yield(buf)
			}
		}
		if !shift && !*exhaustive {
			continue
		}
		yield(append(append(buf[:0], data[:i]...), data[i+1:]...))
		yield(append(append(append(buf[:0], data[:i]...), ' '), data[i:]...))
		yield(append(append(append(buf[:0], data[:i]...), data[i]), data[i:]...))
	}
}

// A mutant that splits a line in two is judged by its first part, as Load would.
func firstLine(data []byte) []byte {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return data[:i+1]
	}
	return data
}

// TestEveryByteOfTheJournalMatters mutates each line where the chain stands just
// before it, which is as far as Load would come; the first line of each kind is
// shifted too.
func TestEveryByteOfTheJournalMatters(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dsse.Production)
	w.insert("statement", resume("resume", "recorder-2", 2)...)
	w.insert("statement", entry{kind: KindNote, by: "witness", body: Note{}})
	w.insert("wrap", w.step("wrap", " first", 0)...)
	w.entry("wrap first result").body = Result{Outcome: Failed, Values: []Value{}}
	w.insert("wrap first result", entry{kind: KindRefuse, by: "witness", of: "wrap first", body: Refuse{Reason: "no"}})
	w.build()
	c := newChain(w.mode)
	seen, count := map[Kind]bool{}, 0
	for line := range bytes.Lines(w.journal) {
		kind := w.entries[len(c.events)].kind
		mutations(line, !seen[kind], func(variant []byte) {
			count++
			variant = firstLine(variant)
			if bytes.Equal(variant, line) {
				return // doubled line feed: the blank line after it is a case of its own
			}
			if e, err := c.accept(variant); err == nil {
				t.Fatalf("line %d: took %s", e.Seq, variant)
			}
		})
		seen[kind] = true
		if _, err := c.accept(line); err != nil {
			t.Fatalf("a refused mutant left its mark: %v", err)
		}
	}
	t.Logf("%d variants of %d bytes", count, len(w.journal))
}

func TestEveryByteOfTheSealMatters(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dsse.Production)
	w.build()
	seal := w.seal()
	ro, err := newRoster(RosterOf(w.plan))
	w.must(err)
	if _, err := parseSeal(seal, w.mode, ro, w.keys[Recorder].public); err != nil {
		t.Fatal(err)
	}
	mutations(seal, true, func(variant []byte) {
		if _, err := parseSeal(variant, w.mode, ro, w.keys[Recorder].public); err == nil {
			t.Fatalf("took %s", variant)
		}
	})
	for n := range seal {
		if _, err := parseSeal(seal[:n], w.mode, ro, w.keys[Recorder].public); err == nil {
			t.Fatalf("took the first %d bytes", n)
		}
	}
}

func TestEveryByteOfThePlanMatters(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dsse.Production)
	w.build()
	mutations(w.planBuf, false, func(variant []byte) {
		if _, err := parsePlan(variant); err == nil {
			t.Fatalf("took %s", variant)
		}
	})
}

// TestNoTruncationIsValid cuts the sealed journal at every line, and a byte
// before and after.
func TestNoTruncationIsValid(t *testing.T) {
	w := newWorld(t, dsse.Production)
	dir, list := w.write()
	trusted, err := ReadTrusted(list, dir)
	w.must(err)
	at := 0
	for line := range bytes.Lines(w.journal) {
		for _, n := range []int{at, at + 1, at + len(line) - 1} {
			w.file(dir, JournalFile, w.journal[:n])
			if r := Verify(dir, trusted, Options{}); r.Code != CodeInvalid {
				t.Errorf("cut to %d bytes: %d %s", n, r.Code, r.Verdict)
			}
		}
		at += len(line)
	}
}

// TestSealNeedsTheRightPeople judges every subset of six signatures under every
// subset of six listed keys by a rule written down a second time.
func TestSealNeedsTheRightPeople(t *testing.T) {
	all := []string{Recorder, "hsm", "witness", "custodian-1", "custodian-2", "custodian-3"}
	for _, outcome := range []string{Completed, Aborted} {
		w := newWorld(t, dsse.Production)
		if outcome == Aborted {
			w.abort("wrap")
		}
		w.build()
		w.sealers = all
		whole, err := parseFile(w.seal())
		w.must(err)
		for signed := 1; signed < 1<<len(all); signed++ {
			env := whole
			env.Signatures = nil
			for i := range all {
				if signed>>i&1 == 1 {
					env.Signatures = append(env.Signatures, whole.Signatures[i])
				}
			}
			w.judgeSubset(marshal(t, env), outcome, signed)
		}
	}
}

// judgeSubset checks one seal; bit i of signed is the i-th of recorder, HSM,
// witness and three custodians, and likewise of listed, with the officer for the
// recorder.
func (w *world) judgeSubset(envelope []byte, outcome string, signed int) {
	enough := func(set int) bool {
		custodians := bits.OnesCount(uint(set >> 3))
		if outcome == Aborted {
			return set&1 == 1 && custodians+(set>>2&1) >= 2
		}
		return set&7 == 7 && custodians >= 2
	}
	file := append(bytes.Clone(envelope), '\n')
	ro, err := newRoster(RosterOf(w.plan))
	w.must(err)
	s, err := parseSeal(file, w.mode, ro, w.keys[Recorder].public)
	if (err == nil) != enough(signed) {
		w.t.Errorf("%s, signed %06b: %v", outcome, signed, err)
	}
	if err != nil {
		return
	}
	ids := []string{"officer", "hsm", "witness", "custodian-1", "custodian-2", "custodian-3"}
	for listed := range 1 << len(ids) {
		trusted := Trusted{}
		for i, id := range ids {
			if listed>>i&1 == 1 {
				m, _ := w.plan.Member(id)
				trusted[w.keys[id].public.ID()] = m.Role
			}
		}
		want := enough(signed&listed|signed&1) && listed&1 == 1
		if lacks := trusted.lacks(ro, s); (len(lacks) == 0) != want {
			w.t.Errorf("%s, signed %06b, listed %06b: lacks %q", outcome, signed, listed, lacks)
		}
	}
}

// FuzzLoad feeds journals to the chain: whatever is taken must be whole lines
// that were really signed, from the first on.
func FuzzLoad(f *testing.F) {
	honest, err := loadPlan(exampleDir) // not one made here: each process would make its own
	if err != nil {
		f.Fatal(err)
	}
	whole, err := readFile(exampleDir, JournalFile, maxJournal)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{})
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	for line := range bytes.Lines(whole) {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, journal []byte) {
		r := honest
		if err := r.follow(journal); err != nil {
			return
		}
		if n := len(journal) - r.Torn; n > len(whole) || !bytes.Equal(journal[:n], whole[:n]) {
			t.Errorf("took %d lines that nobody signed", len(r.Events))
		}
	})
}

// FuzzTrusted feeds lists: what is taken has only digests and known roles.
func FuzzTrusted(f *testing.F) {
	w := newWorld(f, dsse.Production)
	f.Add([]byte(w.trustAll()))
	f.Add([]byte("# a\n\n  \n" + digest(nil) + "  hsm text text"))
	f.Add([]byte(digest(nil) + " guest\n"))
	f.Fuzz(func(t *testing.T, list []byte) {
		trusted, err := ParseTrusted(bytes.NewReader(list))
		if err != nil {
			return
		}
		for fingerprint, role := range trusted {
			if !isDigest(fingerprint) || !knownRole(role) || !bytes.Contains(list, []byte(fingerprint)) {
				t.Errorf("took %q as %q", fingerprint, role)
			}
		}
	})
}

func TestVerifySealSaysWhatIsMissing(t *testing.T) {
	w := newWorld(t, dsse.Production)
	w.build()
	trusted := Trusted{}
	for _, m := range w.plan.Roster {
		trusted[w.keys[m.ID].public.ID()] = m.Role
	}
	s, err := VerifySeal(w.seal(), w.mode, w.plan, w.keys[Recorder].public, trusted)
	if err != nil || s.Ceremony != w.ceremony || s.Outcome != Completed || len(s.Subjects) != 4 || len(s.Signers) != 5 {
		t.Errorf("%+v, %v", s, err)
	}
	delete(trusted, w.keys["witness"].public.ID())
	if _, err := VerifySeal(w.seal(), w.mode, w.plan, w.keys[Recorder].public, trusted); err == nil || err.Error() != "not enough trusted keys: the witness" {
		t.Errorf("error is %v", err)
	}
	if _, err := VerifySeal(w.seal(), dsse.Rehearsal, w.plan, w.keys[Recorder].public, Trusted{"": plan.Witness}); err == nil {
		t.Error("took a production seal for a rehearsal's")
	}
}
