package transcript

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keyrite.dev/keyrite/ceremony/dsse"
)

// A desk is a ceremony folder written through the API.
type desk struct {
	t       *testing.T
	dir     string
	keys    map[string]testKey
	plan    string // digest
	roster  []Member
	journal *Journal
	clock   time.Time
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	w := newWorld(t, dsse.Rehearsal)
	w.build()
	d := &desk{t: t, dir: t.TempDir(), keys: w.keys, plan: digest(w.planBuf), roster: RosterOf(w.plan), clock: time.Date(2026, 11, 22, 5, 0, 0, 900, time.UTC)}
	w.file(d.dir, PlanFile, w.planBuf)
	var err error
	d.journal, err = Create(filepath.Join(d.dir, JournalFile), dsse.Rehearsal, w.ceremony, func() time.Time { return d.clock })
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *desk) append(kind Kind, by string, body any) Line {
	d.t.Helper()
	line, err := d.journal.Append(context.Background(), kind, by, d.keys[by], body)
	if err != nil {
		d.t.Fatal(err)
	}
	return line
}

func (d *desk) open() {
	d.t.Helper()
	d.append(KindOpen, Recorder, Open{Approvals: 2, Plan: d.plan, Recorder: d.keys[Recorder].public.DER(), Roster: d.roster, Title: "t"})
	for _, id := range []string{"custodian-1", "custodian-2"} {
		d.append(KindEnrol, id, Enrol{Plan: d.plan})
	}
}

func (d *desk) refused(kind Kind, by string, body any, why string) {
	d.t.Helper()
	seq, head := d.journal.Head()
	_, err := d.journal.Append(context.Background(), kind, by, d.keys[by], body)
	if err == nil || !strings.Contains(err.Error(), why) {
		d.t.Errorf("error is %v, want one that says %q", err, why)
	}
	if s, h := d.journal.Head(); s != seq || h != head {
		d.t.Error("a refused event moved the head")
	}
}

func (d *desk) bytes() []byte {
	d.t.Helper()
	data, err := os.ReadFile(filepath.Join(d.dir, JournalFile))
	if err != nil {
		d.t.Fatal(err)
	}
	return data
}

func TestWritesWhatLoadReads(t *testing.T) {
	d := newDesk(t)
	if seq, head := d.journal.Head(); seq != -1 || head != digest(nil) {
		t.Errorf("empty journal: %d %s", seq, head)
	}
	d.open()
	request := d.append(KindRequest, Recorder, Request{Action: "generate", Statement: "Generate.", Step: "3.1"})
	whole := d.bytes()
	if request.Head != digest(whole) || request.Seq != 3 {
		t.Errorf("line %+v, journal %s", request, digest(whole))
	}
	if line := whole[strings.LastIndex(string(whole[:len(whole)-1]), "\n")+1:]; request.Digest != digest(line) {
		t.Error("digest is not of the line with its line feed")
	}
	r, err := Load(d.dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Events) != 4 || r.Events[3].Line != request || r.Head != request.Head || r.Mode != dsse.Rehearsal || r.Outcome != "" || r.Torn != 0 {
		t.Errorf("record %+v", r)
	}
	if r.Recorder() != d.keys[Recorder].public || r.Open().Title != "t" {
		t.Error("recorder or line 0 is another")
	}
}

func TestRefusesToWriteWhatLoadWouldRefuse(t *testing.T) {
	d := newDesk(t)
	d.refused(KindNote, "witness", Note{}, "not in the roster")
	d.open()
	q := d.append(KindRequest, Recorder, Request{Action: "generate"})
	d.refused(KindResult, Recorder, Result{Of: q.Seq, Outcome: Done}, "0 of 2 approvals")
	d.refused(KindApprove, "custodian-3", Approve{Of: q.Seq, Request: q.Digest}, "not for custodian-3")
	d.append(KindApprove, "custodian-1", Approve{Of: q.Seq, Request: q.Digest})
	d.refused(KindApprove, "custodian-1", Approve{Of: q.Seq, Request: q.Digest}, "approved before")
	d.refused(KindNote, Recorder, Note{Happened: "evil \u202egnp.exe"}, "not allowed in text")
	d.refused(KindNote, Recorder, Note{Happened: "two\nlines"}, "not allowed in text")
	d.refused(KindNote, Recorder, Abort{}, "canonical spelling")
	d.refused("remark", Recorder, Note{}, "unknown kind")
	d.refused(KindClose, Recorder, Close{Events: 6, Outcome: Completed}, "no result")
	_, err := d.journal.Append(context.Background(), KindNote, "witness", d.keys["officer"], Note{})
	if err == nil || !strings.Contains(err.Error(), `not signed by "witness"`) {
		t.Errorf("error is %v", err)
	}
	if _, err := Load(d.dir); err != nil {
		t.Errorf("after all refusals: %v", err)
	}
}

