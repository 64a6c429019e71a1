package gen

import (
	"go/types"
	"strconv"

	"github.com/dave/jennifer/jen"
)

// typ writes a type as the user wrote it, with its aliases and names.
func (g *generator) typ(t types.Type) *jen.Statement {
	switch t := t.(type) {
	case *types.Basic:
		if t.Kind() == types.UnsafePointer {
			return g.std("unsafe", "Pointer")
		}
		return jen.Id(t.Name())
	case *types.Alias:
		return g.named(t.Obj(), t.TypeArgs())
	case *types.Named:
		return g.named(t.Obj(), t.TypeArgs())
	case *types.Pointer:
		return jen.Op("*").Add(g.typ(t.Elem()))
	case *types.Slice:
		return jen.Index().Add(g.typ(t.Elem()))
	case *types.Array:
		return jen.Index(jen.Id(strconv.FormatInt(t.Len(), 10))).Add(g.typ(t.Elem()))
	case *types.Map:
		return jen.Map(g.typ(t.Key())).Add(g.typ(t.Elem()))
	case *types.Chan:
		return g.channel(t)
	case *types.Signature:
		return jen.Func().Add(g.signature(t))
	case *types.Interface:
		return g.interfaceType(t)
	case *types.Struct:
		// On one line: gofmt breaks it where it must.
		g.unsettled = true
		return jen.Id("struct").Op("{").Add(join(";", g.structFields(t))).Op("}")
	}
	panic("gen: no source form for " + t.String())
}

func (g *generator) named(obj *types.TypeName, args *types.TypeList) *jen.Statement {
	name := g.qual(obj.Pkg(), obj.Name())
	if args.Len() == 0 {
		return name
	}
	var list []jen.Code
	for arg := range args.Types() {
		list = append(list, g.typ(arg))
	}
	return name.Types(list...)
}

// structFields writes the fields of a struct with their tags.
func (g *generator) structFields(t *types.Struct) []jen.Code {
	var fields []jen.Code
	for i := range t.NumFields() {
		f, tag := t.Field(i), t.Tag(i)
		field := g.typ(f.Type())
		if !f.Embedded() {
			field = jen.Id(f.Name()).Add(field)
		}
		if tag != "" {
			field.Op(quoteTag(tag))
		}
		fields = append(fields, field)
	}
	return fields
}

func quoteTag(tag string) string {
	if strconv.CanBackquote(tag) {
		return "`" + tag + "`"
	}
	return strconv.Quote(tag)
}

// The other types are never a session's data, but a nested struct may have such a field beside its data (msgpack:"-"),
// which a guard then lists.

func (g *generator) channel(t *types.Chan) *jen.Statement {
	elem := g.typ(t.Elem())
	if _, ok := t.Elem().(*types.Chan); ok {
		elem = jen.Parens(elem)
	}
	switch t.Dir() {
	case types.SendOnly:
		return jen.Chan().Op("<-").Add(elem)
	case types.RecvOnly:
		return jen.Op("<-").Chan().Add(elem)
	}
	return jen.Chan().Add(elem)
}

func (g *generator) signature(t *types.Signature) *jen.Statement {
	var params, results []jen.Code
	for i := range t.Params().Len() {
		typ := t.Params().At(i).Type()
		if t.Variadic() && i == t.Params().Len()-1 {
			params = append(params, jen.Op("...").Add(g.typ(typ.(*types.Slice).Elem())))
			continue
		}
		params = append(params, g.typ(typ))
	}
	for r := range t.Results().Variables() {
		results = append(results, g.typ(r.Type()))
	}
	sig := jen.Params(params...)
	if len(results) > 0 {
		sig.Params(results...)
	}
	return sig
}

func (g *generator) interfaceType(t *types.Interface) *jen.Statement {
	g.unsettled = g.unsettled || !t.Empty()
	var parts []jen.Code
	for typ := range t.EmbeddedTypes() {
		parts = append(parts, g.typ(typ))
	}
	for m := range t.ExplicitMethods() {
		parts = append(parts, jen.Id(m.Name()).Add(g.signature(m.Signature())))
	}
	return jen.Id("interface").Op("{").Add(join(";", parts)).Op("}")
}

// join puts parts on one line.
func join(separator string, parts []jen.Code) *jen.Statement {
	return jen.Custom(jen.Options{Separator: separator}, parts...)
}

// oneLine is a function's body on one line, which gofmt breaks if it is too long.
func oneLine(stmts ...jen.Code) *jen.Statement {
	return jen.Op("{").Add(join(";", stmts)).Op("}")
}

func isNamed(t types.Type) bool {
	_, ok := types.Unalias(t).(*types.Named)
	return ok
}
