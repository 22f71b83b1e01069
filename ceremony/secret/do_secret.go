//go:build goexperiment.runtimesecret

package secret

import runtimesecret "runtime/secret"

// Do runs f so that the stack and the registers it used are erased when it
// returns, and the heap objects it made when the collector frees them
// (runtime/secret; linux on amd64 and arm64, a plain call elsewhere). It does not
// cover goroutines that f starts, nor what f was given. f must not call C: in Go
// 1.26 that crashes (golang/go 78999).
func Do(f func()) { runtimesecret.Do(f) }

// Protected reports whether code run by [Do] is in fact protected, on this system
// and in this build.
func Protected() bool {
	var enabled bool
	Do(func() { enabled = runtimesecret.Enabled() })
	return enabled
}
