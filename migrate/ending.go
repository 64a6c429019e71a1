package migrate

import (
	"fmt"
	"go/ast"
	"slices"
)

// A negative MaxAge ends a session when it is saved, whatever is written before or afterwards. Destroy ends the session
// at once, and a later write begins a new one. So Destroy is only written where no write follows: in place of the
// options or, if there is code in between, in place of the Save.

// An ending is an assignment of one request's options that ends the session.
type ending struct {
	*rewriter
	at      ast.Node // the statement, or the call within one
	session value
	names   []string
}

// ending replaces options that end a session.
func (r *rewriter) ending(at ast.Node, session value, recv string) (*change, *refusal) {
	e := &ending{r, at, session, nil}
	e.names = r.sessionsOf(e.site())
	u := session.in
	rest := r.later(u, at, session.expr)
	if other := e.first(rest, e.outlives); other.node != nil {
		return nil, &refusal{
			fmt.Sprintf("the session ends when it is saved, unless the options that may follow at %s are set by then", e.position(other)),
			"call Destroy where it ends, and SetPermanent elsewhere",
		}
	}
	writes, reads := e.first(rest, sets), e.first(rest, gets)
	if save := e.save(); save != nil && (writes.node != nil || reads.node != nil) {
		rest := slices.Concat(r.within(u, save), r.later(u, save, session.expr))
		if e.first(rest, sets).node == nil && (writes.node != nil || e.first(rest, gets).node == nil) {
			place := r.p.remove(save)
			return &change{
				edits: []edit{r.p.remove(at), {place.file, place.from, place.from, recv + ".Destroy()\n"}},
				note:  e.note(e.first(rest, gets)),
			}, nil
		}
	}
	if writes.node != nil {
		return nil, &refusal{
			fmt.Sprintf("the session ends when it is saved, and what is set after this, at %s, was lost: after Destroy it would begin a new session", e.position(writes)),
			"remove what is set afterwards, or move it before this, and call Destroy here",
		}
	}
	return &change{edits: []edit{r.p.replace(at, recv+".Destroy()")}, note: e.note(reads)}, nil
}

func (e *ending) site() *site { return &site{lib: gorilla, session: e.session} }

func (e *ending) position(c passage) string {
	pos := e.p.place(c.node.Pos())
	return fmt.Sprintf("%s:%d:%d", relative(e.p.dir, pos.Filename), pos.Line, pos.Column)
}

// note says where the session is read after its end.
func (e *ending) note(read passage) string {
	if read.node == nil {
		return ""
	}
	return "the session is empty after Destroy, and kept its values before: it is read at " + e.position(read)
}

// first is the first use of a kind in some code, in source order.
func (e *ending) first(rest []passage, is func(*site) bool) (found passage) {
	nearer := func(n ast.Node) bool { return found.node == nil || n.Pos() < found.node.Pos() }
	for _, s := range e.sites {
		if !s.at.in.tests && is(s) && nearer(s.at.expr) && e.same(s) && slices.ContainsFunc(rest, func(c passage) bool { return holds(c, s.at.expr) }) {
			found = passage{s.at.expr, s.at.in}
		}
	}
	for _, c := range rest {
		ast.Inspect(c.node, func(n ast.Node) bool {
			if s := e.optionsSite(c.in, n); s != nil && is(s) && nearer(n) && e.same(s) {
				found = passage{n, c.in}
			}
			return true
		})
	}
	return found
}

func holds(c passage, n ast.Node) bool { return c.node.Pos() <= n.Pos() && n.Pos() < c.node.End() }

// same reports whether a use may be of the session that ends here.
func (e *ending) same(s *site) bool {
	names := e.sessionsOf(s)
	return len(names) == 0 || len(e.names) == 0 || slices.ContainsFunc(names, func(name string) bool { return slices.Contains(e.names, name) })
}

// optionsSite treats an assignment to a session's options as a use of it.
func (e *ending) optionsSite(u *unit, n ast.Node) *site {
	assign, ok := n.(*ast.AssignStmt)
	if !ok {
		return nil
	}
	session, field := assignedField(u, assign)
	if session == nil || field != "Options" && field != "MaxAge" {
		return nil
	}
	return &site{lib: gorilla, verb: optionsVerb, at: value{assign.Rhs[0], u, whole}, session: value{session, u, whole}}
}

// outlives reports whether a use gives the session options that keep it alive.
func (e *ending) outlives(s *site) bool {
	if s.verb != optionsVerb {
		return false
	}
	arg := s.at.expr
	if call, ok := arg.(*ast.CallExpr); ok && len(call.Args) == 1 {
		arg = call.Args[0]
	}
	method, _, _ := e.perRequest(s.at.in, arg)
	return method != destroy
}

func sets(s *site) bool { return s.verb == writeVerb || s.verb == addFlashVerb }

func gets(s *site) bool {
	return slices.Contains([]verb{readVerb, lookVerb, popVerb, takeFlashesVerb}, s.verb)
}

// save is the next statement that saves the session, if every path reaches it: it is in the same list, and nothing
// before it leaves the list.
func (e *ending) save() ast.Stmt {
	for _, stmt := range statementsAfter(e.parents[e.at], e.at) {
		inside := e.within(e.session.in, stmt)
		saves := e.first(inside, func(s *site) bool { return s.verb == saveVerb })
		switch {
		case saves.node == nil && branches(stmt):
			return nil
		case saves.node == nil:
			continue
		case e.block(saves.node.(ast.Expr)) != stmt || !e.savedAs(saves.node):
			return nil
		}
		return stmt
	}
	return nil
}

// savedAs reports whether a call saves the session under the same expression.
func (e *ending) savedAs(call ast.Node) bool {
	i := slices.IndexFunc(e.sites, func(s *site) bool { return s.at.expr == call })
	saved := e.sites[i].session.expr
	return saved == nil || e.p.text(saved) == e.p.text(e.session.expr)
}

// branches reports whether a statement may leave the list that it is in.
func branches(s ast.Stmt) bool {
	return hasNode(s, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.ReturnStmt, *ast.BranchStmt:
			return true
		}
		return false
	})
}

// hasNode reports whether some node of a statement is so. The functions in it are not looked at.
func hasNode(s ast.Stmt, is func(ast.Node) bool) bool {
	found := false
	ast.Inspect(s, func(n ast.Node) bool {
		if _, isFunc := n.(*ast.FuncLit); isFunc || found {
			return false
		}
		found = is(n)
		return !found
	})
	return found
}
