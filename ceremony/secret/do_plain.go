//go:build !goexperiment.runtimesecret

package secret

// Do runs f. This build lacks runtime/secret (GOEXPERIMENT=runtimesecret), so
// nothing is erased; [Protected] says so.
func Do(f func()) { f() }

// Protected reports whether code run by [Do] is in fact protected, on this system
// and in this build.
func Protected() bool { return false }
