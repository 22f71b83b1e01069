package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/credential"
	"keyrite.dev/keyrite/ceremony/secret"
	"keyrite.dev/keyrite/hsm"
)

// A Config says how workers are started.
type Config struct {
	Executable  string   // the program itself; "" finds it
	Args        []string // before or instead of Verb; nil is just Verb
	Location    hsm.Location
	Network     bool // the HSM is reached over the network, so the worker keeps it
	Credentials func(id string) ([]byte, error)
}

// A Splitter starts workers. It implements ceremony.Splitter.
type Splitter struct{ cfg Config }

// New returns a Splitter.
func New(cfg Config) *Splitter { return &Splitter{cfg} }

// Split has a worker back up, split and seal.
func (s *Splitter) Split(ctx context.Context, j ceremony.Job, pin secret.Bytes) (ceremony.SplitResult, error) {
	a, err := s.run(ctx, job{Do: "split", Folder: j.Folder, Request: j.Request, Location: s.cfg.Location}, []secret.Bytes{pin})
	if err != nil {
		return ceremony.SplitResult{}, err
	}
	if a.Split == nil {
		return ceremony.SplitResult{}, errNoAnswer
	}
	out := ceremony.SplitResult{
		BackupBlob: a.Split.BackupBlob, SplitID: a.Split.SplitID, Subsets: a.Split.Subsets, AllSubsets: a.Split.AllSubsets,
		ExposureMS: a.Split.ExposureMS, BackupKCV: a.Split.BackupKCV, Destroyed: a.Split.Destroyed,
		NoNetwork: a.Split.NoNetwork, SecretDo: a.Split.SecretDo,
	}
	for _, sh := range a.Split.Shares {
		out.Shares = append(out.Shares, ceremony.SealedShare(sh))
	}
	return out, nil
}

// ProveOpen has a fresh worker open one share.
func (s *Splitter) ProveOpen(ctx context.Context, j ceremony.Job, custodian string, passphrase secret.Bytes) (ceremony.OpenResult, error) {
	file, err := s.cfg.Credentials(custodian)
	if err != nil {
		return ceremony.OpenResult{}, err
	}
	a, err := s.run(ctx, job{Do: "open", Folder: j.Folder, Request: j.Request, Location: s.cfg.Location, Holders: []string{custodian}},
		[]secret.Bytes{secret.Take(file), passphrase})
	if err != nil {
		return ceremony.OpenResult{}, err
	}
	if a.Open == nil {
		return ceremony.OpenResult{}, errNoAnswer
	}
	return ceremony.OpenResult(*a.Open), nil
}

// Recover has a worker rebuild the key inside the token.
func (s *Splitter) Recover(ctx context.Context, j ceremony.Job, pin secret.Bytes, holders []ceremony.Holder) (ceremony.RecoverResult, error) {
	w := job{Do: "recover", Folder: j.Folder, Request: j.Request, Location: s.cfg.Location}
	secrets := []secret.Bytes{pin}
	for _, h := range holders {
		file, err := s.cfg.Credentials(h.ID)
		if err != nil {
			return ceremony.RecoverResult{}, err
		}
		w.Holders = append(w.Holders, h.ID)
		secrets = append(secrets, secret.Take(file), h.Passphrase)
	}
	a, err := s.run(ctx, w, secrets)
	if err != nil {
		return ceremony.RecoverResult{}, err
	}
	if a.Regain == nil {
		return ceremony.RecoverResult{}, errNoAnswer
	}
	return ceremony.RecoverResult{
		Key: ceremony.KeyID(a.Regain.Key), Label: a.Regain.Label, CheckValue: a.Regain.CheckValue,
		ExposureMS: a.Regain.ExposureMS, Destroyed: a.Regain.Destroyed,
	}, nil
}

var errNoAnswer = errors.New("the worker ended without an answer; what it began is void: look at the HSM's objects before trying again")

