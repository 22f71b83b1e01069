package e2e_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// peak is the most memory that the program ever held, in the kernel's words.
func (w *window) peak() string {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", w.cmd.Process.Pid))
	if err != nil {
		return err.Error()
	}
	for line := range strings.Lines(string(status)) {
		if strings.HasPrefix(line, "VmHWM:") {
			return strings.Join(strings.Fields(line), " ")
		}
	}
	return "unknown"
}

// copies counts pattern in everything that the program may read and write.
func (w *window) copies(pattern []byte) int {
	w.t.Helper()
	maps, err := os.Open(fmt.Sprintf("/proc/%d/maps", w.cmd.Process.Pid))
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = maps.Close() }()
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", w.cmd.Process.Pid))
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = mem.Close() }()
	n := 0
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		var from, to int64
		var mode string
		if _, err := fmt.Sscanf(lines.Text(), "%x-%x %s", &from, &to, &mode); err != nil || !strings.HasPrefix(mode, "rw") {
			continue
		}
		part, err := io.ReadAll(io.NewSectionReader(mem, from, to-from))
		if err != nil && len(part) == 0 {
			continue // a mapping of a device
		}
		n += bytes.Count(part, pattern)
	}
	return n
}

func TestATypedPassphraseLeavesNoCopyBehind(t *testing.T) {
	w := open(t, program(t), "rehearse", "--out", filepath.Join(t.TempDir(), "ceremony"))
	r := &room{w: w, heard: map[string]string{}, asked: map[int]int{}}
	var e event
	for e.Kind != askSignature {
		if e.Event != "" {
			r.answer(e)
		}
		e = r.next()
		r.last = e.Serial
	}
	const typed = "Zq7-vellum-93-hatpin-Kx2-sorrel"
	w.xdotool("type", "--delay", "6", "--", typed)
	if n := w.copies([]byte(typed)); n != 1 {
		t.Errorf("%d copies while it stands in its field, 1 is needed", n)
	}
	w.key("Return")
	if e = r.next(); !strings.Contains(e.Fault, "passphrase") {
		t.Fatalf("a wrong passphrase was answered with %q", e.Fault)
	}
	for _, part := range []string{typed, typed[:12], typed[12:24]} {
		if n := w.copies([]byte(part)); n != 0 {
			t.Errorf("%d copies of %d characters are left", n, len(part))
		}
	}
}
