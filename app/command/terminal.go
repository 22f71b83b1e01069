package command

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"keyrite.dev/keyrite/ceremony/secret"
)

// askPassphrase asks on the terminal, without echo. Where there is none it says
// what to give instead.
func askPassphrase(out io.Writer, prompt string) (secret.Bytes, error) {
	fd := int(os.Stdin.Fd()) //nolint:gosec // descriptors are small
	if !term.IsTerminal(fd) {
		return secret.Bytes{}, fail(ExitUsage, "missing --passphrase-fd N: the file descriptor that the passphrase can be read from; there is no terminal to ask on")
	}
	_, _ = fmt.Fprintf(out, "%s: ", prompt)
	line, err := term.ReadPassword(fd)
	_, _ = fmt.Fprintln(out)
	if err != nil {
		return secret.Bytes{}, fail(ExitUsage, "failed to read the passphrase: %w", err)
	}
	return secret.Take(line), nil
}

// newPassphrase reads the passphrase of a new credential: from a descriptor, or
// twice from the terminal, since a typing mistake would lock the owner out.
func newPassphrase(stdin io.Reader, out io.Writer, fd int) (secret.Bytes, error) {
	if fd >= 0 {
		return readPassphrase(stdin, fd)
	}
	first, err := askPassphrase(out, "New passphrase")
	if err != nil {
		return first, err
	}
	again, err := askPassphrase(out, "New passphrase, again")
	defer again.Destroy()
	if err == nil && !first.Equal(again) {
		err = fail(ExitUsage, "the two passphrases differ; nothing was made")
	}
	if err != nil {
		first.Destroy()
		return secret.Bytes{}, err
	}
	return first, nil
}
