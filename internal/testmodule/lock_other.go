//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package testmodule

import (
	"errors"
	"os"
)

func tryLock(*os.File) error { return errors.ErrUnsupported }

func waitLock(*os.File) error { return errors.ErrUnsupported }
