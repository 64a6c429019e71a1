package migrate

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// emptied removes an if statement whose body is gone, unless its condition may do more than ask. The assignments of a
// variable that only such conditions ask for go with it.
func (s *simplifier) emptied(n *ast.IfStmt) {
	if n.Init != nil || n.Else != nil || len(n.Body.List) > 0 || !s.isCut(n.Body) || s.hasComment(n.Body) || !onlyAsks(n.Cond) {
		return
	}
	if _, isElse := s.up[n].(*ast.IfStmt); isElse {
		return
	}
	edits := []piece{s.removed(n.Pos(), n.End())}
	asked := identsOf(n.Cond)
	if slices.ContainsFunc(asked, func(id *ast.Ident) bool { return s.unused[s.info().Uses[id]] }) {
		return // the next pass knows what is left
	}
	for _, id := range asked {
		more, ok := s.unasked(id, n)
		if !ok {
			return
		}
		edits = append(edits, more...)
	}
	for _, id := range asked {
		s.unused[s.info().Uses[id]] = true
	}
	s.try(edits...)
}

// isCut reports whether an edit removed something in a block.
func (s *simplifier) isCut(body *ast.BlockStmt) bool {
	return slices.ContainsFunc(s.cuts, func(at int) bool { return int(body.Lbrace)-s.base < at && at <= int(body.Rbrace)-s.base })
}

func (s *simplifier) hasComment(n ast.Node) bool {
	return slices.ContainsFunc(s.file.Comments, func(c *ast.CommentGroup) bool { return n.Pos() <= c.Pos() && c.End() <= n.End() })
}

// onlyAsks reports whether a condition consists of names, fields and constants.
func onlyAsks(cond ast.Expr) bool {
	switch n := ast.Unparen(cond).(type) {
	case *ast.Ident, *ast.BasicLit:
		return true
	case *ast.SelectorExpr:
		return onlyAsks(n.X)
	case *ast.UnaryExpr:
		return n.Op == token.NOT && onlyAsks(n.X)
	case *ast.BinaryExpr:
		return n.Op != token.QUO && n.Op != token.REM && onlyAsks(n.X) && onlyAsks(n.Y)
	}
	return false
}

// unasked returns the edits that a variable needs if an if statement goes. A local variable may not be left unused.
func (s *simplifier) unasked(id *ast.Ident, stmt *ast.IfStmt) (edits []piece, ok bool) {
	obj, isVar := s.info().Uses[id].(*types.Var)
	if !isVar || isPackageLevel(obj) || s.isParameter(obj) {
		return nil, true
	}
	for _, use := range s.uses[obj] {
		assign, isAssign := s.up[use].(*ast.AssignStmt)
		switch {
		case stmt.Pos() <= use.Pos() && use.Pos() < stmt.End():
		case !isAssign || !slices.Contains(assign.Lhs, ast.Expr(use)):
			return nil, true // something else asks for it
		case !s.isConstant(assign):
			return nil, false
		default:
			edits = append(edits, s.removed(assign.Pos(), assign.End()))
		}
	}
	declared := s.declaration(obj)
	if declared == nil {
		return nil, false
	}
	return append(edits, s.removed(declared.Pos(), declared.End())), true
}

// isConstant reports whether a statement just gives a variable a constant.
func (s *simplifier) isConstant(n *ast.AssignStmt) bool {
	return len(n.Lhs) == 1 && len(n.Rhs) == 1 && s.info().Types[n.Rhs[0]].Value != nil && statementsOf(s.up[n]) != nil
}

// declaration is the statement that declares just a variable, without a value or with a constant.
func (s *simplifier) declaration(obj types.Object) ast.Stmt {
	for id, declared := range s.info().Defs {
		if declared != obj {
			continue
		}
		switch up := s.up[id].(type) {
		case *ast.AssignStmt:
			if s.isConstant(up) {
				return up
			}
		case *ast.ValueSpec:
			decl, ok := s.up[s.up[up]].(*ast.DeclStmt)
			if ok && len(up.Names) == 1 && up.Values == nil && len(decl.Decl.(*ast.GenDecl).Specs) == 1 {
				return decl
			}
		}
	}
	return nil
}

// isParameter reports whether a variable is a parameter or a result: it may be unused.
func (s *simplifier) isParameter(obj *types.Var) bool {
	return obj.Kind() == types.ParamVar || obj.Kind() == types.ResultVar || obj.Kind() == types.RecvVar
}
