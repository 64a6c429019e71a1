package migrate

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
)

// namedSessions are what functions need whose callers name the session: a function that takes the name, and an interface that
// all sessions have.
type namedSessions struct {
	function string
	called   bool
	session  *target // its generated type is the interface
}

// namedSessions returns the program's, with names that are free.
func (r *rewriter) namedSessions() *namedSessions {
	if r.named == nil {
		r.named = &namedSessions{function: r.freeInHome("SessionByName"), session: &target{typeName: lower(r.freeInHome(anySession))}}
	}
	return r.named
}

const anySession = "AnySession"

// freeInHome returns a name that is free in the schemas' package.
func (r *rewriter) freeInHome(base string) string {
	taken := r.takenNames()
	for _, t := range r.targets {
		taken[t.generated()] = true
	}
	name := base
	for n := 2; taken[name]; n++ {
		name = fmt.Sprint(base, n)
	}
	return name
}

// hasFixedName reports whether a session's name stands in the program.
func hasFixedName(session string) bool {
	return session != "" && session != unknownSession && session != sharedSession && !strings.ContainsAny(session, "<$")
}

// namedTargets returns the schemas whose sessions a name may stand for.
func (r *rewriter) namedTargets() []*target {
	var list []*target
	for _, t := range r.targets {
		if hasFixedName(t.session) && !t.fields[0].lib.managed {
			list = append(list, t)
		}
	}
	return list
}

// takesName reports whether a call gets the session that the callers of the function around it name, and some name has
// a schema.
func (r *rewriter) takesName(u *unit, call *ast.CallExpr) bool {
	if r.byHand {
		return false
	}
	if taken, known := r.takeNames[call]; known {
		return taken
	}
	taken := r.namedByCallers(u, call) && slices.ContainsFunc(r.namesOf(u, call, nil), r.hasSchema)
	r.takeNames[call] = taken
	return taken
}

// isNamed reports whether the session that an expression stands for comes by its name: callers of the function around it
// name it or pass it, or it comes from a function that takes a name.
func (r *rewriter) isNamed(v value) bool {
	if v.expr == nil {
		return false
	}
	if p, ok := r.sessionParam(v); ok && r.passedSeveral(p) {
		return true
	}
	return slices.ContainsFunc(r.origins(v, false), func(l leaf) bool {
		call, ok := ast.Unparen(l.expr).(*ast.CallExpr)
		return ok && (r.takesName(l.in, call) || r.isGiven(l.in, call))
	})
}

// passedSeveral reports whether callers pass sessions of several names in a parameter, and some name has a schema.
func (r *rewriter) passedSeveral(p place) bool {
	names := r.namesPassed(p)
	return !r.byHand && len(names) > 1 && slices.ContainsFunc(names, r.hasSchema)
}

// hasSchema reports whether a session's name stands in the program, and has a schema.
func (r *rewriter) hasSchema(name string) bool {
	return hasFixedName(name) && r.targetNamed(name) != nil
}

// isGiven reports whether a call gets its session from a function that stays and takes the name.
func (r *rewriter) isGiven(u *unit, call *ast.CallExpr) bool {
	a, ok := r.acquisitionOf(u, call)
	return ok && a.stays() && (r.takesName(a.within.in, a.within.expr.(*ast.CallExpr)) || r.isGiven(a.within.in, a.within.expr.(*ast.CallExpr)))
}

// sessionOfCall returns the expression that takes the place of a call for a session, or "" if it is not known which
// session that is.
func (r *rewriter) sessionOfCall(u *unit, call *ast.CallExpr, a acquisition, ctx string) string {
	if a.stays() {
		return ""
	}
	if r.takesName(u, call) {
		r.namedSessions().called = true
		return r.qualify(u, call, r.namedSessions().function) + "(" + ctx + ", " + r.p.text(call.Args[a.name]) + ")"
	}
	if t := r.targetOfCall(u, call); t != nil {
		return r.sessionFrom(u, call, t, ctx)
	}
	return ""
}

// typeOfSession returns how a file writes the type of a schema's sessions.
func (r *rewriter) typeOfSession(u *unit, at ast.Node, t *target) string {
	name := r.qualify(u, at, t.generated())
	if r.named != nil && t == r.named.session {
		return name
	}
	return "*" + name
}

// bridgedNames says what the methods for wrappers take.
func (r *rewriter) bridgedNames() (what string) {
	if r.named == nil || !r.named.called {
		return "keys as strings, for functions that got a key as a parameter before"
	}
	return "names of sessions, and keys, as strings, for functions that got them as parameters before"
}

// unite gives the sessions that a name may stand for the same methods.
func (r *rewriter) unite() *bridge {
	all := &bridge{}
	for _, t := range r.namedTargets() {
		all.include(*r.bridge(t))
	}
	for _, t := range r.namedTargets() {
		r.bridge(t).include(*all)
	}
	return all
}

// source writes the function that takes a session's name.
func (n *namedSessions) source(w *strings.Builder, targets []*target) {
	session := n.session.generated()
	fmt.Fprintf(w, "\n// %s returns the session of a name. It panics if there is none.\n//\n// Deprecated: call the From function of the session.\n"+
		"func %[1]s(ctx context.Context, name string) %s {\n\tswitch name {\n", n.function, session)
	for _, t := range targets {
		fmt.Fprintf(w, "\tcase %q:\n\t\treturn %sFrom(ctx)\n", t.session, t.generated())
	}
	w.WriteString("\t}\n\tpanic(\"no session has the name \" + name)\n}\n")
}

// union writes the interface that all sessions with names have.
func (n *namedSessions) union(w *strings.Builder, methods *bridge) {
	fmt.Fprintf(w, "\n// %s is a session of one of several names.\n//\n// Deprecated: use the type of the session.\ntype %[1]s interface {\n", n.session.generated())
	for _, m := range []struct {
		needed bool
		text   string
	}{
		{methods.read, "ByKey(key string) any\n\tLookupByKey(key string) (v any, ok bool)"},
		{methods.look, "HasByKey(key string) bool"},
		{methods.pop, "PopByKey(key string) any"},
		{methods.write, "SetByKey(key string, v any)"},
		{methods.delete, "ClearByKey(key string)"},
		{methods.add, "AddByKey(key string, v any)"},
		{methods.take, "TakeByKey(key string) []any"},
		{true, "Clear()\n\tDestroy()\n\tErr() error\n\tID() string\n\tIsNew() bool\n\tSetPermanent(permanent bool)"},
	} {
		if m.needed {
			fmt.Fprintf(w, "\t%s\n", m.text)
		}
	}
	w.WriteString("}\n")
}
