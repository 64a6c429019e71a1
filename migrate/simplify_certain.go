package migrate

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// A program that got a value of type any asks first whether there is one, and then whether it is of the right type. The
// accessor answers both at once, so the second answer is certain.

const noOtherType = "a value that is there is of the field's type, and the branch for others is gone"

// certain finds the answers that are certain after a statement in place of a type assertion.
func (s *simplifier) certain(n *ast.AssignStmt) {
	if value := n.Rhs[0]; !isName(value) || !s.isAdded(value) {
		return
	}
	switch {
	case len(n.Lhs) == 1 && len(n.Rhs) == 1:
		s.askedAgain(n)
	case len(n.Lhs) == 2 && len(n.Rhs) == 2 && n.Tok == token.DEFINE:
		s.sameAnswer(n)
	}
}

// askedAgain looks at an if statement directly after a statement, whose condition asks for a variable that is true there.
func (s *simplifier) askedAgain(n *ast.AssignStmt) {
	rest := statementsAfter(s.up[n], n)
	if len(rest) == 0 {
		return
	}
	stmt, ok := rest[0].(*ast.IfStmt)
	if !ok || stmt.Init != nil {
		return
	}
	for _, id := range identsOf(stmt.Cond) {
		if s.inCondition(id) && s.isTrue(id, stmt) {
			s.known[id], s.typed[stmt] = true, true
		}
	}
}

// sameAnswer replaces a variable that gets the value of another, which is true there.
func (s *simplifier) sameAnswer(n *ast.AssignStmt) {
	given, isIdent := n.Lhs[1].(*ast.Ident)
	from, ok := n.Rhs[1].(*ast.Ident)
	if !isIdent || !ok || isBlank(n.Lhs[0]) || !s.isAdded(from) {
		return
	}
	if obj := s.info().Uses[given]; obj != nil && obj == s.info().Uses[from] { // the value that it has
		s.onlyFirst(n)
		return
	}
	obj := s.info().Defs[given]
	if obj == nil || !s.isTrue(from, n) || slices.ContainsFunc(s.uses[obj], s.mayChange) {
		return
	}
	for _, id := range s.uses[obj] {
		s.decide(id)
	}
	for _, id := range s.uses[obj] {
		if _, decided := s.known[id]; !decided && !s.isDead(id) {
			s.replace(id.Pos(), id.End(), "true")
		}
	}
	s.onlyFirst(n)
}

// decide notes that an operand of an if statement's condition is true, if the condition becomes simpler by that.
func (s *simplifier) decide(id *ast.Ident) {
	if !s.inCondition(id) {
		return
	}
	stmt := s.ifAround(id)
	s.known[id] = true
	if text, answer := s.simple(stmt.Cond); answer != nil && stmt.Init != nil || answer == nil && text == s.source(stmt.Cond) {
		delete(s.known, id)
		return
	}
	s.typed[stmt] = true
}

// onlyFirst leaves only the first of two variables.
func (s *simplifier) onlyFirst(n *ast.AssignStmt) {
	if s.info().Defs[n.Lhs[0].(*ast.Ident)] == nil {
		s.replace(n.TokPos, n.TokPos+2, "=")
	}
	s.replace(n.Lhs[0].End(), n.Lhs[1].End(), "")
	s.replace(n.Rhs[0].End(), n.Rhs[1].End(), "")
}

// ifAround is the if statement whose condition has an operand.
func (s *simplifier) ifAround(n ast.Node) *ast.IfStmt {
	for {
		if stmt, ok := n.(*ast.IfStmt); ok {
			return stmt
		}
		n = s.up[n]
	}
}

func (s *simplifier) info() *types.Info { return s.u.info }

// isTrue reports whether a local variable of type bool is certainly true at a statement: a condition has asked for it.
func (s *simplifier) isTrue(id *ast.Ident, at ast.Stmt) bool {
	obj, ok := s.info().Uses[id].(*types.Var)
	if !ok || isPackageLevel(obj) || obj.IsField() {
		return false
	}
	for child, up := ast.Node(at), s.up[at]; up != nil; child, up = up, s.up[up] {
		switch up := up.(type) {
		case *ast.FuncLit, *ast.FuncDecl, *ast.ForStmt, *ast.RangeStmt:
			return false
		case *ast.IfStmt:
			if child == up.Body && s.asks(up.Cond, obj, true) {
				return true
			}
		}
		switch s.answerBefore(obj, statementsOf(up), child) {
		case yes:
			return true
		case unknown:
			return false
		}
	}
	return false
}

// An answer says what the statements before one say about a variable.
type answer int

const (
	silent answer = iota
	yes
	unknown // the variable may change in them
)

func (s *simplifier) answerBefore(obj types.Object, list []ast.Stmt, child ast.Node) answer {
	i := slices.IndexFunc(list, func(stmt ast.Stmt) bool { return stmt == child })
	if i < 0 || isClause(child) {
		return silent
	}
	for _, stmt := range slices.Backward(list[:i]) {
		check, ok := stmt.(*ast.IfStmt)
		if ok && endsInJump(check.Body) && check.Else == nil && s.asks(check.Cond, obj, false) {
			return yes
		}
		if slices.ContainsFunc(s.uses[obj], func(id *ast.Ident) bool {
			return stmt.Pos() <= id.Pos() && id.Pos() < stmt.End() && s.mayChange(id)
		}) {
			return unknown
		}
	}
	return silent
}

// asks reports whether a condition that holds says that a variable is true or, if it does not hold, that it cannot be
// false.
func (s *simplifier) asks(cond ast.Expr, obj types.Object, holds bool) bool {
	switch n := ast.Unparen(cond).(type) {
	case *ast.Ident:
		return holds && s.info().Uses[n] == obj
	case *ast.UnaryExpr:
		id, ok := ast.Unparen(n.X).(*ast.Ident)
		return !holds && n.Op == token.NOT && ok && s.info().Uses[id] == obj
	case *ast.BinaryExpr:
		joint := token.LOR
		if holds {
			joint = token.LAND
		}
		return n.Op == joint && (s.asks(n.X, obj, holds) || s.asks(n.Y, obj, holds))
	}
	return false
}

// mayChange reports whether a use of a variable is an assignment to it, or takes its address.
func (s *simplifier) mayChange(id *ast.Ident) bool {
	switch up := s.up[id].(type) {
	case *ast.AssignStmt:
		return slices.Contains(up.Lhs, ast.Expr(id))
	case *ast.RangeStmt:
		return up.Key == id || up.Value == id
	case *ast.UnaryExpr:
		return up.Op == token.AND
	case *ast.IncDecStmt, *ast.ParenExpr:
		return true
	}
	return false
}

// identsOf lists the identifiers in an expression.
func identsOf(e ast.Expr) (list []*ast.Ident) {
	ast.Inspect(e, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			list = append(list, id)
		}
		return true
	})
	return list
}

// whyGone says why a branch is gone.
func (s *simplifier) whyGone(stmt *ast.IfStmt) string {
	switch {
	case s.typed[stmt]:
		return noOtherType
	case asksTruth(stmt.Cond):
		return "a session always has options, and the branch on them is gone"
	}
	return noBranch
}

// asksTruth reports whether a condition has an operand that askedOptions wrote.
func asksTruth(cond ast.Expr) bool {
	return slices.ContainsFunc(identsOf(cond), func(id *ast.Ident) bool { return id.Name == "true" || id.Name == "false" })
}
