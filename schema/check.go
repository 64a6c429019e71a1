package schema

import (
	"fmt"
	"go/ast"
	"go/types"
	"strings"

	"github.com/sessiongen/sessiongen/internal/golist"
)

// checked is a package as the type checker left it, with or without errors.
type checked struct {
	types  *types.Package
	info   *types.Info
	errors []types.Error
	syntax []*ast.File
}

// A checker type-checks the packages that have schemas. If others import such a package, it comes from source as well,
// since it may not compile before it is generated.
type checker struct {
	l       *loader
	units   []*unit
	byPath  map[string]*unit           // without tests
	exports map[string]*golist.Package // of imports
	sources map[string]*golist.Package // of imports that do not compile, and of their imports
	read    map[string]*types.Package  // by import path
	failed  map[string]error           // why an import failed
	found   []checked                  // from source
}

func newChecker(l *loader, units []*unit) *checker {
	c := &checker{
		l: l, byPath: map[string]*unit{}, exports: map[string]*golist.Package{}, sources: map[string]*golist.Package{},
		read: map[string]*types.Package{}, failed: map[string]error{},
	}
	for _, u := range units {
		if !u.tests {
			c.byPath[u.path] = u
		}
		if len(u.own) > 0 {
			c.units = append(c.units, u)
		}
	}
	return c
}

// all checks every unit that has a schema. The error is the go command's.
func (c *checker) all() error {
	if err := c.findExports(); err != nil {
		return err
	}
	for _, u := range c.units {
		c.unit(u)
	}
	return nil
}

// unit checks a unit after the units that it depends on: export data that mentions these must mean the same packages.
func (c *checker) unit(u *unit) {
	if u.types != nil {
		return
	}
	u.types = types.NewPackage(u.path, u.name) // for an import cycle
	c.l.parse(u.files)
	for _, path := range u.dir.Deps {
		if dep := c.byPath[path]; dep != nil && dep != u {
			c.unit(dep)
		}
	}
	imports := c.importer(u.dir.Package)
	if u.outside {
		imports = c.importerOfTests(u)
	}
	u.checked = c.check(u.path, u.name, u.files, u.dir.Package, imports)
	if !u.tests {
		c.read[u.path] = u.types
	}
}

func (c *checker) check(path, name string, files []*file, p *golist.Package, imports importer) checked {
	result := checked{
		info: &types.Info{
			Defs:   map[*ast.Ident]types.Object{},
			Uses:   map[*ast.Ident]types.Object{},
			Scopes: map[ast.Node]*types.Scope{},
		},
		syntax: syntaxOf(files, name),
	}
	conf := types.Config{
		Importer:         imports,
		IgnoreFuncBodies: true,
		FakeImportC:      true,
		Sizes:            types.SizesFor(c.l.context.Compiler, c.l.context.GOARCH),
		Error:            func(err error) { result.errors = c.add(result.errors, err.(types.Error)) },
	}
	if p.Module != nil && p.Module.GoVersion != "" {
		conf.GoVersion = "go" + p.Module.GoVersion
	}
	result.types, _ = conf.Check(path, c.l.fset, result.syntax, result.info)
	c.found = append(c.found, result)
	return result
}

// add appends an error. If a message ends in a colon, its details follow as errors that begin with a tab.
func (c *checker) add(list []types.Error, err types.Error) []types.Error {
	if detail, ok := strings.CutPrefix(err.Msg, "\t"); ok && len(list) > 0 {
		last := &list[len(list)-1]
		if announcement, _, _ := strings.Cut(last.Msg, "\n"); strings.HasSuffix(announcement, ":") {
			last.Msg += fmt.Sprintf("\n%s: %s", c.l.position(err.Pos), detail)
			return list
		}
	}
	return append(list, c.explained(err))
}

// explained adds what the type checker does not know to its error. The go command knows best why an import failed; its
// advice is on further lines.
func (c *checker) explained(err types.Error) types.Error {
	path, ok := strings.CutPrefix(err.Msg, "could not import ")
	path, _, _ = strings.Cut(path, " ")
	if why := c.failed[path]; ok && why != nil {
		err.Msg = why.Error()
	}
	if hint := c.l.tooNew(); hint != "" {
		err.Msg += "\n" + hint
	}
	return err
}

// source is a unit in the form that Inspect takes.
func (c *checker) source(u *unit) Source {
	src := Source{
		Dir: c.l.dir, Fset: c.l.fset, Files: u.syntax, Types: u.types, Info: u.info, Errors: u.errors,
		Constraint: u.dir.constraint,
		Schemas:    []*ast.File{},
	}
	for _, f := range u.own {
		src.Schemas = append(src.Schemas, f.syntax)
	}
	for _, other := range c.found {
		if other.types != u.types {
			src.Deps = append(src.Deps, Source{Dir: c.l.dir, Fset: c.l.fset, Files: other.syntax, Types: other.types, Info: other.info, Errors: other.errors})
		}
	}
	if tested := c.byPath[u.dir.ImportPath]; u.tests && !u.outside && tested != nil {
		src.Beside = tested.pkg.Schemas
	}
	return src
}
