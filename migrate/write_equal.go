package migrate

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
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

// truthOf returns the edits that leave only the value of a comparison with true or false: a bool says the same. It
// returns none if a comparison is another. The edits of the value itself are between them.
func (w *writer) truthOf(n *ast.BinaryExpr, value ast.Expr) []edit {
	other := ast.Unparen(n.X)
	if other == value {
		other = ast.Unparen(n.Y)
	}
	id, ok := other.(*ast.Ident)
	if !ok || !types.Identical(w.d.typ, types.Typ[types.Bool]) || n.Op != token.EQL && n.Op != token.NEQ {
		return nil
	}
	if _, basic := types.Unalias(w.s.at.in.info.TypeOf(n)).(*types.Basic); !basic {
		return nil // a comparison may have a type of the program, and the value has not
	}
	wanted, ok := truth(w.s.at.in, id)
	if !ok {
		return nil
	}
	says := ""
	if wanted != (n.Op == token.EQL) {
		says = "!"
	}
	return []edit{w.r.p.replaceRange(n.Pos(), value.Pos(), says), w.r.p.replaceRange(value.End(), n.End(), "")}
}
