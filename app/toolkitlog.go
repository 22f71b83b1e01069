package app

import (
	"bytes"
	"io"
	"log"
	"os"
	"path/filepath"
)

// noises are what the toolkit reports as errors on a machine without a desktop,
// where nothing is wrong: it cannot be told when the desktop's colours change.
var noises = [][]byte{[]byte("failed to watch theme settings")}

// A quietLog drops the noises, each of which is a line and two that explain it.
type quietLog struct {
	to   io.Writer
	drop int // lines still to drop
}

// Write is given one line at a time by package log.
func (q *quietLog) Write(line []byte) (int, error) {
	for _, n := range noises {
		if bytes.Contains(line, n) {
			q.drop = 3
		}
	}
	if q.drop > 0 {
		q.drop--
		return len(line), nil
	}
	return q.to.Write(line)
}

// quietToolkit makes the folder that the toolkit wants and cannot make, and keeps
// its noises from people's terminals.
func quietToolkit() {
	if dir, err := os.UserCacheDir(); err == nil {
		_ = os.MkdirAll(filepath.Join(dir, "fyne"), 0o700) // the toolkit says what it misses
	}
	log.SetOutput(&quietLog{to: os.Stderr})
}
