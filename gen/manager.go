package gen

import (
	"fmt"

	"github.com/dave/jennifer/jen"

	"github.com/sessiongen/sessiongen/schema"
)

// manager writes the type of a schema's managers, its constructor, and its methods for the sessions of one principal.
func (g *generator) manager(s *schema.Schema) {
	name := s.Manager()
	g.file.Line()
	g.comment(managerDoc(s))
	g.file.Type().Id(name).Id("struct").Op("{").Op("*").Add(g.embeddedManager(s)).Op("}")

	constructor := "New" + name
	g.file.Line()
	g.comment(wrap(constructor + " returns a manager with the configuration cfg. " +
		"Its error lists everything that is wrong with cfg."))
	args := []jen.Code{
		g.id("cfg"),
		jen.Func().Params(g.id("s").Add(inRuntime("Session"))).Id(s.TypeName).
			Add(oneLine(jen.Return(jen.Id(s.TypeName).Values(g.id("s"))))),
	}
	for _, f := range s.Stored() {
		args = append(args, jen.Line().Op("&").Id(g.fieldVars[f]))
	}
	args = append(args, jen.Line())
	g.file.Func().Id(constructor).Params(g.id("cfg").Add(inRuntime("Config"))).
		Params(jen.Op("*").Id(name), jen.Error()).
		Block(
			jen.List(g.id("m"), g.id("err")).Op(":=").Add(inRuntime("NewManager")).Call(args...),
			jen.If(g.id("err").Op("!=").Nil()).Block(jen.Return(jen.Nil(), g.id("err"))),
			jen.Return(jen.Op("&").Id(name).Values(g.id("m")), jen.Nil()),
		)
	if f := s.Principal(); f != nil {
		g.principalMethods(s, f)
	}
}

func (g *generator) embeddedManager(s *schema.Schema) *jen.Statement {
	return inRuntime("Manager").Types(jen.Id(s.TypeName))
}

// principalMethods writes the manager's methods for the sessions of one principal.
func (g *generator) principalMethods(s *schema.Schema, f *schema.Field) {
	method := func(doc, verb string, more ...jen.Code) *jen.Statement {
		g.file.Line()
		g.comment(wrap(doc))
		params := append([]jen.Code{g.id("ctx").Qual("context", "Context"), g.id("id").Add(g.typ(f.Type.Go))}, more...)
		return g.file.Func().Params(g.id("m").Op("*").Id(s.Manager())).Id(verb + "By" + f.Name).Params(params...)
	}
	call := func(name string, more ...jen.Code) *jen.Statement {
		args := append([]jen.Code{g.id("ctx"), g.id("m").Dot("Manager"), jen.Op("&").Id(g.fieldVars[f]), g.id("id")}, more...)
		return jen.Return(inRuntime(name).Call(args...))
	}

	method(fmt.Sprintf("RevokeBy%[1]s ends every session of this %[1]s: it logs them out everywhere. "+
		"Later log-ins are not affected. It needs Config.Store or Config.Revocations.", f.Name), "Revoke").
		Error().Block(call("RevokeBy"))

	entry := jen.Func().Params(g.id("e").Add(inRuntime("Entry"))).Id(s.Entry()).
		Add(oneLine(jen.Return(jen.Id(s.Entry()).Values(g.id("e")))))
	method(fmt.Sprintf("ListBy%[1]s yields the sessions of this %[1]s in no particular order. More sessions may follow "+
		"an error. It needs Config.Store.", f.Name), "List").
		Add(g.std("iter", "Seq2").Types(jen.Id(s.Entry()), jen.Error())).
		Block(call("ListBy", entry))

	method(fmt.Sprintf("UpdateBy%[1]s calls f with each session of this %[1]s, saves the changes, and returns the number of "+
		"changed sessions. If a request changes a session meanwhile, f is called again with the newer one. An error about one session "+
		"does not stop it; the first error is returned. It stops when ctx is done. f cannot give a session a new id. It needs Config.Store.", f.Name),
		"Update", g.id("f").Func().Params(jen.Op("*").Id(s.TypeName))).
		Params(g.id("changed").Int(), g.id("err").Error()).
		Block(call("UpdateBy", g.id("f")))
}

// entry writes the type of a listed session, and its getters.
func (g *generator) entry(s *schema.Schema) {
	g.file.Line()
	g.comment(wrap(fmt.Sprintf("%s is a read-only %s, as ListBy%s yields it. It also has ID, CreatedAt, AuthenticatedAt, "+
		"LastSeen, ExpiresAt and Permanent.", s.Entry(), s.TypeName, s.Principal().Name)))
	g.file.Type().Id(s.Entry()).Id("struct").Op("{").Add(inRuntime("Entry")).Op("}")
	for _, f := range s.Fields {
		if f.Use != schema.Value {
			continue
		}
		getter := func(doc, verb string, typ *jen.Statement) {
			g.file.Line()
			g.comment(doc)
			g.file.Func().Params(g.id("e").Id(s.Entry())).Id(verb + f.Name).Params().Add(typ).
				Add(oneLine(jen.Return(jen.Id(g.fieldVars[f]).Dot(verb + "Of").Call(g.id("e").Dot("Entry")))))
		}
		getter(wrap(fmt.Sprintf("Get%s returns %[1]s of the listed session, or %s if it is not set.", f.Name, unset(f))), "Get", g.typ(f.Type.Go))
		getter(wrap(fmt.Sprintf("Has%s reports whether %[1]s is set in the listed session.", f.Name)), "Has", jen.Bool())
	}
}

// managerDoc is the doc comment of the type of a schema's managers.
func managerDoc(s *schema.Schema) string {
	doc := fmt.Sprintf("%s loads and saves sessions of the type %s. It has the methods of [runtime.Manager], such as Handler",
		s.Manager(), s.TypeName)
	if s.Principal() == nil {
		return wrap(doc + ".")
	}
	return wrap(doc + ", RevokeID and RevokeOthers.")
}
