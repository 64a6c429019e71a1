//go:build unix

package golist

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	hesitation = time.Second / 2 // the tests have few files, and nothing else that the go command waits for
	os.Exit(m.Run())
}

// A pipe that would block the go command is named soon, wherever it is.
func TestPipe(t *testing.T) {
	for _, name := range []string{"pipe.go", "pipe_test.go", "pipe.s", "link.go"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := module(t, map[string]string{"a.go": "package m\n"})
			pipe := filepath.Join(c.Dir, name)
			if name == "link.go" {
				elsewhere := filepath.Join(t.TempDir(), "pipe")
				if err := os.Symlink(elsewhere, pipe); err != nil {
					t.Fatal(err)
				}
				pipe = elsewhere
			}
			if err := syscall.Mkfifo(pipe, 0o600); err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			_, err := c.Packages("./...")
			if err == nil || !strings.HasPrefix(err.Error(), name+" is a named pipe") {
				t.Errorf("got error %v", err)
			}
			if took := time.Since(start); took > time.Minute {
				t.Errorf("the call took %v, want at most a minute", took)
			}
		})
	}
}

// Pipes that the go command does not read block nobody.
func TestOtherPipes(t *testing.T) {
	c := module(t, map[string]string{"a.go": "package m\n"})
	for _, name := range []string{"queue", "_pipe.go", "testdata/pipe.go", "pipe_windows.go"} {
		name = filepath.Join(c.Dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mkfifo(name, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if list, err := c.Packages("./..."); err != nil || len(list) != 1 {
		t.Errorf("got %v, %v, want one package", list, err)
	}
}
