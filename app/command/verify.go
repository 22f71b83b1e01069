package command

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/transcript"
)

// newVerify is the verb verify: a report on standard output, its code as exit
// code.
func newVerify(_ Deps) *cobra.Command {
	var list string
	var production, asJSON bool
	c := &cobra.Command{
		Use:   "verify DIR --trusted FILE",
		Short: "Verify a ceremony folder against the keys you trust",
		Long: `Verify checks journal, plan and seal of a ceremony folder, and every file that
the seal covers.

FILE lists the keys you trust, and must come from another source than DIR: a
line is "fingerprint role text", the fingerprint in lower-case hex; lines that
begin with # are comments.

Exit codes: 0 valid (a verdict that begins REHEARSAL or ABORTED says so), 1 not
valid, 2 usage, 3 intact but unfinished, 4 intact but not enough trusted keys.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return verify(c.OutOrStdout(), args[0], list, production, asJSON)
		},
	}
	c.Flags().StringVar(&list, "trusted", "", "file with the fingerprints and roles you trust (required)")
	c.Flags().BoolVar(&production, "production", false, "take a rehearsal for not valid")
	c.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON")
	return c
}

func verify(out io.Writer, dir, list string, production, asJSON bool) error {
	if list == "" {
		return fail(ExitUsage, "missing --trusted FILE: a transcript cannot vouch for its own keys")
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return fail(ExitUsage, "%s is not a folder", dir)
	}
	trusted, err := transcript.ReadTrusted(list, dir)
	if err != nil {
		return fail(ExitUsage, "%w", err)
	}
	r := transcript.Verify(dir, trusted, transcript.Options{Production: production})
	if asJSON {
		e := json.NewEncoder(out)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		err = e.Encode(r)
	} else {
		_, err = io.WriteString(out, reportText(r)+standingText(dir, r))
	}
	if err != nil {
		return fail(ExitFailed, "failed to print the report: %w", err)
	}
	if r.Code != transcript.CodeValid {
		return fail(r.Code, "%s: %s", dir, r.Verdict)
	}
	return nil
}

// reportText is the report for people: verdict, deviations, who signed what.
func reportText(r transcript.Report) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", r.Verdict)
	if r.Events > 0 {
		fmt.Fprintf(&b, "%s\n%s, ceremony %s\nSHA-256 of journal.jsonl: %s\n\n", r.Title, r.Mode, r.Ceremony, r.Head)
	}
	b.WriteString("Deviations:\n")
	for _, d := range r.Deviations {
		fmt.Fprintf(&b, "  %s\n", deviationText(d))
	}
	if len(r.Deviations) == 0 && r.Events > 0 {
		b.WriteString("  none\n")
	} else if r.Events == 0 {
		b.WriteString("  not known: no line was read\n")
	}
	if len(r.Signers) > 0 {
		b.WriteString("\nWho signed what:\n")
	}
	for _, s := range r.Signers {
		fmt.Fprintf(&b, "  %-8s %s\n           %s\n", standing(s), signerText(s), s.Fingerprint)
	}
	return b.String()
}

// standingText says of a ceremony that did not come to its end what was done, what
// was not, and what may have been. It reads the folder again; a folder that does
// not hold together has no standing.
func standingText(dir string, r transcript.Report) string {
	if r.Code == transcript.CodeInvalid || r.Outcome == transcript.Completed {
		return ""
	}
	rec, err := transcript.Load(dir)
	if err != nil {
		return ""
	}
	s, err := ceremony.StandingOf(rec)
	if err != nil {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\nWhat is known of the key: %s.\n", s.Key)
	for _, q := range s.Open {
		fmt.Fprintf(&b, "  line %d, step %s, may have been done: %s Look before it is done again.\n", q.Seq, q.Body.Step, q.Body.Statement)
	}
	b.WriteString("\nDone:\n" + stepList(s.Done) + "\nNot done:\n" + stepList(s.Todo))
	return b.String()
}

func stepList(steps []ceremony.Step) string {
	if len(steps) == 0 {
		return "  nothing\n"
	}
	var b strings.Builder
	for _, s := range steps {
		fmt.Fprintf(&b, "  %5s  %s\n", s.Number, s.Title)
	}
	return b.String()
}

func deviationText(d transcript.Deviation) string {
	switch {
	case d.Line >= 0:
		return fmt.Sprintf("line %d, %s: %s", d.Line, d.By, d.Text)
	case d.By != "":
		return d.By + ": " + d.Text
	}
	return d.Text
}

// standing is what the reader's list says of a key. The recorder's needs no
// trust: it is made for one journal, and every line it writes is sealed.
func standing(s transcript.Signer) string {
	switch {
	case s.Role == transcript.Recorder:
		return "-"
	case s.Trusted:
		return "trusted"
	}
	return "UNKNOWN"
}

func signerText(s transcript.Signer) string {
	var signed []string
	if s.Plan {
		signed = append(signed, "plan")
	}
	if s.Seal {
		signed = append(signed, "seal")
	}
	for _, kind := range slices.Sorted(maps.Keys(s.Lines)) {
		signed = append(signed, fmt.Sprintf("%d %s", s.Lines[kind], kind))
	}
	if len(signed) == 0 {
		signed = []string{"nothing"}
	}
	who := s.ID
	if s.Role != transcript.Recorder {
		who = fmt.Sprintf("%s (%s) %s", s.ID, s.Role, s.Name)
	}
	return who + ": " + strings.Join(signed, ", ")
}
