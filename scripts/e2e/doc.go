// Package e2e walks the real window, on a display without a screen, by keyboard
// alone. Its tests build the program unless KEYRITE names one.
package e2e
