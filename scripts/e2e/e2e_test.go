package e2e_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// verify asks the program itself, as a third party would.
func verify(t *testing.T, program, folder string) string {
	t.Helper()
	out, err := exec.Command(program, "verify", folder, "--trusted", folder+".trusted").CombinedOutput()
	if err != nil {
		t.Fatalf("keyrite verify: %v\n%s", err, out)
	}
	return string(out)
}

func TestAWholeCeremonyIsWalkedByKeyboardAlone(t *testing.T) {
	p := program(t)
	w := open(t, p)
	w.key("Return") // start, from home
	r := &room{w: w}
	start := time.Now()
	end := r.walk()
	t.Logf("walked in %s, %v questions by kind", time.Since(start).Round(time.Millisecond), r.asked)
	w.await("the last screen to be painted", func(e event) bool { return e.Event == "painted" && e.Serial == end.Serial })
	w.shot("end")
	median, longest := w.painting()
	t.Logf("from a new screen to its painting: median %d ms, longest %d ms", median, longest)
	t.Logf("memory: %s", w.peak())
	if end.Title != "completed" || end.Fault != "" {
		t.Fatalf("ended %q: %s", end.Title, end.Fault)
	}
	for kind := askConfirm; kind <= askStatement; kind++ {
		if r.asked[kind] == 0 {
			t.Errorf("no question of kind %d was asked", kind)
		}
	}
	if code := w.end(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	folders, err := filepath.Glob(filepath.Join(w.home, "keyrite-rehearsal-*[0-9]"))
	if err != nil || len(folders) != 1 {
		t.Fatalf("folders: %v, %v", folders, err)
	}
	if verdict := verify(t, p, folders[0]); !strings.HasPrefix(verdict, "REHEARSAL") {
		t.Errorf("verdict: %s", verdict)
	}
}

func TestACeremonyIsAbortedByKeyboardAndStillVerifies(t *testing.T) {
	p := program(t)
	folder := filepath.Join(t.TempDir(), "ceremony")
	w := open(t, p, "rehearse", "--out", folder)
	r := &room{w: w, wrong: true}
	r.before = func(e event) bool {
		if e.Step != "3.3" || e.Kind != askConfirm {
			return false
		}
		r.before = nil
		w.key("alt+a")
		w.write("smoke in the corridor")
		w.write("ABORT")
		return true
	}
	end := r.walk()
	w.await("the last screen to be painted", func(e event) bool { return e.Event == "painted" && e.Serial == end.Serial })
	w.shot("end")
	if end.Title != "aborted" {
		t.Fatalf("ended %q: %s", end.Title, end.Fault)
	}
	if code := w.end(); code == 0 {
		t.Error("an aborted ceremony is told as a success")
	}
	if verdict := verify(t, p, folder); !strings.Contains(verdict, "ABORTED") {
		t.Errorf("verdict: %s", verdict)
	}
}
