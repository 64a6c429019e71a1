package migrate

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// optionNames are the libraries' options by "Type.Field", with their names here.
var optionNames = map[string]string{
	"Options.Path": "Path", "Options.Domain": "Domain", "Options.MaxAge": "MaxAge", "Options.Secure": "Secure",
	"Options.HttpOnly": "HttpOnly", "Options.SameSite": "SameSite", "Options.Partitioned": "Partitioned",
	"SessionCookie.Name": "Name", "SessionCookie.Path": "Path", "SessionCookie.Domain": "Domain", "SessionCookie.Secure": "Secure",
	"SessionCookie.HttpOnly": "HttpOnly", "SessionCookie.SameSite": "SameSite", "SessionCookie.Persist": "Persist",
	"SessionCookie.Partitioned": "Partitioned",
	"SessionManager.Lifetime":   "Lifetime", "SessionManager.IdleTimeout": "IdleTimeout", "SessionManager.Store": "Store",
	"SessionManager.ErrorFunc": "ErrorFunc", "SessionManager.HashTokenInStore": "HashTokenInStore",
}

// optionsOf are the fields and methods of a store that hold all options of a cookie.
var optionsOf = []string{"Options", "Cookie"}

// carried is what a program says about the sessions of a maker.
type carried struct {
	r          *rewriter
	m          *maker
	given      map[string]value // "CodecAge" is how long the library itself accepts a cookie
	reset      bool             // the options replace the library's own, so missing ones are zero
	stmts      []ast.Stmt
	conditions []conditional
	refuse     *refusal
	variables  map[place]bool // they hold all options at once
}

// carry collects the options of a maker's sessions, in source order.
func (r *rewriter) carry(m *maker) *carried {
	c := &carried{r: r, m: m, given: map[string]value{}, variables: map[place]bool{}}
	c.findVariables()
	for _, u := range r.p.units {
		if u.tests != m.at.in.tests {
			continue
		}
		for _, file := range u.files {
			ast.Inspect(file, func(n ast.Node) bool {
				if stmt, ok := n.(ast.Stmt); ok {
					c.statement(u, stmt)
				}
				return true
			})
		}
	}
	return c
}

// statement takes over the options that a statement sets.
func (c *carried) statement(u *unit, stmt ast.Stmt) {
	switch n := stmt.(type) {
	case *ast.AssignStmt:
		if len(n.Lhs) == 1 && len(n.Rhs) == 1 {
			c.assignment(u, n)
		}
	case *ast.ExprStmt:
		if call, ok := n.X.(*ast.CallExpr); ok && len(call.Args) == 1 {
			c.called(u, n, call)
		}
		c.calledForRedis(u, n, n.X)
	case *ast.DeferStmt:
		c.calledForRedis(u, n, n.Call)
	case *ast.IfStmt:
		if set, ok := n.Init.(*ast.AssignStmt); ok && n.Else == nil && len(set.Rhs) == 1 && isNotNil(n.Cond) {
			c.calledForRedis(u, n, set.Rhs[0])
		}
	}
}

func (c *carried) assignment(u *unit, n *ast.AssignStmt) {
	if n.Tok == token.ASSIGN && c.r.inBlock(n) {
		c.calledForRedis(u, n, n.Rhs[0])
	}
	if n.Tok == token.DEFINE && c.isVariable(u, n.Lhs[0]) {
		c.literal(u, n, literalOf(n.Rhs[0]))
	} else if sel, ok := ast.Unparen(n.Lhs[0]).(*ast.SelectorExpr); ok {
		c.assigned(u, n, sel)
	}
}

// called takes over the options that a call of the store's method sets.
func (c *carried) called(u *unit, n *ast.ExprStmt, call *ast.CallExpr) {
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok || !c.isStore(u, sel.X) {
		return
	}
	switch sel.Sel.Name {
	case "Options":
		c.all(u, n, call.Args[0])
	case "MaxAge", "SetMaxAge":
		c.set(n, "MaxAge", value{call.Args[0], u, whole})
		if c.conditionOf(n) == nil {
			c.given["CodecAge"] = c.given["MaxAge"]
		}
	}
}

func (c *carried) assigned(u *unit, n *ast.AssignStmt, sel *ast.SelectorExpr) {
	v := value{n.Rhs[0], u, whole}
	if c.isVariable(u, sel.X) {
		c.field(n, u.info.TypeOf(sel.X), sel.Sel.Name, v)
		return
	}
	if c.isStore(u, sel.X) {
		if slices.Contains(optionsOf, sel.Sel.Name) {
			c.all(u, n, n.Rhs[0])
			return
		}
		c.field(n, u.info.TypeOf(sel.X), sel.Sel.Name, v)
		return
	}
	inner, ok := ast.Unparen(sel.X).(*ast.SelectorExpr)
	if ok && slices.Contains(optionsOf, inner.Sel.Name) && c.isStore(u, inner.X) {
		c.field(n, u.info.TypeOf(sel.X), sel.Sel.Name, v)
	}
}

// isStore reports whether an expression is the store or manager of the maker.
func (c *carried) isStore(u *unit, e ast.Expr) bool {
	p, ok := c.r.placeAt(u, e)
	return ok && c.m.held[p]
}

