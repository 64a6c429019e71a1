//go:build unix

package output

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A file stays that of its owner and group, although another file takes its place: after a change, and after one that is
// undone. Only root can give files away.
func TestOwner(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("not root")
	}
	dir := t.TempDir()
	edited, generated := filepath.Join(dir, "a.go"), filepath.Join(dir, "session_gen.go")
	put(t, edited, "package a\n", 0o640)
	put(t, generated, ours, 0o640)
	for _, name := range []string{edited, generated} {
		if err := os.Chown(name, 1234, 4321); err != nil {
			t.Fatal(err)
		}
	}
	edit, err := Edit(edited, []byte("package a\n"), []byte("package b\n"))
	if err != nil {
		t.Fatal(err)
	}
	changes := []Change{edit, writing(t, generated, ours+"// new\n")}
	if err := Apply(changes); err != nil {
		t.Fatal(err)
	}
	owned(t, edited, generated)
	if err := undo(changes); err != nil {
		t.Fatal(err)
	}
	holds(t, edited, "package a\n")
	owned(t, edited, generated)
}

func owned(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if was := info.Sys().(*syscall.Stat_t); was.Uid != 1234 || was.Gid != 4321 || info.Mode() != 0o640 {
			t.Errorf("%s is of %d:%d with mode %v, want 1234:4321 and 0640", name, was.Uid, was.Gid, info.Mode())
		}
	}
}
