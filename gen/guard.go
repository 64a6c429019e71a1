package gen

import (
	"go/types"
	"slices"
	"strings"
	"unicode"

	"github.com/dave/jennifer/jen"
)

// guards writes the declarations that keep an outdated file, or an old runtime, from compiling.
func (g *generator) guards() {
	g.comment("If this line does not compile, the sessiongen module in go.mod is older than the\n" +
		"generator that wrote this file: go get github.com/sessiongen/sessiongen@latest")
	g.file.Const().Id("_").Op("=").Add(inRuntime(supports))
	for _, s := range g.pkg.Schemas {
		g.guard(s.Name, s.Struct, jen.Id(s.Name))
	}
	for _, t := range g.guarded() {
		g.guard(label(g.pkg, t), t.Underlying().(*types.Struct), g.typ(t))
	}
}

// guard writes an assignment that only compiles while typ is a struct with the given fields and tags. Tags of other
// packages do not count: then it is a conversion, which ignores tags. The compiler's error names the type of the
// variable, so the name says what to do. The type is an alias, since a value of one named type cannot be assigned to
// another, and local, since other files may guard the same struct.
func (g *generator) guard(name string, fields *types.Struct, typ *jen.Statement) {
	g.file.Line()
	g.comment(wrap("If this does not compile, "+name+" has changed since this file was generated:") +
		"\nrun go generate again.")
	guard := identifier(name) + "_has_changed__run_go_generate"
	bare := g.withoutForeignTags(fields)
	check := jen.Var().Id("_").Id(guard).Op("=").Add(typ).Values()
	if bare != types.Type(fields) {
		check = jen.Var().Id("_").Op("=").Id(guard).Call(typ.Values())
	}
	g.file.Func().Id("_").Params().Block(
		jen.Type().Id(guard).Op("=").Struct(g.structFields(bare.(*types.Struct))...),
		check,
	)
}

// identifier replaces everything in a name that cannot be part of an identifier by an underscore.
func identifier(name string) string {
	return strings.TrimRight(strings.Map(func(r rune) rune {
		if r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return '_'
	}, name), "_")
}

// withoutForeignTags is t without the tags of other packages, t itself if it has none.
func (g *generator) withoutForeignTags(t types.Type) types.Type {
	switch u := t.(type) {
	case *types.Pointer:
		if elem := g.withoutForeignTags(u.Elem()); elem != u.Elem() {
			return types.NewPointer(elem)
		}
	case *types.Slice:
		if elem := g.withoutForeignTags(u.Elem()); elem != u.Elem() {
			return types.NewSlice(elem)
		}
	case *types.Array:
		if elem := g.withoutForeignTags(u.Elem()); elem != u.Elem() {
			return types.NewArray(elem, u.Len())
		}
	case *types.Map:
		if elem := g.withoutForeignTags(u.Elem()); elem != u.Elem() {
			return types.NewMap(u.Key(), elem)
		}
	case *types.Struct:
		var fields []*types.Var
		var tags []string
		changed := false
		for i := range u.NumFields() {
			f, tag := u.Field(i), u.Tag(i)
			typ := g.withoutForeignTags(f.Type())
			if f.Pkg().Path() != g.pkg.Path {
				tag = ""
			}
			changed = changed || typ != f.Type() || tag != u.Tag(i)
			fields = append(fields, types.NewField(f.Pos(), f.Pkg(), f.Name(), typ, f.Embedded()))
			tags = append(tags, tag)
		}
		if changed {
			return types.NewStruct(fields, tags)
		}
	}
	return t
}

// guarded lists the named structs whose fields the codecs access, if they can be written here: structs that are
// stored, and structs embedded in them, whose fields are stored like the outer struct's.
func (g *generator) guarded() []types.Type {
	var list []types.Type
	add := func(t types.Type) {
		if isNamed(t) && !slices.ContainsFunc(list, func(u types.Type) bool { return types.Identical(t, u) }) {
			list = append(list, t)
		}
	}
	for _, c := range g.codecList {
		if c.strct == nil {
			continue
		}
		if c.strct.Literal {
			add(c.strct.Go)
		}
		for _, m := range c.strct.Members {
			outer := c.strct.Go
			for _, step := range m.Path[:len(m.Path)-1] {
				outer = g.embedded(outer, step.Name)
				if g.isLocal(outer) {
					add(outer)
				}
			}
		}
	}
	return list
}

// embedded is the type of the struct that is embedded by value or pointer under a name, perhaps within another one
// that a path skips because its name cannot be written here.
func (g *generator) embedded(outer types.Type, name string) types.Type {
	f, _, _ := types.LookupFieldOrMethod(outer, true, g.pkg.Types, name)
	if p, ok := types.Unalias(f.Type()).(*types.Pointer); ok {
		return p.Elem()
	}
	return f.Type()
}

// isLocal reports whether this package declares a struct with its fields, so that they can be written here again:
// those of a type T other.T are declared elsewhere.
func (g *generator) isLocal(t types.Type) bool {
	named, ok := types.Unalias(t).(*types.Named)
	if !ok || named.Obj().Pkg().Path() != g.pkg.Path {
		return false
	}
	for f := range named.Underlying().(*types.Struct).Fields() {
		if f.Pkg().Path() != g.pkg.Path {
			return false
		}
	}
	return true
}
