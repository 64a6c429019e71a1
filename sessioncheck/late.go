package sessioncheck

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"

	"github.com/sessiongen/sessiongen/internal/code"
)

// late reports changes after a statement that has begun the response, in a block around them.
func (c *checker) late() {
	jumping := map[ast.Node]bool{} // functions with a goto, which may have jumped over anything
	for cur := range c.root.Preorder((*ast.BranchStmt)(nil)) {
		if cur.Node().(*ast.BranchStmt).Tok == token.GOTO {
			jumping[function(cur)] = true
		}
	}
	for cur := range c.root.Preorder((*ast.CallExpr)(nil)) {
		call := cur.Node().(*ast.CallExpr)
		if !c.changes(call) || c.isDetached(call) || jumping[function(cur)] {
			continue
		}
		if b := c.begunBefore(cur); b != nil {
			sel := ast.Unparen(call.Fun).(*ast.SelectorExpr)
			c.report(code.LateChange, sel.Sel, fmt.Sprintf("%s comes too late: %s in line %d has begun the response", sel.Sel.Name, b.name, c.line(b.call)),
				"the cookie goes with the header: change the session before that")
		}
	}
}

// begunBefore is the call that has begun the response before another call on every path, nil if there is none.
func (c *checker) begunBefore(call inspector.Cursor) *beginning {
	for cur := call; ; cur = cur.Parent() {
		before := statementsBefore(cur)
		switch n := cur.Parent().Node().(type) {
		case *ast.FuncDecl, *ast.FuncLit, *ast.File:
			return nil
		case *ast.IfStmt:
			if n.Init != nil && cur.Node() != n.Init {
				before = append(before, n.Init)
			}
		}
		for _, stmt := range before {
			if b := c.begins(stmt); b != nil && !c.hasFailed(b, call.Node()) {
				return b
			}
		}
	}
}

// hasFailed reports whether a change may only be reached because the call that would begin the response failed:
// between them something other than "if err != nil" uses the error, or the change is in such an if.
func (c *checker) hasFailed(b *beginning, change ast.Node) bool {
	if b.err == nil {
		return false
	}
	for cur := range c.root.Preorder((*ast.Ident)(nil)) {
		id := cur.Node().(*ast.Ident)
		if c.TypesInfo.Uses[id] == b.err && b.call.End() <= id.Pos() && id.Pos() < change.Pos() && !c.isHarmless(cur, b.err, change) {
			return true
		}
	}
	return false
}

// isHarmless reports whether a use of an error cannot lead to the change: it is a call's argument, or in an "if err !=
// nil" without an else before the change.
func (c *checker) isHarmless(use inspector.Cursor, err types.Object, change ast.Node) bool {
	for around := range use.Enclosing((*ast.IfStmt)(nil), (*ast.ExprStmt)(nil)) {
		guard, ok := around.Node().(*ast.IfStmt)
		if !ok {
			return true
		}
		if cond, ok := guard.Cond.(*ast.BinaryExpr); ok && cond.Op == token.NEQ && c.TypesInfo.Types[cond.Y].IsNil() &&
			c.variable(cond.X) == err && guard.End() <= change.Pos() && guard.Else == nil {
			return true
		}
	}
	return false
}

// statementsBefore lists the statements before one in its block, the last first.
func statementsBefore(cur inspector.Cursor) (stmts []ast.Stmt) {
	for ok := true; isStatementOf(cur); {
		if cur, ok = cur.PrevSibling(); !ok || !isStatementOf(cur) {
			break
		}
		stmts = append(stmts, cur.Node().(ast.Stmt))
	}
	return stmts
}

// function is the innermost function around a node, nil if there is none.
func function(cur inspector.Cursor) ast.Node {
	for around := range cur.Enclosing((*ast.FuncDecl)(nil), (*ast.FuncLit)(nil)) {
		return around.Node()
	}
	return nil
}

// isStatementOf reports whether a node is one of a list of statements.
func isStatementOf(cur inspector.Cursor) bool {
	switch cur.ParentEdgeKind() {
	case edge.BlockStmt_List, edge.CaseClause_Body, edge.CommClause_Body:
		return true
	}
	return false
}

// isDetached reports whether the program saves a session itself, at a time of its own choice.
func (c *checker) isDetached(call *ast.CallExpr) bool {
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok {
		return true
	}
	v := c.variable(sel.X)
	if v == nil {
		return false
	}
	for _, stmt := range c.assigned[v] {
		assign, ok := stmt.Node().(*ast.AssignStmt)
		if !ok || assign.Tok != token.DEFINE && assign.Tok != token.ASSIGN || len(assign.Rhs) != 1 {
			continue
		}
		if made, ok := ast.Unparen(assign.Rhs[0]).(*ast.CallExpr); ok {
			if fn := c.callee(made); isFunc(fn, runtimePath, "Manager.Get") || isFunc(fn, runtimePath, "Manager.Open") {
				return true
			}
		}
	}
	return false
}
