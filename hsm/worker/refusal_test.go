package worker_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/credential"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/secret"
	"keyrite.dev/keyrite/ceremony/transcript"
	"keyrite.dev/keyrite/hsm"
	"keyrite.dev/keyrite/hsm/softtoken"
	"keyrite.dev/keyrite/hsm/worker"
)

// refused checks a refusal, and that the token holds what it held.
func refused(r *room, name, want, objects string, err error) {
	r.t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		r.t.Errorf("%s: answered %v\nwant %s", name, err, want)
	}
	if now := r.objects(); now != objects {
		r.t.Errorf("%s: the token holds other objects after:\n%sbefore:\n%s", name, now, objects)
	}
}

func TestRefusesASplitThatTheJournalDoesNotGrant(t *testing.T) {
	r := newRoom(t, softtoken.SoftHSM, plan.AES256)
	stranger, err := r.token.Generate(t.Context(), plan.AES256, "not of this ceremony")
	r.must(err)
	objects := r.objects()
	good := r.splitParams()
	const other = "the split worker refuses: the request is not what the plan says"
	for _, c := range []struct {
		name string
		line func() transcript.Line
		want string
	}{
		{"no approvals", func() transcript.Line { return r.request(ceremony.KindSplit, 0, good) }, "short of approvals: 0 of 2"},
		{"one approval", func() transcript.Line { return r.request(ceremony.KindSplit, 1, good) }, "short of approvals: 1 of 2"},
		{"refused after two approvals", func() transcript.Line {
			line := r.request(ceremony.KindSplit, 2, good)
			r.sign("witness", transcript.KindRefuse, transcript.Refuse{Of: line.Seq, Reason: "no", Request: line.Digest})
			return line
		}, "is refused or short of approvals"},
		{"another action", func() transcript.Line { return r.request(ceremony.KindWrap, 2, good) }, `asks for "wrap", not "split"`},
		{"an action without approvals", func() transcript.Line { return r.request(ceremony.KindHandOver, 0, good) }, `asks for "hand-over", not "split"`},
		{"a result already", func() transcript.Line {
			line := r.request(ceremony.KindSplit, 2, good)
			r.result(line, transcript.Failed, values("reason", "power"))
			return line
		}, "has its result already"},
		{"another threshold", func() transcript.Line { return r.request(ceremony.KindSplit, 2, with(good, "threshold", "2")) }, other},
		{"another count", func() transcript.Line { return r.request(ceremony.KindSplit, 2, with(good, "count", "6")) }, other},
		{"another spec", func() transcript.Line { return r.request(ceremony.KindSplit, 2, with(good, "spec", "HMAC_256")) }, other},
		{"no parameters", func() transcript.Line { return r.request(ceremony.KindSplit, 2, nil) }, `key "" is not the one that this ceremony made`},
		{"only a key", func() transcript.Line { return r.request(ceremony.KindSplit, 2, good[:1]) }, other},
		{"not a request", func() transcript.Line { return transcript.Line{Seq: 1} }, "line 1 is not a request"},
		{"no such line", func() transcript.Line { return transcript.Line{Seq: 9999} }, "line 9999 is not a request"},
		{"no such target", func() transcript.Line {
			return r.request(ceremony.KindSplit, 2, with(good, "target", strings.Repeat("0", 32)))
		}, `key "00000000000000000000000000000000" is not the one that this ceremony made`},
		{"another key of the token", func() transcript.Line {
			return r.request(ceremony.KindSplit, 2, with(good, "target", string(stranger.ID)))
		}, "is not the one that this ceremony made"},
	} {
		res, err := r.splitter.Split(t.Context(), r.job(c.line()), pin())
		refused(r, c.name, c.want, objects, err)
		if len(res.BackupBlob) > 0 || len(res.Shares) > 0 {
			t.Errorf("%s: a refusal with shares", c.name)
		}
	}
}

