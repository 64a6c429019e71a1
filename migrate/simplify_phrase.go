package migrate

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// phrases rewrites statements that are correct, but that nobody would write.
func (s *simplifier) phrases() {
	ast.Inspect(s.file, func(n ast.Node) bool {
		list := statementsOf(n)
		for i, stmt := range list {
			s.phrase(stmt, list[i+1:])
		}
		return true
	})
}

func (s *simplifier) phrase(stmt ast.Stmt, rest []ast.Stmt) {
	switch stmt := stmt.(type) {
	case *ast.AssignStmt:
		s.askedOnce(stmt, rest)
		s.secondName(stmt)
	case *ast.ExprStmt:
		s.clearedFirst(stmt, rest)
	case *ast.SwitchStmt:
		s.onlyOneCase(stmt)
	case *ast.IfStmt:
		s.emptied(stmt)
	}
}

// try plans edits, unless others that are planned touch the same text. There are more passes.
func (s *simplifier) try(edits ...piece) {
	for _, e := range edits {
		if slices.ContainsFunc(s.edits, func(other piece) bool { return e.overlap(other.edit) }) {
			return
		}
	}
	s.edits = append(s.edits, edits...)
}

func (s *simplifier) replaced(from, to token.Pos, text string) piece {
	return piece{edit: edit{from: int(from) - s.base, to: int(to) - s.base, text: text}}
}

// removed is the edit that removes a part of the text, and its lines if nothing else is on them.
func (s *simplifier) removed(from, to token.Pos) piece {
	p := &program{source: map[string][]byte{"": s.text}}
	return piece{edit: p.wholeLine(s.replaced(from, to, "").edit)}
}

// removedBefore is the edit that removes a statement before another. Blank lines between the two go as well.
func (s *simplifier) removedBefore(stmt, next ast.Stmt) piece {
	if strings.TrimSpace(string(s.text[int(stmt.End())-s.base:int(next.Pos())-s.base])) == "" {
		return s.replaced(stmt.Pos(), next.Pos(), "")
	}
	return s.removed(stmt.Pos(), stmt.End())
}

// methodOfSession is the name of the method of a session that a call calls, "" if it calls something else.
func (s *simplifier) methodOfSession(e ast.Expr) string {
	call, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok {
		return ""
	}
	fn := callee(s.u, call)
	if fn == nil || fn.Pkg() == nil || !slices.Contains([]string{s.home, runtimePath}, fn.Pkg().Path()) || fn.Signature().Recv() == nil {
		return ""
	}
	return fn.Name()
}

// askedOnce puts a Has into the condition that directly follows it, if that is all that its variable is for.
func (s *simplifier) askedOnce(n *ast.AssignStmt, rest []ast.Stmt) {
	if n.Tok != token.DEFINE || len(n.Lhs) != 1 || len(rest) == 0 || !strings.HasPrefix(s.methodOfSession(n.Rhs[0]), "Has") || !s.endIsAdded(n.Rhs[0]) {
		return
	}
	id, ok := n.Lhs[0].(*ast.Ident)
	if !ok {
		return
	}
	uses := s.uses[s.info().Defs[id]]
	cond := firstCondition(rest[0])
	if len(uses) == 1 && cond != nil && firstOperand(cond) == uses[0] {
		s.try(s.removedBefore(n, rest[0]), s.replaced(uses[0].Pos(), uses[0].End(), s.source(n.Rhs[0])))
	}
}

// endIsAdded reports whether an edit wrote the end of an expression, such as the method of a call.
func (s *simplifier) endIsAdded(e ast.Expr) bool {
	end := int(e.End()) - s.base
	return slices.ContainsFunc(s.added, func(a span) bool { return a.from < end && end <= a.to })
}

// firstCondition is what a statement evaluates first, if it is a condition.
func firstCondition(stmt ast.Stmt) ast.Expr {
	switch stmt := stmt.(type) {
	case *ast.IfStmt:
		if stmt.Init == nil {
			return stmt.Cond
		}
	case *ast.SwitchStmt:
		if stmt.Init != nil || stmt.Tag != nil || len(stmt.Body.List) == 0 {
			return nil
		}
		if first := stmt.Body.List[0].(*ast.CaseClause); len(first.List) > 0 {
			return first.List[0]
		}
	}
	return nil
}

// firstOperand is the operand of a condition that is evaluated first.
func firstOperand(cond ast.Expr) ast.Expr {
	for {
		switch n := cond.(type) {
		case *ast.ParenExpr:
			cond = n.X
		case *ast.UnaryExpr:
			cond = n.X
		case *ast.BinaryExpr:
			cond = n.X
		default:
			return cond
		}
	}
}

