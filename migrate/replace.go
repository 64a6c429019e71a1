package migrate

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// replacesValues returns the assignment of a map literal to a session's values if a site is an entry of the literal,
// and nil otherwise. The session then has only these entries.
func (r *rewriter) replacesValues(s *site) *ast.AssignStmt {
	lit, ok := s.session.expr.(*ast.CompositeLit)
	if !ok || s.via != nil {
		return nil
	}
	assign, ok := r.outer(lit).(*ast.AssignStmt)
	if !ok || len(assign.Lhs) != 1 || assign.Tok != token.ASSIGN || !r.inBlock(assign) || !selectsValues(value{assign.Lhs[0], s.at.in, whole}) {
		return nil
	}
	return assign
}

var otherLeft = refusal{"another entry of the map is left, and the map takes the place of all values", "call Clear and then the accessors"}

// replacedValues plans the change of an entry of such a literal: the first entry's change sets all of them, after clearing
// the session.
func (r *rewriter) replacedValues(s *site, assign *ast.AssignStmt) (*change, *refusal) {
	var entries []*site
	for _, other := range r.sites {
		if other.session.expr == s.session.expr && other.via == nil {
			entries = append(entries, other)
		}
	}
	if _, why := r.replacedEntry(s, assign); why != nil {
		return nil, why
	}
	c := &change{}
	for _, entry := range entries {
		edits, why := r.replacedEntry(entry, assign)
		if why != nil {
			return nil, &otherLeft
		}
		c.edits = append(c.edits, edits...)
	}
	if s != entries[0] {
		return &change{with: entries[0]}, nil
	}
	lit := s.session.expr.(*ast.CompositeLit)
	c.edits = append(c.edits,
		r.p.replaceRange(assign.Pos(), lit.Lbrace+1, r.sessionText(s, assign)+".Clear()"+r.newLine(lit.Lbrace, lit.Elts[0].Pos())),
		r.p.removeRange(lit.Rbrace, assign.End()))
	return c, nil
}

// sessionText is the expression for the session whose values are assigned.
func (r *rewriter) sessionText(s *site, assign *ast.AssignStmt) string {
	return r.render(s.at.in, ast.Unparen(assign.Lhs[0]).(*ast.SelectorExpr).X)
}

// newLine returns a line break if a new statement would otherwise be on the line of another one.
func (r *rewriter) newLine(before, after token.Pos) string {
	if r.p.place(before).Line == r.p.place(after).Line {
		return "\n"
	}
	return ""
}

// replacedEntry returns the edits that turn an entry into a Set.
func (r *rewriter) replacedEntry(s *site, assign *ast.AssignStmt) ([]edit, *refusal) {
	var d *field
	switch {
	case s.inside && len(s.keys) == 0: // its callers decide the field
	case s.dynamic != "" || len(r.of[s]) != 1:
		return nil, &refusal{"the key is computed or one of several", "call Clear and then the accessors"}
	default:
		d = r.of[s][0]
		if why := r.unusable(d); why != nil {
			return nil, why
		}
	}
	if r.mayRead(s.val) {
		return nil, &refusal{"the value may come from the session, which is cleared first", "keep it in a variable first"}
	}
	kv, ok := r.parents[s.at.expr].(*ast.KeyValueExpr)
	if !ok {
		return nil, &refusal{"the entry is in parentheses", "take them away"}
	}
	comma, why := r.comma(kv, s.session.expr.(*ast.CompositeLit))
	if why != nil {
		return nil, why
	}
	if isNil(s.val) || d != nil && d.blanks(s) { // no entry: the session is cleared
		return []edit{r.p.removeRange(kv.Pos(), max(kv.End(), comma.pos+1))}, nil
	}
	of := *s
	of.at.expr = kv
	w := &writer{r: r, s: &of, d: d, recv: r.sessionText(s, assign)}
	c, why := r.entryWritten(s, w)
	if why != nil {
		return nil, why
	}
	if comma.pos.IsValid() {
		return append(c.edits, r.p.replaceRange(comma.pos, comma.pos+1, comma.text)), nil
	}
	return c.edits, nil
}

// entryWritten plans the Set of an entry.
func (r *rewriter) entryWritten(s *site, w *writer) (*change, *refusal) {
	if w.d == nil {
		return r.bridgedAs(s, w)
	}
	w.name = r.target[w.d].names[w.d]
	return w.write()
}

// A separator is the comma after an entry, with its replacement. It has no position if there is no comma.
type separator struct {
	pos  token.Pos
	text string
}

// comma is the comma after an entry.
func (r *rewriter) comma(kv *ast.KeyValueExpr, lit *ast.CompositeLit) (separator, *refusal) {
	next := lit.Rbrace
	for _, elt := range lit.Elts {
		if elt.Pos() > kv.Pos() {
			next = elt.Pos()
			break
		}
	}
	name, from := r.p.offset(kv.End())
	_, to := r.p.offset(next)
	switch between := strings.TrimSpace(string(r.p.source[name][from:to])); {
	case between == "":
		return separator{}, nil
	case r.p.source[name][from] != ',':
		return separator{}, &refusal{"a comment stands before the comma", "move it behind"}
	}
	if next == lit.Rbrace {
		return separator{kv.End(), ""}, nil
	}
	return separator{kv.End(), r.newLine(kv.End(), next)}, nil
}

// mayRead reports whether computing a value may read the session: it names a session, passes one on, or passes
// something that leads to one.
func (r *rewriter) mayRead(v value) bool {
	found := false
	ast.Inspect(v.expr, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			found = true
		case *ast.CallExpr:
			found = found || r.callMayRead(v.in, n)
		case ast.Expr:
			found = found || sessionType(namedType(typeOf(value{n, v.in, whole}))) != nil
		}
		return !found
	})
	return found
}

// callMayRead reports whether a call may read a session. A function of the program may if it gets more than plain
// values; another one may if it gets something that leads to a session.
func (r *rewriter) callMayRead(u *unit, call *ast.CallExpr) bool {
	fun := ast.Unparen(call.Fun)
	if u.info.Types[fun].IsType() || u.info.Types[fun].IsBuiltin() {
		return false
	}
	fn := callee(u, call)
	own := fn == nil || r.funcs[fn.Pos()] != nil
	args := r.args(call)
	if own && fn != nil {
		if recv := r.receiverOf(call, fn); recv != nil {
			args = append([]ast.Expr{recv}, args...)
		}
	}
	for _, arg := range args {
		t := typeOf(value{arg, u, whole})
		_, isBasic := t.Underlying().(*types.Basic)
		if own && !isBasic || leadsToSession(t) {
			return true
		}
	}
	return own && len(args) == 0
}

// leadsToSession reports whether values of a type lead to a session.
func leadsToSession(t types.Type) bool {
	named := namedOf(t)
	if named == nil || named.Obj().Pkg() == nil {
		return types.IsInterface(t)
	}
	p := named.Obj().Pkg().Path()
	return isRequest(t) || named.Obj().Name() == "Context" || libraryOf(p) != nil
}
