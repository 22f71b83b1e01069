package command

import (
	"context"
	"io"
	"os"

	"github.com/spf13/cobra"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/durable"
	"keyrite.dev/keyrite/ceremony/plan"
	"keyrite.dev/keyrite/ceremony/transcript"
)

// maxParcel caps any parcel before its kind is known.
const maxParcel = dsse.MaxEnvelope

type importVerb struct {
	d          Deps
	credential credentialFlags
	cloud      cloudFlags
	trusted    string
	out        string
	control    bool
}

// newImport is the verb of the importer: import, prove, receipt.
func newImport(d Deps) *cobra.Command {
	v := importVerb{d: d}
	c := &cobra.Command{
		Use:   "import PARCEL --trusted FILE --credential FILE --out RECEIPT",
		Short: "Import the wrapped key, prove that the cloud holds it, and sign a receipt",
		Long: `Import checks the room's signatures and that its seal covers the wrapped key, imports
it, waits until the cloud has enabled it, and has the cloud prove that it holds
this very key: an encryption key by taking the key regained from the shares as
the same material, an HMAC key by a tag over the room's nonce, which the
security officer compares.

FILE lists the keys you trust, and must come another way than PARCEL (see
keyrite verify). Running the same command again after it stopped is safe.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return v.run(c.Context(), args[0], c.InOrStdin(), c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	v.credential.add(c)
	v.cloud.add(c)
	f := c.Flags()
	f.StringVar(&v.trusted, "trusted", "", "file with the fingerprints and roles you trust (required)")
	f.StringVar(&v.out, "out", "", "receipt file to make; it must not exist (required)")
	f.BoolVar(&v.control, "control", false, "encryption keys: also see that a random key is refused; always in a rehearsal")
	return c
}

func (v importVerb) run(ctx context.Context, path string, stdin io.Reader, out, progress io.Writer) error {
	if err := checkNew(v.out); err != nil {
		return err
	}
	trusted, err := readTrusted(v.trusted)
	if err != nil {
		return err
	}
	parcel, err := readCapped(path, maxParcel)
	if err != nil {
		return fail(ExitUsage, "%w", err)
	}
	file, public, err := v.credential.read(plan.Importer)
	if err != nil {
		return err
	}
	cloud, err := v.cloud.open(ctx, v.d, public.Mode)
	if err != nil {
		return err
	}
	signer, err := v.credential.unlock(stdin, progress, file)
	if err != nil {
		return err
	}
	defer signer.Release()
	receipt, err := cloud.Import(ctx, ceremony.Import{
		Parcel: parcel, Trusted: trusted, Signer: signer,
		Control:  v.control || public.Mode == dsse.Rehearsal,
		Progress: func(stage string) { sayf(progress, "%s …", stage) },
	})
	if err != nil {
		return explained(err)
	}
	if err := durable.Write(v.out, receipt.Parcel, 0o644); err != nil {
		return fail(ExitFailed, "the key is imported and proven, but there is no receipt; run the same command again, that is safe: %w", err)
	}
	printReceipt(out, receipt)
	sayParcel(out, v.out, receipt.Parcel)
	return nil
}

func readTrusted(path string) (transcript.Trusted, error) {
	if path == "" {
		return nil, fail(ExitUsage, "missing --trusted FILE: a parcel cannot vouch for its own keys")
	}
	file, err := os.Open(path) //nolint:gosec // the user's own choice
	if err != nil {
		return nil, fail(ExitUsage, "failed to read the list of trusted keys: %w", err)
	}
	defer file.Close() //nolint:errcheck // only read
	trusted, err := transcript.ParseTrusted(file)
	if err != nil {
		return nil, fail(ExitUsage, "%s: %w", path, err)
	}
	return trusted, nil
}

func printReceipt(out io.Writer, r ceremony.Receipt) {
	sayf(out, "Key            %s", r.Key)
	sayf(out, "State          %s", r.State)
	if r.MaterialID != "" {
		sayf(out, "Key material   %s", r.MaterialID)
	}
	switch {
	case r.Tag != nil:
		sayf(out, "Proof          tag over the room's nonce; the security officer compares it")
		sayf(out, "               %x", r.Tag)
	default:
		sayf(out, "Proof          the cloud took the key regained from the shares as the same material")
	}
	if r.Control != "" {
		sayf(out, "Control        a random key was %s", r.Control)
	}
	sayf(out, "Took           %.1f s", r.Elapsed.Seconds())
}
