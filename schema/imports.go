package schema

import (
	"errors"
	"fmt"
	"go/types"
	"os"
	"slices"
	"strings"

	"golang.org/x/tools/go/gcexportdata"

	"github.com/sessiongen/sessiongen/internal/golist"
)

// findExports asks the go command for the export data of all imports.
func (c *checker) findExports() error {
	var paths []string
	needed := map[*unit]bool{}
	var visit func(u *unit)
	visit = func(u *unit) {
		if needed[u] {
			return
		}
		needed[u] = true
		c.l.parse(u.files)
		for _, f := range u.files {
			for _, path := range importsOf(f, u.dir.Package) {
				if root := c.byPath[path]; root != nil {
					visit(root)
				} else if path != "unsafe" && path != "C" {
					paths = append(paths, path)
				}
			}
		}
	}
	for _, u := range c.units {
		visit(u)
	}
	slices.Sort(paths)
	if paths = slices.Compact(paths); len(paths) == 0 {
		return nil
	}
	list, err := c.l.golist.Exports(paths)
	for _, p := range list {
		c.exports[p.ImportPath] = p
	}
	return err
}

// importsOf lists the paths of the packages that a file imports.
func importsOf(f *file, p *golist.Package) []string {
	if f.syntax == nil {
		return nil
	}
	var paths []string
	for _, spec := range f.syntax.Imports {
		paths = append(paths, p.Imported(strings.Trim(spec.Path.Value, "\"`")))
	}
	return paths
}

// An importer finds packages by import path.
type importer func(path string) (*types.Package, error)

// importer imports for a package.
func (c *checker) importer(p *golist.Package) importer {
	return func(path string) (*types.Package, error) {
		pkg, err := c.find(p.Imported(path))
		if err != nil {
			c.failed[path] = err
		}
		return pkg, err
	}
}

// importerOfTests imports for tests from outside. Their own package comes with its tests.
func (c *checker) importerOfTests(outside *unit) importer {
	usual := c.importer(outside.dir.Package)
	for _, u := range c.units {
		if u.dir == outside.dir && u.tests && !u.outside {
			c.unit(u)
			return func(path string) (*types.Package, error) {
				if path == u.path {
					return u.types, nil
				}
				return usual(path)
			}
		}
	}
	if tested := c.byPath[outside.dir.ImportPath]; tested != nil {
		c.unit(tested)
	}
	return usual
}

func (f importer) Import(path string) (*types.Package, error) { return f(path) }

func (c *checker) find(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	if u := c.byPath[path]; u != nil {
		c.unit(u)
		return u.types, nil
	}
	if pkg := c.read[path]; pkg != nil && pkg.Complete() {
		return pkg, nil
	}
	p := c.exports[path]
	if p == nil || p.Export == "" {
		p = c.sourceOf(path)
	}
	switch {
	case p == nil:
		return nil, fmt.Errorf("the go command does not know package %s", path)
	case p.Export != "":
		return c.export(p)
	case len(p.GoFiles)+len(p.CgoFiles) > 0:
		return c.fromSource(p), nil
	case p.Error != nil:
		return nil, errors.New(strings.TrimSpace(p.Error.Err))
	}
	return nil, fmt.Errorf("package %s has no Go files", path)
}

// export reads export data.
func (c *checker) export(p *golist.Package) (*types.Package, error) {
	f, err := os.Open(p.Export)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	//lint:ignore SA1019 the go command of Go 1.26 still writes export data into such archives
	r, err := gcexportdata.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("reading export data of %s: %w", p.ImportPath, err)
	}
	return gcexportdata.Read(r, c.l.fset, c.read, p.ImportPath)
}

// sourceOf finds a package without export data, since it does not compile, and packages that it imports.
func (c *checker) sourceOf(path string) *golist.Package {
	if p, ok := c.sources[path]; ok {
		return p
	}
	missing := []string{path}
	for path, p := range c.exports {
		if p.Export == "" {
			missing = append(missing, path)
		}
	}
	slices.Sort(missing)
	list, _ := c.l.golist.Sources(slices.Compact(missing)) // the list has each package's own errors
	c.sources[path] = nil
	for _, p := range list {
		c.sources[p.ImportPath] = p
	}
	return c.sources[path]
}

// fromSource checks a package in which no schemas are looked for.
func (c *checker) fromSource(p *golist.Package) *types.Package {
	d := c.l.directory(p)
	c.l.parse(d.built)
	c.read[p.ImportPath] = types.NewPackage(p.ImportPath, p.Name) // for an import cycle
	result := c.check(p.ImportPath, p.Name, d.built, p, c.importer(p))
	c.read[p.ImportPath] = result.types
	result.types.MarkComplete()
	return result.types
}
