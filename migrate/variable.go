package migrate

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"math"
	"slices"
)

// A variable has type any and gets a session's value. It becomes a variable of the field's type, and the checks on it
// become simpler.
type variable struct {
	w      *writer
	id     *ast.Ident
	obj    types.Object
	okName string       // of the variable that says whether there is a value, "" if none is needed
	ok     types.Object // that variable, if the program has it already

	edits    []edit
	needsOK  bool
	asked    token.Pos         // the last place that checks whether there is a value
	others   []*ast.AssignStmt // assignments of other values
	panics   bool              // an assertion panics without a value
	nilOnly  bool              // the program only checks whether it is nil
	refusals *refusal
	note     string // what behaves differently without a value, "" if nothing does
}

func (v *variable) change(e ast.Expr, n *ast.AssignStmt) (*change, *refusal) {
	given := v.okName
	if given == "" {
		first := *v // a dry run, to find how long the name is needed
		first.okName = "ok"
		first.follow()
		v.okName = v.w.r.okName(n, v.w.name, first.until(), first.nilOnly)
	}
	if v.follow(); v.refusals != nil {
		return nil, v.refusals
	}
	if given != "" && v.okChanges(n) {
		return nil, &refusal{v.okName + " says something else by the time " + v.id.Name + " is checked again", "give one of the two answers a name of its own"}
	}
	if v.asksLater() {
		if given != "" {
			return nil, v.othersToo()
		}
		v.noteOthers()
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
	r.becomes[v.obj.Pos()] = w.d.typ
	return &change{edits: v.edits, note: v.note}, nil
}

// follow plans changes of the variable's uses.
func (v *variable) follow() {
	v.nilOnly = true
	for _, use := range v.w.r.uses[placeOf(v.obj)] {
		if v.use(use); v.refusals != nil {
			return
		}
	}
	if v.panics && v.ok == nil && !v.needsOK && len(v.others) == 0 {
		v.note = absentPanicked
	}
}

// until is the last place where it matters whether there is a value, NoPos if it never does.
func (v *variable) until() token.Pos {
	last := v.asked
	if !v.asksLater() {
		return last
	}
	for _, n := range v.others {
		last = max(last, n.End())
		if v.w.r.inLoop(n) {
			last = max(last, v.w.r.outermost(n).End())
		}
	}
	return last
}

// later is the first place that assigns another value to the variable.
func (v *variable) later() token.Pos {
	first := token.Pos(math.MaxInt)
	for _, n := range v.others {
		first = min(first, n.Pos())
	}
	return first
}

// asksLater reports whether the program may check whether there is a value after the variable got another one.
func (v *variable) asksLater() bool {
	return v.needsOK && (v.asked > v.later() || slices.ContainsFunc(v.others, func(n *ast.AssignStmt) bool { return v.w.r.inLoop(n) }))
}

// okChanges reports whether the program's ok variable gets another answer before the last check of the value, which would
// ask it. A check of the value gives it the same answer.
func (v *variable) okChanges(n *ast.AssignStmt) bool {
	if v.ok == nil || !v.needsOK {
		return false
	}
	for id, obj := range v.w.s.at.in.info.Uses {
		if obj == v.ok && n.End() < id.Pos() && (id.Pos() < v.asked || v.w.r.inLoop(id)) && v.w.r.isTarget(id) && !v.checkedAt(id) {
			return true
		}
	}
	return false
}

// checkedAt reports whether an assignment is of a type assertion of the value.
func (v *variable) checkedAt(target *ast.Ident) bool {
	n, ok := v.w.r.parents[target].(*ast.AssignStmt)
	if !ok || len(n.Rhs) != 1 {
		return false
	}
	assertion, ok := ast.Unparen(n.Rhs[0]).(*ast.TypeAssertExpr)
	if !ok {
		return false
	}
	id, ok := ast.Unparen(assertion.X).(*ast.Ident)
	return ok && v.w.s.at.in.info.Uses[id] == v.obj
}

// noteOthers sets the ok variable where the variable gets another value.
func (v *variable) noteOthers() {
	for _, n := range v.others {
		v.edits = append(v.edits, v.w.r.p.replaceRange(n.End(), n.End(), "\n"+v.okName+" = true"))
	}
}

// An okVariable says whether there is a value, in a part of the source.
type okVariable struct {
	name     string
	from, to token.Pos
	block    ast.Node // the block that declares it
}

// okName is a name for the variable that says, from one statement to another, whether there is a value. Two that are
// needed at the same time get two names. So do two in one block, if the statement declares nothing else.
func (r *rewriter) okName(at ast.Node, field string, until token.Pos, alone bool) string {
	if until == token.NoPos {
		return "ok"
	}
	fn := r.outermost(at)
	for i := 0; ; i++ {
		name := "ok"
		switch {
		case i == 1:
			name = "has" + field
		case i > 1:
			name = fmt.Sprint("has", field, i)
		}
		taken := slices.ContainsFunc(r.oks[fn], func(o okVariable) bool {
			return o.name == name && (o.from <= until && at.Pos() <= o.to || alone && o.block == r.parents[at])
		})
		if !taken && r.freeName(at, name) == name {
			r.oks[fn] = append(r.oks[fn], okVariable{name, at.Pos(), until, r.parents[at]})
			return name
		}
	}
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
	case *ast.SwitchStmt:
		v.switched(use, n)
	case *ast.UnaryExpr:
		v.refuse("the variable's address is taken", "use a variable of type "+typeText(v.w.d.typ))
	default:
		v.other(use)
	}
}

// reassigned handles another value of the variable, which must be of the field's type too.
func (v *variable) reassigned(e ast.Expr, n *ast.AssignStmt) {
	v.nilOnly = false
	v.others = append(v.others, n)
	for i, l := range n.Lhs {
		if ast.Unparen(l) != e {
			continue
		}
		if len(n.Lhs) != len(n.Rhs) || n.Tok != token.ASSIGN || !v.w.r.inBlock(n) || !types.AssignableTo(v.w.s.at.in.info.TypeOf(n.Rhs[i]), v.w.d.typ) {
			v.refusals = v.othersToo()
		}
	}
}

func (v *variable) othersToo() *refusal {
	return &refusal{"the variable gets other values, too", "use a variable of type " + typeText(v.w.d.typ)}
}

func (v *variable) refuse(why, fix string) { v.refusals = &refusal{why, fix} }

// other handles a use that accepts any value. An absent one was nil.
func (v *variable) other(use value) {
	v.nilOnly = false
	if v.w.r.nilMatters(use) && !v.isThere(use.expr) {
		v.refuse("absent is nil where it is handed on, and that matters", "use Has"+v.w.name+" as well")
	}
	if !v.isThere(use.expr) {
		v.note = absentWasNil
	}
}

// switched handles a switch over the variable.
func (v *variable) switched(use value, n *ast.SwitchStmt) {
	edits, why := v.w.cases(n, v.id.Name, v.okName)
	if edits == nil && why == nil || v.isThere(use.expr) {
		v.other(use)
		return
	}
	v.nilOnly = false
	v.ask(use.expr)
	v.edits, v.refusals = append(v.edits, edits...), why
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
	if why != nil && r.isDecided(value{n.X, w.s.at.in, whole}, n) {
		v.note = "every value is of type " + typeText(w.d.typ) + ": code for others never runs"
		v.edits = append(v.edits, r.p.replace(n.X, "any("+v.id.Name+")"))
		return
	}
	if why != nil {
		v.refusals = why
		return
	}
	assign, ok := r.outer(n).(*ast.AssignStmt)
	if !ok || len(assign.Lhs) != 2 || len(assign.Rhs) != 1 {
		v.panics = true
		v.edits = append(v.edits, r.p.replace(n, text))
		if b, ok := r.outer(n).(*ast.BinaryExpr); ok {
			v.edits = append(v.edits, w.truthOf(b, n)...)
		}
		return
	}
	switch {
	case isBlank(assign.Lhs[1]):
		v.edits = append(v.edits, r.p.replaceRange(assign.Lhs[0].End(), assign.Lhs[1].End(), ""), r.p.replace(n, text))
	case isBlank(assign.Lhs[0]):
		v.ask(n)
		v.edits = append(v.edits, r.p.replaceRange(assign.Lhs[0].Pos(), assign.Lhs[1].Pos(), ""), r.p.replace(n, v.okName))
	case v.isOK(assign):
		v.ask(n)
		v.edits = append(v.edits, r.p.replaceRange(assign.Lhs[0].End(), assign.Lhs[1].End(), ""), r.p.replace(n, text))
	default:
		v.ask(n)
		v.edits = append(v.edits, r.p.replace(n, text+", "+v.okName))
	}
}

