package migrate

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// The checks are what the condition of an if statement asks that always has the same answer once a session is come by
// without an error, and what it asks besides.
type checks struct {
	joint   token.Token // && if its body is what happens with a session, || if it is what happens without
	all     []ast.Expr  // the operands
	rest    []ast.Expr  // those that still count
	ofError int
}

// checksOf are the checks of an if statement that gets a session, nil if its error does not decide alone.
func (r *rewriter) checksOf(u *unit, stmt *ast.IfStmt, err, session types.Object) *checks {
	for _, joint := range []token.Token{token.LAND, token.LOR} {
		ofError, ofSession := token.EQL, token.NEQ
		if joint == token.LOR {
			ofError, ofSession = ofSession, ofError
		}
		c := &checks{joint: joint, all: operands(stmt.Cond, joint)}
		for _, e := range c.all {
			switch {
			case isCheck(u, e, err, ofError):
				c.ofError++
			case session == nil || !isCheck(u, e, session, ofSession):
				c.rest = append(c.rest, e)
			}
		}
		if c.ofError > 0 {
			return c
		}
	}
	return nil
}

// operands are what a condition joins by an operator, or the condition.
func operands(cond ast.Expr, op token.Token) []ast.Expr {
	if b, ok := cond.(*ast.BinaryExpr); ok && b.Op == op {
		return append(operands(b.X, op), operands(b.Y, op)...)
	}
	return []ast.Expr{cond}
}

// remove are the edits that leave of the condition what still counts.
func (c *checks) remove(p *program) []edit {
	first := slices.Index(c.all, c.rest[0])
	var edits []edit
	if first > 0 {
		edits = append(edits, p.replaceRange(c.all[0].Pos(), c.rest[0].Pos(), ""))
	}
	for i := first + 1; i < len(c.all); i++ {
		if !slices.Contains(c.rest, c.all[i]) {
			edits = append(edits, p.replaceRange(c.all[i-1].End(), c.all[i].End(), ""))
		}
	}
	return edits
}
