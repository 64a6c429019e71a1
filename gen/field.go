package gen

import (
	"go/types"
	"strconv"
	"time"

	"github.com/dave/jennifer/jen"

	"github.com/sessiongen/sessiongen/schema"
)

// accessors writes the type of a schema's sessions, its From function, and its methods.
func (g *generator) accessors(s *schema.Schema) {
	name := s.TypeName
	from := name + "From"

	g.file.Line()
	g.comment(typeDoc(s) + "\n" + wrap(BudgetOf(s).doc()) + "\n\n" + methodsDoc)
	g.file.Type().Id(name).Id("struct").Op("{").Add(inRuntime("Session")).Op("}")

	g.manager(s)

	g.file.Line()
	g.comment(wrap(from + " returns the session of the request that ctx belongs to. It never returns nil; " +
		"it panics outside the manager's Handler."))
	g.file.Func().Id(from).Params(g.id("ctx").Qual("context", "Context")).Op("*").Id(name).
		Add(oneLine(jen.Return(inRuntime("FromContext").Types(jen.Id(name)).Call(g.id("ctx")))))

	g.limits(s)
	for _, f := range s.Fields {
		g.mayCut()
		g.methods(s, f)
	}
	if f := s.Principal(); f != nil {
		g.entry(s)
	}
}

// methods writes the accessors of one field, each one line that calls its descriptor.
func (g *generator) methods(s *schema.Schema, f *schema.Field) {
	session := jen.Id(g.local("s") + ".Session")
	field := func(method string, args ...jen.Code) *jen.Statement {
		return jen.Id(g.fieldVars[f]).Dot(method).Call(append([]jen.Code{session}, args...)...)
	}
	method := func(doc, verb string, params ...jen.Code) *jen.Statement {
		g.file.Line()
		g.comment(doc)
		return g.file.Func().Params(g.id("s").Op("*").Id(s.TypeName)).Id(verb + f.Name).Params(params...)
	}
	typ := func() *jen.Statement { return g.typ(f.Type.Go) }

	switch f.Use {
	case schema.Flash:
		g.flash(s, f)
		return
	case schema.Factor:
		g.factor(s, f)
		return
	case schema.Flow:
		g.flow(s, f)
		return
	}
	refuses := f.MayRefuse()
	method(getDoc(f), "Get").Add(typ()).Add(oneLine(jen.Return(field("Get"))))
	method(hasDoc(f), "Has").Bool().Add(oneLine(jen.Return(field("Has"))))
	method(lookupDoc(f), "Lookup").Params(g.id("v").Add(typ()), g.id("ok").Bool()).Add(oneLine(jen.Return(field("Lookup"))))
	method(setDoc(f), "Set", g.id("v").Add(typ())).Add(oneLine(field("Set", g.id("v"))))
	if refuses {
		method(tryDoc(f, "Set"), "TrySet", g.id("v").Add(typ())).Error().Add(oneLine(jen.Return(field("TrySet", g.id("v")))))
	}
	method(popDoc(f), "Pop").Params(g.id("v").Add(typ()), g.id("ok").Bool()).Add(oneLine(jen.Return(field("Pop"))))
	method(clearDoc(f), "Clear").Add(oneLine(field("Clear")))
	method(updateDoc(f), "Update", g.id("f").Func().Params(typ()).Add(typ())).
		Add(oneLine(field("Update", g.id("f"))))
	if f.Appends() {
		elem := f.Type.Go.Underlying().(*types.Slice).Elem()
		call := func(name string) *jen.Statement {
			return inRuntime(name).Call(session, jen.Op("&").Id(g.fieldVars[f]), g.id("v").Op("..."))
		}
		method(appendDoc(f), "Append", g.id("v").Op("...").Add(g.typ(elem))).Add(oneLine(call("Append")))
		if refuses {
			method(tryDoc(f, "Append"), "TryAppend", g.id("v").Op("...").Add(g.typ(elem))).Error().
				Add(oneLine(jen.Return(call("TryAppend"))))
		}
	}
}

// limits writes the constants for the limits of a schema's fields.
func (g *generator) limits(s *schema.Schema) {
	var list []jen.Code
	for _, f := range s.Fields {
		if name := f.MaxName(s); name != "" {
			list = append(list, jen.Id(name).Op("=").Lit(f.Max).Comment(units(f)))
		}
	}
	switch len(list) {
	case 0:
		return
	case 1:
		g.file.Line()
		g.file.Const().Add(list...)
	default:
		g.file.Line()
		g.comment("Limits of the fields of a " + s.TypeName + ".")
		g.file.Const().Defs(list...)
	}
}

