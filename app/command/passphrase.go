package command

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"keyrite.dev/keyrite/ceremony/credential"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/secret"
)

// maxPassphrase caps a passphrase's line, bytes.
const maxPassphrase = 1024

// noFD is the default of --passphrase-fd: none was named.
const noFD = -1

// readPassphrase reads one line from a file descriptor: passphrases are neither
// flags nor environment, where other programs see them. Descriptor 0 is stdin; a
// negative one asks on the terminal.
func readPassphrase(stdin io.Reader, fd int) (secret.Bytes, error) {
	in := stdin
	switch {
	case fd < 0:
		return askPassphrase(os.Stderr, "Passphrase")
	case fd > 0:
		file := os.NewFile(uintptr(fd), "passphrase") //nolint:gosec // positive
		defer file.Close()                            //nolint:errcheck // only read
		in = file
	}
	buffer := make([]byte, maxPassphrase+2) // with its line end, in one piece: append would leave copies
	n, err := io.ReadFull(in, buffer)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return secret.Bytes{}, fail(ExitUsage, "failed to read the passphrase from file descriptor %d: %w", fd, err)
	}
	line := buffer[:n]
	if i := bytes.IndexByte(line, '\n'); i >= 0 {
		line = line[:i]
	}
	if len(line) == 0 || len(line) > maxPassphrase {
		clear(buffer)
		return secret.Bytes{}, fail(ExitUsage, "invalid passphrase: a line of 1 to %d bytes", maxPassphrase)
	}
	return secret.Take(line), nil
}

// credentialFlags are the two flags of every verb that signs.
type credentialFlags struct {
	file string
	fd   int
}

func (f *credentialFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.file, "credential", "", "your credential file (required)")
	c.Flags().IntVar(&f.fd, "passphrase-fd", noFD, "file descriptor to read its passphrase from, one line; without it, the terminal asks")
}

// read reads the public part and holds it against the role that the verb is for.
func (f *credentialFlags) read(role plan.Role) ([]byte, credential.Public, error) {
	if f.file == "" {
		return nil, credential.Public{}, fail(ExitUsage, "missing --credential FILE")
	}
	file, err := readCapped(f.file, credential.MaxFile)
	if err != nil {
		return nil, credential.Public{}, fail(ExitUsage, "%w", err)
	}
	public, err := credential.Parse(file)
	if err != nil {
		return nil, credential.Public{}, fail(ExitUsage, "%s: %w", f.file, err)
	}
	if public.Role != role {
		return nil, credential.Public{}, fail(ExitFailed, "%s is the credential of %s, %s; this is for the %s", f.file, public.Name, public.Role, role)
	}
	return file, public, nil
}

// unlock asks for the passphrase and opens the credential; release it after use.
func (f *credentialFlags) unlock(stdin io.Reader, prompts io.Writer, file []byte) (*credential.Unlocked, error) {
	var passphrase secret.Bytes
	var err error
	if f.fd < 0 {
		passphrase, err = askPassphrase(prompts, "Passphrase for "+f.file)
	} else {
		passphrase, err = readPassphrase(stdin, f.fd)
	}
	if err != nil {
		return nil, err
	}
	defer passphrase.Destroy()
	unlocked, err := credential.Unlock(file, passphrase)
	if err != nil {
		return nil, fail(ExitFailed, "%s: %w", f.file, err)
	}
	return unlocked, nil
}

// checkNew refuses an output file that exists, before anything is done for it.
func checkNew(path string) error {
	if path == "" {
		return fail(ExitUsage, "missing --out FILE")
	}
	if _, err := os.Lstat(path); err == nil {
		return fail(ExitFailed, "%s exists; nothing is ever overwritten", path)
	} else if !errors.Is(err, os.ErrNotExist) {
		return fail(ExitUsage, "invalid --out: %w", err)
	}
	return nil
}

// explained adds what an error means and what to do, if it knows.
func explained(err error) error {
	var known interface {
		error
		Explain() (title, meaning, advice string)
	}
	if !errors.As(err, &known) {
		return fail(ExitFailed, "%w", err)
	}
	_, meaning, advice := known.Explain()
	return fail(ExitFailed, "%w\n\nMeaning: %s\nAdvice:  %s", err, meaning, advice)
}

// sayf writes a line for people. A terminal that is gone does not stop the work.
func sayf(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }
