package migrate

import (
	"go/ast"
	"go/constant"
	"go/token"
	"slices"
	"strings"
)

const destroy = "Destroy()"

// perRequest translates the options of one request: the session ends, outlives the browser, or does not. arg is the
// options, or just their MaxAge.
func (r *rewriter) perRequest(u *unit, arg ast.Expr) (method, note string, why *refusal) {
	age := ast.Unparen(arg)
	if lit := r.optionsLiteral(value{arg, u, whole}); lit != nil {
		note = "the other options are those of runtime.Config, for all sessions"
		if age = elementNamed(lit, "MaxAge"); age == nil {
			return "SetPermanent(false)", note, nil
		}
	} else if c := u.info.Types[arg]; c.Type == nil || !isInteger(c.Type) && c.Value == nil {
		return "", "", &refusal{"options of one request have no counterpart", "set them in runtime.Config, or call SetPermanent"}
	}
	switch c := r.constantOf(u, age); {
	case c == nil && !r.mayBeNegative(value{age, u, whole}):
		text := r.p.text(age)
		if strings.ContainsAny(text, "|&<>=") {
			text = "(" + text + ")"
		}
		return "SetPermanent(" + text + " > 0)", "how long it lasts is Config.Lifetime, for all sessions", nil
	case c == nil:
		return "", "", &refusal{"the options of one request end the session or not", "call Destroy where MaxAge is negative, and SetPermanent elsewhere"}
	case constant.Sign(c) < 0:
		return destroy, "", nil
	case constant.Sign(c) > 0:
		return "SetPermanent(true)", "how long it lasts is Config.Lifetime, for all sessions", nil
	}
	return "SetPermanent(false)", note, nil
}

// optionsLiteral is the literal with the options, nil if there is none. A literal in a variable counts if it is the
// only one, its MaxAge is a constant, and the variable is only assigned as options.
func (r *rewriter) optionsLiteral(v value) *ast.CompositeLit {
	if lit := literalOf(v.expr); lit != nil {
		return lit
	}
	p, ok := r.placeAt(v.in, addressed(v.expr))
	if !ok || len(r.into[p]) != 1 || slices.ContainsFunc(r.uses[p], r.doesMore) {
		return nil
	}
	from := r.into[p][0]
	lit := literalOf(from.expr)
	if lit == nil {
		return nil
	}
	if age := elementNamed(lit, "MaxAge"); age != nil && (value{age, from.in, whole}).constant() == nil {
		return nil
	}
	return lit
}

// addressed removes an & from an expression.
func addressed(e ast.Expr) ast.Expr {
	if amp, ok := ast.Unparen(e).(*ast.UnaryExpr); ok && amp.Op == token.AND {
		e = amp.X
	}
	return ast.Unparen(e)
}

// becomesOptions reports whether a use of a variable assigns it, or its address, to an options field.
func (r *rewriter) becomesOptions(use value) bool {
	var e ast.Node = use.expr
	if amp, ok := r.outer(e).(*ast.UnaryExpr); ok && amp.Op == token.AND {
		e = amp
	}
	assign, ok := r.outer(e).(*ast.AssignStmt)
	if !ok || len(assign.Lhs) != 1 || len(assign.Rhs) != 1 || ast.Unparen(assign.Rhs[0]) != e {
		return false
	}
	id := lastIdent(assign.Lhs[0])
	return id != nil && id.Name == "Options"
}

func (r *rewriter) doesMore(use value) bool { return !r.becomesOptions(use) }

// constantOf is the constant value of an expression in any package.
func (r *rewriter) constantOf(u *unit, e ast.Expr) constant.Value {
	for _, in := range append([]*unit{u}, r.p.units...) {
		if tv, ok := in.info.Types[e]; ok {
			return tv.Value
		}
	}
	return nil
}

// elementNamed is the value of a field in a literal, nil if it is not set.
func elementNamed(lit *ast.CompositeLit, name string) ast.Expr {
	for _, elt := range lit.Elts {
		kv, ok := elt.(*ast.KeyValueExpr)
		if id, isIdent := kvKey(kv, ok); isIdent && id.Name == name {
			return kv.Value
		}
	}
	return nil
}

// mayBeNegative reports whether a value is a negative constant somewhere.
func (r *rewriter) mayBeNegative(v value) bool {
	return slices.ContainsFunc(r.origins(v, false), func(l leaf) bool {
		// An origin is below the operators that lead to it. The minus is one of them.
		_, negated := r.parents[l.expr].(*ast.UnaryExpr)
		return negated || l.constant != nil && l.constant.Kind() == constant.Int && constant.Sign(l.constant) < 0
	})
}
