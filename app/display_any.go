//go:build !x11

package app

// wayland tells whether this build can open a window on Wayland itself.
const wayland = true
