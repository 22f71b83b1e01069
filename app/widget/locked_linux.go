package widget

import "golang.org/x/sys/unix"

// hide keeps a page out of core dumps and out of children. Older kernels know
// neither; the page is no worse than memory of the heap then.
func hide(page []byte) {
	_ = unix.Madvise(page, unix.MADV_DONTDUMP)
	_ = unix.Madvise(page, unix.MADV_DONTFORK)
}
