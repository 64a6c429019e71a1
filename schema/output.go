package schema

import (
	"archive/tar"
	"go/build"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sessiongen/sessiongen/internal/code"
)

// checkOutput asks package build whether a package can have a file with the requested name.
func (l *loader) checkOutput() error {
	if filepath.Base(l.output) != l.output || filepath.Ext(l.output) != ".go" {
		return loadError(code.InvalidOutput, "", "-output %s: want the name of a .go file, without a directory", l.output)
	}
	conf := build.Context{
		Compiler: "gc",
		IsDir:    func(string) bool { return true },
		ReadDir: func(string) ([]fs.FileInfo, error) {
			return []fs.FileInfo{(&tar.Header{Name: l.output}).FileInfo()}, nil // as if the file existed
		},
		OpenFile: func(string) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader("package p\n")), nil
		},
	}
	p, _ := conf.ImportDir("dir", 0) // the error is that there are no other files
	if slices.Contains(slices.Concat(p.GoFiles, p.IgnoredGoFiles), l.output) {
		return nil
	}
	return loadError(code.InvalidOutput, "schemas in test files get a test file of their own without being asked for it",
		"-output %s: a package is not made of files of such names", l.output)
}

// checkTargets asks the go command whether it accepts a new file without the usual name. It is stricter than package
// build.
func (l *loader) checkTargets(units []*unit) error {
	for _, u := range units {
		known := slices.Concat(u.dir.GoFiles, u.dir.CgoFiles, u.dir.IgnoredGoFiles)
		if l.output == defaultOutput || u.tests || len(u.pkg.Schemas) == 0 || slices.Contains(known, u.target()) {
			continue
		}
		over, closeOver, err := l.golist.Over(map[string]string{u.target(): "package " + u.dir.name + "\n"})
		defer closeOver()
		if err != nil {
			return loadError(code.LoadFailed, "", "%v", err)
		}
		list, err := over.Packages(u.dir.ImportPath)
		if err != nil {
			return l.goFailed(err.Error())
		}
		if len(list) == 1 && list[0].Error != nil && u.dir.Error == nil {
			return loadError(code.InvalidOutput, "choose another name, such as user_gen.go",
				"-output %s: the go command takes no such file: %s", l.output, strings.TrimSpace(list[0].Error.Err))
		}
	}
	return nil
}
