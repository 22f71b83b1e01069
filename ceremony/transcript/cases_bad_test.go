package transcript

import (
	"bytes"
	"os"
	"path/filepath"

	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/plan"
)

// invalid is a case that both refuse.
func invalid(name string, bend func(w *world)) verifierCase {
	return verifierCase{name: name, code: CodeInvalid, bend: bend}
}

// lines edits the journal's lines, before it is sealed.
func lines(edit func(l [][]byte) [][]byte) func(w *world) {
	return func(w *world) {
		w.journalEdit = func(j []byte) []byte { return bytes.Join(edit(bytes.SplitAfter(j, []byte("\n"))), nil) }
	}
}

// chainCases break the order of lines.
func chainCases() []verifierCase {
	return []verifierCase{
		invalid("line dropped", lines(func(l [][]byte) [][]byte { return append(l[:9:9], l[10:]...) })),
		invalid("lines swapped", lines(func(l [][]byte) [][]byte { l[8], l[9] = l[9], l[8]; return l })),
		invalid("line doubled", lines(func(l [][]byte) [][]byte { return append(l[:10:10], l[9:]...) })),
		invalid("blank line", lines(func(l [][]byte) [][]byte { l[9] = append([]byte("\n"), l[9]...); return l })),
		invalid("CRLF", lines(func(l [][]byte) [][]byte { l[9] = append(bytes.TrimSuffix(l[9], []byte("\n")), "\r\n"...); return l })),
		invalid("byte order mark", lines(func(l [][]byte) [][]byte { l[0] = append([]byte("\xef\xbb\xbf"), l[0]...); return l })),
		invalid("last line cut, sealed before", func(w *world) {
			w.after = func(dir string) {
				w.file(dir, JournalFile, w.journal[:bytes.LastIndexByte(w.journal[:len(w.journal)-1], '\n')+1])
			}
		}),
		invalid("last line feed cut, sealed before", func(w *world) {
			w.after = func(dir string) { w.file(dir, JournalFile, w.journal[:len(w.journal)-1]) }
		}),
		invalid("bytes after the end, sealed before", func(w *world) {
			w.after = func(dir string) { w.file(dir, JournalFile, append(w.journal, "x"...)) }
		}),
		invalid("tail larger than a line", func(w *world) {
			w.cut("wrap")
			w.journalEdit = func(j []byte) []byte { return append(j, bytes.Repeat([]byte("x"), dsse.MaxEnvelope+1)...) }
		}),
		invalid("line of another ceremony", func(w *world) { w.entry("wrap").edit = func(e *wireEvent) { e.Ceremony = digest(nil) } }),
		invalid("ceremony id is no digest", func(w *world) { w.ceremony = "1" }),
		invalid("wrong prev", func(w *world) { w.entry("wrap").edit = func(e *wireEvent) { e.Prev = digest(nil) } }),
		invalid("wrong seq", func(w *world) { w.entry("wrap").edit = func(e *wireEvent) { e.Seq++ } }),
		invalid("clock backwards", func(w *world) { w.entry("wrap").edit = func(e *wireEvent) { e.Time = "2026-11-22T05:00:00Z" } }),
		invalid("time with an offset", func(w *world) { w.entry("close").edit = func(e *wireEvent) { e.Time = "2026-11-22T07:00:00+01:00" } }),
		invalid("time with a fraction", func(w *world) { w.entry("close").edit = func(e *wireEvent) { e.Time = "2026-11-22T07:00:00.5Z" } }),
		invalid("day that is none", func(w *world) { w.entry("close").edit = func(e *wireEvent) { e.Time = "2027-02-29T07:00:00Z" } }),
		invalid("leap second", func(w *world) { w.entry("close").edit = func(e *wireEvent) { e.Time = "2026-12-31T23:59:60Z" } }),
		invalid("year 3000", func(w *world) { w.entry("close").edit = func(e *wireEvent) { e.Time = "3000-01-01T00:00:00Z" } }),
		invalid("no open", func(w *world) { w.drop("open") }),
		invalid("second open", func(w *world) { w.insert("wrap", entry{kind: KindOpen, by: Recorder}) }),
		invalid("event after the close", func(w *world) { w.add(entry{kind: KindNote, by: "witness", body: Note{}}) }),
		invalid("close counts wrong", func(w *world) { w.entry("close").body = Close{Events: 7, Outcome: Completed} }),
		invalid("unknown kind", func(w *world) { w.entry("statement").kind = "remark" }),
		invalid("body of another kind", func(w *world) { w.entry("statement").kind = KindNote }),
		invalid("rehearsal line in production", func(w *world) { w.entry("wrap").typ = dsse.Rehearsal.Type("event") }),
		invalid("rehearsal plan in production", func(w *world) { w.planType = dsse.Rehearsal.Type("plan") }),
		invalid("event type is the plan's", func(w *world) { w.entry("wrap").typ = w.mode.Type("plan") }),
		invalid("journal missing", func(w *world) { w.after = func(dir string) { w.must(os.Remove(filepath.Join(dir, JournalFile))) } }),
		invalid("journal is a link", func(w *world) {
			w.after = func(dir string) {
				w.must(os.Rename(filepath.Join(dir, JournalFile), dir+".journal"))
				w.must(os.Symlink(dir+".journal", filepath.Join(dir, JournalFile)))
			}
		}),
		invalid("plan missing", func(w *world) { w.after = func(dir string) { w.must(os.Remove(filepath.Join(dir, PlanFile))) } }),
		invalid("journal is a folder", func(w *world) {
			w.after = func(dir string) {
				w.must(os.Remove(filepath.Join(dir, JournalFile)))
				w.must(os.Mkdir(filepath.Join(dir, JournalFile), 0o700))
			}
		}),
	}
}

