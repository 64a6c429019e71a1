package migrate

import (
	"go/build"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sessiongen/sessiongen/internal/golist"
)

// A listing answers in place of the go command, whose work is most of a small program's run. It asks the go command
// once about each package that programs import. The programs' own packages are read by go/build.
type listing struct {
	dir string // a module with the dependencies that all programs have

	mu       sync.Mutex
	imported []*golist.Package          // each after its imports
	byPath   map[string]*golist.Package // of imported
}

func newListing(t *testing.T) *listing {
	return &listing{dir: write(t, nil), byPath: map[string]*golist.Package{}}
}

// of lists the packages of a program, and everything that they and their tests import, each after its imports. If the
// program has errors, it returns nil, because only the go command knows their texts.
func (s *listing) of(t *testing.T, dir string) []*golist.Package {
	t.Helper()
	own := &ownPackages{dir: dir, built: map[string]*build.Package{}, listed: map[string]*golist.Package{}}
	if err := filepath.WalkDir(dir, own.visit); err != nil {
		return nil
	}
	imports := append(available(dir), runtimePath, runtimePath+"/codec")
	for _, p := range own.built {
		imports = slices.Concat(imports, p.Imports, p.TestImports, p.XTestImports)
	}
	imports = slices.DeleteFunc(imports, func(path string) bool { return own.built[path] != nil || path == "C" })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ask(t, imports)

	needed := map[string]bool{}
	for _, path := range imports {
		p := s.byPath[path]
		if p == nil || p.Error != nil {
			return nil
		}
		needed[path] = true
		for _, dep := range p.Deps {
			needed[dep] = true
		}
	}
	list := slices.DeleteFunc(slices.Clone(s.imported), func(p *golist.Package) bool { return !needed[p.ImportPath] })
	for _, path := range slices.Sorted(maps.Keys(own.built)) { // the order of the go command
		list = own.list(list, path, s.byPath)
	}
	return list
}

// ask asks the go command about imports that are new.
func (s *listing) ask(t *testing.T, imports []string) {
	t.Helper()
	imports = slices.DeleteFunc(slices.Clone(imports), func(path string) bool { return s.byPath[path] != nil })
	if len(imports) == 0 {
		return
	}
	list, err := golist.Command{Dir: s.dir}.Closure(imports)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		if s.byPath[p.ImportPath] == nil {
			s.byPath[p.ImportPath] = p
			s.imported = append(s.imported, p)
		}
	}
}

// ownPackages are the packages of a program, by import path.
type ownPackages struct {
	dir    string
	built  map[string]*build.Package
	listed map[string]*golist.Package
}

// visit adds the package of a directory.
func (o *ownPackages) visit(dir string, d fs.DirEntry, err error) error {
	switch name := d.Name(); {
	case err != nil:
		return err
	case !d.IsDir():
		return nil
	case dir != o.dir && (strings.ContainsAny(name[:1], "._") || name == "testdata"):
		return fs.SkipDir
	}
	p, err := build.ImportDir(dir, 0)
	if _, none := err.(*build.NoGoError); none && len(p.IgnoredGoFiles) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	rel, err := filepath.Rel(o.dir, dir)
	o.built[path.Join("example.org/site", filepath.ToSlash(rel))] = p
	return err
}

// list appends a package to a list, after those of its imports that the list lacks.
func (o *ownPackages) list(list []*golist.Package, path string, imported map[string]*golist.Package) []*golist.Package {
	built := o.built[path]
	if built == nil || o.listed[path] != nil {
		return list
	}
	l := &golist.Package{
		Dir: built.Dir, ImportPath: path, Name: built.Name,
		Module:      &golist.Module{Path: "example.org/site", Dir: o.dir, GoVersion: "1.26.0", Main: true},
		TestImports: built.TestImports, XTestImports: built.XTestImports,
	}
	o.listed[path] = l
	for _, files := range []struct {
		absolute *[]string
		names    []string
	}{
		{&l.GoFiles, built.GoFiles}, {&l.CgoFiles, built.CgoFiles}, {&l.TestGoFiles, built.TestGoFiles}, {&l.XTestGoFiles, built.XTestGoFiles},
		{&l.IgnoredGoFiles, built.IgnoredGoFiles},
	} {
		for _, name := range files.names {
			*files.absolute = append(*files.absolute, filepath.Join(built.Dir, name))
		}
	}
	for _, path := range built.Imports {
		if path == "C" {
			continue
		}
		list = o.list(list, path, imported)
		l.Deps = append(l.Deps, path)
		if dep := imported[path]; dep != nil {
			l.Deps = append(l.Deps, dep.Deps...)
		} else {
			l.Deps = append(l.Deps, o.listed[path].Deps...)
		}
	}
	slices.Sort(l.Deps)
	l.Deps = slices.Compact(l.Deps)
	return append(list, l)
}
