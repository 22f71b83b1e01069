package command

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestANamedPipeIsRefusedAtOnce(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "plan.json")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan int, 1)
	var out bytes.Buffer
	go func() { done <- Run(context.Background(), Deps{}, []string{"plan", "check", pipe}, nil, &out, &out) }()
	select {
	case code := <-done:
		if code != ExitUsage || !strings.Contains(out.String(), "not a regular file") {
			t.Errorf("code %d: %s", code, out.String())
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it waits for a writer")
	}
}

func TestAnInterruptIsSaidInItsOwnWords(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out bytes.Buffer
	if code := Run(ctx, Deps{}, []string{"plan", "check", "missing.json"}, nil, &out, &out); code != ExitFailed {
		t.Errorf("code %d", code)
	}
	if !strings.Contains(out.String(), "interrupted") {
		t.Errorf("said %q", out.String())
	}
}
