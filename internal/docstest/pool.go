package docstest

import (
	"go/ast"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// A pool has the declarations that Go blocks of the docs use without declaring them: the site around them.
type pool struct {
	declarations map[string]string // by the name that they declare
	imports      map[string]string // paths by name
	session      string            // a schema, as a file
}

// readPool reads the files in testdata/docs.
func readPool(dir string) (*pool, error) {
	p := &pool{declarations: make(map[string]string), imports: make(map[string]string)}
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if filepath.Base(name) == "session.go" {
			p.session = string(text)
			continue
		}
		file, err := parse(string(text))
		if err != nil {
			return nil, err
		}
		for _, d := range file.Decls {
			p.add(d, string(text))
		}
		for _, s := range file.Imports {
			p.imports[importName(s)] = importPath(s)
		}
	}
	return p, nil
}

// add notes the names in a file's declaration.
func (p *pool) add(d ast.Decl, text string) {
	between := func(n ast.Node) string { return text[n.Pos()-1 : n.End()-1] }
	switch d := d.(type) {
	case *ast.FuncDecl:
		p.declarations[d.Name.Name] = between(d)
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				p.declarations[s.Name.Name] = "type " + between(s)
			case *ast.ValueSpec:
				for _, name := range s.Names {
					p.declarations[name.Name] = d.Tok.String() + " " + between(s)
				}
			}
		}
	}
}

// complete adds the declarations of the pool that a package's files use, and a schema if it has none.
func (p *pool) complete(pkg *Package) error {
	if pkg.schema == "" {
		pkg.Files["session.go"] = clause(p.session, pkg.Name)
	}
	var wanted []string
	declared := make(map[string]bool)
	for _, text := range pkg.Files {
		file, err := parse(text)
		if err != nil {
			return err
		}
		for name := range file.Scope.Objects {
			declared[name] = true
		}
		wanted = append(wanted, unresolved(file)...)
	}
	text := "package page\n"
	for i := 0; i < len(wanted); i++ {
		declaration, ok := p.declarations[wanted[i]]
		if !ok || declared[wanted[i]] {
			continue
		}
		declared[wanted[i]] = true
		text += declaration + "\n"
		file, err := parse("package page\n" + declaration)
		if err != nil {
			return err
		}
		wanted = append(wanted, unresolved(file)...)
	}
	text, err := p.withImports(text)
	pkg.Files["site.go"] = clause(text, pkg.Name)
	return err
}

// unresolved lists the names that a file uses without declaring or importing them.
func unresolved(file *ast.File) (names []string) {
	for _, x := range file.Unresolved {
		if !slices.ContainsFunc(file.Imports, func(s *ast.ImportSpec) bool { return importName(s) == x.Name }) {
			names = append(names, x.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// withImports adds a file's missing imports.
func (p *pool) withImports(text string) (string, error) {
	file, err := parse(text)
	if err != nil {
		return "", err
	}
	var paths []string
	names := unresolved(file)
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && slices.Contains(names, x.Name) && p.imports[x.Name] != "" && p.declarations[x.Name] == "" {
				paths = append(paths, "import "+x.Name+` "`+p.imports[x.Name]+"\"\n")
			}
		}
		return true
	})
	slices.Sort(paths)
	return strings.Replace(text, "package page\n", "package page\n"+strings.Join(slices.Compact(paths), ""), 1), nil
}

func importPath(s *ast.ImportSpec) string { return strings.Trim(s.Path.Value, `"`) }

// importName is the package's name in an import: the last part of its path that is not a version.
func importName(s *ast.ImportSpec) string {
	if s.Name != nil && s.Name.Name != "_" {
		return s.Name.Name
	}
	p := importPath(s)
	if last := path.Base(p); len(last) > 1 && last[0] == 'v' && strings.Trim(last[1:], "0123456789") == "" {
		p = path.Dir(p)
	}
	return strings.TrimPrefix(path.Base(p), "go-")
}
