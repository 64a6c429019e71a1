package gen

import (
	"slices"

	"github.com/dave/jennifer/jen"

	"github.com/sessiongen/sessiongen/schema"
)

// codecs writes the functions that encode and decode structs.
func (g *generator) codecs() {
	for _, c := range g.codecList {
		g.encodeFunc(c)
		g.decodeFunc(c)
	}
}

func (g *generator) encodeFunc(c *codec) {
	doc, body := " writes v as a map of its fields, in msgpack v5's form.", []jen.Code(nil)
	switch {
	case c.strct == nil:
		doc = " writes v; it calls itself for the values within."
		body = []jen.Code{g.encodeWhole(c.typ, g.local("v"))}
	case c.strct.AsArray:
		doc = " writes v as an array of its fields, in msgpack v5's form."
		body = g.encodeArray(c.strct)
	default:
		body = g.encodeMap(c.strct)
	}
	g.file.Line()
	g.comment(wrap(c.encode + doc))
	g.file.Func().Id(c.encode).
		Params(g.id("e").Op("*").Add(inCodec("Encoder")), g.id("v").Add(g.valueType(c))).
		Block(body...)
}

// valueType is the type that a codec's functions take and return: a type, or a pointer to one that must not be copied.
func (g *generator) valueType(c *codec) *jen.Statement {
	if c.strct != nil && c.strct.Pinned {
		return jen.Op("*").Add(g.typ(c.goType()))
	}
	return g.typ(c.goType())
}

// A run is a sequence of members of a struct that are written under the same condition.
type run struct {
	cond    *jen.Statement // nil if they always are
	text    string         // of cond
	members []*schema.Member
}

// runs lists the members of a struct that is a map on the wire.
func (g *generator) runs(s *schema.Struct) (list []run) {
	for _, m := range s.Members {
		cond := g.present(m, g.local("v"))
		if cond.never {
			continue
		}
		text := ""
		if cond.expr != nil {
			text = cond.expr.GoString()
		}
		if n := len(list); n > 0 && list[n-1].text == text {
			list[n-1].members = append(list[n-1].members, m)
		} else {
			list = append(list, run{cond.expr, text, []*schema.Member{m}})
		}
	}
	return list
}

// encodeMap is the body of a struct's encode function.
func (g *generator) encodeMap(s *schema.Struct) []jen.Code {
	runs := g.runs(s)
	body := g.encodeMapLen(runs)
	for _, r := range runs {
		var stmts []jen.Code
		for _, m := range r.members {
			stmts = append(stmts,
				g.id("e").Dot("Key").Call(jen.Lit(m.Name)),
				g.encode(m.Type, selector(g.local("v"), m.Path)))
		}
		if r.cond != nil {
			stmts = []jen.Code{jen.If(r.cond).Block(stmts...)}
		}
		body = append(body, stmts...)
	}
	return body
}

// encodeMapLen writes how many members follow. It first counts the members that are left out when they are empty, or
// when an embedded pointer on the way to them is nil.
func (g *generator) encodeMapLen(runs []run) []jen.Code {
	always := 0
	var counts []jen.Code
	for _, r := range runs {
		switch n := len(r.members); {
		case r.cond == nil:
			always += n
		case n == 1:
			counts = append(counts, jen.If(r.cond).Block(g.id("n").Op("++")))
		default:
			counts = append(counts, jen.If(r.cond).Block(g.id("n").Op("+=").Lit(n)))
		}
	}
	mapLen := g.id("e").Dot("MapLen")
	if counts == nil {
		return []jen.Code{mapLen.Call(jen.Lit(always))}
	}
	body := append([]jen.Code{g.id("n").Op(":=").Lit(always)}, counts...)
	return append(body, mapLen.Call(g.id("n")))
}

// encodeArray is the body of the encode function of a struct that is an array on the wire.
func (g *generator) encodeArray(s *schema.Struct) []jen.Code {
	body := []jen.Code{g.id("e").Dot("ArrayLen").Call(jen.Lit(len(s.Members)))}
	for _, m := range s.Members {
		stmt := g.encode(m.Type, selector(g.local("v"), m.Path))
		if reach := g.reach(m, g.local("v")); reach != nil {
			stmt = jen.If(reach).Block(stmt).Else().Block(g.id("e").Dot("Nil").Call())
		}
		body = append(body, stmt)
	}
	return body
}

