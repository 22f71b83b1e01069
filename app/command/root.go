// Package command is Keyrite without a window: the verbs, their flags and their
// exit codes. It holds no logic of ceremonies; it wires ports to words.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// Exit codes, the same for every verb. docs/exit-codes.md is made from them.
const (
	ExitOK         = 0
	ExitFailed     = 1 // done, and the answer is no: not valid, refused, not proven
	ExitUsage      = 2 // the command line or an input file is not understood
	ExitUnfinished = 3 // verify: intact but unfinished
	ExitUntrusted  = 4 // verify: intact but not enough trusted keys
)

// An exitError carries an exit code out of a verb.
type exitError struct {
	code int
	err  error
}

func (e exitError) Error() string { return e.err.Error() }
func (e exitError) Unwrap() error { return e.err }

func fail(code int, format string, args ...any) error {
	return exitError{code, fmt.Errorf(format, args...)}
}

// failed gives an error that is nobody's command line the code for "no".
func failed(err error) error {
	if err == nil {
		return nil
	}
	return exitError{ExitFailed, err}
}

// Run runs one command line and answers the exit code.
func Run(ctx context.Context, d Deps, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRoot(d)
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return ExitOK
	}
	if ctx.Err() != nil {
		fmt.Fprintln(stderr, "keyrite: interrupted; what was finished is on disk, and nothing was repeated")
		return ExitFailed
	}
	fmt.Fprintln(stderr, "keyrite:", err)
	if e, ok := errors.AsType[exitError](err); ok {
		return e.code
	}
	return ExitUsage
}

func newRoot(d Deps) *cobra.Command {
	root := &cobra.Command{
		Use:           "keyrite",
		Short:         "Cloud key import ceremonies: guided, dual-controlled, proven",
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       d.Version,
		Args:          cobra.NoArgs,
	}
	if d.Window != nil {
		root.RunE = func(c *cobra.Command, _ []string) error {
			return failed(d.Window(c.Context(), WindowConfig{Rehearse: rehearseByHand(d), Options: RehearsalOptions{Token: defaultToken}}))
		}
	}
	root.AddCommand(newPlan(d), newCredential(d), newRehearse(d), newFetch(d), newImport(d), newVerify(d), newRehearsalKMS(d))
	return root
}