// peopleCases break who may do what, and when.
func peopleCases() []verifierCase {
	by := func(name, member string) func(w *world) { return func(w *world) { w.entry(name).by = member } }
	open := func(edit func(o *Open)) func(w *world) {
		return func(w *world) {
			w.entry("open").late = func(_ *world, b any) any { o := b.(Open); edit(&o); return o }
		}
	}
	roster := func(edit func(w *world, m []plan.Member)) func(w *world) { // plan and line 0 alike
		return func(w *world) { edit(w, w.plan.Roster) }
	}
	return []verifierCase{
		invalid("one approval", func(w *world) { w.drop("wrap approval 2") }),
		invalid("approval twice by one", by("wrap approval 2", "custodian-1")),
		invalid("approval by one not enrolled", func(w *world) { w.drop("enrol custodian-2") }),
		invalid("approval by the witness", by("wrap approval 2", "witness")),
		invalid("approval by the recorder", by("wrap approval 2", Recorder)),
		invalid("approval by the HSM", by("wrap approval 2", "hsm")),
		invalid("approval by an outsider", by("wrap approval 2", "outsider")),
		invalid("approval after the result", func(w *world) {
			i := w.at("wrap approval 2")
			w.entries[i], w.entries[i+1] = w.entries[i+1], w.entries[i]
		}),
		invalid("approval of another line", func(w *world) { w.entry("wrap approval 2").of = "recover" }),
		invalid("approval of other words", func(w *world) {
			w.entry("wrap approval 2").late = func(_ *world, b any) any { a := b.(Approve); a.Request = digest(nil); return a }
		}),
		invalid("approval before the request", func(w *world) {
			w.entry("recover result").kind, w.entry("recover result").by = KindApprove, "custodian-3"
			w.entry("recover result").body = Approve{Of: w.at("wrap")}
		}),
		invalid("signed by another custodian", func(w *world) { w.entry("wrap approval 2").signer = "custodian-3" }),
		invalid("signed by an outsider", func(w *world) { w.entry("wrap approval 2").signer = "outsider" }),
		invalid("request by a custodian", by("wrap", "custodian-1")),
		invalid("result by the administrator", by("wrap result", "administrator")),
		invalid("enrolled by the recorder", by("enrol witness", Recorder)),
		invalid("enrolled twice", func(w *world) { w.insert("check", entry{kind: KindEnrol, by: "witness", body: Enrol{}}) }),
		invalid("enrolled for another plan", func(w *world) {
			w.entry("enrol witness").late = func(*world, any) any { return Enrol{Plan: digest(nil)} }
		}),
		invalid("refused, then done", func(w *world) {
			w.insert("wrap result", entry{kind: KindRefuse, by: "custodian-3", of: "wrap", body: Refuse{Reason: "no"}})
		}),
		invalid("check refused, then done", func(w *world) {
			w.insert("check result", entry{kind: KindRefuse, by: "witness", of: "check", body: Refuse{Reason: "no"}})
		}),
		invalid("refused by the HSM", func(w *world) {
			w.insert("wrap result", entry{kind: KindRefuse, by: "hsm", of: "wrap", body: Refuse{Reason: "no"}})
			w.entry("wrap result").body = Result{Outcome: Failed, Values: []Value{}}
		}),
		invalid("two results", func(w *world) {
			w.insert("export", entry{kind: KindResult, by: Recorder, of: "wrap", body: Result{Outcome: Done, Values: []Value{}}})
		}),
		invalid("failed, then done", func(w *world) {
			w.insert("wrap result", entry{kind: KindResult, by: Recorder, of: "wrap", body: Result{Outcome: Failed, Values: []Value{}}})
		}),
		invalid("result of no request", func(w *world) { w.entry("wrap result").of = "statement" }),
		invalid("outcome unknown", func(w *world) { w.entry("check result").body = Result{Outcome: "skipped", Values: []Value{}} }),
		invalid("unknown action without approvals", func(w *world) { w.insert("statement", w.step("reboot", "", 0)...) }),
		invalid("action in other letters without approvals", func(w *world) { w.insert("statement", w.step("Check", "", 0)...) }),
		invalid("mandatory action missing", func(w *world) { w.drop("recover", "recover approval 1", "recover approval 2", "recover result") }),
		invalid("mandatory action failed", func(w *world) { w.entry("recover result").body = Result{Outcome: Failed, Values: []Value{}} }),
		invalid("approved, no result, completed", func(w *world) {
			more := w.step("wrap", " again", 2)
			w.insert("statement", more[:3]...)
		}),
		invalid("resume without approvals", func(w *world) { w.insert("wrap", resume("resume", "recorder-2", 0)...); w.sealers[0] = "recorder-2" }),
		invalid("resume with one approval", func(w *world) { w.insert("wrap", resume("resume", "recorder-2", 1)...); w.sealers[0] = "recorder-2" }),
		invalid("resume refused", func(w *world) {
			r := resume("resume", "recorder-2", 2)
			r[1].kind, r[1].body = KindRefuse, Refuse{Reason: "no"}
			w.insert("wrap", r...)
			w.sealers[0] = "recorder-2"
		}),
		invalid("resume with the old key", func(w *world) { w.insert("wrap", resume("resume", Recorder, 2)...) }),
		invalid("resume with a member's key", func(w *world) { w.insert("wrap", resume("resume", "witness", 2)...); w.sealers[0] = "witness" }),
		invalid("resume signed by the old recorder", func(w *world) {
			r := resume("resume", Recorder, 2)
			r[0].body = Resume{Recorder: w.keys["recorder-2"].public.DER()}
			w.insert("wrap", r...)
		}),
		invalid("resume of another head", func(w *world) {
			r := resume("resume", "recorder-2", 2)
			r[0].late = func(_ *world, b any) any { x := b.(Resume); x.Head = digest(nil); return x }
			w.insert("wrap", r...)
			w.sealers[0] = "recorder-2"
		}),
		invalid("old recorder after a resume", func(w *world) {
			w.insert("wrap", resume("resume", "recorder-2", 2)...)
			w.entry("wrap").signer = Recorder
			w.sealers[0] = "recorder-2"
		}),
		invalid("statement over another head", func(w *world) {
			w.entry("statement").late = func(*world, any) any { return Statement{Agree: true, Head: digest(nil)} }
		}),
		invalid("note of class 4", func(w *world) { w.insert("statement", entry{kind: KindNote, by: "witness", body: Note{Class: 4}}) }),
		invalid("work after an abort", func(w *world) { w.abort("wrap", w.step("wrap", "", 2)...) }),
		invalid("approved before, done after an abort", func(w *world) {
			w.abort("wrap result", entry{kind: KindResult, by: Recorder, of: "wrap", body: Result{Outcome: Done, Values: []Value{}}})
		}),
		invalid("completed after an abort", func(w *world) { w.abort("wrap"); w.outcome = Completed }),
		invalid("aborted without an abort", func(w *world) { w.outcome = Aborted }),
		invalid("abort by a custodian", func(w *world) { w.abort("wrap"); w.entry("abort").by = "custodian-1" }),

		invalid("one approval is enough", open(func(o *Open) { o.Approvals = 1 })),
		invalid("other plan in line 0", open(func(o *Open) { o.Plan = digest(nil) })),
		invalid("previous is no digest", open(func(o *Open) { o.Previous = "none" })),
		invalid("roster of line 0 renamed", open(func(o *Open) { o.Roster[0].Name = "Eve" })),
		invalid("roster of line 0 reordered", open(func(o *Open) { o.Roster[0], o.Roster[1] = o.Roster[1], o.Roster[0] })),
		invalid("roster of line 0 longer", open(func(o *Open) {
			o.Roster = append(o.Roster, Member{ID: "eve", Key: edKey("eve").public.DER(), Name: "Eve", Role: plan.Custodian})
		})),
		invalid("recorder is a member", func(w *world) { w.keys[Recorder] = w.keys["administrator"] }),
		invalid("two members, one key", roster(func(w *world, m []plan.Member) { m[7].Key, w.keys["custodian-2"] = m[6].Key, w.keys["custodian-1"] })),
		invalid("two members, one id", roster(func(_ *world, m []plan.Member) { m[1].ID = m[0].ID })),
		invalid("member called recorder", roster(func(_ *world, m []plan.Member) { m[0].ID = Recorder })),
		invalid("member without an id", roster(func(_ *world, m []plan.Member) { m[0].ID = "" })),
		invalid("unknown role in the roster", roster(func(_ *world, m []plan.Member) { m[0].Role = "guest" })),
		invalid("Ed25519 key of small order", roster(func(w *world, m []plan.Member) { m[0].Key = smallOrderKey() })),
		invalid("RSA key", roster(func(w *world, m []plan.Member) { m[0].Key = rsaKey(w.t) })),
		invalid("P-256 point off the curve", roster(func(w *world, m []plan.Member) { m[9].Key = bytes.Clone(m[9].Key); m[9].Key[90] ^= 1 })),
		invalid("key with bytes after it", roster(func(_ *world, m []plan.Member) { m[0].Key = append(bytes.Clone(m[0].Key), 0) })),
		invalid("empty key", roster(func(_ *world, m []plan.Member) { m[0].Key = []byte{} })),
	}
}
