package schema

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"

	"github.com/sessiongen/sessiongen/internal/code"
)

const typeFlagHint = "write -type session, or -type session=Visitor"

// typeNames reads Config.Types.
func typeNames(list []string) ([]TypeName, error) {
	var names []TypeName
	for _, entry := range list {
		schema, generated, renamed := strings.Cut(entry, "=")
		switch {
		case !token.IsIdentifier(schema):
			return nil, loadError(code.InvalidTypeFlag, typeFlagHint, "-type %s: %q is not the name of a type", entry, schema)
		case renamed && (!token.IsIdentifier(generated) || !token.IsExported(generated)):
			return nil, loadError(code.InvalidTypeFlag, typeFlagHint, "-type %s: %q is not an exported name", entry, generated)
		case slices.ContainsFunc(names, func(t TypeName) bool { return t.Schema == schema }):
			return nil, loadError(code.InvalidTypeFlag, "", "-type: %s is given twice", schema)
		}
		names = append(names, TypeName{schema, generated})
	}
	return names, nil
}

// unmatched says why -type NAME chose nothing.
func (l *loader) unmatched(units []*unit) (Findings, error) {
	for _, t := range l.only {
		if slices.ContainsFunc(units, func(u *unit) bool { return slices.Contains(u.schemas, t.Schema) }) {
			continue
		}
		var found Findings
		var structs []string
		for _, spec := range l.allTypes(units) {
			if spec.Name.Name == t.Schema {
				found = append(found, NewFinding(code.NotASchema, l.position(spec.Name.Pos()), "tag its fields, as in `session:\"user_id\"`",
					"-type %s: it is no struct type with session tags", t.Schema))
			}
			if _, ok := spec.Type.(*ast.StructType); ok {
				structs = append(structs, spec.Name.Name)
			}
		}
		if len(found) > 0 {
			return found, nil
		}
		if err := builtElsewhere(t.Schema, units); err != nil {
			return nil, err
		}
		hint := ""
		if s := suggest(t.Schema, structs); s != "" {
			hint = "did you mean " + s + "?"
		}
		return nil, loadError(code.NoSuchType, hint, "-type %s: there is no such type in the packages", t.Schema)
	}
	return nil, nil
}

// builtElsewhere is the error of choosing a schema that is built at another time, or nil.
func builtElsewhere(name string, units []*unit) error {
	for _, u := range units {
		for _, s := range u.pkg.excluded {
			if s.Name == name {
				return loadError(code.OtherBuild, buildFor(s.Constraint), "-type %s: it is not part of this build: declared at %s, it is built %s", name, s.Pos, when(s.Constraint))
			}
		}
	}
	return nil
}

// allTypes lists the types that are declared in units.
func (l *loader) allTypes(units []*unit) []*ast.TypeSpec {
	var list []*ast.TypeSpec
	for _, u := range units {
		l.parse(u.files)
		for _, file := range syntaxOf(u.files, u.name) {
			list = append(list, typeSpecs(file)...)
		}
	}
	return list
}

// NoSchema is the error of a run that found nothing to generate in packages, and nothing to remove.
func NoSchema(packages []*Package, patterns []string) error {
	var elsewhere []string
	var places []token.Position
	hint := ""
	for _, pkg := range packages {
		for _, s := range pkg.excluded {
			elsewhere = append(elsewhere, fmt.Sprintf("%s, declared at %s, is built %s", s.Name, s.Pos, when(s.Constraint)))
			places = append(places, s.Pos)
			hint = buildFor(s.Constraint)
		}
	}
	if len(elsewhere) > 0 {
		err := loadError(code.OtherBuild, hint, "no schema in %s is part of this build: %s", strings.Join(patterns, " "), strings.Join(elsewhere, "; "))
		err.Related = places
		return err
	}
	return loadError(code.NoSchema, "type session struct {\n\tUsername string `session:\"username\"`\n}",
		"no schema in %s: a schema is a struct type whose fields have session tags, such as", strings.Join(patterns, " "))
}
