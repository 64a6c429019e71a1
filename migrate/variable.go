package migrate

import (
	"go/ast"
	"go/token"
	"go/types"
	"math"
	"slices"
)

// A variable is one of any type that a value goes to. It becomes one of the field's type, and what the program asks of
// it afterwards becomes simpler.
type variable struct {
	w      *writer
	id     *ast.Ident
	obj    types.Object
	okName string // of the variable that says whether there is a value, "" if none is needed

	edits    []edit
	needsOK  bool
	asked    token.Pos // the last place where the program asks whether there is a value
	later    token.Pos // the first place where the variable gets another
	nilOnly  bool      // nothing but whether it is nil is asked
	refusals *refusal
}

func (v *variable) change(e ast.Expr, n *ast.AssignStmt) (*change, *refusal) {
	given := v.okName
	if given == "" {
		v.okName = v.w.r.okName(n, v.w.name)
	}
	v.nilOnly, v.later = true, math.MaxInt
	for _, use := range v.w.r.uses[placeOf(v.obj)] {
		v.use(use)
		if v.refusals != nil {
			return nil, v.refusals
		}
	}
	if v.asked > v.later {
		return nil, &refusal{"the variable gets other values, too", "use a variable of type " + typeText(v.w.d.typ)}
	}
	r, w := v.w.r, v.w
	switch {
	case v.nilOnly && v.needsOK && given == "":
		v.edits = append(v.edits, r.p.replaceRange(n.Lhs[0].Pos(), n.Lhs[len(n.Lhs)-1].End(), v.okName), r.p.replace(e, w.has()))
	case given != "":
		v.edits = append(v.edits, r.p.replace(e, w.lookup()))
	case v.needsOK:
		v.edits = append(v.edits, r.p.replaceRange(n.Lhs[0].End(), n.Lhs[len(n.Lhs)-1].End(), ", "+v.okName), r.p.replace(e, w.lookup()))
	case len(n.Lhs) == 2:
		v.edits = append(v.edits, r.p.replaceRange(n.Lhs[0].End(), n.Lhs[1].End(), ""), r.p.replace(e, w.get()))
	default:
		v.edits = append(v.edits, r.p.replace(e, w.get()))
	}
	return &change{edits: v.edits}, nil
}

// okName is a name for what says whether there is a value.
func (r *rewriter) okName(at ast.Node, field string) string {
	if name := r.freeName(at, "ok"); name == "ok" {
		return name
	}
	return r.freeName(at, "has"+field)
}

func (v *variable) use(use value) {
	e := use.expr
	switch n := v.w.r.outer(e).(type) {
	case *ast.TypeAssertExpr:
		v.asserted(n)
	case *ast.BinaryExpr:
		v.compared(e, n)
	case *ast.AssignStmt:
		if v.w.r.isTarget(e) {
			v.reassigned(e, n)
			return
		}
		v.other(use)
	case *ast.UnaryExpr:
		v.refuse("the variable's address is taken", "use a variable of type "+typeText(v.w.d.typ))
	default:
		v.other(use)
	}
}

// reassigned: the variable gets another value, which has to be of the field's type, too. Nobody may ask after that
// whether there was one.
func (v *variable) reassigned(e ast.Expr, n *ast.AssignStmt) {
	v.nilOnly = false
	v.later = min(v.later, n.Pos())
	for i, l := range n.Lhs {
		if ast.Unparen(l) != e {
			continue
		}
		if len(n.Lhs) != len(n.Rhs) || n.Tok != token.ASSIGN || !types.AssignableTo(v.w.s.at.in.info.TypeOf(n.Rhs[i]), v.w.d.typ) {
			v.refuse("the variable gets other values, too", "use a variable of type "+typeText(v.w.d.typ))
		}
	}
}

func (v *variable) refuse(why, fix string) { v.refusals = &refusal{why, fix} }

// other is a use that takes any value. Absent was nil.
func (v *variable) other(use value) {
	v.nilOnly = false
	if v.w.r.nilMatters(use) && !v.isThere(use.expr) {
		v.refuse("absent is nil where it is handed on, and that matters", "use Has"+v.w.name+" as well")
	}
}

