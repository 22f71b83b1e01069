package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// program is the binary under test, built by the project's own script if need be.
func program(t *testing.T) string {
	t.Helper()
	if p := os.Getenv("KEYRITE"); p != "" {
		return p
	}
	out := filepath.Join(t.TempDir(), "keyrite")
	if b, err := exec.Command("../build", out).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	return out
}

// display starts an X server of its own and returns its name. -noreset, since a
// server whose last client leaves resets under the feet of the next.
func display(t *testing.T) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	x := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", "1280x800x24", "-noreset", "-nolisten", "tcp")
	x.ExtraFiles = []*os.File{w}
	if err := x.Start(); err != nil {
		t.Fatalf("no Xvfb: %v", err)
	}
	t.Cleanup(func() { stop(x) })
	_ = w.Close()
	var number int
	if _, err := fmt.Fscan(r, &number); err != nil {
		t.Fatalf("Xvfb did not start: %v", err)
	}
	return fmt.Sprintf(":%d", number)
}

// stop ends a process kindly, then not.
func stop(c *exec.Cmd) {
	_ = c.Process.Signal(syscall.SIGTERM)
	timer := time.AfterFunc(8*time.Second, func() { _ = c.Process.Kill() })
	defer timer.Stop()
	_ = c.Wait()
}

// A window is the program under test with its trace.
type window struct {
	t       *testing.T
	cmd     *exec.Cmd
	env     []string
	home    string
	started time.Time
	trace   *trace
	seen    []event
	stderr  strings.Builder
}

// open starts the program and waits for its first frame.
func open(t *testing.T, program string, args ...string) *window {
	t.Helper()
	home := t.TempDir()
	w := &window{t: t, home: home}
	w.env = append(os.Environ(), "DISPLAY="+display(t), "HOME="+home, "XDG_CONFIG_HOME="+home+"/config", "XDG_CACHE_HOME="+home+"/cache", "FYNE_SCALE=1")
	file := filepath.Join(home, "trace")
	w.cmd = exec.Command(program, append([]string{"--trace", file}, args...)...)
	w.cmd.Env, w.cmd.Stderr = w.env, &w.stderr
	w.started = time.Now()
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.trace = &trace{file: file}
	t.Cleanup(w.trace.close)
	t.Cleanup(func() {
		if w.cmd.ProcessState == nil {
			stop(w.cmd)
		}
		if t.Failed() {
			t.Logf("stderr:\n%s", w.stderr.String())
		}
	})
	frame := w.await("the first frame", func(e event) bool { return e.Event == "frame" })
	t.Logf("first frame after %d ms", frame.Millis-w.started.UnixMilli())
	id := w.xdotool("search", "--sync", "--onlyvisible", "--pid", fmt.Sprint(w.cmd.Process.Pid))
	w.xdotool("windowfocus", "--sync", id)
	return w
}

// xdotool returns the first line that the tool prints.
func (w *window) xdotool(args ...string) string {
	w.t.Helper()
	c := exec.Command("xdotool", args...)
	c.Env = w.env
	out, err := c.Output()
	if err != nil {
		w.shot("xdotool")
		w.t.Fatalf("xdotool %s: %v", args[0], err)
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return line
}

// key presses keys, one after the other.
func (w *window) key(names ...string) {
	w.t.Helper()
	w.xdotool(append([]string{"key", "--delay", "12"}, names...)...)
}

// write types a text and Return.
func (w *window) write(text string) {
	w.t.Helper()
	w.xdotool("type", "--delay", "6", "--", text)
	w.key("Return")
}

// shot keeps a picture of the display with the test's artifacts.
func (w *window) shot(name string) {
	w.picture(filepath.Join(w.t.ArtifactDir(), name+".png"))
}

// picture writes a picture of the display.
func (w *window) picture(file string) {
	time.Sleep(300 * time.Millisecond) // painted is not yet seen
	c := exec.Command("import", "-window", "root", file)
	c.Env = w.env
	if err := c.Run(); err != nil {
		w.t.Logf("no picture: %v", err)
	}
}

// await reads the trace until an event is the one wanted.
func (w *window) await(what string, wanted func(event) bool) event {
	w.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); {
		e, ok, err := w.trace.next()
		switch {
		case err != nil:
			w.t.Fatal(err)
		case !ok:
			time.Sleep(5 * time.Millisecond)
		default:
			w.seen = append(w.seen, e)
			if wanted(e) {
				return e
			}
		}
	}
	w.shot("timeout")
	w.t.Fatalf("waited too long for %s", what)
	return event{}
}

// end tells the program to end and returns its exit code.
func (w *window) end() int {
	stop(w.cmd)
	return w.cmd.ProcessState.ExitCode()
}

// painting is how long it took from each new screen to its painting: the median
// and the longest, in milliseconds.
func (w *window) painting() (median, longest int64) {
	var took []int64
	for i, e := range w.seen {
		if e.Event == "painted" || e.Event == "frame" || e.Serial == 0 {
			continue
		}
		for _, p := range w.seen[i+1:] {
			if p.Event == "painted" {
				took = append(took, p.Millis-e.Millis)
				break
			}
		}
	}
	slices.Sort(took)
	if len(took) == 0 {
		return 0, 0
	}
	return took[len(took)/2], took[len(took)-1]
}
