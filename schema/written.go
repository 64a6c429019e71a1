package schema

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
)

// Several runs may each write a file into one directory, as two directives with -type and -output
// do; and for test files there is another file beside the package's own. So a file of ours that this
// run does not write may be in use, and its names are taken. Or it is obsolete. Which it is depends on
// where its schemas are declared, and into which files they are generated.

// written is a file that an earlier run wrote.
type written struct {
	Written
	file       *ast.File // what could be parsed of it, maybe nothing
	broken     bool      // not all of it could be parsed
	excluded   bool      // it is of another build configuration
	schemas    []string  // the types that it was generated for
	constraint string    // the build constraint that it was generated with
	why        string    // it is obsolete, "" if it is not
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

// guardedSchemas finds the schemas by the guards that stop a stale file from compiling. Theirs come first, then
// those of other structs.
func guardedSchemas(file *ast.File) []string {
	var guarded []string
	sessions := 0
	for _, decl := range file.Decls {
		decl, ok := decl.(*ast.GenDecl)
		if !ok || len(decl.Specs) != 1 {
			continue
		}
		switch spec := decl.Specs[0].(type) {
		case *ast.TypeSpec: // type Session struct{ runtime.Session }
			sessions++
		case *ast.ValueSpec:
			if name := guardedType(spec); name != "" {
				guarded = append(guarded, name)
			}
		}
	}
	return guarded[:min(sessions, len(guarded))]
}

// guardedType is the type that a declaration guards: var _ struct { ... } = session{}
func guardedType(spec *ast.ValueSpec) string {
	if _, ok := spec.Type.(*ast.StructType); !ok || len(spec.Values) != 1 {
		return ""
	}
	if lit, ok := spec.Values[0].(*ast.CompositeLit); ok {
		if id, ok := lit.Type.(*ast.Ident); ok {
			return id.Name
		}
	}
	return ""
}

// listedTypes are the names that the list of the wire format describes, for a file of which not more can be read.
// Not all are of schemas, but one too many only keeps the file.
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

// kinds are what the names of generated files end in: of those of a package, of its tests, and of the
// tests from outside.
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

// chosen reports whether this run is about a schema.
func (l *loader) chosen(schema string) bool {
	return len(l.only) == 0 || slices.ContainsFunc(l.only, func(t TypeName) bool { return t.Schema == schema })
}

// another reports whether a file is none of this run's business: it is built at another time, or the
// run is about other schemas.
func (l *loader) another(w *written) bool {
	return w.excluded || len(l.only) > 0 && !slices.ContainsFunc(w.schemas, l.chosen)
}

// A place is where a schema is, by the files of a directory alone.
type place struct {
	declared bool     // by a hand-written file, of whatever build
	tagged   bool     // as a schema
	now      string   // the file that this run generates its code into, "" if it does not
	others   []string // the files of other runs that have its code
}

// settle decides about each file of ours in a directory: it is replaced, it stays, or it is obsolete. The
// findings are what keeps it from being decided.
func (l *loader) settle(d *directory, units []*unit) Findings {
	var findings Findings
	for _, w := range d.written {
		if slices.ContainsFunc(units, func(u *unit) bool { return len(u.schemas) > 0 && u.target() == w.Path }) {
			continue
		}
		places := map[string]place{}
		for _, schema := range w.schemas {
			places[schema] = l.place(d, units, w, schema)
		}
		found := l.untagged(d, w, places)
		why := l.obsolete(w, places)
		if unread := l.unread(d); len(unread) > 0 && (why != "" || len(found) > 0) {
			why, found = "", unread
		}
		w.why, w.Stays = why, why == ""
		findings = append(findings, found...)
	}
	return findings
}

// place looks for a schema that w was generated for.
func (l *loader) place(d *directory, units []*unit, w *written, schema string) place {
	var p place
	for _, f := range d.hand() {
		if f.syntax == nil || !d.inScope(f, w) {
			continue
		}
		for _, spec := range typeSpecs(f.syntax) {
			if spec.Name.Name == schema {
				p.declared = true
				p.tagged = p.tagged || isSchema(spec)
			}
		}
	}
	for _, u := range units {
		if slices.Contains(u.schemas, schema) && u.outside == isOutside(w.clause()) {
			p.now = filepath.Base(u.target())
		}
	}
	for _, other := range d.written {
		if other != w && isOutside(other.clause()) == isOutside(w.clause()) &&
			l.another(other) && slices.Contains(other.schemas, schema) {
			p.others = append(p.others, filepath.Base(other.Path))
		}
	}
	return p
}

// inScope reports whether w could have been generated for what f declares. What w's own package clause says is
// another name if the package has been renamed since; and one that is neither the package's nor that of its tests
// may be misspelt.
func (d *directory) inScope(f *file, w *written) bool {
	switch {
	case f.clause() == d.name:
		return !isOutside(w.clause())
	case f.clause() == d.name+"_test" && isTest(f.path):
		return isOutside(w.clause())
	}
	return true
}

func (w *written) clause() string {
	if w.file == nil || w.file.Name == nil {
		return ""
	}
	return w.file.Name.Name
}

// isOutside reports whether a package clause is that of tests from outside.
func isOutside(clause string) bool { return strings.HasSuffix(clause, "_test") }

// obsolete says why w is not needed any more, and nothing if it is.
func (l *loader) obsolete(w *written, places map[string]place) string {
	switch {
	case len(w.schemas) > 0:
	case w.excluded, w.broken, len(l.only) > 0: // there is no telling what it was for
		return ""
	default:
		return "no schema is generated into it"
	}
	var gone, moved, files []string
	for _, schema := range w.schemas {
		p := places[schema]
		now := p.now
		if now == "" && len(p.others) > 0 {
			now = p.others[0]
		}
		switch {
		case !p.declared:
			gone = append(gone, schema)
		case l.another(w), now == "":
			return ""
		default:
			moved, files = append(moved, schema), appendNew(files, now)
		}
	}
	switch {
	case len(moved) == 0:
		return fmt.Sprintf("its %s gone", areOrIs(gone))
	case len(gone) == 0:
		return fmt.Sprintf("its %s generated into %s now", areOrIs(moved), enumerate(files))
	}
	return fmt.Sprintf("its %s generated into %s now, and its %s gone", areOrIs(moved), enumerate(files), areOrIs(gone))
}

// areOrIs is the subject of a sentence about schemas, with its verb.
func areOrIs(schemas []string) string {
	if len(schemas) == 1 {
		return "schema " + schemas[0] + " is"
	}
	return "schemas " + enumerate(schemas) + " are"
}

func enumerate(names []string) string {
	if len(names) < 3 {
		return strings.Join(names, " and ")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// unread are the errors of a directory's hand-written files of which not everything could be read: there may be
// schemas in them.
func (l *loader) unread(d *directory) Findings {
	var found Findings
	for _, f := range d.hand() {
		found = append(found, l.syntaxErrors(f)...)
	}
	return found
}

// untagged reports types that w was generated for and that have lost their tags, as by a misspelling: nobody says
// that they are no schemas any more.
func (l *loader) untagged(d *directory, w *written, places map[string]place) Findings {
	var found Findings
	if l.another(w) || w.broken {
		return nil
	}
	for _, f := range d.hand() {
		if f.syntax == nil || !d.inScope(f, w) {
			continue
		}
		for _, spec := range typeSpecs(f.syntax) {
			if p := places[spec.Name.Name]; p.declared && !p.tagged && p.now == "" && l.chosen(spec.Name.Name) {
				found = append(found, Finding{l.position(spec.Name.Pos()),
					fmt.Sprintf("%s was a schema, for which %s was generated, but no field of it has a session tag", spec.Name.Name, filepath.Base(w.Path)),
					"tag its fields, as in `session:\"user_id\"`; or, if it is no schema any more, remove " + filepath.Base(w.Path)})
			}
		}
	}
	return found
}

// losses reports what the file that is to be replaced has, and no other would have then: schemas that
// this run is not about, and those of its own as another build configuration has them.
func (l *loader) losses(u *unit) Findings {
	i := slices.IndexFunc(u.dir.written, func(w *written) bool { return w.Path == u.target() })
	if i < 0 {
		return nil
	}
	var found Findings
	w := u.dir.written[i]
	for _, name := range w.schemas {
		if slices.Contains(u.schemas, name) {
			found = append(found, l.takenVariant(u, w, name)...)
		} else {
			found = append(found, l.takenPlace(u, w, name)...)
		}
	}
	return found
}

// takenPlace reports a schema that is still there, and that the file of w alone has.
func (l *loader) takenPlace(u *unit, w *written, name string) Findings {
	elsewhere := func(o *written) bool { return o != w && o.Stays && slices.Contains(o.schemas, name) }
	if !slices.Contains(u.pkg.Others, name) || slices.ContainsFunc(u.dir.written, elsewhere) {
		return nil
	}
	first := u.pkg.Schemas[0]
	apart := name
	if fileFor(apart) == u.pkg.Output {
		apart = first.Name
	}
	return Findings{Finding{first.Pos, fmt.Sprintf("schema %s would take the place of schema %s in %s", first.Name, name, u.pkg.Output),
		fmt.Sprintf("generate %s into a file of its own: -type %s -output %s", apart, apart, fileFor(apart))}}
}

// takenVariant reports a schema that w has as another build configuration has it.
func (l *loader) takenVariant(u *unit, w *written, name string) Findings {
	is := func(s *Schema) bool { return s.Name == name }
	i := slices.IndexFunc(u.pkg.Schemas, is)
	if i < 0 || !slices.ContainsFunc(u.pkg.excluded, func(s *Schema) bool { return is(s) && s.Constraint == w.constraint }) {
		return nil
	}
	hint := "give this one a file of its own, with -output"
	if token.IsIdentifier(u.pkg.Constraint) {
		hint = "give this one a file of its own: -output " + fileFor(u.pkg.Constraint)
	}
	return Findings{Finding{u.pkg.Schemas[i].Pos, fmt.Sprintf("schema %s is built %s, but %s has the one that is built %s",
		name, when(u.pkg.Constraint), u.pkg.Output, when(w.constraint)), hint}}
}

// fileFor is a name for the file of a schema that has one for itself.
func fileFor(schema string) string { return strings.ToLower(schema) + "_gen.go" }

// beside are the files of ours that will be compiled together with a unit's, or at another time, and whose names
// are taken. The same schema once more can only be meant for another build configuration.
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

// earlier are the files of ours whose lists are about a unit's package. A file of another build configuration is
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
