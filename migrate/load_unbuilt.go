package migrate

import (
	"fmt"
	"go/ast"
	"go/parser"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/sessiongen/sessiongen/internal/golist"
)

// unbuilt lists the files of the program that this build leaves out: build tags or their names exclude them, or they
// import "C" where cgo is off. The go command does not list a folder that has no other files.
func (p *program) unbuilt() []string {
	names, roots, seen := map[string]bool{}, map[string]bool{}, maps.Clone(p.aside)
	for _, l := range p.listed {
		if own(l) {
			roots[l.Module.Dir] = true
			for _, name := range l.IgnoredGoFiles {
				names[name] = true
			}
		}
		if own(l) && len(filesOf(l)) > 0 {
			seen[l.Dir] = true
		}
	}
	for root := range roots {
		for _, name := range goFilesBelow(root) {
			if !seen[filepath.Dir(name)] {
				names[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// filesOf are all files that the go command lists for a package.
func filesOf(l *golist.Package) []string {
	return slices.Concat(sources(l), l.TestGoFiles, l.XTestGoFiles, l.IgnoredGoFiles, l.InvalidGoFiles)
}

// goFilesBelow lists the Go files in the folders that the pattern ./... means.
func goFilesBelow(root string) (names []string) {
	filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		hidden := name != root && strings.ContainsAny(d.Name()[:1], "._")
		switch {
		case err != nil:
			return nil // as for the go command, nothing is there
		case !d.IsDir():
			if !hidden && filepath.Ext(name) == ".go" && d.Type().IsRegular() {
				names = append(names, name)
			}
		case hidden || d.Name() == "testdata" || d.Name() == "vendor" || name != root && exists(filepath.Join(name, "go.mod")):
			return fs.SkipDir
		}
		return nil
	})
	return names
}

// unbuiltErrors name the files that import a library and that this build leaves out, for a program that imports none
// otherwise.
func (p *program) unbuiltErrors() (errs []error) {
	for _, name := range p.unbuilt() {
		f, _ := parser.ParseFile(p.fset, name, nil, parser.ImportsOnly)
		if f != nil && p.concerns(f) && slices.ContainsFunc(f.Imports, importsLibrary) {
			errs = append(errs, fmt.Errorf("%s: build tags, its name or the lack of cgo leave it out here: choose its build with -tags, GOOS or CGO_ENABLED", relative(p.dir, name)))
		}
	}
	return errs
}

func importsLibrary(spec *ast.ImportSpec) bool {
	path, _ := strconv.Unquote(spec.Path.Value)
	return libraryOf(path) != nil
}

// concerns reports whether a file that this build leaves out is of the program, if its folder has no other files. Where
// the patterns leave packages aside, it has to import a package of the program.
func (p *program) concerns(f *ast.File) bool {
	return len(p.aside) == 0 || slices.ContainsFunc(f.Imports, func(spec *ast.ImportSpec) bool {
		path, _ := strconv.Unquote(spec.Path.Value)
		return p.listed[path] != nil && own(p.listed[path])
	})
}
