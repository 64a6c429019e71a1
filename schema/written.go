package schema

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// Several runs may each write a file into one directory, as two directives with -type and -output
// do; and for test files there is another file beside the package's own. So a file of ours that this
// run does not write may be in use, and its names are taken. Or it is obsolete.

// kinds are what the names of generated files end in: of those of a package, of its tests, and of the
// tests from outside.
var kinds = []string{"_x_test.go", "_test.go", ".go"}

func kindOf(name string) string {
	i := slices.IndexFunc(kinds, func(kind string) bool { return strings.HasSuffix(name, kind) })
	return kinds[i]
}

// outputFor is the base name of the file to generate for a package, or for its tests.
func (l *loader) outputFor(p *packages.Package) string {
	switch {
	case p.ForTest == "":
		return l.output
	case strings.HasSuffix(p.PkgPath, "_test"):
		return strings.TrimSuffix(l.output, ".go") + "_x_test.go"
	}
	return strings.TrimSuffix(l.output, ".go") + "_test.go"
}

// isOutput reports whether a file has a name that this run may write to.
func (l *loader) isOutput(name string) bool {
	stem, _ := strings.CutSuffix(l.output, ".go")
	rest, ok := strings.CutPrefix(filepath.Base(name), stem)
	return ok && (rest == ".go" || rest == "_test.go" || rest == "_x_test.go")
}

// A written file is one of ours as a former run left it.
type written struct {
	path     string
	file     *ast.File // nil if it cannot be parsed
	schemas  []string  // the types that it was generated for
	excluded bool      // of another build configuration
}

// constraint is the build constraint that the file was generated with.
func (w written) constraint() string {
	for _, group := range w.file.Comments {
		for _, c := range group.List {
			if line, ok := strings.CutPrefix(c.Text, "//go:build "); ok && c.Pos() < w.file.Package {
				return line
			}
		}
	}
	return ""
}

// pkgName is "" for a file that cannot be parsed, and has no schemas therefore.
func (w written) pkgName() string {
	if w.file == nil {
		return ""
	}
	return w.file.Name.Name
}

// others reads the files of ours that belong to a package, but the one to be written.
func (l *loader) others(fset *token.FileSet, p *packages.Package) []written {
	var list []written
	for _, path := range l.directory(p.Dir).ours {
		if filepath.Base(path) == l.outputFor(p) {
			continue
		}
		w := readWritten(fset, path)
		w.excluded = slices.Contains(p.IgnoredFiles, path)
		if w.pkgName() == p.Name {
			list = append(list, w)
		}
	}
	return list
}

func readWritten(fset *token.FileSet, path string) written {
	w := written{path: path}
	file, err := parser.ParseFile(fset, path, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return w
	}
	w.file = file
	sessions := 0
	for _, decl := range file.Decls {
		decl, ok := decl.(*ast.GenDecl)
		if !ok || len(decl.Specs) != 1 {
			continue
		}
		switch spec := decl.Specs[0].(type) {
		case *ast.TypeSpec: // type Session struct{ runtime.Session }
			sessions++
		case *ast.ValueSpec: // var _ struct { ... } = session{}, a guard
			if _, ok := spec.Type.(*ast.StructType); ok && len(spec.Values) == 1 {
				if lit, ok := spec.Values[0].(*ast.CompositeLit); ok {
					if id, ok := lit.Type.(*ast.Ident); ok {
						w.schemas = append(w.schemas, id.Name)
					}
				}
			}
		}
	}
	// The schemas' guards come first, then those of other structs.
	w.schemas = w.schemas[:min(sessions, len(w.schemas))]
	return w
}

// chosen reports whether this run is about a schema.
func (l *loader) chosen(schema string) bool {
	return len(l.only) == 0 || slices.ContainsFunc(l.only, func(t TypeName) bool { return t.Schema == schema })
}

// stays reports whether a file is none of this run's business: it is built at another time, or the
// run is about other schemas.
func (l *loader) stays(w written) bool {
	return w.excluded || len(l.only) > 0 && !slices.ContainsFunc(w.schemas, l.chosen)
}

// findObsolete notes the files of ours that have no use any more, with the first package of their
// directory. Pkgs and result are the same packages.
func (l *loader) findObsolete(pkgs []*packages.Package, result []*Package) {
	targets := map[string]bool{}
	excluded := map[string]bool{}
	for i, pkg := range result {
		if len(pkg.Schemas) > 0 {
			targets[filepath.Join(pkg.Dir, pkg.Output)] = true
		}
		for _, path := range pkgs[i].IgnoredFiles {
			excluded[path] = true
		}
	}
	seen := map[string]bool{}
	for _, pkg := range result {
		if seen[pkg.Dir] {
			continue
		}
		seen[pkg.Dir] = true
		var list []written
		for _, path := range l.directory(pkg.Dir).ours {
			if !targets[path] {
				w := readWritten(token.NewFileSet(), path)
				w.excluded = excluded[path]
				list = append(list, w)
			}
		}
		for _, w := range list {
			if why := l.obsolete(w, list, result); why != "" {
				pkg.Obsolete = append(pkg.Obsolete, Obsolete{w.path, why})
			}
		}
	}
}

