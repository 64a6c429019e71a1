package schema

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
)

// Several runs may each write a file into one directory, as two directives with -type and -output do; and test files
// get another generated file than the package. So a generated file that this run does not write may be in use, and its
// names are taken, or it may be obsolete. That depends on where its schemas are declared, and into which files they
// are generated.

// written is a file that an earlier run wrote.
type written struct {
	Written
	file       *ast.File // the part that could be parsed, perhaps nothing
	broken     bool      // a part could not be parsed
	excluded   bool      // it is of another build configuration
	schemas    []string  // the types that it was generated for
	constraint string    // the build constraint that it was generated with
	why        string    // why it is obsolete, "" if it is not
}

// readWritten finds out what a file was generated for.
func (l *loader) readWritten(path string, src []byte, excluded bool) *written {
	w := &written{Written: Written{Path: path, Source: src}, excluded: excluded}
	file, err := parser.ParseFile(l.fset, path, src, parser.ParseComments|parser.SkipObjectResolution)
	w.file, w.broken = file, err != nil
	w.schemas = guardedSchemas(file)
	if w.broken {
		w.schemas = appendNew(w.schemas, listedTypes(src)...)
	}
	for _, line := range constraintLines(src) {
		if line.number < l.fset.Position(file.Package).Line {
			w.constraint = strings.TrimPrefix(line.text, "//go:build ")
		}
	}
	return w
}

// guardedSchemas finds the schemas by the guards that keep an outdated file from compiling. Schemas come first, then
// other structs.
func guardedSchemas(file *ast.File) []string {
	var guarded []string
	sessions := 0
	for _, decl := range file.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok {
			guarded = append(guarded, guardedIn(fn)...)
			continue
		}
		decl, ok := decl.(*ast.GenDecl)
		if !ok || len(decl.Specs) != 1 {
			continue
		}
		switch spec := decl.Specs[0].(type) {
		case *ast.TypeSpec:
			if isSession(spec) {
				sessions++
			}
		case *ast.ValueSpec:
			if _, ok := spec.Type.(*ast.StructType); ok { // the guard of older versions
				guarded = append(guarded, guardedType(spec)...)
			}
		}
	}
	return guarded[:min(sessions, len(guarded))]
}

// isSession reports whether a generated declaration is type Session struct{ runtime.Session }, and not a type that
// goes with it.
func isSession(spec *ast.TypeSpec) bool {
	st, ok := spec.Type.(*ast.StructType)
	if !ok || len(st.Fields.List) != 1 || len(st.Fields.List[0].Names) > 0 {
		return false
	}
	embedded, ok := st.Fields.List[0].Type.(*ast.SelectorExpr)
	return ok && embedded.Sel.Name == "Session"
}

// guardedIn is the type that a function without a name guards:
//
//	type session_has_changed__run_go_generate = struct { ... }
//	var _ session_has_changed__run_go_generate = session{}
func guardedIn(fn *ast.FuncDecl) []string {
	if fn.Name.Name != "_" || fn.Recv != nil || fn.Body == nil {
		return nil
	}
	var guarded []string
	for _, stmt := range fn.Body.List {
		if stmt, ok := stmt.(*ast.DeclStmt); ok {
			for _, spec := range stmt.Decl.(*ast.GenDecl).Specs {
				if spec, ok := spec.(*ast.ValueSpec); ok {
					guarded = append(guarded, guardedType(spec)...)
				}
			}
		}
	}
	return guarded
}

// guardedType is the type of the value in a guard's assignment.
func guardedType(spec *ast.ValueSpec) []string {
	if spec.Type == nil || len(spec.Values) != 1 {
		return nil
	}
	if lit, ok := spec.Values[0].(*ast.CompositeLit); ok {
		if id, ok := lit.Type.(*ast.Ident); ok {
			return []string{id.Name}
		}
	}
	return nil
}

// listedTypes lists the names in the list of the wire format, for a file that is otherwise unreadable. Not all are
// schemas, but an extra name only keeps the file.
func listedTypes(src []byte) []string {
	var names []string
	for line := range strings.Lines(string(src)) {
		name, ok := strings.CutPrefix(strings.TrimRight(line, "\r\n"), "//\t")
		if ok && token.IsIdentifier(name) {
			names = append(names, name)
		}
	}
	return names
}

func appendNew(list []string, names ...string) []string {
	for _, name := range names {
		if !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

// kinds are the endings of generated files' names: for tests from outside, for a package's tests, and for the package.
var kinds = []string{"_x_test.go", "_test.go", ".go"}

func kindOf(name string) string {
	i := slices.IndexFunc(kinds, func(kind string) bool { return strings.HasSuffix(name, kind) })
	return kinds[i]
}

// outputOf is the base name of the file to generate for schemas in files of a kind.
func (l *loader) outputOf(kind string) string { return strings.TrimSuffix(l.output, ".go") + kind }

// isOutput reports whether a file has a name that this run may write to.
func (l *loader) isOutput(name string) bool {
	return slices.ContainsFunc(kinds, func(kind string) bool { return filepath.Base(name) == l.outputOf(kind) })
}

// chosen reports whether this run generates a schema.
func (l *loader) chosen(schema string) bool {
	return len(l.only) == 0 || slices.ContainsFunc(l.only, func(t TypeName) bool { return t.Schema == schema })
}

// another reports whether a file is not this run's to judge: it is built at another time, or the run generates other
// schemas.
func (l *loader) another(w *written) bool {
	return w.excluded || len(l.only) > 0 && !slices.ContainsFunc(w.schemas, l.chosen)
}

func (w *written) clause() string {
	if w.file == nil || w.file.Name == nil {
		return ""
	}
	return w.file.Name.Name
}

// isOutside reports whether a package clause is that of tests from outside.
func isOutside(clause string) bool { return strings.HasSuffix(clause, "_test") }

// beside lists the generated files that are compiled together with a unit's, or at another time; their names are
// taken. A second file for the same schema can only be for another build configuration.
func (l *loader) beside(u *unit) (together, apart []*ast.File) {
	for _, w := range u.dir.written {
		again := slices.ContainsFunc(w.schemas, func(name string) bool { return slices.Contains(u.schemas, name) })
		switch {
		case !w.Stays, again, isOutside(w.clause()) != u.outside:
		case w.excluded:
			apart = append(apart, w.file)
		default:
			together = append(together, w.file)
		}
	}
	return together, apart
}

// earlier lists the generated files whose lists describe a unit's package. A file of another build configuration does
// not, if that has schemas of the same names.
func (u *unit) earlier() []Written {
	elsewhere := func(name string) bool {
		return slices.ContainsFunc(u.pkg.excluded, func(s *Schema) bool { return s.Name == name })
	}
	var list []Written
	for _, w := range u.dir.written {
		variant := w.excluded && slices.ContainsFunc(w.schemas, elsewhere)
		if kindOf(w.Path) == kindOf(u.pkg.Output) && (w.Path == u.target() || !variant) {
			list = append(list, w.Written)
		}
	}
	return list
}
