//go:build unix

package widget

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// newPage returns a page outside the Go heap: the collector never copies it, and
// it is kept out of swap where the system lets us.
func newPage(size int) ([]byte, error) {
	page, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, fmt.Errorf("failed to map memory for a secret: %w", err)
	}
	// A limit on locked memory is no reason to refuse the ceremony: swap is off
	// on the machines meant, and pre-flight shows it.
	_ = unix.Mlock(page)
	hide(page)
	return page, nil
}

func freePage(page []byte) {
	_ = unix.Munmap(page)
}
