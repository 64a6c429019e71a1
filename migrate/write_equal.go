package migrate

import (
	"go/ast"
	"go/constant"
	"go/token"
)

// An absent value was nil, which equals no value of the field's type. The zero value that an accessor returns may
// equal one, and a visitor must not pass the check of a token by sending none.

// ifThere returns the edits that make a comparison first check that there is a value.
func (r *rewriter) ifThere(n *ast.BinaryExpr, has string) []edit {
	before, after, joins := has+" && ", "", token.LAND
	if n.Op == token.NEQ {
		before, joins = "!"+has+" || ", token.LOR
	}
	if outer, ok := r.parents[n].(*ast.BinaryExpr); ok && outer.Op != joins {
		before, after = "("+before, ")"
	}
	return []edit{r.p.replaceRange(n.Pos(), n.Pos(), before), r.p.replaceRange(n.End(), n.End(), after)}
}

// mayBeZero reports whether an expression may have the zero value of its type: anything but a constant of another
// value may.
func mayBeZero(u *unit, e ast.Expr) bool {
	v := u.info.Types[e].Value
	if v == nil {
		return true
	}
	switch v.Kind() {
	case constant.Bool:
		return !constant.BoolVal(v)
	case constant.String:
		return constant.StringVal(v) == ""
	case constant.Int, constant.Float, constant.Complex:
		return constant.Sign(v) == 0
	}
	return true
}
