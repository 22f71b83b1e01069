//go:build !unix

package widget

func newPage(size int) ([]byte, error) { return make([]byte, size), nil }

func freePage([]byte) {}
