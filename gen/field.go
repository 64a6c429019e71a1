package gen

import (
	"fmt"
	"go/types"
	"strconv"
	"strings"
	"time"

	"github.com/dave/jennifer/jen"

	"github.com/sessiongen/sessiongen/schema"
)

// accessors writes the type of a schema's sessions, how to come by one, and its methods.
func (g *generator) accessors(s *schema.Schema) {
	name := s.TypeName
	constructor, from := "New"+name+"Manager", name+"From"

	g.file.Line()
	g.comment(typeDoc(s) + "\n" + wrap(BudgetOf(s).doc()))
	g.file.Type().Id(name).Id("struct").Op("{").Add(inRuntime("Session")).Op("}")

	g.file.Line()
	g.comment(wrap(constructor+" returns the manager that loads and saves sessions as cfg says.") +
		"\nIts error joins everything that is wrong with cfg.")
	args := []jen.Code{
		g.id("cfg"),
		jen.Func().Params(g.id("s").Add(inRuntime("Session"))).Id(name).
			Add(oneLine(jen.Return(jen.Id(name).Values(g.id("s"))))),
	}
	for _, f := range s.Fields {
		args = append(args, jen.Line().Op("&").Id(g.fieldVars[f]))
	}
	args = append(args, jen.Line())
	g.file.Func().Id(constructor).Params(g.id("cfg").Add(inRuntime("Config"))).
		Params(jen.Op("*").Add(inRuntime("Manager")).Types(jen.Id(name)), jen.Error()).
		Block(jen.Return(inRuntime("NewManager").Call(args...)))

	g.file.Line()
	g.comment(from + " returns the session of the request that ctx belongs to. It is never nil:\n" +
		"outside the manager's Handler it panics.")
	g.file.Func().Id(from).Params(g.id("ctx").Qual("context", "Context")).Op("*").Id(name).
		Add(oneLine(jen.Return(inRuntime("FromContext").Types(jen.Id(name)).Call(g.id("ctx")))))

	for _, f := range s.Fields {
		g.methods(s, f)
	}
}

// methods writes the accessors of one field, each a line over its descriptor.
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

	method(getDoc(f), "Get").Add(typ()).Add(oneLine(jen.Return(field("Get"))))
	method(hasDoc(f), "Has").Bool().Add(oneLine(jen.Return(field("Has"))))
	method(setDoc(f), "Set", g.id("v").Add(typ())).Add(oneLine(field("Set", g.id("v"))))
	method(popDoc(f), "Pop").Params(g.id("v").Add(typ()), g.id("ok").Bool()).Add(oneLine(jen.Return(field("Pop"))))
	method(clearDoc(f), "Clear").Add(oneLine(field("Clear")))
	method(updateDoc(f), "Update", g.id("f").Func().Params(typ()).Add(typ())).
		Add(oneLine(field("Update", g.id("f"))))
	if f.Type.Kind == schema.Slice {
		elem := f.Type.Go.Underlying().(*types.Slice).Elem()
		method(appendDoc(f), "Append", g.id("v").Op("...").Add(g.typ(elem))).
			Add(oneLine(inRuntime("Append").Call(session, jen.Op("&").Id(g.fieldVars[f]), g.id("v").Op("..."))))
	}
}

// descriptors writes the variables that describe a schema's fields to the runtime.
func (g *generator) descriptors(s *schema.Schema) {
	for i, f := range s.Fields {
		entries := []jen.Code{jen.List(g.options(i, f)...)}
		if encode, decode := g.function(f.Type, true), g.function(f.Type, false); encode != nil && decode != nil {
			entries = append(entries, jen.List(pair("Encode", encode), pair("Decode", decode)))
		} else {
			entries = append(entries, pair("Encode", g.fieldEncoder(f.Type)), pair("Decode", g.fieldDecoder(f.Type)))
		}
		g.file.Line()
		g.file.Var().Id(g.fieldVars[f]).Op("=").Add(inRuntime("Field")).Types(g.typ(f.Type.Go)).
			Custom(jen.Options{Open: "{", Close: "}", Separator: ",", Multi: true}, entries...)
	}
}

// options are the elements of a field's descriptor that say what the schema says.
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
	if f.TTL > 0 {
		options = append(options, pair("TTL", g.duration(f.TTL)))
	}
	if f.Secret {
		options = append(options, pair("Secret", jen.True()))
	}
	if f.Principal {
		options = append(options, pair("Principal", jen.True()))
	}
	if f.Default != "" {
		options = append(options, pair("Default", g.defaultValue(f)))
	}
	return options
}

