package gen

import (
	"go/types"

	"github.com/dave/jennifer/jen"

	"github.com/sessiongen/sessiongen/schema"
)

// omitempty follows v5's Encoder.isEmptyValue (types.go), with one exception: v5 judges a struct by its exported
// fields even if a marshaler writes it, and so drops every netip.Addr. Here such a struct is never empty, unless its
// IsZero says so.

// A condition is an expression or one of two constants.
type condition struct {
	expr  *jen.Statement // nil if the condition is constant
	never bool
}

// present is the condition under which a member of x is written.
func (g *generator) present(m *schema.Member, x string) condition {
	reach := g.reach(m, x)
	if !m.OmitEmpty {
		return condition{expr: reach}
	}
	value := g.notEmpty(m.Type, selector(x, m.Path))
	switch {
	case reach == nil || value.never:
		return value
	case value.expr == nil:
		return condition{expr: reach}
	case m.Type.Kind == schema.StructKind:
		value.expr = jen.Parens(value.expr) // it may be a disjunction
	}
	return condition{expr: reach.Op("&&").Add(value.expr)}
}

// reach is the condition that no embedded pointer between x and a member is nil, nil if there is no such pointer.
func (g *generator) reach(m *schema.Member, x string) *jen.Statement {
	var cond *jen.Statement
	for i, step := range m.Path {
		if step.Pointer == nil {
			continue
		}
		notNil := jen.Id(selector(x, m.Path[:i+1])).Op("!=").Nil()
		if cond == nil {
			cond = notNil
		} else {
			cond.Op("&&").Add(notNil)
		}
	}
	return cond
}

// notEmpty is the condition that x, of type t, is not empty.
func (g *generator) notEmpty(t *schema.Type, x string) condition {
	v := jen.Id(x)
	under := t.Go.Underlying()
	if types.IsInterface(under) {
		return condition{expr: jen.Op("!").Add(inCodec("IsEmptyAny")).Call(v)}
	}
	if hasIsZero(t.Go) {
		notZero := jen.Op("!").Id(x).Dot("IsZero").Call()
		if nilable(under) {
			notZero = v.Op("!=").Nil().Op("&&").Add(notZero)
		}
		return condition{expr: notZero}
	}
	switch under := under.(type) {
	case *types.Pointer:
		return condition{expr: v.Op("!=").Nil()}
	case *types.Slice, *types.Map:
		return condition{expr: jen.Len(v).Op("!=").Lit(0)}
	case *types.Array:
		if under.Len() == 0 { // never, but a constant would leave its elements' codec unused
			return condition{expr: jen.Len(v).Op("!=").Lit(0)}
		}
	case *types.Struct:
		switch t.Kind {
		case schema.StructKind:
			return g.notEmptyStruct(t.Struct, x)
		case schema.Time:
			return condition{expr: jen.Op("!").Add(g.std("time", "Time").Call(v).Dot("IsZero").Call())}
		}
	case *types.Basic:
		switch info := under.Info(); {
		case info&types.IsString != 0:
			return condition{expr: v.Op("!=").Lit("")}
		case info&types.IsBoolean != 0:
			return condition{expr: v}
		case info&types.IsNumeric != 0:
			return condition{expr: v.Op("!=").Lit(0)}
		}
	}
	return condition{}
}

// notEmptyStruct is the condition that x has a member to write. For v5, a struct without omitempty members is never
// empty, even if all members are behind a nil pointer.
func (g *generator) notEmptyStruct(s *schema.Struct, x string) condition {
	if len(s.Members) == 0 {
		return condition{never: true}
	}
	omits := false
	for _, m := range s.Members {
		omits = omits || m.OmitEmpty
	}
	if !omits {
		return condition{}
	}
	var some *jen.Statement
	for _, m := range s.Members {
		cond := g.present(m, x)
		switch {
		case cond.never:
		case cond.expr == nil:
			return condition{}
		case some == nil:
			some = jen.Add(cond.expr)
		default:
			some.Op("||").Add(cond.expr)
		}
	}
	return condition{expr: some, never: some == nil}
}

// hasIsZero reports whether values of type t, not only pointers to them, have IsZero() bool.
func hasIsZero(t types.Type) bool {
	sel := types.NewMethodSet(t).Lookup(nil, "IsZero")
	if sel == nil {
		return false
	}
	sig := sel.Type().(*types.Signature)
	return sig.Params().Len() == 0 && sig.Results().Len() == 1 &&
		types.Identical(sig.Results().At(0).Type(), types.Typ[types.Bool])
}

func nilable(under types.Type) bool {
	switch under.(type) {
	case *types.Pointer, *types.Slice, *types.Map, *types.Interface:
		return true
	}
	return false
}
