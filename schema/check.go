package schema

import (
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"os"
	"slices"
	"strings"

	"golang.org/x/tools/go/gcexportdata"

	"github.com/sessiongen/sessiongen/internal/golist"
)

// checked is a package as the type checker left it, which need not have been content.
type checked struct {
	types  *types.Package
	info   *types.Info
	errors []types.Error
	syntax []*ast.File
}

// A checker type-checks the packages that have schemas. The packages among them that others import come from
// source as well, since they may not compile before they are generated.
type checker struct {
	l       *loader
	units   []*unit
	byPath  map[string]*unit           // without tests
	exports map[string]*golist.Package // of imports
	sources map[string]*golist.Package // of imports that do not compile, and of what they import
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

// all checks every unit that has a schema. The error is what the go command said.
func (c *checker) all() error {
	if err := c.findExports(); err != nil {
		return err
	}
	for _, u := range c.units {
		c.unit(u)
	}
	return nil
}

// findExports asks for the export data of everything that is imported.
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

// importsOf are the paths of the packages that a file imports.
func importsOf(f *file, p *golist.Package) []string {
	if f.syntax == nil {
		return nil
	}
	var paths []string
	for _, spec := range f.syntax.Imports {
		paths = append(paths, mapped(p, strings.Trim(spec.Path.Value, "\"`")))
	}
	return paths
}

// mapped is the path of the package that p means by an import: they differ where packages are vendored.
func mapped(p *golist.Package, path string) string {
	if other, ok := p.ImportMap[path]; ok {
		return other
	}
	return path
}

// unit checks a unit, those that it depends on first: what the export data of others says of them has to
// mean the same packages.
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

// importerOfTests imports, for tests from outside, the package with its tests.
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

// add appends an error. What a message that ends in a colon announces comes as further errors, each behind a tab.
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

// explained adds to an error of the type checker what it does not know. The go command knows best why an import
// failed; advice stands on further lines.
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

// An importer finds packages by the path in an import.
type importer func(path string) (*types.Package, error)

func (f importer) Import(path string) (*types.Package, error) { return f(path) }

// importer imports for a package.
func (c *checker) importer(p *golist.Package) importer {
	return func(path string) (*types.Package, error) {
		pkg, err := c.find(mapped(p, path))
		if err != nil {
			c.failed[path] = err
		}
		return pkg, err
	}
}

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
	r, err := gcexportdata.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("reading export data of %s: %w", p.ImportPath, err)
	}
	return gcexportdata.Read(r, c.l.fset, c.read, p.ImportPath)
}

// sourceOf finds a package that has no export data, since it does not compile, and packages that it imports.
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
	list, _ := c.l.golist.Sources(slices.Compact(missing)) // what is wrong with each package stands in it
	c.sources[path] = nil
	for _, p := range list {
		c.sources[p.ImportPath] = p
	}
	return c.sources[path]
}

// fromSource checks a package that no schema is looked for in.
func (c *checker) fromSource(p *golist.Package) *types.Package {
	d := c.l.directory(p)
	c.l.parse(d.built)
	c.read[p.ImportPath] = types.NewPackage(p.ImportPath, p.Name) // for an import cycle
	result := c.check(p.ImportPath, p.Name, d.built, p, c.importer(p))
	c.read[p.ImportPath] = result.types
	result.types.MarkComplete()
	return result.types
}

// source is a unit for Inspect.
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

// typeSpecs gives the types that a file declares at package level.
func typeSpecs(file *ast.File) []*ast.TypeSpec {
	var list []*ast.TypeSpec
	for _, decl := range file.Decls {
		if decl, ok := decl.(*ast.GenDecl); ok && decl.Tok == token.TYPE {
			for _, spec := range decl.Specs {
				list = append(list, spec.(*ast.TypeSpec))
			}
		}
	}
	return list
}

// taggedStructs gives the names of the structs with session tags that a file declares at package level.
func taggedStructs(file *ast.File) []string {
	var names []string
	for _, spec := range typeSpecs(file) {
		if isSchema(spec) {
			names = append(names, spec.Name.Name)
		}
	}
	return names
}

func isSchema(spec *ast.TypeSpec) bool {
	st, ok := ast.Unparen(spec.Type).(*ast.StructType)
	return ok && hasSessionTag(st)
}

// hasTaggedStruct reports whether there is a struct with session tags in a file, wherever it may be.
func hasTaggedStruct(f *file) bool {
	found := false
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		st, ok := n.(*ast.StructType)
		found = found || ok && hasSessionTag(st)
		return !found
	})
	return found
}
