package command

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/keycheck"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/transcript"
)

// summarise says what was made, where, with which check value, who signed, that
// the cloud holds the key, and how long it took. Empty parts were not reached.
func (r *session) summarise(run *ceremony.Run, receipt ceremony.Receipt, report transcript.Report) Summary {
	if run == nil {
		return Summary{}
	}
	p, state := r.plan.Plan(), run.State()
	var s Summary
	s.add("Rehearsal", p.Title)
	if r.why != "" {
		s.add("Note", r.why)
	}
	s.add("Key", fmt.Sprintf("%s %q, %s in the HSM afterwards", p.Key.Spec, p.Key.Label, p.Afterwards))
	if kcv := state.Value(ceremony.KindGenerate, "checkValue"); kcv != "" {
		s.add("Key check value", strings.ToUpper(keycheck.Group(kcv))+"  ("+state.Value(ceremony.KindGenerate, "checkMethod")+")")
	}
	if state.Value(ceremony.KindSplit, "splitId") != "" {
		s.add("Backup", fmt.Sprintf("%d shares, any %d rebuild it; in clear in the split worker for %s ms",
			p.Shares.Count, p.Shares.Threshold, state.Value(ceremony.KindSplit, "exposureMilliseconds")))
		s.add("Recovery", "proven with "+strings.ReplaceAll(state.Value(ceremony.KindRecover, "holders"), ",", ", "))
	}
	r.summariseCloud(&s, p, receipt)
	r.summariseRecord(&s, report)
	return s
}

func (r *session) summariseCloud(s *Summary, p plan.Plan, receipt ceremony.Receipt) {
	if receipt.Key == "" {
		s.add("Cloud", "nothing was imported")
		return
	}
	s.add("Cloud", fmt.Sprintf("%s is %s", receipt.Key, receipt.State))
	switch {
	case p.Key.Spec.IsHMAC():
		s.add("Proof", "the cloud's tag over a fresh nonce equals the HSM's: it holds this key")
	default:
		s.add("Proof", "the cloud took the key regained from the shares as existing material: cloud, backup and HSM hold one key")
	}
	if receipt.Control != "" {
		s.add("Counter-proof", "a random key as existing material was "+receipt.Control)
	}
}

func (r *session) summariseRecord(s *Summary, report transcript.Report) {
	if report.Verdict != "" {
		s.add("Transcript", report.Verdict)
		for _, x := range report.Signers {
			if x.Seal {
				s.add("Seal signed by", signer(x))
			}
		}
	}
	s.add("Folder", r.o.Out)
	s.add("Check it", fmt.Sprintf("%s verify %s --trusted %s.trusted", quoted(os.Args[0]), quoted(r.o.Out), quoted(r.o.Out)))
	total := time.Since(r.started)
	stretching := r.people.Store.Stretching()
	var waited time.Duration
	if r.kms != nil {
		waited = r.kms.Waited()
	}
	s.add("Time", fmt.Sprintf("%s in all; %s passphrase stretching, %s waiting for the pretended cloud's RSA keys, %s the rest",
		ms(total), ms(stretching), ms(waited), ms(total-stretching-waited)))
}

func signer(x transcript.Signer) string {
	if x.Name == "" {
		return "the recorder, this run's own key"
	}
	return x.Name + ", " + x.Role
}

func ms(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }

func quoted(path string) string {
	if strings.ContainsAny(path, " '\"\\$`") {
		return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
	return filepath.ToSlash(path)
}

func (s *Summary) add(name, value string) { s.Lines = append(s.Lines, SummaryLine{name, value}) }

// print writes the summary in two columns.
func (s Summary) print(w io.Writer) {
	for _, l := range s.Lines {
		_, _ = fmt.Fprintf(w, "%-16s %s\n", l.Name, l.Value)
	}
}
