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
	method, note, why = r.requestOptions(u, arg)
	r.lasting = r.lasting || strings.HasPrefix(method, "SetPermanent")
	return method, note, why
}

func (r *rewriter) requestOptions(u *unit, arg ast.Expr) (method, note string, why *refusal) {
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
		return "SetPermanent(" + text + " > 0)", r.lifetimeNote(age), nil
	case c == nil:
		return "", "", &refusal{"the options of one request end the session or not", "call Destroy where MaxAge is negative, and SetPermanent elsewhere"}
	case constant.Sign(c) < 0:
		return destroy, "", nil
	case constant.Sign(c) > 0:
		return "SetPermanent(true)", r.lifetimeNote(age), nil
	}
	return "SetPermanent(false)", note, nil
}

// lifetimeNote names the MaxAge that a request had, which the accessors do not take.
func (r *rewriter) lifetimeNote(age ast.Expr) string {
	return "MaxAge was " + strings.Join(strings.Fields(r.p.text(age)), " ") + "; how long it lasts is Config.Lifetime, for all sessions"
}

// optionsLiteral returns the literal with the options, or nil if there is none. A literal that comes in a variable counts if its
// MaxAge is a constant, and the variable is only assigned as options. If there are several such literals, all must say the
// same of how long the session lives, and the first one counts.
func (r *rewriter) optionsLiteral(v value) *ast.CompositeLit {
	if lit := literalOf(v.expr); lit != nil {
		return lit
	}
	given := &givenOptions{r: r, seen: map[place]bool{}}
	if !given.value(v) || len(given.literals) == 0 {
		return nil
	}
	return given.literals[0]
}

// givenOptions are the literals with options that come to an expression.
type givenOptions struct {
	r        *rewriter
	seen     map[place]bool
	literals []*ast.CompositeLit
	sign     int // of the MaxAge of each
}

// value adds the literals of a value. It reports whether it is known to have no others.
func (g *givenOptions) value(v value) bool {
	if lit := literalOf(v.expr); lit != nil {
		return g.literal(v.in, lit)
	}
	p, ok := g.r.placeAt(v.in, addressed(v.expr))
	if !ok {
		return false
	}
	if g.seen[p] {
		return true
	}
	g.seen[p] = true
	_, isParam := g.r.params[p]
	if n := len(g.r.into[p]); n == 0 || n > 1 && !isParam || len(g.r.same[p]) > 0 || slices.ContainsFunc(g.r.uses[p], g.r.doesMore) {
		return false
	}
	for _, from := range g.r.into[p] {
		if !g.value(from) {
			return false
		}
	}
	return true
}

func (g *givenOptions) literal(u *unit, lit *ast.CompositeLit) bool {
	sign := 0
	if age := elementNamed(lit, "MaxAge"); age != nil {
		c := (value{age, u, whole}).constant()
		if c == nil {
			return false
		}
		sign = constant.Sign(c)
	}
	known := len(g.literals) == 0 || g.sign == sign
	g.literals, g.sign = append(g.literals, lit), sign
	return known
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

// doesMore reports whether a use of a variable with options does more than to assign them, or to pass them to a function
// of the program that does no more.
func (r *rewriter) doesMore(use value) bool {
	return !r.becomesOptions(use) && !r.passesOptions(use, 0)
}

func (r *rewriter) passesOptions(use value, depth int) bool {
	var e ast.Node = use.expr
	if amp, ok := r.outer(e).(*ast.UnaryExpr); ok && amp.Op == token.AND {
		e = amp
	}
	call, ok := r.outer(e).(*ast.CallExpr)
	if !ok || depth > 5 {
		return false
	}
	fn := callee(use.in, call)
	i := slices.IndexFunc(r.args(call), func(arg ast.Expr) bool { return ast.Unparen(arg) == e })
	if fn == nil || r.funcs[fn.Pos()] == nil || i < 0 || i >= fn.Signature().Params().Len() || fn.Signature().Variadic() {
		return false
	}
	return !slices.ContainsFunc(r.uses[placeOf(fn.Signature().Params().At(i))], func(inner value) bool {
		return !r.becomesOptions(inner) && !r.passesOptions(inner, depth+1)
	})
}

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