func TestHoldsAClockThatWentBack(t *testing.T) {
	d := newDesk(t)
	d.open()
	before := d.append(KindNote, Recorder, Note{})
	d.clock = d.clock.Add(-time.Hour)
	after := d.append(KindNote, Recorder, Note{})
	if !after.Time.Equal(before.Time) {
		t.Errorf("%v after %v", after.Time, before.Time)
	}
	if _, err := Load(d.dir); err != nil {
		t.Error(err)
	}
}

// A refusingSigner is a person who does not sign.
type refusingSigner struct{ dsse.Signer }

func (refusingSigner) Sign(context.Context, []byte) ([]byte, error) {
	return nil, errors.New("card removed")
}

func TestGoesOnAfterASignatureThatFailed(t *testing.T) {
	d := newDesk(t)
	d.open()
	if _, err := d.journal.Append(context.Background(), KindNote, "witness", refusingSigner{d.keys["witness"]}, Note{}); err == nil {
		t.Error("wrote an unsigned line")
	}
	d.append(KindNote, "witness", Note{})
	if _, err := Load(d.dir); err != nil {
		t.Error(err)
	}
}

func TestTakesNoLineAfterAFailedWrite(t *testing.T) {
	d := newDesk(t)
	d.open()
	file := d.journal.file
	closed, err := os.Open(os.DevNull) // cannot be written
	if err != nil {
		t.Fatal(err)
	}
	d.journal.file = closed
	if _, err := d.journal.Append(context.Background(), KindNote, Recorder, d.keys[Recorder], Note{}); err == nil {
		t.Fatal("a failed write went unnoticed")
	}
	d.journal.file = file
	if _, err := d.journal.Append(context.Background(), KindNote, Recorder, d.keys[Recorder], Note{}); err == nil {
		t.Error("went on after a failed write")
	}
	if r, err := Load(d.dir); err != nil || len(r.Events) != 3 {
		t.Errorf("%d events, %v", len(r.Events), err)
	}
}

func TestNeverReplacesAJournal(t *testing.T) {
	d := newDesk(t)
	_, err := Create(filepath.Join(d.dir, JournalFile), dsse.Production, digest(nil), time.Now)
	if !errors.Is(err, os.ErrExist) {
		t.Errorf("error is %v", err)
	}
	if _, err := Create(filepath.Join(d.dir, "other"), dsse.Production, "1", time.Now); err == nil {
		t.Error("took a ceremony id that is no digest")
	}
}

func TestApprovedRequestGivesWhatMayBeDone(t *testing.T) {
	d := newDesk(t)
	d.open()
	q := d.append(KindRequest, Recorder, Request{Action: "split", Params: []Value{{"scheme", "backup-key"}}})
	refused := func(seq int, why string) {
		t.Helper()
		if _, _, err := ApprovedRequest(d.dir, seq); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("error is %v, want one that says %q", err, why)
		}
	}
	refused(q.Seq, "0 of 2")
	d.append(KindApprove, "custodian-1", Approve{Of: q.Seq, Request: q.Digest})
	refused(q.Seq, "1 of 2")
	refused(0, "not a request")
	refused(99, "not a request")
	d.append(KindApprove, "custodian-2", Approve{Of: q.Seq, Request: q.Digest})
	r, request, err := ApprovedRequest(d.dir, q.Seq)
	if err != nil || request.Action != "split" || request.Params[0].Value != "backup-key" || len(r.Plan.Roster) == 0 {
		t.Errorf("%+v, %v", request, err)
	}

	whole := d.bytes()
	torn := append(append([]byte{}, whole...), "{"...)
	if err := os.WriteFile(filepath.Join(d.dir, JournalFile), torn, 0o600); err != nil {
		t.Fatal(err)
	}
	refused(q.Seq, "torn")
	if err := os.WriteFile(filepath.Join(d.dir, JournalFile), whole, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestApprovedRequestIsGoneAfterItsEnd(t *testing.T) {
	for name, end := range map[string]func(d *desk, q Line){
		"result":  func(d *desk, q Line) { d.append(KindResult, Recorder, Result{Of: q.Seq, Outcome: Done}) },
		"refusal": func(d *desk, q Line) { d.append(KindRefuse, "witness", Refuse{Of: q.Seq, Request: q.Digest}) },
		"abort":   func(d *desk, _ Line) { d.append(KindAbort, Recorder, Abort{}) },
		"resume": func(d *desk, q Line) {
			_, err := d.journal.Append(context.Background(), KindResume, Recorder, d.keys["recorder-2"], Resume{Head: q.Head, Recorder: d.keys["recorder-2"].public.DER()})
			if err != nil {
				d.t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.open()
			q := d.append(KindRequest, Recorder, Request{Action: "check"})
			if _, _, err := ApprovedRequest(d.dir, q.Seq); err != nil {
				t.Fatal(err)
			}
			_, head := d.journal.Head()
			end(d, Line{Seq: q.Seq, Digest: q.Digest, Head: head})
			if _, _, err := ApprovedRequest(d.dir, q.Seq); err == nil {
				t.Error("may still be done")
			}
		})
	}
}
