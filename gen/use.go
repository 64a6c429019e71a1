package gen

import (
	"fmt"
	"go/types"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/sessiongen/sessiongen/schema"
)

// The accessors of fields with a use: a flash, a factor or a flow.

// accessor begins a method of a session.
func (g *generator) accessor(s *schema.Schema, doc, name string, params ...jen.Code) *jen.Statement {
	g.file.Line()
	g.comment(doc)
	return g.file.Func().Params(g.id("s").Op("*").Id(s.TypeName)).Id(name).Params(params...)
}

// ofField calls a function of the runtime with the session and a field.
func (g *generator) ofField(f *schema.Field, function string, more ...jen.Code) *jen.Statement {
	args := append([]jen.Code{jen.Id(g.local("s") + ".Session"), jen.Op("&").Id(g.fieldVars[f])}, more...)
	return inRuntime(function).Call(args...)
}

// withDoc adds the field's own doc comment to that of its first accessor.
func withDoc(f *schema.Field, doc string) string {
	doc = wrap(doc)
	if text := strings.TrimSpace(plain(f.Doc)); text != "" {
		doc += "\n\n" + text
	}
	return doc
}

// flash writes the accessors of messages for the next page.
func (g *generator) flash(s *schema.Schema, f *schema.Field) {
	elem := f.Type.Go.Underlying().(*types.Slice).Elem()
	g.accessor(s, withDoc(f, fmt.Sprintf("Add%s keeps v for the next page, for at most %s. Of more than %d, the oldest are dropped, with an event.",
		f.Name, short(f.TTL), f.Max)), "Add"+f.Name, g.id("v").Op("...").Add(g.typ(elem))).
		Add(oneLine(g.ofField(f, "AddFlash", g.id("v").Op("..."))))
	g.accessor(s, wrap(fmt.Sprintf("Take%s returns %[1]s and removes them. They stay for the next page if nobody sees this one "+
		"because it is a redirect or a failure (5xx). It returns none to a prefetch, a frame or an image.", f.Name)), "Take"+f.Name).
		Add(g.typ(f.Type.Go)).Add(oneLine(jen.Return(g.ofField(f, "TakeFlash"))))
	g.accessor(s, wrap(fmt.Sprintf("Has%s reports whether there are any to take.", f.Name)), "Has"+f.Name).
		Bool().Add(oneLine(jen.Return(jen.Id(g.fieldVars[f]).Dot("Has").Call(jen.Id(g.local("s") + ".Session")))))
	g.accessor(s, clearDoc(f), "Clear"+f.Name).Add(oneLine(g.ofField(f, "ClearFlash")))
}

// factor writes the accessors of the time when the visitor last proved something.
func (g *generator) factor(s *schema.Schema, f *schema.Field) {
	g.accessor(s, withDoc(f, fmt.Sprintf("Prove%s records that the visitor has just proved %[1]s, and gives the session a new id. "+
		"The proof is forgotten when %s changes or is cleared.", f.Name, s.Principal().Name)), "Prove"+f.Name).
		Add(oneLine(g.ofField(f, "Prove")))
	g.accessor(s, wrap(fmt.Sprintf("%sWithin reports whether the visitor proved %[1]s at most d ago.", f.Name)), f.Name+"Within",
		g.id("d").Add(g.std("time", "Duration"))).Bool().
		Add(oneLine(jen.Return(g.ofField(f, "Within", g.id("d")))))
}

// flow writes the accessors of a flow.
func (g *generator) flow(s *schema.Schema, f *schema.Field) {
	call := func(method string, arg jen.Code) jen.Code {
		return oneLine(jen.Return(jen.Id(g.fieldVars[f]).Dot(method).Call(jen.Id(g.local("s")+".Session"), arg)))
	}
	v := g.id("v").Add(g.typ(f.Type.Go))
	g.accessor(s, withDoc(f, fmt.Sprintf("Start%s begins a flow with v, in a cookie of its own, and returns its state, which must come "+
		"back within %s. Of more than %d flows at once, the oldest ends. If the cookie would exceed 1024 bytes, the state is empty, "+
		"and Err returns the error.", f.Name, short(f.TTL), f.Max)), "Start"+f.Name, v).
		Params(g.id("state").String()).Add(call("Start", g.id("v")))
	g.accessor(s, tryDoc(f, "Start"), "TryStart"+f.Name, v).
		Params(g.id("state").String(), g.id("err").Error()).Add(call("TryStart", g.id("v")))
	g.accessor(s, wrap(fmt.Sprintf("Take%s returns the value of the flow that state belongs to, and ends the flow. ok is false, "+
		"with an event that says why, if this browser did not begin the flow, or if the flow has ended.", f.Name)), "Take"+f.Name, g.id("state").String()).
		Params(g.id("v").Add(g.typ(f.Type.Go)), g.id("ok").Bool()).Add(call("Take", g.id("state")))
}

// flowOptions are the elements of a flow's descriptor for the options in the schema.
func (g *generator) flowOptions(f *schema.Field) []jen.Code {
	options := []jen.Code{
		pair("Name", jen.Lit(f.Name)),
		pair("Key", jen.Lit(f.Key)),
		pair("Max", jen.Lit(f.Max)),
		pair("TTL", g.duration(f.TTL)),
	}
	if f.Path != "" {
		options = append(options, pair("Path", jen.Lit(f.Path)))
	}
	if f.CrossSite {
		options = append(options, pair("CrossSite", jen.True()))
	}
	return options
}
