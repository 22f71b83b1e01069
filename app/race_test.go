//go:build race

package app

// raced tells that the race detector watches, under which drawing takes minutes
// and shows it nothing: pictures are drawn by one goroutine.
const raced = true
