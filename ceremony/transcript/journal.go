package transcript

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"keyrite.dev/keyrite/ceremony/canon"
	"keyrite.dev/keyrite/ceremony/dsse"
)

// A Journal is the writing end. It refuses events that a reader would refuse,
// and every line is on the disk when Append returns.
type Journal struct {
	mu    sync.Mutex
	file  *os.File
	chain *chain
	now   func() time.Time
	dead  bool // a write failed, so what the file ends with is not known
}

// Create makes a new journal file; an existing one is an error that wraps
// [os.ErrExist]. ceremony is 32 random bytes in lower-case hex.
func Create(path string, mode dsse.Mode, ceremony string, now func() time.Time) (*Journal, error) {
	if !isDigest(ceremony) {
		return nil, errors.New("invalid ceremony id: want 64 lower-case hex digits")
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o640) //nolint:gosec // the caller's path
	if err != nil {
		return nil, fmt.Errorf("failed to create the journal: %w", err)
	}
	folder, err := os.Open(filepath.Dir(path))
	if err == nil {
		err = errors.Join(f.Sync(), folder.Sync(), folder.Close())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("failed to create the journal: %w", err), f.Close())
	}
	c := newChain(mode)
	c.ceremony = ceremony
	return &Journal{file: f, chain: c, now: now}, nil
}

// Append writes one event, signed by signer, and waits for the disk. body is the
// struct of kind, by value. After a failed write the journal takes nothing more:
// its tail is unknown, and going on is for a resume. A clock that went back is
// held at the time of the line before.
func (j *Journal) Append(ctx context.Context, kind Kind, by string, signer dsse.Signer, body any) (Line, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.dead {
		return Line{}, errors.New("the journal failed before and takes no more lines")
	}
	line, err := j.line(ctx, kind, by, signer, body)
	if err != nil {
		return Line{}, fmt.Errorf("failed to make a line: %w", err)
	}
	e, err := j.chain.accept(line)
	if err != nil {
		return Line{}, fmt.Errorf("refused to write: %w", err)
	}
	_, err = j.file.Write(line)
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		j.dead = true
		return Line{}, fmt.Errorf("failed to write the journal: %w", err)
	}
	return e.Line, nil
}

// line makes the bytes of the next line.
func (j *Journal) line(ctx context.Context, kind Kind, by string, signer dsse.Signer, body any) ([]byte, error) {
	c := j.chain
	raw, err := canon.Marshal(withLists(body))
	if err != nil {
		return nil, err
	}
	var last time.Time
	if n := len(c.events); n > 0 {
		last = c.events[n-1].Time
	}
	payload, err := canon.Marshal(wireEvent{
		Body: raw, By: by, Ceremony: c.ceremony, Kind: kind, Prev: c.head, Seq: len(c.events),
		Time: stamp(j.now(), last).Format(time.RFC3339),
	})
	if err != nil {
		return nil, err
	}
	env, err := dsse.Sign(ctx, c.mode.Type("event"), payload, signer)
	if err != nil {
		return nil, err
	}
	line, err := env.Encode()
	return append(line, '\n'), err
}

// Head answers the last line's number, -1 before the first, and the SHA-256 of
// the journal so far, hex.
func (j *Journal) Head() (seq int, head string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.chain.events) - 1, j.chain.head
}

// Event answers line seq as it stands in the file; seq must have been written.
func (j *Journal) Event(seq int) Event {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.chain.events[seq]
}

// Close closes the file. It writes nothing: see [KindClose].
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.dead = true
	return j.file.Close()
}