// all takes over options that are assigned together.
func (c *carried) all(u *unit, stmt ast.Stmt, e ast.Expr) {
	if c.isVariable(u, e) {
		c.note(stmt) // the variable's options are taken over where it gets them
		return
	}
	lit := literalOf(e)
	if lit == nil {
		c.refuse = &refusal{"its options are in a variable", ""}
		return
	}
	c.literal(u, stmt, lit)
}

// literal takes over the options of a literal; those that it does not name are unset.
func (c *carried) literal(u *unit, stmt ast.Stmt, lit *ast.CompositeLit) {
	for _, name := range []string{"Path", "Domain", "MaxAge", "Secure", "HttpOnly", "SameSite", "Partitioned", "Name", "Persist"} {
		delete(c.given, name)
	}
	c.reset = true
	c.note(stmt)
	for _, elt := range lit.Elts {
		kv, ok := elt.(*ast.KeyValueExpr)
		if id, isIdent := kvKey(kv, ok); isIdent {
			c.field(stmt, u.info.TypeOf(lit), id.Name, value{kv.Value, u, whole})
		}
	}
}

// isVariable reports whether an expression is a variable for all options.
func (c *carried) isVariable(u *unit, e ast.Expr) bool {
	p, ok := c.r.placeAt(u, e)
	return ok && c.variables[p]
}

// literalOf is the composite literal that an expression is or points to, nil if there is none.
func literalOf(e ast.Expr) *ast.CompositeLit {
	e = ast.Unparen(e)
	if amp, ok := e.(*ast.UnaryExpr); ok && amp.Op == token.AND {
		e = ast.Unparen(amp.X)
	}
	lit, _ := e.(*ast.CompositeLit)
	return lit
}

// findVariables finds the variables that the store gets its options from, if they have no other use.
func (c *carried) findVariables() {
	c.r.eachCall(func(u *unit, call *ast.CallExpr) {
		sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
		if ok && len(call.Args) == 1 && sel.Sel.Name == "Options" && c.isStore(u, sel.X) {
			c.variable(u, call.Args[0])
		}
	})
	for _, u := range c.r.p.units {
		for _, file := range u.files {
			ast.Inspect(file, func(n ast.Node) bool {
				if assign, ok := n.(*ast.AssignStmt); ok && len(assign.Lhs) == 1 && len(assign.Rhs) == 1 {
					sel, ok := ast.Unparen(assign.Lhs[0]).(*ast.SelectorExpr)
					if ok && slices.Contains(optionsOf, sel.Sel.Name) && c.isStore(u, sel.X) {
						c.variable(u, assign.Rhs[0])
					}
				}
				return true
			})
		}
	}
}

// variable notes a local variable for options: it gets a literal, then perhaps single options, and is then given to
// the store.
func (c *carried) variable(u *unit, e ast.Expr) {
	id, ok := ast.Unparen(e).(*ast.Ident)
	if !ok {
		return
	}
	p, ok := c.r.placeAt(u, id)
	if !ok || len(c.r.into[p]) != 1 || literalOf(c.r.into[p][0].expr) == nil {
		return
	}
	handed := 0
	for _, use := range c.r.uses[p] {
		sel, field := c.r.parents[use.expr].(*ast.SelectorExpr)
		if field && c.r.isTarget(sel) {
			continue
		}
		handed++
	}
	c.variables[p] = handed == 1
}

func (c *carried) field(stmt ast.Stmt, owner types.Type, name string, v value) {
	named := namedOf(owner)
	if named == nil {
		return
	}
	option, ok := optionNames[named.Obj().Name()+"."+name]
	if !ok {
		c.refuse = &refusal{"its option " + name + " has no counterpart", ""}
		return
	}
	c.set(stmt, option, v)
}

func (c *carried) set(stmt ast.Stmt, option string, v value) {
	if c.isConditional(stmt, option, v) {
		return
	}
	c.note(stmt)
	c.given[option] = v
}

// note records a statement. It must always run, right after the store is made.
func (c *carried) note(stmt ast.Stmt) {
	if slices.Contains(c.stmts, stmt) {
		return
	}
	c.stmts = append(c.stmts, stmt)
	if !c.always(stmt) {
		c.refuse = &refusal{"an option is set under a condition", ""}
	}
}

// enclosingStmt is the block statement that an expression is part of, nil if there is none.
func (r *rewriter) enclosingStmt(e ast.Node) ast.Stmt {
	for n := e; n != nil; n = r.parents[n] {
		if _, ok := n.(*ast.FuncLit); ok {
			return nil
		}
		if stmt, ok := n.(ast.Stmt); ok && r.inBlock(stmt) {
			return stmt
		}
	}
	return nil
}

// isNotNil reports whether an expression compares something with nil, such as an error.
func isNotNil(e ast.Expr) bool {
	cmp, ok := ast.Unparen(e).(*ast.BinaryExpr)
	if !ok || cmp.Op != token.NEQ {
		return false
	}
	id, ok := ast.Unparen(cmp.Y).(*ast.Ident)
	return ok && id.Name == "nil"
}
