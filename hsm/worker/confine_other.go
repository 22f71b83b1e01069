//go:build !linux

package worker

import (
	"os"
	"os/exec"
)

// Systems without these controls run the worker as a plain short-lived process;
// its end gives the memory back.

func itself() (string, error) { return os.Executable() }

func confine(*exec.Cmd, bool) {}

func harden() error { return nil }

func locked(n int) (buf []byte, free func(), err error) {
	buf = make([]byte, n)
	return buf, func() { clear(buf) }, nil
}
