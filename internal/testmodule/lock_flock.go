//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package testmodule

import (
	"os"
	"syscall"
)

// tryLock locks a file, until it is closed, unless another process has locked it.
func tryLock(f *os.File) error {
	return os.NewSyscallError("flock", syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB))
}