// run starts one worker and speaks with it. A worker that may not leave the
// network behind is started again with it; its answer says so.
func (s *Splitter) run(ctx context.Context, j job, secrets []secret.Bytes) (answer, error) {
	exe := s.cfg.Executable
	if exe == "" {
		var err error
		if exe, err = itself(); err != nil {
			return answer{}, fmt.Errorf("failed to find the program itself: %w", err)
		}
	}
	isolate := !s.cfg.Network
	a, err := s.once(ctx, exe, j, secrets, isolate)
	var start startError
	if isolate && errors.As(err, &start) {
		a, err = s.once(ctx, exe, j, secrets, false)
		isolate = false
	}
	if err != nil {
		return answer{}, err
	}
	if a.Split != nil {
		a.Split.NoNetwork = isolate
	}
	return a, a.Fault.err()
}

// A startError is a worker that never ran.
type startError struct{ err error }

func (e startError) Error() string { return "failed to start the split worker: " + e.err.Error() }

func (s *Splitter) once(ctx context.Context, exe string, j job, secrets []secret.Bytes, isolate bool) (answer, error) {
	runtime.LockOSThread() // Pdeathsig is about the thread that starts the child
	defer runtime.UnlockOSThread()
	args := s.cfg.Args
	if args == nil {
		args = []string{Verb}
	}
	cmd := exec.CommandContext(ctx, exe, args...) //nolint:gosec // the program itself
	cmd.Env = append([]string{"HOME=/nonexistent", "LANG=C.UTF-8"}, j.Location.Environment...)
	confine(cmd, isolate)
	var out capped
	cmd.Stdout = &out // standard error goes nowhere: the stack of a crash shows arguments
	in, err := cmd.StdinPipe()
	if err != nil {
		return answer{}, startError{err}
	}
	if err := cmd.Start(); err != nil {
		return answer{}, startError{err}
	}
	sent := send(in, j, secrets)
	err = cmd.Wait()
	data, frameErr := readFrame(&out.frame)
	if frameErr != nil {
		return answer{}, errors.Join(errNoAnswer, err, sent)
	}
	if out.frame.Len() > 0 {
		return answer{}, errProtocol
	}
	var a answer
	return a, decode(data, &a)
}

// capped is room for one frame. A worker that writes more meets a closed pipe. It
// is no bytes.Buffer itself, since that reads from pipes without asking Write.
type capped struct{ frame bytes.Buffer }

func (c *capped) Write(b []byte) (int, error) {
	if c.frame.Len()+len(b) > frameHead+maxFrame {
		return 0, errProtocol
	}
	return c.frame.Write(b)
}

func send(w io.WriteCloser, j job, secrets []secret.Bytes) error {
	head, err := json.Marshal(j)
	if err != nil {
		return fmt.Errorf("failed to write the job: %w", err)
	}
	err = writeFrame(w, head)
	for _, s := range secrets {
		err = errors.Join(err, writeSecret(w, s))
	}
	return errors.Join(err, w.Close())
}

// err turns a fault back into the error it was.
func (f *fault) err() error {
	switch {
	case f == nil:
		return nil
	case f.Kind == "pin" && f.PIN != nil:
		return *f.PIN
	case f.Kind == "other-key":
		return otherKeyError{f.Text}
	case f.Kind == "passphrase":
		return fmt.Errorf("%w", credential.ErrPassphrase)
	default:
		return errors.New(f.Text)
	}
}

func faultOf(err error) *fault {
	f := &fault{Text: err.Error()}
	var pin hsm.PINError
	switch {
	case errors.As(err, &pin):
		f.Kind, f.PIN = "pin", &pin
	case errors.Is(err, credential.ErrPassphrase):
		f.Kind = "passphrase"
	case errors.Is(err, ceremony.ErrOtherKey):
		f.Kind = "other-key"
	}
	return f
}

// An otherKeyError is ceremony.ErrOtherKey with the worker's own words.
type otherKeyError struct{ text string }

func (e otherKeyError) Error() string { return e.text }
func (otherKeyError) Unwrap() error   { return ceremony.ErrOtherKey }