// Whoever can write the folder cannot make the worker act.
func TestRefusesAJournalThatWasChanged(t *testing.T) {
	r := newRoom(t, softtoken.SoftHSM, plan.AES256)
	objects := r.objects()
	line := r.request(ceremony.KindSplit, 2, r.splitParams())
	journal, planFile := r.read(ceremony.JournalFile), r.read(ceremony.PlanFile)
	lines := bytes.SplitAfter(journal, []byte("\n"))
	for name, change := range map[string]func(){
		"a byte changed": func() {
			r.write(ceremony.JournalFile, bytes.Replace(journal, []byte(`"payload":"`), []byte(`"payload":"A`), 1))
		},
		"a line missing":          func() { r.write(ceremony.JournalFile, bytes.Join(append(lines[:1:1], lines[2:]...), nil)) },
		"a torn tail":             func() { r.write(ceremony.JournalFile, append(bytes.Clone(journal), "{"...)) },
		"an approval copied":      func() { r.write(ceremony.JournalFile, append(bytes.Clone(journal), lines[len(lines)-2]...)) },
		"the last approval gone":  func() { r.write(ceremony.JournalFile, bytes.Join(lines[:len(lines)-2], nil)) },
		"another plan":            func() { r.write(ceremony.PlanFile, bytes.Replace(planFile, []byte("A"), []byte("B"), 1)) },
		"no plan":                 func() { r.must(os.Remove(filepath.Join(r.folder, ceremony.PlanFile))) },
		"no journal":              func() { r.must(os.Remove(filepath.Join(r.folder, ceremony.JournalFile))) },
		"an empty journal":        func() { r.write(ceremony.JournalFile, nil) },
		"a journal of other text": func() { r.write(ceremony.JournalFile, []byte("hello\n")) },
	} {
		change()
		_, err := r.splitter.Split(t.Context(), r.job(line), pin())
		refused(r, name, "the split worker refuses", objects, err)
		r.write(ceremony.JournalFile, journal)
		r.write(ceremony.PlanFile, planFile)
	}
	if _, err := r.splitter.Split(t.Context(), r.job(line), pin()); err != nil {
		t.Errorf("unchanged again, it still refuses: %v", err)
	}
}

func TestRefusesToOpenAShareThatIsNotTheHolders(t *testing.T) {
	r := newRoom(t, softtoken.SoftHSM, plan.AES256)
	early := r.handOver("custodian-1", nil)
	objects := r.objects()
	_, err := r.splitter.ProveOpen(t.Context(), r.job(early), "custodian-1", r.phrase("custodian-1"))
	refused(r, "before the split", "the journal has no split that was done", objects, err)

	_, v := r.split()
	line := r.handOver("custodian-1", v)
	own := r.read(ceremony.ShareFile("custodian-1"))
	open := func(l transcript.Line, id string, phrase secret.Bytes, file func(string) ([]byte, error)) error {
		s := worker.New(worker.Config{Location: r.loc, Credentials: file})
		_, err := s.ProveOpen(t.Context(), r.job(l), id, phrase)
		return err
	}
	exchanged := func(string) ([]byte, error) { return r.people.File("custodian-2") }
	none := func(string) ([]byte, error) { return nil, errors.New("no such credential") }
	witness := r.request(ceremony.KindHandOver, 0, values("custodian", "witness", "splitId", ceremony.Values(v).Get("splitId")))
	done := r.handOver("custodian-1", v)
	r.result(done, transcript.Done, nil)
	for _, c := range []struct {
		name   string
		before func()
		err    func() error
		want   string
	}{
		{"another line", nil, func() error {
			return open(r.request(ceremony.KindSplit, 2, r.splitParams()), "custodian-1", r.phrase("custodian-1"), r.people.File)
		}, `asks for "split", not "hand-over"`},
		{
			"another custodian than the line's", nil, func() error { return open(line, "custodian-2", r.phrase("custodian-2"), r.people.File) },
			`hands a share to "custodian-1", not to "custodian-2"`,
		},
		{"no custodian", nil, func() error { return open(witness, "witness", r.phrase("witness"), r.people.File) }, `"witness" is no custodian`},
		{"a split long gone", nil, func() error {
			return open(r.handOver("custodian-1", with(v, "splitId", strings.Repeat("0", 32))), "custodian-1", r.phrase("custodian-1"), r.people.File)
		}, "the request names another split than the journal"},
		{"result already", nil, func() error { return open(done, "custodian-1", r.phrase("custodian-1"), r.people.File) }, "has its result already"},
		{"wrong passphrase", nil, func() error { return open(line, "custodian-1", r.phrase("custodian-2"), r.people.File) }, credential.ErrPassphrase.Error()},
		{"somebody else's credential", nil, func() error { return open(line, "custodian-1", r.phrase("custodian-2"), exchanged) }, "the credential is not that of José Álvarez in the plan"},
		{"no credential", nil, func() error { return open(line, "custodian-1", r.phrase("custodian-1"), none) }, "no such credential"},
		{
			"share file exchanged", func() { r.write(ceremony.ShareFile("custodian-1"), r.read(ceremony.ShareFile("custodian-2"))) },
			func() error { return open(line, "custodian-1", r.phrase("custodian-1"), r.people.File) }, "shares/custodian-1.age is not the file that the journal names",
		},
		{
			"share file cut", func() { r.write(ceremony.ShareFile("custodian-1"), own[:len(own)-1]) },
			func() error { return open(line, "custodian-1", r.phrase("custodian-1"), r.people.File) }, "shares/custodian-1.age is not the file that the journal names",
		},
		{
			"share file missing", func() { r.must(os.Remove(filepath.Join(r.folder, "shares", "custodian-1.age"))) },
			func() error { return open(line, "custodian-1", r.phrase("custodian-1"), r.people.File) }, "failed to read shares/custodian-1.age",
		},
	} {
		if c.before != nil {
			c.before()
		}
		err := c.err()
		refused(r, c.name, c.want, objects, err)
		if (c.name == "wrong passphrase") != errors.Is(err, credential.ErrPassphrase) {
			t.Errorf("%s: is it about the passphrase? %v", c.name, err)
		}
		r.write(ceremony.ShareFile("custodian-1"), own)
	}
	if err := open(line, "custodian-1", r.phrase("custodian-1"), r.people.File); err != nil {
		t.Errorf("unchanged again, it still refuses: %v", err)
	}
}