// descriptors writes the variables that describe a schema's fields to the runtime.
func (g *generator) descriptors(s *schema.Schema) {
	index := 0
	for _, f := range s.Fields {
		g.mayCut()
		options, typ := g.options(index, f), "Field"
		if f.Use == schema.Flow {
			options, typ = g.flowOptions(f), "Flow"
		} else {
			index++
		}
		entries := []jen.Code{jen.List(options...)}
		if encode, decode := g.function(f.Type, true), g.function(f.Type, false); encode != nil && decode != nil {
			entries = append(entries, jen.List(pair("Encode", encode), pair("Decode", decode)))
		} else {
			entries = append(entries, pair("Encode", g.fieldEncoder(f.Type)), pair("Decode", g.fieldDecoder(f.Type)))
		}
		g.file.Line()
		g.file.Var().Id(g.fieldVars[f]).Op("=").Add(inRuntime(typ)).Types(g.typ(f.Type.Go)).
			Custom(jen.Options{Open: "{", Close: "}", Separator: ",", Multi: true}, entries...)
	}
}

// options are the elements of a field's descriptor for the options in the schema.
func (g *generator) options(index int, f *schema.Field) []jen.Code {
	options := []jen.Code{
		pair("Index", jen.Lit(index)),
		pair("Name", jen.Lit(f.Name)),
		pair("Key", jen.Lit(f.Key)),
	}
	if len(f.Was) > 0 {
		var was []jen.Code
		for _, key := range f.Was {
			was = append(was, jen.Lit(key))
		}
		options = append(options, pair("Was", jen.Index().String().Values(was...)))
	}
	if f.Max > 0 {
		options = append(options, pair("Max", jen.Lit(f.Max)))
	}
	if f.Each > 0 {
		options = append(options, pair("Each", jen.Lit(f.Each)))
	}
	if f.TTL > 0 {
		options = append(options, pair("TTL", g.duration(f.TTL)))
	}
	if f.Secret {
		options = append(options, pair("Secret", jen.True()))
	}
	if f.Principal {
		options = append(options, pair("Principal", jen.True()))
	}
	if f.Visitor {
		options = append(options, pair("Visitor", jen.True()))
	}
	if f.Use == schema.Factor {
		options = append(options, pair("Factor", jen.True()))
	}
	if f.Default != "" {
		options = append(options, pair("Default", g.defaultValue(f)))
	}
	return options
}

// fieldEncoder is encoder for a descriptor. There, a literal's body may be on the same line if it is short (gofmt
// decides that) and contains no literal.
func (g *generator) fieldEncoder(t *schema.Type) *jen.Statement {
	if g.function(t, true) == nil && (t.Elem == nil || g.function(t.Elem, true) != nil) {
		return g.encodeLiteral(t).Add(oneLine(g.encode(t, g.local("v"))))
	}
	return g.encoder(t)
}

func (g *generator) fieldDecoder(t *schema.Type) *jen.Statement {
	if g.function(t, false) == nil && !isArray(t) && (t.Elem == nil || g.function(t.Elem, false) != nil) {
		return g.decodeLiteral(t).Add(oneLine(g.decodeBody(t)...))
	}
	return g.decoder(t)
}

func pair(name string, value jen.Code) *jen.Statement { return jen.Id(name).Op(":").Add(value) }

// defaultValue writes a field's default, a duration in readable units.
func (g *generator) defaultValue(f *schema.Field) *jen.Statement {
	if d, ok := durationDefault(f); ok {
		return g.duration(d)
	}
	return jen.Id(f.Default)
}

func durationDefault(f *schema.Field) (time.Duration, bool) {
	named, ok := types.Unalias(f.Type.Go).(*types.Named)
	if !ok || named.Obj().Pkg() == nil || named.Obj().Pkg().Path() != "time" || named.Obj().Name() != "Duration" {
		return 0, false
	}
	n, err := strconv.ParseInt(f.Default, 10, 64)
	return time.Duration(n), err == nil
}

// duration writes d in the largest unit that divides it.
func (g *generator) duration(d time.Duration) *jen.Statement {
	for _, unit := range []struct {
		size time.Duration
		name string
	}{
		{time.Hour, "Hour"},
		{time.Minute, "Minute"},
		{time.Second, "Second"},
		{time.Millisecond, "Millisecond"},
		{time.Microsecond, "Microsecond"},
		{time.Nanosecond, "Nanosecond"},
	} {
		switch {
		case d == 0:
			return jen.Lit(0)
		case d == unit.size:
			return g.std("time", unit.name)
		case d%unit.size == 0:
			return jen.Id(strconv.FormatInt(int64(d/unit.size), 10)).Op("*").Add(g.std("time", unit.name))
		}
	}
	panic("unreachable: every duration is a number of nanoseconds")
}
