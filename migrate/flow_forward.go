package migrate

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"strings"
)

// Evidence is how the program uses a value: which types it expects, and what else it does with it.
type evidence struct {
	asserted []types.Type // another type panics, or is treated as absent
	likely   []types.Type // from comparisons, type switches and formats
}

func (ev *evidence) assert(t types.Type) {
	if t != nil && !types.IsInterface(t) && t != types.Typ[types.Invalid] {
		ev.asserted = appendType(ev.asserted, t)
	}
}

func (ev *evidence) hint(t types.Type) {
	if t == nil || types.IsInterface(t) || t == types.Typ[types.Invalid] || t == types.Typ[types.UntypedNil] {
		return
	}
	ev.likely = appendType(ev.likely, types.Default(t))
}

func appendType(list []types.Type, t types.Type) []types.Type {
	for _, other := range list {
		if types.Identical(other, t) {
			return list
		}
	}
	return append(list, t)
}

// A follower follows a value to where the program shows its type.
type follower struct {
	f    *flow
	ev   evidence
	at   []value // the assertions
	stay bool    // do not leave the function
	seen map[value]bool
}

// evidenceOf is the evidence about a value that was read.
func (f *flow) evidenceOf(v value) evidence {
	w := &follower{f: f, seen: map[value]bool{}}
	w.value(v)
	return w.ev
}

// evidenceInside is the evidence within the function that reads a value.
func (f *flow) evidenceInside(v value) evidence {
	w := &follower{f: f, stay: true, seen: map[value]bool{}}
	w.value(v)
	return w.ev
}

// assertionsOf lists the type assertions on a value, and the type switches over it.
func (f *flow) assertionsOf(v value) []value {
	w := &follower{f: f, seen: map[value]bool{}}
	w.value(v)
	return w.at
}

func (w *follower) value(v value) {
	if w.seen[v] || len(w.seen) > 2000 {
		return
	}
	w.seen[v] = true
	switch n := w.f.outer(v.expr).(type) {
	case *ast.TypeAssertExpr:
		w.assertion(v, n)
	case *ast.AssignStmt:
		w.assigned(v, n.Lhs, n.Rhs)
	case *ast.ValueSpec:
		for i, name := range n.Names {
			if i == max(v.part, 0) && len(n.Values) == 1 || i < len(n.Values) && ast.Unparen(n.Values[i]) == v.expr {
				w.stored(v.in, name)
			}
		}
	case *ast.CallExpr:
		w.argument(v, n)
	case *ast.BinaryExpr:
		w.compared(v, n)
	case *ast.ReturnStmt:
		w.returned(v, n)
	case *ast.KeyValueExpr:
		if n.Value == v.expr {
			w.stored(v.in, n.Key)
		}
	case *ast.IndexExpr:
		if n.X == v.expr {
			w.value(value{n, v.in, whole})
		}
	case *ast.RangeStmt:
		if ast.Unparen(n.X) == v.expr && n.Value != nil {
			w.stored(v.in, n.Value)
		}
	case *ast.SwitchStmt:
		w.switched(v, n)
	}
}

func (w *follower) assertion(v value, n *ast.TypeAssertExpr) {
	w.at = append(w.at, value{n, v.in, whole})
	if n.Type != nil {
		t := v.in.info.TypeOf(n.Type)
		if w.f.isDecided(v, n) {
			w.ev.hint(t)
		} else {
			w.ev.assert(t)
		}
		if t != nil && types.IsInterface(t) {
			w.value(value{n, v.in, whole})
		}
		return
	}
	stmt, _ := w.f.parents[n].(ast.Stmt)
	sw, ok := w.f.parents[stmt].(*ast.TypeSwitchStmt)
	if !ok {
		return
	}
	for _, c := range sw.Body.List {
		for _, e := range c.(*ast.CaseClause).List {
			w.ev.hint(v.in.info.TypeOf(e))
		}
	}
}

// isDecided reports whether a type assertion stands in a clause of a type switch over the same variable: the clause is
// only reached with a value that fits.
func (f *flow) isDecided(v value, n *ast.TypeAssertExpr) bool {
	p, ok := f.placeAt(v.in, n.X)
	for up := f.parents[n]; ok && up != nil; up = f.parents[up] {
		if sw, isSwitch := up.(*ast.TypeSwitchStmt); isSwitch {
			if over, ok := f.placeAt(v.in, switched(sw)); ok && over == p {
				return true
			}
		}
	}
	return false
}

// switched returns the expression of a type switch.
func switched(sw *ast.TypeSwitchStmt) ast.Expr {
	switch n := sw.Assign.(type) {
	case *ast.AssignStmt:
		return ast.Unparen(n.Rhs[0]).(*ast.TypeAssertExpr).X
	default:
		return ast.Unparen(n.(*ast.ExprStmt).X).(*ast.TypeAssertExpr).X
	}
}

