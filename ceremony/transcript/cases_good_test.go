package transcript

import (
	"os"
	"path/filepath"
	"strings"

	"keyrite.dev/keyrite/ceremony/dsse"
)

// resume is a crash: a resume line and its approvals by two custodians.
func resume(name, signer string, approvals int) []entry {
	out := []entry{{name: name, kind: KindResume, by: Recorder, signer: signer, body: Resume{}}}
	for i := range approvals {
		by := []string{"custodian-3", "custodian-1"}[i]
		out = append(out, entry{name: name + " approval", kind: KindApprove, by: by, of: name, body: Approve{}})
	}
	return out
}

// goodCases are valid, or intact and unfinished.
func goodCases() []verifierCase {
	return []verifierCase{
		{name: "complete", bend: func(*world) {}},
		{name: "rehearsal", mode: dsse.Rehearsal, verdict: "REHEARSAL: ", bend: func(*world) {}},
		{name: "complete in production", production: true, bend: func(*world) {}},
		{name: "rehearsal in production", mode: dsse.Rehearsal, production: true, code: CodeInvalid, verdict: "REHEARSAL: not valid", bend: func(*world) {}},
		{name: "aborted", verdict: "ABORTED: ", bend: func(w *world) { w.abort("wrap") }},
		{name: "aborted rehearsal", mode: dsse.Rehearsal, verdict: "REHEARSAL, ABORTED: ", bend: func(w *world) { w.abort("wrap") }},
		{name: "aborted with a request open", verdict: "ABORTED: ", bend: func(w *world) { w.abort("wrap approval 2") }},
		{name: "aborted, then the key destroyed", verdict: "ABORTED: ", bend: func(w *world) { w.abort("wrap", w.step("destroy", "", 2)...) }},
		{name: "three approvals", bend: func(w *world) {
			w.insert("split result", entry{kind: KindApprove, by: "custodian-3", of: "split", body: Approve{}})
		}},
		{name: "deviations", bend: func(w *world) {
			w.insert("split approval 2", entry{kind: KindRefuse, by: "custodian-3", of: "split", body: Refuse{Reason: "not yet"}})
			w.entry("split result").body = Result{Outcome: Failed, Values: []Value{{"error", "refused"}}}
			w.insert("recover", w.step("split", " again", 2)...)
			w.insert("wrap", entry{kind: KindNote, by: "witness", body: Note{Class: 3, Decided: "go on", Expected: "silence", Happened: "noise", Step: "3.1"}})
			w.entry("statement").body = Statement{Agree: false, Reason: "there was noise"}
		}},
		{name: "failed without approvals", bend: func(w *world) {
			w.insert("wrap", w.step("wrap", " first", 0)...)
			w.entry("wrap first result").body = Result{Outcome: Failed, Values: []Value{}}
		}},
		{name: "resumed", bend: func(w *world) { w.insert("wrap", resume("resume", "recorder-2", 2)...); w.sealers[0] = "recorder-2" }},
		{name: "resumed, a torn tail set aside, twice", bend: func(w *world) {
			first := resume("first", "recorder-2", 1)
			first[0].body = Resume{Torn: digest([]byte("tail"))}
			w.insert("wrap result", first...)
			w.insert("wrap result", resume("second", "recorder-3", 2)...)
			w.sealers[0] = "recorder-3"
		}},
		{name: "one more custodian seals, not listed", bend: func(w *world) {
			w.sealers = append(w.sealers, "custodian-3")
			w.trusted = w.trust("officer", "hsm", "witness", "custodian-1", "custodian-2")
		}},
		{name: "sealed file not here", bend: func(w *world) {
			w.after = func(dir string) { w.must(os.RemoveAll(filepath.Join(dir, "shares"))) }
		}},
		{name: "sealed file not here, nor its folder", bend: func(w *world) {
			w.sealEdit = func(s *sealStatement) { s.Subject[2].Name = "backup.bin/share" }
		}},
		{name: "files beside the sealed ones", bend: func(w *world) {
			w.after = func(dir string) { w.file(dir, "receipt.json", []byte("{}")) }
		}},
		{name: "texts of many scripts", bend: func(w *world) {
			w.entry("statement").body = Statement{Agree: true, Reason: "Łukasz, Zoë, 山田 🔑 \"quoted\" back\\slash <tag> & 'n' e\u0301 null 1.5 {}"}
		}},
		{name: "P-384 custodian seals", bend: func(w *world) { w.sealers = []string{Recorder, "custodian-3", "hsm", "witness", "custodian-1"} }},
		{name: "list with comments and odd spaces", bend: func(w *world) {
			w.trusted = "#x\n\n   \n  # y\n  " + strings.ReplaceAll(w.trustAll(), " ", "   ") + digest(nil) + " importer"
		}},
		{name: "folder behind a link", bend: func(w *world) {
			w.after = func(dir string) {
				w.must(os.Rename(dir, dir+" moved"))
				w.must(os.Symlink(dir+" moved", dir))
			}
		}},

		{name: "under way", code: CodeUnfinished, bend: func(w *world) { w.cut("wrap approval 2") }},
		{name: "torn", code: CodeUnfinished, bend: func(w *world) {
			w.cut("wrap")
			w.journalEdit = func(j []byte) []byte { return j[:len(j)-1] }
		}},
		{name: "torn with bytes that are no text", code: CodeUnfinished, bend: func(w *world) {
			w.cut("wrap")
			w.journalEdit = func(j []byte) []byte { return append(j, 0, 0xff, '\r', '{') }
		}},
		{name: "closed, not sealed", code: CodeUnfinished, bend: func(w *world) { w.sealers = nil }},
		{name: "aborted, not closed", code: CodeUnfinished, bend: func(w *world) { w.abort("wrap"); w.cut("close") }},
		{name: "resume waits", code: CodeUnfinished, bend: func(w *world) { w.cut("wrap"); w.add(resume("resume", "recorder-2", 1)...) }},
		{name: "empty journal", code: CodeUnfinished, bend: func(w *world) { w.cut("open"); w.journal = []byte{}; w.build() }},
		{name: "first line torn", code: CodeUnfinished, bend: func(w *world) {
			w.cut("enrol custodian-1")
			w.journalEdit = func(j []byte) []byte { return j[:100] }
		}},
		{name: "nobody trusted, under way", code: CodeUnfinished, bend: func(w *world) { w.cut("wrap"); w.trusted = "#\n" }},
		{name: "rehearsal under way in production", code: CodeInvalid, verdict: "REHEARSAL: not valid", mode: dsse.Rehearsal, production: true, bend: func(w *world) { w.cut("wrap") }},
	}
}