// losses reports what the file that is to be replaced has, and no other would have then: schemas that
// this run is not about, and those of its own as another build configuration has them.
func (l *loader) losses(fset *token.FileSet, p *packages.Package, pkg *Package) Findings {
	path := filepath.Join(p.Dir, pkg.Output)
	if !slices.Contains(l.directory(p.Dir).ours, path) {
		return nil
	}
	w := readWritten(fset, path)
	var found Findings
	for _, name := range w.schemas {
		has := func(o written) bool { return slices.Contains(o.schemas, name) }
		i := slices.IndexFunc(pkg.Schemas, func(s *Schema) bool { return s.Name == name })
		switch {
		case i < 0 && slices.Contains(pkg.Others, name) && !slices.ContainsFunc(l.others(fset, p), has):
			first := pkg.Schemas[0]
			apart := name
			if fileFor(apart) == pkg.Output {
				apart = first.Name
			}
			found = append(found, Finding{first.Pos, fmt.Sprintf("schema %s would take the place of schema %s in %s", first.Name, name, pkg.Output),
				fmt.Sprintf("generate %s into a file of its own: -type %s -output %s", apart, apart, fileFor(apart))})
		case i >= 0 && slices.ContainsFunc(pkg.excluded, func(s *Schema) bool { return s.Name == name && s.Constraint == w.constraint() }):
			hint := "give this one a file of its own, with -output"
			if token.IsIdentifier(pkg.Constraint) {
				hint = "give this one a file of its own: -output " + fileFor(pkg.Constraint)
			}
			found = append(found, Finding{pkg.Schemas[i].Pos, fmt.Sprintf("schema %s is built %s, but %s has the one that is built %s",
				name, when(pkg.Constraint), pkg.Output, when(w.constraint())), hint})
		}
	}
	return found
}

// fileFor is a name for the file of a schema that has one for itself.
func fileFor(schema string) string { return strings.ToLower(schema) + "_gen.go" }

// former finds the files of ours whose lists are about pkg. A file of another build configuration is
// not, if that has schemas of the same names.
func (l *loader) former(p *packages.Package, pkg *Package, result []*Package) []Former {
	obsolete := func(path string) bool {
		return slices.ContainsFunc(result, func(other *Package) bool {
			return slices.ContainsFunc(other.Obsolete, func(o Obsolete) bool { return o.Path == path })
		})
	}
	var list []Former
	for _, path := range l.directory(p.Dir).ours {
		if kindOf(path) != kindOf(pkg.Output) {
			continue
		}
		replaced := path == filepath.Join(p.Dir, pkg.Output)
		elsewhere := func(schema string) bool {
			return slices.ContainsFunc(pkg.excluded, func(s *Schema) bool { return s.Name == schema })
		}
		variant := slices.Contains(p.IgnoredFiles, path) && slices.ContainsFunc(readWritten(token.NewFileSet(), path).schemas, elsewhere)
		if replaced || !variant {
			list = append(list, Former{path, !replaced && !obsolete(path)})
		}
	}
	return list
}

// obsolete says why w is not needed any more, and nothing if it is. List has all files of ours in the
// directory that this run does not write.
func (l *loader) obsolete(w written, list []written, result []*Package) string {
	if len(w.schemas) == 0 { // there is no telling what it was for
		if w.excluded || len(l.only) > 0 {
			return ""
		}
		return "no schema is generated into it"
	}
	var in []string // the files that have them now
	for _, schema := range w.schemas {
		now := generatedNow(w, schema, result)
		for _, o := range list {
			if now == "" && o.path != w.path && o.pkgName() == w.pkgName() && l.stays(o) && slices.Contains(o.schemas, schema) {
				now = filepath.Base(o.path)
			}
		}
		switch {
		case !l.directory(filepath.Dir(w.path)).declares(w.pkgName(), schema): // gone
		case l.stays(w), now == "" && !l.chosen(schema):
			return ""
		case now != "" && !slices.Contains(in, now):
			in = append(in, now)
		}
	}
	if len(in) == 0 {
		return "its schemas are gone"
	}
	return "its schemas are generated into " + strings.Join(in, " and ") + " now"
}

// generatedNow is the file that this run writes a schema's code to, "" if it does not.
func generatedNow(w written, schema string, result []*Package) string {
	for _, pkg := range result {
		named := func(s *Schema) bool { return s.Name == schema }
		if pkg.Dir == filepath.Dir(w.path) && pkg.Name == w.pkgName() && slices.ContainsFunc(pkg.Schemas, named) {
			return pkg.Output
		}
	}
	return ""
}
