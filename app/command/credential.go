package command

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"keyrite.dev/keyrite/ceremony/credential"
	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/durable"
	"keyrite.dev/keyrite/ceremony/keycheck"
	"keyrite.dev/keyrite/ceremony/plan"
)

// newCredential is the verb credential: each person's own keys.
func newCredential(_ Deps) *cobra.Command {
	c := &cobra.Command{
		Use:   "credential",
		Short: "Make and show a person's signing and unsealing keys",
		Args:  cobra.NoArgs,
	}
	c.AddCommand(newCredentialNew(), newCredentialShow())
	return c
}

func newCredentialNew() *cobra.Command {
	var n newOptions
	c := &cobra.Command{
		Use:   "new --name NAME --role ROLE --out FILE",
		Short: "Make a credential, protected by a passphrase",
		Long: `New makes a signing key and an age identity and writes them to FILE, locked with
a passphrase. Do it on your own machine; FILE stays with you. Read the
fingerprint it prints to the security officer by another way than the file's.

Draw the passphrase (six or more words, by dice); do not choose it. Roles:
` + roleWords() + ".",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return n.run(c)
		},
	}
	c.Flags().StringVar(&n.name, "name", "", "name as on the identity document (required)")
	c.Flags().StringVar(&n.role, "role", "", "role in the ceremony (required)")
	c.Flags().StringVar(&n.out, "out", "", "file to write, which must not exist (required)")
	c.Flags().BoolVar(&n.rehearsal, "rehearsal", false, "for rehearsals only")
	c.Flags().IntVar(&n.fd, "passphrase-fd", noFD, "file descriptor to read its passphrase from, one line; without it, the terminal asks twice")
	return c
}

func roleWords() string {
	var words []string
	for _, r := range plan.Roles() {
		if r != plan.HSM { // its key is made in the HSM
			words = append(words, string(r))
		}
	}
	return strings.Join(words, ", ")
}

func modeOf(rehearsal bool) dsse.Mode {
	if rehearsal {
		return dsse.Rehearsal
	}
	return dsse.Production
}

type newOptions struct {
	name, role, out string
	rehearsal       bool
	fd              int
}

func (n newOptions) run(c *cobra.Command) error {
	if n.name == "" || n.role == "" {
		return fail(ExitUsage, "missing --name or --role")
	}
	if err := checkNew(n.out); err != nil {
		return err
	}
	phrase, err := newPassphrase(c.InOrStdin(), c.ErrOrStderr(), n.fd)
	if err != nil {
		return err
	}
	defer phrase.Destroy()
	file, pub, err := credential.Create(n.name, plan.Role(n.role), phrase, credential.Options{Mode: modeOf(n.rehearsal)})
	if err != nil {
		return exitError{ExitUsage, err}
	}
	if err := durable.Write(n.out, file, 0o600); err != nil {
		return exitError{ExitFailed, err}
	}
	return showCredential(c.OutOrStdout(), pub)
}

func newCredentialShow() *cobra.Command {
	return &cobra.Command{
		Use:   "show FILE",
		Short: "Show the public part of a credential, with its fingerprint",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			file, err := readCapped(args[0], credential.MaxFile)
			if err != nil {
				return exitError{ExitUsage, err}
			}
			pub, err := credential.Parse(file)
			if err != nil {
				return fail(ExitUsage, "%s: %w", args[0], err)
			}
			return showCredential(c.OutOrStdout(), pub)
		},
	}
}

// showCredential prints what goes into a roster, and the fingerprint as it is
// read aloud.
func showCredential(w io.Writer, pub credential.Public) error {
	entry, err := rosterEntry(pub.Member("choose-an-id"))
	if err != nil {
		return exitError{ExitFailed, err}
	}
	_, err = fmt.Fprintf(w, "%s, %s (%s)\n\nFingerprint:\n%s\nRoster entry, for the plan:\n%s\n",
		pub.Name, pub.Role, pub.Mode, digestText(pub.Fingerprint()), entry)
	return err
}

// digestText is a digest as people compare it: whole, in groups, in PGP words of
// eight a line.
func digestText(digest string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "  %s\n  %s\n", digest, keycheck.Group(digest))
	words, err := keycheck.WordsOfHex(digest)
	if err != nil {
		return b.String() // a digest is hex
	}
	for len(words) > 0 {
		n := min(8, len(words))
		fmt.Fprintf(&b, "  %s\n", strings.Join(words[:n], " "))
		words = words[n:]
	}
	return b.String()
}