func (g *generator) decodeFunc(c *codec) {
	doc := " reads what " + c.encode + " wrote"
	var body []jen.Code
	switch {
	case c.strct == nil:
		body = g.decodeBody(c.typ)
	case c.strct.AsArray:
		body = g.decodeArray(c.strct)
	default:
		doc += "; keys that it does not know are passed over"
		body = g.decodeMap(c.strct)
	}
	g.file.Line()
	g.comment(wrap(c.decode + doc + "."))
	if c.strct != nil && c.strct.Pinned {
		body = append([]jen.Code{g.id("v").Op("=").New(g.typ(c.goType()))}, body...)
	}
	result := jen.Params(g.id("v").Add(g.valueType(c)))
	if c.strct == nil && !isArray(c.typ) {
		result = g.typ(c.goType())
	}
	g.file.Func().Id(c.decode).Params(g.id("d").Op("*").Add(inCodec("Decoder"))).Add(result).Block(body...)
}

// decodeMap is the body of a struct's decode function.
func (g *generator) decodeMap(s *schema.Struct) []jen.Code {
	var cases []jen.Code
	for _, m := range s.Members {
		var labels []jen.Code
		for _, key := range append([]string{m.Name}, m.Aliases...) {
			labels = append(labels, jen.Lit(key))
		}
		cases = append(cases, jen.Case(labels...).Block(g.decodeMember(s, m)...))
	}
	skip := g.id("d").Dot("Skip").Call()
	loop := []jen.Code{g.id("d").Dot("Key").Call(), skip}
	if len(cases) > 0 {
		cases = append(cases, jen.Default().Block(skip))
		loop = []jen.Code{jen.Switch(jen.String().Call(g.id("d").Dot("Key").Call())).Block(cases...)}
	}
	return []jen.Code{
		jen.For(
			g.id("n").Op(":=").Add(g.id("d")).Dot("MapLen").Call(),
			g.id("n").Op(">").Lit(0),
			g.id("n").Op("--"),
		).Block(loop...),
		jen.Return(g.id("v")),
	}
}

// decodeArray is the body of the decode function of a struct that is an array on the wire.
func (g *generator) decodeArray(s *schema.Struct) []jen.Code {
	body := []jen.Code{g.id("d").Dot("ArrayLen").Call(jen.Lit(len(s.Members)))}
	for _, m := range s.Members {
		body = append(body, g.decodeMember(s, m)...)
	}
	return append(body, jen.Return(g.id("v")))
}

// decodeMember decodes a member, and allocates the embedded structs on the way to it.
func (g *generator) decodeMember(s *schema.Struct, m *schema.Member) []jen.Code {
	var stmts []jen.Code
	for i, step := range m.Path {
		if step.Pointer != nil {
			x := selector(g.local("v"), m.Path[:i+1])
			stmts = append(stmts, jen.If(jen.Id(x).Op("==").Nil()).Block(
				jen.Id(x).Op("=").New(g.typ(step.Pointer))))
		}
	}
	stmts = append(stmts, g.decodeTo(m.Type, selector(g.local("v"), m.Path)))
	if nilIsAbsent(s, m) {
		return []jen.Code{jen.If(g.id("d").Dot("IsNil").Call()).Block(
			g.id("d").Dot("Skip").Call(),
		).Else().Block(stmts...)}
	}
	return stmts
}

// nilIsAbsent reports whether nil on the wire means that m is absent because the pointer to the struct around m is
// nil: v5 writes it like that, and so do we in arrays. Otherwise nil is a value of m. In maps we leave such members
// out; nil is then a value if it is the only sign that the pointer is not nil.
func nilIsAbsent(s *schema.Struct, m *schema.Member) bool {
	embedded := embeddedIn(m)
	if embedded == "" {
		return false
	}
	return s.AsArray || !takesNil(m) || slices.ContainsFunc(s.Members, func(other *schema.Member) bool {
		return embeddedIn(other) == embedded && !other.OmitEmpty && !takesNil(other)
	})
}

// embeddedIn is the selector of the innermost embedded pointer on the way to m, "" if there is none.
func embeddedIn(m *schema.Member) string {
	for i, step := range slices.Backward(m.Path) {
		if step.Pointer != nil {
			return selector("", m.Path[:i+1])
		}
	}
	return ""
}

func takesNil(m *schema.Member) bool { return nilable(m.Type.Go.Underlying()) }

// selector is the expression for the field that a path leads to from x.
func selector(x string, path []schema.Step) string {
	for _, step := range path {
		x += "." + step.Name
	}
	return x
}
