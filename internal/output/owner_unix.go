//go:build unix

package output

import (
	"io/fs"
	"os"
	"syscall"
)

// keepOwner gives a file the owner and group of the one that it will replace, as far as this process may. The command may
// run as root, as in a container, on the files of somebody else.
func keepOwner(f *os.File, of fs.FileInfo) {
	was, ok := of.Sys().(*syscall.Stat_t)
	if ok && f.Chown(int(was.Uid), int(was.Gid)) != nil {
		f.Chown(-1, int(was.Gid))
	}
}
