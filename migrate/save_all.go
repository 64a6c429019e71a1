package migrate

import (
	"go/ast"
	"go/types"
)

// saveAll replaces a call that saves all sessions of a request. Each is saved with the response; the error is that of
// the session in scope.
func (r *rewriter) saveAll(s *site, call *ast.CallExpr) (*change, *refusal) {
	if r.someLeft() { // the old store keeps some
		return nil, &leftSaved
	}
	recv := r.sessionInScope(s.at.in, call)
	switch {
	case recv != "":
	case r.only() != nil && len(call.Args) > 0 && isRequest(s.at.in.info.TypeOf(call.Args[0])):
		recv = r.sessionFrom(s.at.in, call, r.targets[0], r.context(s.at.in, call.Args[0]))
	default:
		if _, ok := r.statement(call); !ok {
			return nil, &refusal{"several sessions are saved at once", "ask the Err of each"}
		}
	}
	return r.save(s, call, recv), nil
}

// someLeft reports whether some sessions of the program get no schema. Sessions that the program's own store gets
// internally do not count.
func (r *rewriter) someLeft() bool {
	left := false
	r.eachCall(func(u *unit, call *ast.CallExpr) {
		if _, ok := r.acquisitionOf(u, call); ok && !u.tests && !r.inStore(value{call, u, whole}) {
			left = left || r.targetOfCall(u, call) == nil && !r.takesName(u, call)
		}
	})
	return left
}

// sessionInScope is the variable with a session at a node, "" if there is none or there are several.
func (r *rewriter) sessionInScope(u *unit, at ast.Node) string {
	found := ""
	for scope := u.types.Scope().Innermost(at.Pos()); scope != nil && scope != u.types.Scope(); scope = scope.Parent() {
		for _, name := range scope.Names() {
			v, ok := scope.Lookup(name).(*types.Var)
			if !ok || v.Pos() >= at.Pos() || sessionType(namedType(v.Type())) != gorilla {
				continue
			}
			if found != "" {
				return ""
			}
			found = name
		}
	}
	return found
}
