//go:build headless

package main

import (
	"context"
	"os"

	"keyrite.dev/keyrite/app/command"
)

// run has no window and no HSM: every verb that needs neither.
func run(ctx context.Context) int {
	return command.Run(ctx, deps(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}