// trustCases are about the reader's list.
func trustCases() []verifierCase {
	lists := func(ids ...string) func(w *world) { return func(w *world) { w.trusted = w.trust(ids...) } }
	usage := func(list string) func(w *world) { return func(w *world) { w.trusted = list } }
	fp := digest([]byte("some key"))
	return []verifierCase{
		{name: "officer not listed", code: CodeUntrusted, bend: lists("hsm", "witness", "custodian-1", "custodian-2")},
		{name: "HSM not listed", code: CodeUntrusted, bend: lists("officer", "witness", "custodian-1", "custodian-2")},
		{name: "witness not listed", code: CodeUntrusted, bend: lists("officer", "hsm", "custodian-1", "custodian-2")},
		{name: "one custodian listed", code: CodeUntrusted, bend: lists("officer", "hsm", "witness", "custodian-1", "custodian-3")},
		{name: "nobody listed", code: CodeUntrusted, bend: lists()},
		{name: "only needed keys listed", bend: lists("officer", "hsm", "witness", "custodian-1", "custodian-2")},
		{name: "custodian listed as witness", code: CodeUntrusted, bend: func(w *world) {
			w.trusted = strings.ReplaceAll(w.trustAll(), "custodian", "witness")
		}},
		{name: "officer listed as administrator", code: CodeUntrusted, bend: func(w *world) {
			w.trusted = strings.ReplaceAll(w.trustAll(), " officer ", " administrator ")
		}},
		{name: "aborted, one person listed", code: CodeUntrusted, bend: func(w *world) { w.abort("wrap"); w.trusted = w.trust("officer", "witness") }},
		{name: "aborted, officer not listed", code: CodeUntrusted, bend: func(w *world) { w.abort("wrap"); w.trusted = w.trust("witness", "custodian-1") }},
		{name: "aborted, one person and the HSM listed", code: CodeUntrusted, bend: func(w *world) {
			w.abort("wrap")
			w.sealers = append(w.sealers, "hsm")
			w.trusted = w.trust("officer", "witness", "hsm")
		}},
		{name: "rehearsal, nobody listed", code: CodeUntrusted, mode: dsse.Rehearsal, bend: lists()},

		{name: "list inside the folder", code: codeUsage, bend: func(w *world) {
			w.after = func(dir string) {
				w.must(os.Rename(dir+".trusted", filepath.Join(dir, "shares", "trusted")))
				w.must(os.Symlink(filepath.Join(dir, "shares", "trusted"), dir+".trusted"))
			}
		}},
		{name: "list missing", code: codeUsage, bend: func(w *world) { w.after = func(dir string) { w.must(os.Remove(dir + ".trusted")) } }},
		{name: "list: role alone", code: codeUsage, bend: usage("officer\n")},
		{name: "list: fingerprint alone", code: codeUsage, bend: usage(fp + "\n")},
		{name: "list: upper-case fingerprint", code: codeUsage, bend: usage(strings.ToUpper(fp) + " officer\n")},
		{name: "list: short fingerprint", code: codeUsage, bend: usage(fp[1:] + " officer\n")},
		{name: "list: unknown role", code: codeUsage, bend: usage(fp + " recorder\n")},
		{name: "list: upper-case role", code: codeUsage, bend: usage(fp + " Officer\n")},
		{name: "list: twice", code: codeUsage, bend: usage(fp + " officer\n" + fp + " officer\n")},
		{name: "list: CRLF", code: codeUsage, bend: usage(fp + " officer\r\n")},
		{name: "list: tab", code: codeUsage, bend: usage(fp + "\tofficer\n")},
		{name: "list: not UTF-8", code: codeUsage, bend: usage("# \xff\n")},
		{name: "list: bidirectional override", code: codeUsage, bend: usage(fp + " officer \u202eeve\n")},
		{name: "list: NUL", code: codeUsage, bend: usage(fp + " officer a\x00b\n")},
		{name: "list: byte order mark", code: codeUsage, bend: usage("\ufeff" + fp + " officer\n")},
	}
}