func (w *follower) assigned(v value, lhs, rhs []ast.Expr) {
	if len(lhs) == len(rhs) {
		for i := range rhs {
			if ast.Unparen(rhs[i]) == v.expr {
				w.stored(v.in, lhs[i])
			}
		}
		return
	}
	if i := max(v.part, 0); len(rhs) == 1 && ast.Unparen(rhs[0]) == v.expr && i < len(lhs) {
		w.stored(v.in, lhs[i])
	}
}

// stored follows a value into a place.
func (w *follower) stored(u *unit, l ast.Expr) {
	if p, ok := w.f.placeAt(u, l); ok {
		w.place(p)
	}
}

func (w *follower) place(p place) {
	for _, use := range w.f.uses[p] {
		if !w.f.isTarget(use.expr) {
			w.value(use)
		}
	}
}

// isTarget reports whether an expression is assigned to.
func (f *flow) isTarget(e ast.Expr) bool {
	assign, ok := f.outer(e).(*ast.AssignStmt)
	if !ok {
		return false
	}
	for _, l := range assign.Lhs {
		if ast.Unparen(l) == e {
			return true
		}
	}
	return false
}

func (w *follower) argument(v value, call *ast.CallExpr) {
	if v.in.info.Types[ast.Unparen(call.Fun)].IsType() {
		w.value(value{call, v.in, whole})
		return
	}
	fn := callee(v.in, call)
	for i, arg := range w.f.args(call) {
		if ast.Unparen(arg) != v.expr || fn == nil {
			continue
		}
		w.format(v, call, fn, i)
		sig := fn.Signature()
		n := min(i, sig.Params().Len()-1)
		if n < 0 {
			continue
		}
		w.place(placeOf(sig.Params().At(n)))
	}
}

// format takes the verb of a format as evidence.
func (w *follower) format(v value, call *ast.CallExpr, fn *types.Func, arg int) {
	if fn.Pkg() == nil || fn.Pkg().Path() != "fmt" || !strings.HasSuffix(fn.Name(), "f") {
		return
	}
	for i, a := range call.Args[:arg] {
		c := v.in.info.Types[a].Value
		if c == nil || c.Kind() != constant.String {
			continue
		}
		if verbs := verbsOf(constant.StringVal(c)); arg-i-1 < len(verbs) {
			if kind, ok := map[byte]types.BasicKind{'s': types.String, 'q': types.String, 't': types.Bool, 'd': types.Int}[verbs[arg-i-1]]; ok {
				w.ev.hint(types.Typ[kind])
			}
		}
		return
	}
}

// verbsOf lists the verbs of a format, each as its letter.
func verbsOf(format string) []byte {
	var verbs []byte
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			continue
		}
		i++
		for i < len(format) && strings.IndexByte("+-# 0123456789.[]*", format[i]) >= 0 {
			i++
		}
		if i < len(format) && format[i] != '%' {
			verbs = append(verbs, format[i])
		}
	}
	return verbs
}

func (w *follower) compared(v value, n *ast.BinaryExpr) {
	if n.Op != token.EQL && n.Op != token.NEQ {
		return
	}
	other := n.X
	if ast.Unparen(n.X) == v.expr {
		other = n.Y
	}
	w.ev.hint(v.in.info.TypeOf(other))
	if tv := v.in.info.Types[other]; tv.Value != nil {
		w.ev.hint(types.Default(tv.Type))
	}
}

func (w *follower) switched(v value, n *ast.SwitchStmt) {
	if n.Tag == nil || ast.Unparen(n.Tag) != v.expr {
		return
	}
	for _, c := range n.Body.List {
		for _, e := range c.(*ast.CaseClause).List {
			w.ev.hint(v.in.info.TypeOf(e))
		}
	}
}

// returned follows a value to the calls of the function that returns it.
func (w *follower) returned(v value, ret *ast.ReturnStmt) {
	fn := w.f.functionOf(ret)
	if fn == nil || w.stay {
		return
	}
	for i, r := range ret.Results {
		if ast.Unparen(r) != v.expr {
			continue
		}
		n := i
		if len(ret.Results) == 1 && v.part >= 0 {
			n = v.part
		}
		for _, call := range w.f.callsOf(fn.fn.Pos()) {
			part := n
			if fn.fn.Signature().Results().Len() == 1 {
				part = whole
			}
			w.value(value{call.expr, call.in, part})
		}
	}
}

// resultOf is the number of the result that a function returns a value as, or whole if it has only one.
func (f *flow) resultOf(v value, fn token.Pos) int {
	of := f.funcs[fn]
	results := of.fn.Signature().Results()
	if results.Len() < 2 {
		return whole
	}
	for i := range results.Len() {
		if t := results.At(i).Type(); !isErrorType(t) && !(isBool(t) && i > 0) {
			return i
		}
	}
	return 0
}

func isErrorType(t types.Type) bool { return types.Identical(t, types.Universe.Lookup("error").Type()) }

func isBool(t types.Type) bool {
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsBoolean != 0
}
