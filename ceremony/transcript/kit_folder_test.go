package transcript

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// write makes the folder and the list beside it.
func (w *world) write() (dir, list string) {
	w.t.Helper()
	if w.journal == nil {
		w.build()
	}
	dir = filepath.Join(w.t.TempDir(), "ceremony")
	list = dir + ".trusted"
	w.must(os.MkdirAll(filepath.Join(dir, "shares"), 0o700))
	w.file(dir, JournalFile, w.journal)
	w.file(dir, PlanFile, w.planBuf)
	for name, content := range w.subjects {
		w.file(dir, name, []byte(content))
	}
	if w.sealers != nil {
		w.file(dir, SealFile, w.seal())
	}
	w.must(os.WriteFile(list, []byte(or(w.trusted, w.trustAll())), 0o600))
	if w.after != nil {
		w.after(dir)
	}
	return dir, list
}

func (w *world) file(dir, name string, data []byte) {
	w.must(os.WriteFile(filepath.Join(dir, name), data, 0o600))
}

func (w *world) seal() []byte {
	st := sealStatement{
		Type: statementType, PredicateType: predicateType,
		Predicate: predicate{Ceremony: w.ceremony, Events: bytes.Count(w.journal, []byte("\n")), Mode: w.mode.String(), Outcome: w.outcome},
		Subject:   []Subject{NewSubject(JournalFile, digest(w.journal)), NewSubject(PlanFile, digest(w.planBuf))},
	}
	for _, name := range slices.Sorted(maps.Keys(w.subjects)) {
		st.Subject = append(st.Subject, NewSubject(name, digest([]byte(w.subjects[name]))))
	}
	if w.sealEdit != nil {
		w.sealEdit(&st)
	}
	return edited(w.envelope(or(w.sealType, w.mode.SealType()), edited(marshal(w.t, st), w.sealRaw), w.sealEnv, w.sealers...), w.sealFile)
}

// trustAll lists everybody of the plan as it should be; trust lists some.
func (w *world) trustAll() string {
	var ids []string
	p, _ := testPlan()
	for _, m := range p.Roster {
		ids = append(ids, m.ID)
	}
	return w.trust(ids...)
}

func (w *world) trust(ids ...string) string {
	var b strings.Builder
	b.WriteString("# fingerprint role text\n\n")
	p, keys := testPlan()
	for _, m := range p.Roster {
		if slices.Contains(ids, m.ID) {
			fmt.Fprintf(&b, "%s %s %s\n", keys[m.ID].public.ID(), m.Role, m.Name)
		}
	}
	return b.String()
}