// clearedFirst removes a Clear directly before a Destroy of the same session.
func (s *simplifier) clearedFirst(n *ast.ExprStmt, rest []ast.Stmt) {
	if len(rest) == 0 || s.methodOfSession(n.X) != "Clear" {
		return
	}
	next, ok := rest[0].(*ast.ExprStmt)
	if !ok || s.methodOfSession(next.X) != "Destroy" || !s.endIsAdded(next.X) {
		return
	}
	cleared, isName := n.X.(*ast.CallExpr).Fun.(*ast.SelectorExpr)
	ended, ok := next.X.(*ast.CallExpr).Fun.(*ast.SelectorExpr)
	if ok && isName && s.source(cleared.X) == s.source(ended.X) {
		s.try(s.removedBefore(n, next))
	}
}

// onlyOneCase turns a switch that asks just one thing into an if statement.
func (s *simplifier) onlyOneCase(n *ast.SwitchStmt) {
	if n.Init != nil || n.Tag != nil || len(n.Body.List) == 0 || len(n.Body.List) > 2 || !s.beginsAdded(n) || s.isLabeled(n) {
		return
	}
	first := n.Body.List[0].(*ast.CaseClause)
	if len(first.List) != 1 || leavesSwitch(n) {
		return
	}
	edits := []piece{s.replaced(n.Pos(), first.Colon+1, "if "+s.source(first.List[0])+" {")}
	if len(n.Body.List) == 2 {
		other := n.Body.List[1].(*ast.CaseClause)
		if other.List != nil {
			return
		}
		if endsWithReturn(first.Body) && s.info().Scopes[other].Len() == 0 {
			edits = append(edits, s.replaced(other.Pos(), other.Colon+1, "}"), s.removed(n.Body.Rbrace, n.Body.Rbrace+1))
		} else {
			edits = append(edits, s.replaced(other.Pos(), other.Colon+1, "} else {"))
		}
	}
	s.try(edits...)
}

// beginsAdded reports whether an edit wrote the beginning of a statement.
func (s *simplifier) beginsAdded(n ast.Stmt) bool {
	at := int(n.Pos()) - s.base
	return slices.ContainsFunc(s.added, func(a span) bool { return a.from <= at && at < a.to })
}

func (s *simplifier) isLabeled(n ast.Stmt) bool {
	_, ok := s.up[n].(*ast.LabeledStmt)
	return ok
}

func endsWithReturn(list []ast.Stmt) bool {
	return len(list) > 0 && leavesFunction(list[len(list)-1])
}

// leavesSwitch reports whether a break or a fallthrough belongs to a switch.
func leavesSwitch(n *ast.SwitchStmt) bool {
	for _, clause := range n.Body.List {
		if breaks(clause) {
			return true
		}
		if body := clause.(*ast.CaseClause).Body; len(body) > 0 {
			if b, ok := body[len(body)-1].(*ast.BranchStmt); ok && b.Tok == token.FALLTHROUGH {
				return true
			}
		}
	}
	return false
}

// secondName gives a variable the name of another, if that gets its value and nothing else uses it.
func (s *simplifier) secondName(n *ast.AssignStmt) {
	if n.Tok != token.DEFINE || len(n.Lhs) != 1 || len(n.Rhs) != 1 {
		return
	}
	second, ok := n.Lhs[0].(*ast.Ident)
	use, isIdent := n.Rhs[0].(*ast.Ident)
	if !ok || !isIdent || !s.isAdded(use) {
		return
	}
	obj, was := s.info().Defs[second], s.info().Uses[use]
	first := s.declaredByAccessor(was)
	if first == nil || len(s.uses[was]) != 1 || !types.Identical(obj.Type(), was.Type()) || !s.runsOnce(n, was) || !s.isFreeName(second, obj, was) {
		return
	}
	s.try(s.removed(n.Pos(), n.End()), s.replaced(first.Pos(), first.End(), second.Name))
}

// declaredByAccessor is where an accessor's result declares a variable.
func (s *simplifier) declaredByAccessor(obj types.Object) *ast.Ident {
	for id, declared := range s.info().Defs {
		if declared != obj || obj == nil {
			continue
		}
		n, ok := s.up[id].(*ast.AssignStmt)
		if ok && len(n.Rhs) == 1 && n.Lhs[0] == id && s.methodOfSession(n.Rhs[0]) != "" && s.endIsAdded(n.Rhs[0]) {
			return id
		}
	}
	return nil
}

// runsOnce reports whether a statement runs at most once for each value of a variable.
func (s *simplifier) runsOnce(n ast.Stmt, of types.Object) bool {
	for up := s.up[n]; up != nil; up = s.up[up] {
		switch up.(type) {
		case *ast.FuncLit, *ast.ForStmt, *ast.RangeStmt:
			return up.Pos() <= of.Pos()
		}
	}
	return true
}

// isFreeName reports whether the name of a variable means nothing else where another is known.
func (s *simplifier) isFreeName(id *ast.Ident, obj, other types.Object) bool {
	if seen := other.Parent().Lookup(id.Name); seen != nil && seen != obj {
		return false
	}
	for used, list := range s.uses {
		if used != obj && used.Name() == id.Name && used.Pos() < other.Pos() && slices.ContainsFunc(list, func(at *ast.Ident) bool { return other.Parent().Contains(at.Pos()) }) {
			return false
		}
	}
	return true
}