func (v *variable) asserted(n *ast.TypeAssertExpr) {
	v.nilOnly = false
	r, w := v.w.r, v.w
	if n.Type == nil {
		edits, why := w.typeSwitch(n, v.id.Name, v.okName)
		v.ask(n)
		v.edits, v.refusals = append(v.edits, edits...), why
		return
	}
	text, why := w.as(v.id.Name, w.s.at.in.info.TypeOf(n.Type))
	if why != nil {
		v.refusals = why
		return
	}
	assign, ok := r.outer(n).(*ast.AssignStmt)
	if !ok || len(assign.Lhs) != 2 || len(assign.Rhs) != 1 {
		v.edits = append(v.edits, r.p.replace(n, text))
		return
	}
	switch {
	case isBlank(assign.Lhs[1]):
		v.edits = append(v.edits, r.p.replaceRange(assign.Lhs[0].End(), assign.Lhs[1].End(), ""), r.p.replace(n, text))
	case isBlank(assign.Lhs[0]):
		v.ask(n)
		v.edits = append(v.edits, r.p.replaceRange(assign.Lhs[0].Pos(), assign.Lhs[1].Pos(), ""), r.p.replace(n, v.okName))
	default:
		v.ask(n)
		v.edits = append(v.edits, r.p.replace(n, text+", "+v.okName))
	}
}

func (v *variable) ask(at ast.Expr) {
	v.needsOK = true
	v.asked = max(v.asked, at.Pos())
}

func (v *variable) compared(e ast.Expr, n *ast.BinaryExpr) {
	other := n.X
	if ast.Unparen(n.X) == e {
		other = n.Y
	}
	info := v.w.s.at.in.info
	switch {
	case info.Types[other].IsNil() && n.Op == token.NEQ:
		v.ask(e)
		v.edits = append(v.edits, v.w.r.p.replace(n, v.okName))
	case info.Types[other].IsNil() && n.Op == token.EQL:
		v.ask(e)
		v.edits = append(v.edits, v.w.r.p.replace(n, "!"+v.okName))
	case types.IsInterface(info.TypeOf(other)):
		v.refuse("it is compared with a value of any type", "compare values of type "+typeText(v.w.d.typ))
	default:
		v.nilOnly = false
	}
}

// nilMatters reports whether the program asks somewhere whether a value is nil, or which type it has: of an absent one
// that will be the zero value it would get another answer.
func (f *flow) nilMatters(v value) bool {
	w := &nilFollower{follower: follower{f: f, seen: map[value]bool{}}}
	return w.asks(v)
}

type nilFollower struct{ follower }

func (w *nilFollower) asks(v value) bool {
	if w.seen[v] || len(w.seen) > 500 {
		return false
	}
	w.seen[v] = true
	switch n := w.f.outer(v.expr).(type) {
	case *ast.BinaryExpr:
		return v.in.info.Types[n.X].IsNil() || v.in.info.Types[n.Y].IsNil()
	case *ast.TypeAssertExpr:
		return true
	case *ast.AssignStmt:
		return w.asksAssigned(v, n)
	case *ast.CallExpr:
		return w.asksArgument(v, n)
	case *ast.ReturnStmt:
		fn := w.f.enclosing(n)
		return fn != nil && slices.ContainsFunc(w.f.callsOf(fn.fn.Pos()), w.asks)
	}
	return false
}

func (w *nilFollower) asksAssigned(v value, n *ast.AssignStmt) bool {
	for i, l := range n.Lhs {
		if len(n.Lhs) != len(n.Rhs) || ast.Unparen(n.Rhs[i]) == v.expr {
			if p, ok := w.f.placeAt(v.in, l); ok && w.asksOf(p) {
				return true
			}
		}
	}
	return false
}

func (w *nilFollower) asksArgument(v value, n *ast.CallExpr) bool {
	fn := callee(v.in, n)
	if fn == nil || w.f.funcs[fn.Pos()] == nil {
		return false
	}
	params := fn.Signature().Params()
	for i, arg := range n.Args {
		if ast.Unparen(arg) == v.expr && w.asksOf(placeOf(params.At(min(i, params.Len()-1)))) {
			return true
		}
	}
	return false
}

func (w *nilFollower) asksOf(p place) bool {
	for _, use := range w.f.uses[p] {
		if !w.f.isTarget(use.expr) && w.asks(use) {
			return true
		}
	}
	return false
}