// isOK reports whether an assertion gives the ok variable, or one of its name, the answer that it has anyway.
func (v *variable) isOK(assign *ast.AssignStmt) bool {
	id, ok := assign.Lhs[1].(*ast.Ident)
	u := v.w.s.at.in
	if !ok || v.ok == nil || id.Name != v.okName || assign.Tok != token.DEFINE || !isNew(u, assign.Lhs[0]) || v.asksLater() {
		return false
	}
	for other, obj := range u.info.Uses {
		if (obj == v.ok || obj == u.info.ObjectOf(id)) && other != id && v.w.r.isTarget(other) {
			return false
		}
	}
	return true
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
	case info.Types[other].IsNil() && (n.Op == token.NEQ || n.Op == token.EQL):
		v.ask(e)
		v.edits = append(v.edits, v.comparedWithNil(n))
	case info.TypeOf(other) != nil && types.IsInterface(info.TypeOf(other)):
		v.refuse("it is compared with a value of any type", "compare values of type "+typeText(v.w.d.typ))
	default:
		v.nilOnly = false
		if mayBeZero(v.w.s.at.in, other) && !v.isThere(e) {
			v.ask(e)
			v.edits = append(v.edits, v.w.r.ifThere(n, v.okName)...)
		}
		v.edits = append(v.edits, v.w.truthOf(n, e)...)
	}
}

// comparedWithNil replaces a comparison with nil. It is removed if another operand says the same.
func (v *variable) comparedWithNil(n *ast.BinaryExpr) edit {
	p, says, joint := v.w.r.p, v.okName, token.LAND
	if n.Op == token.EQL {
		says, joint = "!"+v.okName, token.LOR
	}
	if both, ok := v.w.r.parents[n].(*ast.BinaryExpr); ok && both.Op == joint {
		switch {
		case both.Y == n && v.anyAsksOK(both.X, n.Op, joint):
			return p.replaceRange(both.X.End(), n.End(), "")
		case both.X == n && v.anyAsksOK(both.Y, n.Op, joint):
			return p.replaceRange(n.Pos(), both.Y.Pos(), "")
		}
	}
	return p.replace(n, says)
}

// anyAsksOK reports whether asksOK holds for one of a condition's operands.
func (v *variable) anyAsksOK(cond ast.Expr, op, joint token.Token) bool {
	if b, ok := ast.Unparen(cond).(*ast.BinaryExpr); ok {
		return b.Op == joint && (v.anyAsksOK(b.X, op, joint) || v.anyAsksOK(b.Y, op, joint))
	}
	return v.asksOK(cond, op)
}

// nilMatters reports whether the program checks somewhere whether a value is nil, or which type it has. The result
// would be different for the zero value than for an absent value.
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
		fn := w.f.functionOf(n)
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
	for i, arg := range w.f.args(n) {
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
