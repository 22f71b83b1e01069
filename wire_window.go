//go:build !headless

package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"fyne.io/fyne/v2"
	fyneapp "fyne.io/fyne/v2/app"

	"keyrite.dev/keyrite/app"
	"keyrite.dev/keyrite/app/command"
)

// appID names the program to the desktop.
const appID = "dev.keyrite.keyrite"

// window opens the window; trace is told what is on the screen, for tests.
func window(trace io.Writer) command.Window {
	return func(ctx context.Context, config command.WindowConfig) error {
		newApp := func() fyne.App { return fyneapp.NewWithID(appID) }
		return app.Run(ctx, newApp, app.Options{Config: config, Trace: trace})
	}
}

// takeTrace takes the hidden "--trace FILE" off the front of a command line, with
// which the end-to-end test follows the window (scripts/e2e).
func takeTrace(args []string) (trace io.Writer, rest []string) {
	if len(args) < 2 || args[0] != "--trace" {
		return nil, args
	}
	f, err := os.OpenFile(args[1], os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		fmt.Fprintln(os.Stderr, "keyrite:", err)
		os.Exit(command.ExitUsage)
	}
	return f, args[2:]
}
