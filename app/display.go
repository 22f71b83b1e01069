package app

import (
	"errors"
	"os"
	"runtime"
)

// errNoDisplay is one plain sentence instead of the toolkit's panic.
var errNoDisplay = errors.New("there is no display to open a window on (DISPLAY is not set); 'keyrite --help' lists what works without one")

func hasDisplay() bool {
	switch runtime.GOOS {
	case "darwin", "windows":
		return true
	default:
		return os.Getenv("DISPLAY") != "" || wayland && os.Getenv("WAYLAND_DISPLAY") != ""
	}
}
