// Package e2e walks the real window, on a display without a screen, by keyboard
// alone. Its tests build the program unless KEYRITE names one.
//
// The tests follow the program by "keyrite --trace FILE …", a flag that is for them
// and not in the help: the program makes FILE, which must not exist, and writes a
// JSON line for every screen when it is there, and another when it was painted. A
// line says what the screen says. What people type is not in it; a rehearsal's
// throwaway passphrases are, since a rehearsal shows them.
package e2e
