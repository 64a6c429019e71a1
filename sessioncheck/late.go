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

// late reports changes after a statement, of a block around them, that has begun the response.
func (c *checker) late() {
	jumping := map[ast.Node]bool{} // functions where a goto may have jumped over anything
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

// begunBefore is what has begun the response before a call, whatever way the function took to it.
func (c *checker) begunBefore(call inspector.Cursor) *beginning {
	conditions := map[types.Object]bool{} // what decides whether the call is reached
	for cur := call; ; cur = cur.Parent() {
		var before []ast.Stmt
		switch n := cur.Parent().Node().(type) {
		case *ast.FuncDecl, *ast.FuncLit, *ast.File:
			return nil
		case *ast.IfStmt:
			c.collect(conditions, n.Cond)
			if n.Init != nil && cur.Node() != n.Init {
				before = []ast.Stmt{n.Init}
			}
		case *ast.CaseClause:
			c.collect(conditions, n.List...)
		case *ast.SwitchStmt:
			c.collect(conditions, n.Tag)
		}
		for _, stmt := range append(before, statementsBefore(cur)...) {
			if b := c.begins(stmt); b != nil && !conditions[b.err] {
				return b
			}
		}
	}
}

// statementsBefore are the statements of the same block before one, the last first.
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

// collect notes the variables of conditions.
func (c *checker) collect(into map[types.Object]bool, conditions ...ast.Expr) {
	for _, e := range conditions {
		if e == nil {
			continue
		}
		for n := range ast.Preorder(e) {
			if id, ok := n.(*ast.Ident); ok && c.TypesInfo.Uses[id] != nil {
				into[c.TypesInfo.Uses[id]] = true
			}
		}
	}
}

// isDetached reports whether a session is one that the program saves itself: when, is its own affair.
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
