package worker_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/hsm/worker"
)

// playHere plays the parts that only Linux has.
func playHere(verb string) int {
	switch verb {
	case verbDumpable:
		return worker.Main(context.Background(), dumpableReader{}, io.Discard)
	case verbParent:
		_, _ = worker.New(worker.Config{Args: []string{verbHangs, os.Args[2]}}).Split(context.Background(), ceremony.Job{}, pin())
	case verbReplaced: // its own file is gone by now, and another in its place
		must(0, os.Remove(os.Args[2]))
		must(0, os.WriteFile(os.Args[2], []byte("#!/bin/sh\necho another program\n"), 0o700))
		_, err := worker.New(worker.Config{Args: []string{verbLooks}}).Split(context.Background(), ceremony.Job{}, pin())
		fmt.Fprint(os.Stdout, err)
		return 0
	}
	return 3
}

// A dumpableReader tells on standard error whether the process may be dumped when
// the worker reads its job.
type dumpableReader struct{}

func (dumpableReader) Read([]byte) (int, error) {
	n, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	fmt.Fprint(os.Stderr, n, err)
	return 0, io.EOF
}

// Others of the same user, debuggers too, cannot read a process that is not
// dumpable (prctl(2)).
func TestAWorkerIsNotDumpableWhenItReadsItsJob(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), must(os.Executable()), verbDumpable)
	var seen bytes.Buffer
	cmd.Stderr = &seen
	_ = cmd.Run() // it had no job
	if seen.String() != "0 <nil>" {
		t.Errorf("dumpable: %s", seen.String())
	}
}

// A worker that waits for its job has given up core files already.
func TestAWorkerForbidsCoreFilesBeforeItReadsAnything(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), must(os.Executable()), worker.Verb)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	none := regexp.MustCompile(`Max core file size +0 +0 `)
	if !within(10*time.Second, func() bool {
		limits, err := os.ReadFile("/proc/" + strconv.Itoa(cmd.Process.Pid) + "/limits")
		return err == nil && none.Match(limits)
	}) {
		t.Error("the worker may write core files")
	}
	in.Close()
	_ = cmd.Wait() // it had no job
}

func within(d time.Duration, f func() bool) bool {
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if f() {
			return true
		}
	}
	return false
}

func TestAWorkerDiesWithItsParent(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pid")
	cmd := exec.CommandContext(t.Context(), must(os.Executable()), verbParent, file)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	child := 0
	if !within(10*time.Second, func() bool {
		data, _ := os.ReadFile(file)
		child, _ = strconv.Atoi(string(data))
		return child > 0
	}) {
		t.Fatal("the worker did not start")
	}
	lives := func() bool {
		args, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", child))
		return err == nil && strings.Contains(string(args), verbHangs)
	}
	if !lives() {
		t.Error("the worker is not there while its parent is")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	if !within(10*time.Second, func() bool { return !lives() }) {
		t.Error("the worker outlives its parent")
		_ = syscall.Kill(child, syscall.SIGKILL)
	}
}

// A program whose file is exchanged while it runs, by an update or an intruder,
// goes on with the workers that were measured.
func TestAWorkerIsTheProgramThatRuns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "program")
	program, err := os.ReadFile(must(os.Executable()))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, program, 0o700); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), path, verbReplaced, path).Output()
	if err != nil || !strings.Contains(string(out), "HOME=/nonexistent") {
		t.Errorf("answered %s, %v", out, err)
	}
}
