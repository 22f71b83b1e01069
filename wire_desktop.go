//go:build !headless

package main

import (
	"context"
	"os"

	"keyrite.dev/keyrite/app/command"
	"keyrite.dev/keyrite/hsm/worker"
)

// run starts a split worker before anything of the window is touched, else the
// verb of the command line, else the window.
func run(ctx context.Context) int {
	if len(os.Args) == 2 && os.Args[1] == worker.Verb {
		return worker.Main(ctx, os.Stdin, os.Stdout)
	}
	trace, args := takeTrace(os.Args[1:])
	d := deps()
	d.Tokens = tokens{}
	d.Window = window(trace)
	return command.Run(ctx, d, args, os.Stdin, os.Stdout, os.Stderr)
}
