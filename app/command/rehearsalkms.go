package command

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// newRehearsalKMS is the pretended cloud alone, for trying other tools on it.
func newRehearsalKMS(d Deps) *cobra.Command {
	var listen string
	c := &cobra.Command{
		Use:   "rehearsal-kms",
		Short: "Run the pretended cloud KMS of rehearsals on its own, until interrupted",
		Long: `Rehearsal-kms answers the AWS KMS protocol on a loopback address, for keys with
imported material: the aws command line and AWS SDKs work with it. Any
credentials are accepted. Keys live until it ends and protect nothing. It prints
its URL first and, when it ends, how long callers waited for its own RSA keys,
which a real cloud makes on its own machines.

  aws --endpoint-url http://127.0.0.1:8080 kms create-key --origin EXTERNAL`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if d.Rehearsal == nil {
				return fail(ExitUsage, "this build has no rehearsal cloud")
			}
			ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return rehearsalKMS(ctx, d, c, listen)
		},
	}
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:0", "loopback address and port; port 0 takes a free one")
	return c
}

func rehearsalKMS(ctx context.Context, d Deps, c *cobra.Command, listen string) error {
	cloud, err := d.Rehearsal(ctx, listen)
	if err != nil {
		return fail(ExitUsage, "%w", err)
	}
	sayf(c.OutOrStdout(), "%s", cloud.URL())
	<-ctx.Done()
	if err := cloud.Close(); err != nil {
		return fail(ExitFailed, "failed to stop: %w", err)
	}
	sayf(c.OutOrStdout(), "%s waiting for RSA keys", ms(cloud.Waited()))
	return nil
}
