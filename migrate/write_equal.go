package migrate

import (
	"go/ast"
	"go/constant"
	"go/token"
)

// An absent value was nil, which is equal to no value of the field's type. The zero value that an accessor returns is equal to
// one, and a check of a token that a visitor sends must not be passed by sending none.

// ifThere are the edits that have a comparison ask first whether there is a value.
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

// mayBeZero reports whether an expression may be the zero value of its type: it is unless it is a constant of another value.
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
