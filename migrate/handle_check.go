package migrate

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// checks are the parts of an if condition. Some always have the same answer once the session is got without an error;
// the rest still count.
type checks struct {
	joint   token.Token // && if the body runs with a session, || if it runs without one
	all     []ast.Expr  // the operands
	rest    []ast.Expr  // those that still count
	ofError int
}

// checksOf takes the condition of an if statement that gets a session apart. It is
// nil if no part of it checks the error.
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

// operands are the parts that an operator joins in a condition, or the condition itself.
func operands(cond ast.Expr, op token.Token) []ast.Expr {
	if b, ok := cond.(*ast.BinaryExpr); ok && b.Op == op {
		return append(operands(b.X, op), operands(b.Y, op)...)
	}
	return []ast.Expr{cond}
}

// remove returns the edits that leave only those parts of the condition that still count.
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
