package worker

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// itself is the program that runs, even if its file was exchanged since.
func itself() (string, error) { return "/proc/self/exe", nil }

// confine has the worker die with its parent and, if isolate, live in a network
// namespace that has no network.
func confine(cmd *exec.Cmd, isolate bool) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if !isolate {
		return
	}
	uid, gid := os.Getuid(), os.Getgid()
	cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET
	cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}}
	cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}}
}

// harden makes the worker unreadable for others of the same user, and keeps it
// out of core dumps.
func harden() error {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("failed to forbid dumps of the worker: %w", err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("failed to forbid core files of the worker: %w", err)
	}
	return nil
}

// locked is n bytes outside the heap, not swapped and not dumped. free clears
// and unmaps them.
func locked(n int) (buf []byte, free func(), err error) {
	page, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, nil, fmt.Errorf("failed to reserve memory for the key: %w", err)
	}
	free = func() {
		clear(page)
		_ = unix.Munmap(page) // cleared already; the process ends soon
	}
	if err := unix.Mlock(page); err != nil {
		free()
		return nil, nil, fmt.Errorf("failed to lock memory for the key, so nothing was done (raise the memlock limit): %w", err)
	}
	if err := unix.Madvise(page, unix.MADV_DONTDUMP); err != nil {
		free()
		return nil, nil, fmt.Errorf("failed to keep the key out of dumps: %w", err)
	}
	return page[:n], free, nil
}