func TestRefusesARecoveryThatIsNotTheOneApproved(t *testing.T) {
	r := newRoom(t, softtoken.SoftHSM, plan.AES256)
	_, v := r.split()
	objects := r.objects()
	drawn := []string{"custodian-1", "custodian-2", "custodian-4"}
	good := r.recoverParams(v, drawn...)
	backup, own := r.read(ceremony.BackupFile), r.read(ceremony.ShareFile("custodian-4"))
	ask := func(params []transcript.Value) func() transcript.Line {
		return func() transcript.Line { return r.request(ceremony.KindRecover, 2, params) }
	}
	const notDrawn, notPlanned = "other custodians than those drawn", "the request is not what plan, key and split say"
	for _, c := range []struct {
		name    string
		line    func() transcript.Line
		holders []string
		change  func()
		want    string
	}{
		{"other holders", ask(good), []string{"custodian-1", "custodian-2", "custodian-3"}, nil, notDrawn},
		{"other order", ask(good), []string{"custodian-2", "custodian-1", "custodian-4"}, nil, notDrawn},
		{"fewer holders", ask(good), drawn[:2], nil, notDrawn},
		{"two drawn", ask(r.recoverParams(v, drawn[:2]...)), drawn[:2], nil, "2 shares are too few: 3 are needed"},
		{"one drawn twice", ask(r.recoverParams(v, "custodian-1", "custodian-1", "custodian-2")), []string{"custodian-1", "custodian-1", "custodian-2"}, nil, "are the same share"},
		{
			"four drawn", ask(r.recoverParams(v, append(drawn, "custodian-5")...)), append(drawn[:3:3], "custodian-5"), nil,
			"4 shares are too many: exactly 3 are combined",
		},
		{"one approval", func() transcript.Line { return r.request(ceremony.KindRecover, 1, good) }, drawn, nil, "short of approvals: 1 of 2"},
		{"a split's line", func() transcript.Line { return r.request(ceremony.KindSplit, 2, good) }, drawn, nil, `asks for "split", not "recover"`},
		{"another backup", ask(with(good, "backup", strings.Repeat("0", 64))), drawn, nil, notPlanned},
		{"another spec", ask(with(good, "spec", "HMAC_256")), drawn, nil, notPlanned},
		{"another check value", ask(with(good, "expected", "0000000000")), drawn, nil, notPlanned},
		{"another key", ask(with(good, "target", strings.Repeat("0", 32))), drawn, nil, "is not the one that this ceremony made"},
		{"another split", ask(with(good, "splitId", strings.Repeat("0", 32))), drawn, nil, "another split than the journal"},
		{"a label in use", ask(with(good, "label", r.target.Label)), drawn, nil, r.target.Label},
		{"a nonce that is none", ask(with(good, "nonce", "zz")), drawn, nil, "the request's nonce is no hex"},
		{"backup changed", ask(good), drawn, func() { b := bytes.Clone(backup); b[7] ^= 1; r.write(ceremony.BackupFile, b) }, "backup.bin is not the file that the journal names"},
		{"backup cut", ask(good), drawn, func() { r.write(ceremony.BackupFile, backup[:39]) }, "backup.bin is not the file that the journal names"},
		{
			"share exchanged", ask(good), drawn, func() { r.write(ceremony.ShareFile("custodian-4"), r.read(ceremony.ShareFile("custodian-5"))) },
			"shares/custodian-4.age is not the file that the journal names",
		},
	} {
		if c.change != nil {
			c.change()
		}
		_, err := r.splitter.Recover(t.Context(), r.job(c.line()), pin(), r.holders(c.holders...))
		refused(r, c.name, c.want, objects, err)
		r.write(ceremony.BackupFile, backup)
		r.write(ceremony.ShareFile("custodian-4"), own)
	}
	holders := r.holders(drawn...)
	holders[2].Passphrase = r.phrase("custodian-1")
	_, err := r.splitter.Recover(t.Context(), r.job(ask(good)()), pin(), holders)
	refused(r, "wrong passphrase", credential.ErrPassphrase.Error(), objects, err)
	if !errors.Is(err, credential.ErrPassphrase) {
		t.Errorf("not told as a passphrase: %v", err)
	}
}

