package migrate

import (
	"go/ast"
	"go/parser"
	"go/types"
	"os"
	"strconv"

	"github.com/sessiongen/sessiongen/internal/golist"
)

// dependency returns a package that is not the program's own, nil if there is none. It is type-checked when something
// first imports it, because most direct and indirect imports of a program have no part in the types that it uses.
func (p *program) dependency(path string) *types.Package {
	if path == "unsafe" {
		return types.Unsafe
	}
	if pkg, ok := p.checked[path]; ok {
		return pkg
	}
	l := p.listed[path]
	if l == nil || own(l) {
		return nil
	}
	p.checked[path] = nil // a package that imports itself does not exist
	if p.known.has(l) {
		p.checked[path] = p.known.get(l, func() *types.Package { return p.checkTypes(l) })
	} else {
		p.checked[path] = p.checkTypes(l)
	}
	return p.checked[path]
}

// checkTypes type-checks a dependency without the bodies of its functions.
func (p *program) checkTypes(l *golist.Package) *types.Package {
	var files []*ast.File
	for _, name := range sources(l) {
		src, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		if f, _ := parser.ParseFile(p.fset, name, src, parser.SkipObjectResolution); f != nil && f.Name.Name == l.Name {
			files = append(files, f)
		}
	}
	conf := types.Config{
		Importer:         typesImporter{importer{p, l}, p.inBodies(l, files)},
		IgnoreFuncBodies: true,
		FakeImportC:      true,
		GoVersion:        goVersionOf(l),
		Error:            func(error) {}, // the report is about the program
	}
	pkg, _ := conf.Check(l.ImportPath, p.fset, files, nil)
	return pkg
}

// A typesImporter imports for a dependency. The packages that only bodies use are empty.
type typesImporter struct {
	importer
	inBodies map[string]bool
}

func (i typesImporter) Import(path string) (*types.Package, error) {
	if i.inBodies[path] {
		pkg := types.NewPackage(path, i.p.listed[i.l.Imported(path)].Name)
		pkg.MarkComplete()
		return pkg, nil
	}
	return i.importer.Import(path)
}

// inBodies finds the imports that only the bodies of a dependency's functions use.
func (p *program) inBodies(l *golist.Package, files []*ast.File) map[string]bool {
	outside := selected(files)
	list := map[string]bool{}
	for _, f := range files {
		for _, spec := range f.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if imported := p.listed[l.Imported(path)]; err == nil && imported != nil {
				name := imported.Name
				if spec.Name != nil {
					name = spec.Name.Name
				}
				before, seen := list[path]
				list[path] = (before || !seen) && name != "." && !outside[name]
			}
		}
	}
	return list
}

// selected returns the names before a dot outside of the bodies of functions.
func selected(files []*ast.File) map[string]bool {
	names := map[string]bool{}
	look := func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := sel.X.(*ast.Ident); ok {
				names[id.Name] = true
			}
		}
		return true
	}
	for _, f := range files {
		for _, decl := range f.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok {
				ast.Inspect(decl, look)
				continue
			}
			ast.Inspect(fn.Type, look)
			if fn.Recv != nil {
				ast.Inspect(fn.Recv, look)
			}
		}
	}
	return names
}
