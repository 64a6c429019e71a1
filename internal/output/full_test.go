//go:build linux

package output

import (
	"errors"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// A write that ends half-way, as on a full disk, changes no file and leaves none behind.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	first, second := filepath.Join(dir, "a_gen.go"), filepath.Join(dir, "b_gen.go")
	put(t, first, ours, 0o644)
	changes := []Change{writing(t, first, ours+"// new\n"), writing(t, second, ours+strings.Repeat("// long\n", 100))}

	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 500, Max: limit.Max}); err != nil {
		t.Fatal(err)
	}
	err := Apply(changes)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}

	if !errors.Is(err, syscall.EFBIG) {
		t.Errorf("got error %v, want EFBIG", err)
	}
	holds(t, first, ours)
	if got := names(t, dir); !slices.Equal(got, []string{"a_gen.go"}) {
		t.Errorf("the directory has %q, want a_gen.go alone", got)
	}
}
