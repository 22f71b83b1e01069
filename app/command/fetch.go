package command

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"keyrite.dev/keyrite/ceremony"
	"keyrite.dev/keyrite/ceremony/dsse"
	"keyrite.dev/keyrite/ceremony/durable"
	"keyrite.dev/keyrite/ceremony/keycheck"
	"keyrite.dev/keyrite/ceremony/plan"
)

// cloudFlags say where the cloud is.
type cloudFlags struct{ url, region string }

func (f *cloudFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.url, "endpoint-url", "", "another endpoint than the cloud's own; a rehearsal's credential needs one on loopback")
	c.Flags().StringVar(&f.region, "region", "", "Region of the key; by default the one in its ARN")
}

// open reaches the cloud in the mode of the credential that will sign: a
// rehearsal's stays on loopback, a real one never goes there.
func (f *cloudFlags) open(ctx context.Context, d Deps, mode dsse.Mode) (ceremony.Cloud, error) {
	if d.Cloud == nil {
		return nil, fail(ExitUsage, "this build knows no cloud")
	}
	if mode == dsse.Rehearsal && f.url == "" {
		return nil, fail(ExitUsage, "this is a rehearsal's credential; name the rehearsal cloud with --endpoint-url")
	}
	cloud, err := d.Cloud(ctx, Endpoint{URL: f.url, Region: f.region, Rehearsal: mode == dsse.Rehearsal})
	if err != nil {
		return nil, fail(ExitUsage, "%w", err)
	}
	return cloud, nil
}

type fetchVerb struct {
	d          Deps
	credential credentialFlags
	cloud      cloudFlags
	key        string
	wrapping   plan.Wrapping
	out        string
}

// newFetch is the verb of the fetcher: import parameters, as a signed parcel.
func newFetch(d Deps) *cobra.Command {
	v := fetchVerb{d: d}
	c := &cobra.Command{
		Use:   "fetch --key-id KEY --credential FILE --out FILE",
		Short: "Fetch import parameters for a cloud key, as a signed parcel",
		Long: `Fetch asks the cloud for wrapping keys and import tokens and signs them with your
credential: the parcel goes into the room. Parameters are good for 24 hours.

Read the fingerprints to the security officer by another channel than the one
the parcel takes: the cloud does not sign its wrapping keys, so this is how the
room knows that nobody put another key in their place.

An encryption key takes two sets, one for the key from the HSM and one for the
key regained from the shares; an HMAC key takes one.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return v.run(c.Context(), c.InOrStdin(), c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	v.credential.add(c)
	v.cloud.add(c)
	f := c.Flags()
	f.StringVar(&v.key, "key-id", "", "id or ARN of the cloud key, which must wait for imported material (required)")
	f.StringVar(&v.wrapping.Algorithm, "wrapping-algorithm", "RSAES_OAEP_SHA_256", "as in the plan")
	f.StringVar(&v.wrapping.KeySpec, "wrapping-key-spec", "RSA_4096", "as in the plan")
	f.StringVar(&v.out, "out", "", "parcel file to make; it must not exist (required)")
	return c
}

func (v fetchVerb) run(ctx context.Context, stdin io.Reader, out, prompts io.Writer) error {
	if v.key == "" {
		return fail(ExitUsage, "missing --key-id KEY")
	}
	if err := checkNew(v.out); err != nil {
		return err
	}
	file, public, err := v.credential.read(plan.Fetcher)
	if err != nil {
		return err
	}
	cloud, err := v.cloud.open(ctx, v.d, public.Mode)
	if err != nil {
		return err
	}
	signer, err := v.credential.unlock(stdin, prompts, file)
	if err != nil {
		return err
	}
	defer signer.Release()
	var sets []ceremony.ParameterSet
	parcel, err := cloud.Fetch(ctx, ceremony.Fetch{
		Mode: public.Mode, Key: v.key, Wrapping: v.wrapping, Signer: signer,
		Fetched: func(s ceremony.ParameterSet) { sets = append(sets, s) },
	})
	if err != nil {
		return explained(err)
	}
	if err := durable.Write(v.out, parcel, 0o644); err != nil {
		return fail(ExitFailed, "%w", err)
	}
	printSets(out, sets)
	sayParcel(out, v.out, parcel)
	return nil
}

func printSets(out io.Writer, sets []ceremony.ParameterSet) {
	for i, s := range sets {
		sayf(out, "Parameter set %d of %d", i+1, len(sets))
		sayf(out, "  Key          %s", s.Key)
		sayf(out, "  Wrapping     %s, %s", s.Algorithm, s.KeySpec)
		sayf(out, "  Good until   %s", s.ValidTo.UTC().Format("2006-01-02 15:04:05 UTC"))
		sayf(out, "  Request      %s", s.RequestID)
		sayf(out, "  Fingerprint of the wrapping key:\n%s", digestText(s.Fingerprint))
	}
}

// sayParcel names a parcel that was written, for comparing on the other side of
// the gap.
func sayParcel(out io.Writer, path string, parcel []byte) {
	_, _ = fmt.Fprintf(out, "Parcel %s, %d bytes, SHA-256:\n%s", path, len(parcel), digestText(keycheck.Fingerprint(parcel)))
}
