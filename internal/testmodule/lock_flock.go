//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package testmodule

import (
	"os"
	"syscall"
)

// tryLock locks a file, until it is closed, unless another process has locked it.
func tryLock(f *os.File) error { return flock(f, syscall.LOCK_EX|syscall.LOCK_NB) }

// waitLock locks a file, until it is closed, as soon as no other process has it locked.
func waitLock(f *os.File) error { return flock(f, syscall.LOCK_EX) }

func flock(f *os.File, how int) error {
	return os.NewSyscallError("flock", syscall.Flock(int(f.Fd()), how))
}
