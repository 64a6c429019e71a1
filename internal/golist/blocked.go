package golist

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// hesitation is how long the go command may be silent before pipeIn looks for a named pipe that blocks it: the go
// command reads files of any kind, and reading a pipe may never end.
var hesitation = 5 * time.Second

// read are the endings of the files that the go command reads.
var read = []string{".go", ".c", ".cc", ".cpp", ".cxx", ".m", ".h", ".hh", ".hpp", ".hxx", ".f", ".F", ".for", ".f90", ".s", ".S", ".sx", ".swig", ".swigcxx"}

// pipeIn finds a named pipe among the files that the go command reads in the module around dir, "" if there is none.
func pipeIn(dir string) (pipe string) {
	root := moduleRoot(dir)
	filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil // unreadable directories block nobody
		case d.IsDir() && path != root && (strings.ContainsAny(d.Name()[:1], "._") || d.Name() == "testdata"):
			return fs.SkipDir
		case d.Type().IsRegular() || !slices.Contains(read, filepath.Ext(path)):
			return nil
		}
		if info, err := os.Stat(path); err == nil && info.Mode()&fs.ModeNamedPipe != 0 { // perhaps through a link
			pipe = path
			return fs.SkipAll
		}
		return nil
	})
	return pipe
}

func moduleRoot(dir string) string {
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return at
		}
		if at == filepath.Dir(at) {
			return dir
		}
	}
}
