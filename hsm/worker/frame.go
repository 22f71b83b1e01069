// Package worker does what needs clear key material, in a process of its own
// that lives for one call.
//
// The parent starts the same program again with the verb [Verb], writes frames
// to its standard input and reads one frame from its standard output. A frame is
// a length, 4 bytes big-endian, and that many bytes, at most [maxFrame]. The
// first frame is a job in JSON; secrets follow as frames of their own, in the
// order that the job implies, so that they are never inside JSON text. The
// answer is JSON and holds nothing secret.
//
// The worker believes nobody: it reads journal and plan itself, verifies
// signatures and approvals, and takes its parameters from the approved line.
package worker

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"keyrite.dev/keyrite/ceremony/secret"
	"keyrite.dev/keyrite/hsm"
)

// Verb is the hidden command line argument that starts a worker.
const Verb = "split-worker"

// maxFrame caps a frame: 16 sealed shares have about 40 kB. frameHead is the
// length before it.
const (
	maxFrame  = 1 << 20
	frameHead = 4
)

var errProtocol = errors.New("the other process does not speak the worker's protocol")

func writeFrame(w io.Writer, data []byte) error {
	if len(data) > maxFrame {
		return fmt.Errorf("frame of %d bytes, at most %d", len(data), maxFrame)
	}
	head := binary.BigEndian.AppendUint32(nil, uint32(len(data))) //nolint:gosec // capped above
	if _, err := w.Write(head); err != nil {
		return err
	}
	_, err := w.Write(data)
	return err
}

func readFrame(r io.Reader) ([]byte, error) {
	var head [frameHead]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxFrame {
		return nil, fmt.Errorf("frame of %d bytes, at most %d", n, maxFrame)
	}
	data := make([]byte, n)
	_, err := io.ReadFull(r, data)
	return data, err
}

func writeSecret(w io.Writer, s secret.Bytes) error {
	return s.Expose(func(b []byte) error { return writeFrame(w, b) })
}

func readSecret(r io.Reader) (secret.Bytes, error) {
	b, err := readFrame(r)
	return secret.Take(b), err
}

// A job is the first frame.
type job struct {
	Do       string       `json:"do"` // "split", "open", "recover"
	Folder   string       `json:"folder"`
	Request  int          `json:"request"`
	Location hsm.Location `json:"location"`
	Holders  []string     `json:"holders"` // whose credential and passphrase follow
}

// An answer is the only frame of the worker's.
type answer struct {
	Fault  *fault  `json:"fault,omitempty"`
	Split  *split  `json:"split,omitempty"`
	Open   *opened `json:"open,omitempty"`
	Regain *regain `json:"regain,omitempty"`
}

// A fault is an error that crossed the pipe.
type fault struct {
	Kind string        `json:"kind"` // "pin", "passphrase", "other-key", ""
	PIN  *hsm.PINError `json:"pin,omitempty"`
	Text string        `json:"text"`
}

type split struct {
	BackupBlob []byte   `json:"backupBlob"`
	SplitID    string   `json:"splitId"`
	Shares     []sealed `json:"shares"`
	Subsets    int      `json:"subsets"`
	AllSubsets bool     `json:"allSubsets"`
	ExposureMS int      `json:"exposureMilliseconds"`
	BackupKCV  string   `json:"backupKcv"`
	Destroyed  bool     `json:"destroyed"`
	NoNetwork  bool     `json:"noNetwork"`
	SecretDo   bool     `json:"secretDo"`
}

type sealed struct {
	Custodian  string `json:"custodian"`
	Index      int    `json:"index"`
	Sealed     []byte `json:"sealed"`
	Commitment string `json:"commitment"`
}

type opened struct {
	Custodian  string `json:"custodian"`
	Commitment string `json:"commitment"`
}

type regain struct {
	Key        string `json:"key"`
	Label      string `json:"label"`
	CheckValue []byte `json:"checkValue"`
	ExposureMS int    `json:"exposureMilliseconds"`
	Destroyed  bool   `json:"destroyed"`
}

func decode(data []byte, v any) error {
	if err := json.Unmarshal(data, v); err != nil {
		return errProtocol
	}
	return nil
}
