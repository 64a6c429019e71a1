package schema

import (
	"fmt"
	"go/token"
	"slices"
	"strings"

	"github.com/sessiongen/sessiongen/internal/code"
)

// losses reports schemas that would be in no file once u's is replaced: schemas that this run does not generate, and
// variants of its own for another build configuration.
func (l *loader) losses(u *unit) Findings {
	i := slices.IndexFunc(u.dir.written, func(w *written) bool { return w.Path == u.target() })
	if i < 0 || u.pkg.Moved != nil {
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

// takenPlace reports a schema that still exists and is only in the file of w.
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
	return Findings{NewFinding(code.OutputTaken, first.Pos,
		fmt.Sprintf("generate %s into a file of its own: -type %s -output %s", apart, apart, fileFor(apart)),
		"schema %s would take the place of schema %s in %s", first.Name, name, u.pkg.Output)}
}

// takenVariant reports a schema that w has for another build configuration.
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
	return Findings{NewFinding(code.OutputTaken, u.pkg.Schemas[i].Pos, hint, "schema %s is built %s, but %s has the one that is built %s",
		name, when(u.pkg.Constraint), u.pkg.Output, when(w.constraint))}
}

// fileFor is a file name for a schema that gets its own file.
func fileFor(schema string) string { return strings.ToLower(schema) + "_gen.go" }
