package e2e_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
)

// An event is one line of the window's trace: what is on the screen.
type event struct {
	Event  string
	Millis int64
	Serial int
	Step   string
	Kind   int
	Title  string
	Field  string
	Hint   []string
	Shown  []string
	Choice []string
	Fault  string
}

// A trace is read while it is written.
type trace struct {
	file string
	f    *os.File
	in   *bufio.Reader
	part []byte // of a line that is not whole yet
}

// next is the next event; ok is false when there is none yet.
func (t *trace) next() (e event, ok bool, err error) {
	if t.f == nil {
		if t.f, err = os.Open(t.file); errors.Is(err, fs.ErrNotExist) {
			t.f = nil
			return e, false, nil
		} else if err != nil {
			return e, false, err
		}
		t.in = bufio.NewReader(t.f)
	}
	line, err := t.in.ReadBytes('\n')
	t.part = append(t.part, line...)
	if errors.Is(err, io.EOF) {
		return e, false, nil
	} else if err != nil {
		return e, false, err
	}
	err = json.Unmarshal(t.part, &e)
	t.part = nil
	return e, true, err
}

func (t *trace) close() {
	if t.f != nil {
		_ = t.f.Close()
	}
}