// fieldEncoder is encoder for a descriptor, where a literal's body may stand on the same line, if
// it is short (gofmt sees to that) and has no literal in it.
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

// defaultValue writes a field's default, a duration in units that one can read.
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

// The doc comments of the accessors. The field's own comes with Get; the others point there.

func getDoc(f *schema.Field) string {
	doc := fmt.Sprintf("Get%s returns %s, or %s if it is not set.", f.Name, f.Name, unset(f))
	if f.Secret {
		doc += " It is redacted wherever the session is printed."
	}
	doc = wrap(doc)
	if text := strings.TrimSpace(plain(f.Doc)); text != "" {
		doc += "\n\n" + text
	}
	return doc
}

func hasDoc(f *schema.Field) string {
	return wrap(fmt.Sprintf("Has%s reports whether %s is set.", f.Name, f.Name) + see(f))
}

func setDoc(f *schema.Field) string {
	doc := fmt.Sprintf("Set%s sets %s", f.Name, f.Name)
	if f.TTL > 0 {
		doc += ", for " + short(f.TTL)
	}
	doc += "."
	if f.Max > 0 {
		unit := "elements"
		if f.Type.Kind == schema.String || f.Type.Kind == schema.Bytes {
			unit = "bytes"
		}
		if f.Max == 1 {
			unit = strings.TrimSuffix(unit, "s")
		}
		doc += fmt.Sprintf(" More than %d %s is an error, which Err returns.", f.Max, unit)
	}
	if f.Principal {
		doc += " A change of it renews the session's id and its time of authentication."
	}
	return wrap(doc + see(f))
}

func popDoc(f *schema.Field) string {
	return wrap(fmt.Sprintf("Pop%s returns %s and removes it; ok tells whether it was set.", f.Name, f.Name) + see(f))
}

func clearDoc(f *schema.Field) string {
	return wrap(fmt.Sprintf("Clear%s removes %s.", f.Name, f.Name) + see(f))
}

func updateDoc(f *schema.Field) string {
	return wrap(fmt.Sprintf("Update%s sets %s to f of its value; f may run again if that changes meanwhile.",
		f.Name, f.Name) + see(f))
}

func appendDoc(f *schema.Field) string {
	return wrap(fmt.Sprintf("Append%s adds v to the end of %s.", f.Name, f.Name) + see(f))
}

func see(f *schema.Field) string {
	if strings.TrimSpace(f.Doc) == "" {
		return ""
	}
	return " See Get" + f.Name + "."
}

// unset says what Get returns for a field that is not set.
func unset(f *schema.Field) string {
	if d, ok := durationDefault(f); ok {
		return short(d)
	}
	switch {
	case len(f.Default) > 40:
		return "its default"
	case f.Default != "":
		return f.Default
	case isTime(f.Type.Go):
		return "the zero time"
	}
	switch under := f.Type.Go.Underlying().(type) {
	case *types.Struct, *types.Array:
		return "the zero value"
	case *types.Basic:
		switch info := under.Info(); {
		case info&types.IsString != 0:
			return `""`
		case info&types.IsBoolean != 0:
			return "false"
		}
		return "0"
	}
	return "nil"
}

// short is a duration without the zeros that String ends in: 10m, not 10m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// typeDoc is the schema's doc comment, with the generated type's name for the schema's.
func typeDoc(s *schema.Schema) string {
	const safe = "It is safe for concurrent use."
	doc := strings.TrimSpace(plain(s.Doc))
	article, rest := cutArticle(doc)
	after, named := strings.CutPrefix(rest, s.Name)
	switch {
	case doc == "":
		return wrap(s.TypeName+" gives typed access to a session with the fields of "+s.Name+".") + "\n" + safe
	case named && (after == "" || strings.ContainsAny(after[:1], " \n,.:;")):
		doc = article + s.TypeName + after
	default:
		doc = wrap(s.TypeName+" gives typed access to a session with the fields of "+s.Name+".") + "\n\n" + doc
	}
	if strings.Contains(doc, "\n\n") || strings.Contains(doc, "\n\t") || strings.Contains(doc, "\n ") {
		return doc + "\n\n" + safe
	}
	return doc + "\n" + safe
}

func cutArticle(doc string) (article, rest string) {
	for _, article := range []string{"A ", "An ", "The "} {
		if rest, ok := strings.CutPrefix(doc, article); ok {
			return article, rest
		}
	}
	return "", doc
}