// Files that the journal vouches for, and that are wrong all the same: a recorder
// who lies gets no key rebuilt.
func TestRefusesABackupThatALiarVouchesFor(t *testing.T) {
	eachToken(t, plan.AES256, func(r *room) {
		line := r.request(ceremony.KindSplit, 2, r.splitParams())
		res, err := r.splitter.Split(r.t.Context(), r.job(line), pin())
		r.must(err)
		res.BackupBlob[9] ^= 1
		v := r.keep(line, res)
		objects := r.objects()
		drawn := []string{"custodian-1", "custodian-2", "custodian-3"}
		_, err = r.splitter.Recover(r.t.Context(), r.job(r.request(ceremony.KindRecover, 2, r.recoverParams(v, drawn...))), pin(), r.holders(drawn...))
		refused(r, "a backup of other bytes", "C_UnwrapKey", objects, err)
	})
}

// The check value of an HMAC key is over a nonce; over another, the right key
// looks like a wrong one.
func TestAKeyOfAnotherCheckValueDoesNotStay(t *testing.T) {
	eachToken(t, plan.HMAC256, func(r *room) {
		_, v := r.split()
		objects := r.objects()
		drawn := []string{"custodian-1", "custodian-2", "custodian-3"}
		line := r.request(ceremony.KindRecover, 2, with(r.recoverParams(v, drawn...), "nonce", strings.Repeat("0", 64)))
		_, err := r.splitter.Recover(r.t.Context(), r.job(line), pin(), r.holders(drawn...))
		refused(r, "another nonce", "the backup does not hold the key", objects, err)
	})
}

func TestAWrongPINIsAPINErrorAndMakesNothing(t *testing.T) {
	eachToken(t, plan.AES256, func(r *room) {
		objects := r.objects()
		line := r.request(ceremony.KindSplit, 2, r.splitParams())
		_, err := r.splitter.Split(r.t.Context(), r.job(line), secret.Copy([]byte("000000")))
		refused(r, "split", "the HSM refused the PIN", objects, err)
		if _, ok := errors.AsType[hsm.PINError](err); !ok {
			r.t.Errorf("not told as a PIN: %v", err)
		}
	})
}

func TestRefusesAKeyOrAShareThatALiarVouchesFor(t *testing.T) {
	r := newRoom(t, softtoken.SoftHSM, plan.AES256)
	line := r.request(ceremony.KindSplit, 2, r.splitParams())
	res, err := r.splitter.Split(t.Context(), r.job(line), pin())
	r.must(err)
	res.BackupKCV = "0000000000"
	res.Shares[4].Commitment = res.Shares[3].Commitment
	v := r.keep(line, res)
	objects := r.objects()
	drawn := []string{"custodian-1", "custodian-2", "custodian-3"}
	_, err = r.splitter.Recover(t.Context(), r.job(r.request(ceremony.KindRecover, 2, r.recoverParams(v, drawn...))), pin(), r.holders(drawn...))
	refused(r, "another check value", "the backup key's bytes have another check value", objects, err)
	_, err = r.splitter.ProveOpen(t.Context(), r.job(r.handOver("custodian-5", v)), "custodian-5", r.phrase("custodian-5"))
	refused(r, "another commitment", "the share is not the one that was dealt", objects, err)
}
