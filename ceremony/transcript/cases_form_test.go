package transcript

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/plan"
)

// smallOrderKey is the point of order 2 as a SubjectPublicKeyInfo.
func smallOrderKey() []byte {
	der := edKey("any").public.DER()
	copy(der[12:], append([]byte{0xec}, append(bytes.Repeat([]byte{0xff}, 30), 0x7f)...))
	return der
}

func rsaKey(t testing.TB) []byte {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(k.Public())
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// swap replaces once, and fails the test when there is nothing to replace.
func swap(w *world, old, new string) func([]byte) []byte {
	return func(data []byte) []byte {
		if !bytes.Contains(data, []byte(old)) {
			w.t.Errorf("no %q in %s", old, data)
		}
		return bytes.Replace(data, []byte(old), []byte(new), 1)
	}
}

// spellingCases break the spelling of a payload or an envelope; every payload is
// signed as it stands.
func spellingCases() []verifierCase {
	payload := func(name, old, new string) verifierCase {
		return invalid("payload: "+name, func(w *world) { w.entry("wrap").raw = swap(w, old, new) })
	}
	line := func(name, old, new string) verifierCase {
		return invalid("line: "+name, func(w *world) { w.entry("wrap").line = swap(w, old, new) })
	}
	return []verifierCase{
		payload("unknown member", `,"kind"`, `,"extra":"","kind"`),
		payload("unknown member in the body", `,"statement"`, `,"severity":"","statement"`),
		payload("member doubled", `"seq":`, `"seq":0,"seq":`),
		payload("member doubled in the body", `"step":`, `"step":"9","step":`),
		payload("member in other letters", `"by"`, `"By"`),
		payload("member in other letters in the body", `"statement"`, `"Statement"`),
		payload("member with a long s", `"statement"`, "\"\u017ftatement\""),
		payload("member missing", `,"step":"1.1"`, ``),
		payload("members out of order", `"label","value":"k"`, `"label2","a":"b","value":"k"`),
		payload("escaped letter", `Do wrap.`, `D\u006f wrap.`),
		payload("escaped slash", `Do wrap.`, `Do\/wrap.`),
		payload("space", `"seq":`, `"seq": `),
		payload("space before", `{"body"`, ` {"body"`),
		payload("text after", `Z"}`, `Z"}{}`),
		payload("text number", `"seq":`, `"seq":"","a":`),
		payload("exponent", `"seq":19`, `"seq":19e0`),
		payload("fraction", `"seq":19`, `"seq":19.0`),
		payload("minus", `"seq":19`, `"seq":-25`),
		payload("leading zero", `"seq":19`, `"seq":025`),
		payload("null list", `"params":[{"name":"label","value":"k"}]`, `"params":null`),
		payload("null text", `"Do wrap."`, `null`),
		payload("null body", `{"action":"wrap","params":[{"name":"label","value":"k"}],"statement":"Do wrap.","step":"1.1"}`, `null`),
		payload("object for a text", `"Do wrap."`, `{}`),
		payload("bidirectional override", `Do wrap.`, "evil \u202egnp.exe"),
		payload("bidirectional override, escaped", `Do wrap.`, `evil \u202egnp.exe`),
		payload("line feed, escaped", `Do wrap.`, `Do\nwrap.`),
		payload("line separator, escaped", `Do wrap.`, `Do\u2028wrap.`),
		payload("control character, escaped", `Do wrap.`, `Do\u0000wrap.`),
		payload("escape character", `Do wrap.`, "Do\x1b[2Jwrap."),
		payload("DEL", `Do wrap.`, "Do\x7fwrap."),
		payload("zero-width space", `Do wrap.`, "Do\u200bwrap."),
		payload("soft hyphen", `Do wrap.`, "Do\u00adwrap."),
		payload("private use", `Do wrap.`, "Do\U0010fffdwrap."),
		payload("tag character", `Do wrap.`, "Do\U000e0041wrap."),
		payload("override in a member's name", `,"kind"`, ",\"extra\u202e\":\"\",\"kind\""),
		payload("bad UTF-8", `Do wrap.`, "Do\xffwrap."),
		payload("surrogate, escaped", `Do wrap.`, `Do\ud800wrap.`),
		payload("overlong UTF-8", `Do wrap.`, "Do\xc0\xafwrap."),
		payload("deep nesting", `"Do wrap."`, strings.Repeat("[", 2000)+strings.Repeat("]", 2000)),
		payload("not JSON", `{"body"`, `["body"`),
		payload("empty", `{"body"`, `{}`),
		invalid("close counts 2^31", func(w *world) { w.entry("close").raw = swap(w, `"events":`, `"events":2147483648,"x":`) }),
		invalid("number beyond 2^31 where it is not compared", func(w *world) {
			w.entry("open").raw = swap(w, `"approvals":2`, `"approvals":2147483648`)
		}),

		line("unknown member", `,"payloadType"`, `,"extra":"","payloadType"`),
		line("payload doubled", `{"payload"`, `{"payload":"e30=","payload"`),
		line("other letters", `"payloadType"`, `"payloadtype"`),
		line("space", `,"payloadType"`, `, "payloadType"`),
		line("keyid walks the tree", `"keyid":"`, `"keyid":"../../../../etc/`),
		line("text before", `{"payload"`, `x{"payload"`),
		line("text after", "]}\n", "]}x\n"),
		line("url-safe base64", `"sig":"`, `"sig":"__-_`),
		line("base64 with spaces", `"payload":"`, `"payload":" `),
		line("padding in the middle", `"sig":"`, `"sig":"AA==`),
		invalid("line: base64 of spare bits", func(w *world) {
			w.entry("wrap").line = func(l []byte) []byte { // Ed25519: 64 bytes end in "Q==" or the like
				i := bytes.LastIndex(l, []byte(`=="`))
				l[i-1]++
				return l
			}
		}),
		invalid("line: no signature", func(w *world) { w.entry("wrap").env = func(e *dsse.Envelope) { e.Signatures = []dsse.Signature{} } }),
		invalid("line: signed twice by one", func(w *world) {
			w.entry("wrap").env = func(e *dsse.Envelope) { e.Signatures = append(e.Signatures, e.Signatures[0]) }
		}),
		invalid("line: signed by two", func(w *world) {
			w.entry("wrap").env = func(e *dsse.Envelope) { w.must(e.Add(w.t.Context(), w.keys["witness"])) }
		}),
		invalid("line: empty signature", func(w *world) { w.entry("wrap").env = func(e *dsse.Envelope) { e.Signatures[0].Sig = []byte{} } }),
		invalid("line: bad signature", func(w *world) { w.entry("wrap").env = func(e *dsse.Envelope) { e.Signatures[0].Sig[9] ^= 1 } }),
		invalid("line: key id of another", func(w *world) {
			w.entry("wrap").env = func(e *dsse.Envelope) { e.Signatures[0].KeyID = w.keys["witness"].public.ID() }
		}),
		invalid("line: key id in upper case", func(w *world) {
			w.entry("wrap").env = func(e *dsse.Envelope) { e.Signatures[0].KeyID = strings.ToUpper(e.Signatures[0].KeyID) }
		}),
		invalid("line: Ed25519 s plus the order", func(w *world) {
			w.entry("wrap").env = func(e *dsse.Envelope) { addOrder(e.Signatures[0].Sig[32:]) }
		}),
		invalid("line: ECDSA signature cut", func(w *world) {
			w.insert("statement", entry{kind: KindStatement, by: "custodian-3", body: Statement{Agree: true}, env: func(e *dsse.Envelope) {
				e.Signatures[0].Sig = e.Signatures[0].Sig[:len(e.Signatures[0].Sig)-1]
			}})
		}),
		invalid("line: ECDSA signature with bytes after it", func(w *world) {
			w.insert("statement", entry{kind: KindStatement, by: "custodian-3", body: Statement{Agree: true}, env: func(e *dsse.Envelope) {
				e.Signatures[0].Sig = append(e.Signatures[0].Sig, 0)
			}})
		}),
	}
}

// addOrder adds the order of the Ed25519 group to a little-endian scalar.
func addOrder(s []byte) {
	order := []byte{
		0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
	}
	carry := 0
	for i := range s {
		carry += int(s[i]) + int(order[i])
		s[i], carry = byte(carry), carry>>8
	}
}

// sealCases break plan, seal and the files it covers.
func sealCases() []verifierCase {
	signers := func(ids ...string) func(w *world) { return func(w *world) { w.sealers = ids } }
	edit := func(e func(s *sealStatement)) func(w *world) { return func(w *world) { w.sealEdit = e } }
	return []verifierCase{
		invalid("seal without the witness", signers(Recorder, "hsm", "custodian-1", "custodian-2")),
		invalid("seal without the HSM", signers(Recorder, "witness", "custodian-1", "custodian-2")),
		invalid("seal without the recorder", signers("hsm", "witness", "custodian-1", "custodian-2")),
		invalid("seal with one custodian", signers(Recorder, "hsm", "witness", "custodian-1")),
		invalid("seal with one custodian twice", signers(Recorder, "hsm", "witness", "custodian-1", "custodian-1")),
		invalid("seal with an outsider", signers(Recorder, "hsm", "witness", "custodian-1", "custodian-2", "outsider")),
		invalid("seal unsigned", func(w *world) { w.sealers = []string{} }),
		invalid("seal with a signature twice", func(w *world) {
			w.sealEnv = func(e *dsse.Envelope) { e.Signatures = append(e.Signatures, e.Signatures[0]) }
		}),
		invalid("seal by the old recorder", func(w *world) { w.insert("wrap", resume("resume", "recorder-2", 2)...) }),
		invalid("abort sealed by one person", func(w *world) { w.abort("wrap"); w.sealers = []string{Recorder, "witness"} }),
		invalid("abort sealed by one person and the HSM", func(w *world) { w.abort("wrap"); w.sealers = []string{Recorder, "witness", "hsm"} }),
		invalid("abort sealed without the recorder", func(w *world) { w.abort("wrap"); w.sealers = []string{"witness", "custodian-1"} }),
		invalid("seal of a rehearsal", func(w *world) { w.sealType = dsse.Rehearsal.SealType() }),
		invalid("seal of a rehearsal by its words", edit(func(s *sealStatement) { s.Predicate.Mode = "rehearsal" })),
		invalid("seal of another ceremony", edit(func(s *sealStatement) { s.Predicate.Ceremony = digest(nil) })),
		invalid("seal counts wrong", edit(func(s *sealStatement) { s.Predicate.Events-- })),
		invalid("seal with another outcome", edit(func(s *sealStatement) { s.Predicate.Outcome = Aborted })),
		invalid("seal of another statement type", edit(func(s *sealStatement) { s.Type += "x" })),
		invalid("seal of another predicate", edit(func(s *sealStatement) { s.PredicateType += "x" })),
		invalid("seal of another journal", edit(func(s *sealStatement) { s.Subject[0].Digest.SHA256 = digest(nil) })),
		invalid("seal of another plan", edit(func(s *sealStatement) { s.Subject[1].Digest.SHA256 = digest(nil) })),
		invalid("seal without the plan", edit(func(s *sealStatement) { s.Subject = s.Subject[:1] })),
		invalid("seal without the journal", edit(func(s *sealStatement) { s.Subject = s.Subject[1:] })),
		invalid("seal names a file twice", edit(func(s *sealStatement) { s.Subject = append(s.Subject, s.Subject[2]) })),
		invalid("seal covers itself", edit(func(s *sealStatement) { s.Subject = append(s.Subject, NewSubject(SealFile, digest(nil))) })),
		invalid("sealed name leaves the folder", edit(func(s *sealStatement) { s.Subject[2].Name = "../ceremony.trusted" })),
		invalid("sealed name is absolute", edit(func(s *sealStatement) { s.Subject[2].Name = "/etc/passwd" })),
		invalid("sealed name has dots", edit(func(s *sealStatement) { s.Subject[2].Name = "shares/../backup.bin" })),
		invalid("sealed name is empty", edit(func(s *sealStatement) { s.Subject[2].Name = "" })),
		invalid("sealed digest in upper case", edit(func(s *sealStatement) { s.Subject[2].Digest.SHA256 = strings.ToUpper(s.Subject[2].Digest.SHA256) })),
		invalid("seal with an unknown member", func(w *world) { w.sealRaw = swap(w, `{"_type"`, `{"A":"","_type"`) }),
		invalid("seal with two digests", func(w *world) { w.sealRaw = swap(w, `{"sha256"`, `{"md5":"","sha256"`) }),
		invalid("seal without subjects", func(w *world) { w.sealRaw = func([]byte) []byte { return []byte("{}") } }),
		invalid("seal pretty-printed", func(w *world) { w.sealFile = swap(w, `,"signatures":`, ",\n \"signatures\":") }),
		invalid("seal CRLF", func(w *world) { w.sealFile = swap(w, "\n", "\r\n") }),
		invalid("seal without its line feed", func(w *world) { w.sealFile = swap(w, "\n", "") }),
		invalid("seal with two line feeds", func(w *world) { w.sealFile = swap(w, "\n", "\n\n") }),
		invalid("seal empty", func(w *world) { w.sealFile = func([]byte) []byte { return nil } }),
		invalid("seal is the journal", func(w *world) { w.after = func(dir string) { w.file(dir, SealFile, w.journal) } }),
		invalid("sealed file changed", func(w *world) { w.after = func(dir string) { w.file(dir, "backup.bin", []byte("Backup")) } }),
		invalid("sealed file in a folder changed", func(w *world) {
			w.after = func(dir string) { w.file(dir, "shares/custodian-1.age", []byte("share\n")) }
		}),
		invalid("sealed file is a link", func(w *world) {
			w.after = func(dir string) {
				w.must(os.Rename(filepath.Join(dir, "backup.bin"), dir+".bin"))
				w.must(os.Symlink(dir+".bin", filepath.Join(dir, "backup.bin")))
			}
		}),
		invalid("sealed folder is a link", func(w *world) {
			w.after = func(dir string) {
				w.must(os.Rename(filepath.Join(dir, "shares"), filepath.Join(dir, "others")))
				w.must(os.Symlink("others", filepath.Join(dir, "shares")))
			}
		}),
		invalid("sealed before it was closed", func(w *world) { w.drop("close") }),
		invalid("sealed under way", func(w *world) { w.entries = w.entries[:w.at("wrap")] }),

		invalid("plan signed by the administrator", func(w *world) { w.planSigners = []string{"administrator"} }),
		invalid("plan signed by the officer and another", func(w *world) { w.planSigners = []string{"officer", "administrator"} }),
		invalid("plan unsigned", func(w *world) { w.planSigners = nil }),
		invalid("plan with a bad signature", func(w *world) { w.planFile = swap(w, `"sig":"`, `"sig":"AAAA`) }),
		invalid("plan of another type", func(w *world) { w.planType = w.mode.Type("event") }),
		invalid("plan without its line feed", func(w *world) { w.planFile = swap(w, "\n", "") }),
		invalid("plan changed afterwards", func(w *world) {
			w.after = func(dir string) { w.file(dir, PlanFile, bytes.Replace(w.planBuf, []byte("="), []byte("A"), 1)) }
		}),
		invalid("plan signed again", func(w *world) {
			w.after = func(dir string) {
				w.planEdit = func(p *plan.Plan) { p.Key.Label = "other" }
				journal := w.journal
				w.build()
				w.journal = journal
				w.file(dir, PlanFile, w.planBuf)
			}
		}),
		invalid("roster of the plan is another", func(w *world) { w.planEdit = func(p *plan.Plan) { p.Roster[0].Name = "Eve" } }),
		invalid("roster of the plan is longer", func(w *world) {
			w.planEdit = func(p *plan.Plan) {
				p.Roster = append(p.Roster, plan.Member{ID: "eve", Key: edKey("eve").public.DER(), Name: "Eve", Role: plan.Custodian})
			}
		}),
		invalid("plan with two officers", func(w *world) { w.plan.Roster[0].Role = plan.Officer }),
		invalid("plan without an officer", func(w *world) { w.plan.Roster[3].Role = plan.Witness }),
		invalid("plan of another version", func(w *world) { w.plan.Version++ }),
		invalid("plan of another ceremony", func(w *world) { w.plan.Ceremony = "key-destruction" }),
		invalid("plan with an unknown member", func(w *world) { w.planRaw = swap(w, `{"afterwards"`, `{"A":"","afterwards"`) }),
		invalid("plan with an unknown member within", func(w *world) { w.planRaw = swap(w, `{"count"`, `{"added":0,"count"`) }),
		invalid("plan with a member missing", func(w *world) { w.planRaw = swap(w, `"registerHead":"",`, ``) }),
		invalid("plan with a number as text", func(w *world) { w.planRaw = swap(w, `"count":3`, `"count":"3"`) }),
		invalid("plan pretty-printed", func(w *world) { w.planRaw = swap(w, `{"afterwards"`, `{ "afterwards"`) }),
	}
}
