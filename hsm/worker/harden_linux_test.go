package worker_test

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
	"time"

	"keyrite.dev/keyrite/hsm/worker"
)

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
	seen := false
	for end := time.Now().Add(10 * time.Second); !seen && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		limits, err := os.ReadFile("/proc/" + strconv.Itoa(cmd.Process.Pid) + "/limits")
		seen = err == nil && none.Match(limits)
	}
	if !seen {
		t.Error("the worker may write core files")
	}
	in.Close()
	_ = cmd.Wait() // it had no job
}
