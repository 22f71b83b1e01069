package transcript

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"time"

	"keyrite.dev/keyrite/ceremony/canon"
	"keyrite.dev/keyrite/ceremony/dsse"
)

// wireEvent is the payload of a line's envelope.
type wireEvent struct {
	Body     json.RawMessage `json:"body"`
	By       string          `json:"by"`
	Ceremony string          `json:"ceremony"` // 32 random bytes, hex
	Kind     Kind            `json:"kind"`
	Prev     string          `json:"prev"` // SHA-256 of every byte of the journal before this line
	Seq      int             `json:"seq"`
	Time     string          `json:"time"` // RFC 3339, whole seconds, "Z"
}

// A chain is the fold over a journal's lines: what they say so far, and so what
// may come next. accept either takes a line or leaves the chain as it was.
type chain struct {
	mode     dsse.Mode
	ceremony string
	sum      hash.Hash // running, over all lines so far
	head     string    // sum in hex
	events   []Event
	rules
}

func newChain(mode dsse.Mode) *chain {
	return &chain{mode: mode, sum: sha256.New(), head: digest(nil), rules: newRules()}
}

// accept reads one line, line feed included, with all its rules.
func (c *chain) accept(line []byte) (Event, error) {
	n := len(c.events)
	if !bytes.HasSuffix(line, []byte("\n")) {
		return Event{}, fmt.Errorf("line %d: no line feed", n)
	}
	env, err := dsse.Parse(line[:len(line)-1])
	if err != nil {
		return Event{}, fmt.Errorf("line %d: %w", n, err)
	}
	e, err := c.read(env)
	if err != nil {
		return Event{}, fmt.Errorf("line %d: %w", n, err)
	}
	e.Digest = digest(line)
	if err := c.rules.apply(e); err != nil {
		return Event{}, fmt.Errorf("line %d: %s: %w", n, e.Kind, err)
	}
	c.sum.Write(line) //nolint:errcheck // a hash never fails
	c.head = hex.EncodeToString(c.sum.Sum(nil))
	c.ceremony, e.Head = e.Ceremony, c.head
	c.events = append(c.events, e)
	return e, nil
}

// read checks everything about an envelope that does not depend on what earlier
// events said: spelling, place in the chain, time and signature.
func (c *chain) read(env dsse.Envelope) (Event, error) {
	var w wireEvent
	if err := canon.Unmarshal(env.Payload, &w); err != nil {
		return Event{}, fmt.Errorf("invalid event: %w", err)
	}
	body, err := decodeBody(w.Kind, w.Body)
	if err != nil {
		return Event{}, err
	}
	at, err := c.follows(w)
	if err != nil {
		return Event{}, err
	}
	key, err := c.author(w.By, body)
	if err != nil {
		return Event{}, err
	}
	if len(env.Signatures) != 1 {
		return Event{}, fmt.Errorf("%d signatures, want one", len(env.Signatures))
	}
	if _, err := env.Verify(c.mode.Type("event"), dsse.NewKeys(key)); err != nil {
		return Event{}, fmt.Errorf("not signed by %q: %w", w.By, err)
	}
	return Event{Line: Line{Seq: w.Seq, Kind: w.Kind, By: w.By, Time: at}, Prev: w.Prev, Ceremony: w.Ceremony, Body: body}, nil
}

// follows checks that w is the next event, and answers its time.
func (c *chain) follows(w wireEvent) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, w.Time)
	switch {
	case err != nil || at.UTC().Format(time.RFC3339) != w.Time || at.Year() < 2000 || at.Year() > 2999:
		return at, errors.New("invalid time: want whole seconds as 2026-11-22T05:53:57Z")
	case w.Seq != len(c.events):
		return at, fmt.Errorf("out of sequence: is numbered %d", w.Seq)
	case !isDigest(w.Ceremony) || c.ceremony != "" && w.Ceremony != c.ceremony:
		return at, errors.New("of another ceremony")
	case w.Prev != c.head:
		return at, errors.New("does not continue the lines before it")
	case len(c.events) > 0 && at.Before(c.events[len(c.events)-1].Time):
		return at, errors.New("clock went backwards")
	}
	return at, nil
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// isDigest tells 64 lower-case hex digits.
func isDigest(s string) bool {
	for _, c := range []byte(s) {
		if (c < '0' || '9' < c) && (c < 'a' || 'f' < c) {
			return false
		}
	}
	return len(s) == 2*sha256.Size
}
