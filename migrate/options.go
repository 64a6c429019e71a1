package migrate

import (
	"go/ast"
	"go/constant"
	"go/token"
	"slices"
	"strings"
)

// perRequest is what the options of one request become: a session that ends, or one that outlives the browser or does
// not. arg is the options, or their MaxAge alone.
func (r *rewriter) perRequest(u *unit, arg ast.Expr) (method, note string, why *refusal) {
	age := ast.Unparen(arg)
	if amp, ok := age.(*ast.UnaryExpr); ok && amp.Op == token.AND {
		age = ast.Unparen(amp.X)
	}
	if lit, ok := age.(*ast.CompositeLit); ok {
		note = "the other options are those of runtime.Config, for all sessions"
		if age = elementNamed(lit, "MaxAge"); age == nil {
			return "SetPermanent(false)", note, nil
		}
	} else if c := u.info.Types[arg]; c.Type == nil || !isInteger(c.Type) && c.Value == nil {
		return "", "", &refusal{"options of one request have no counterpart", "set them in runtime.Config, or call SetPermanent"}
	}
	switch c := u.info.Types[age].Value; {
	case c == nil && !r.mayBeNegative(value{age, u, whole}):
		text := r.p.text(age)
		if strings.ContainsAny(text, "|&<>=") {
			text = "(" + text + ")"
		}
		return "SetPermanent(" + text + " > 0)", "how long it lasts is Config.Lifetime, for all sessions", nil
	case c == nil:
		return "", "", &refusal{"the options of one request end the session or not", "call Destroy where MaxAge is negative, and SetPermanent elsewhere"}
	case constant.Sign(c) < 0:
		return "Destroy()", "", nil
	case constant.Sign(c) > 0:
		return "SetPermanent(true)", "how long it lasts is Config.Lifetime, for all sessions", nil
	}
	return "SetPermanent(false)", note, nil
}

// elementNamed is the value of a field in a literal, nil if it has none.
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
		// An origin is below the operators on the way, of which the minus is one.
		_, negated := r.parents[l.expr].(*ast.UnaryExpr)
		return negated || l.constant != nil && l.constant.Kind() == constant.Int && constant.Sign(l.constant) < 0
	})
}
