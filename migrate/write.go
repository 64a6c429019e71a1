package migrate

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

const (
	absentWasNil   = "absent was nil, and is the zero value"
	absentPanicked = "absent panicked, and is the zero value"
)

// A writer writes the accessor call for one site.
type writer struct {
	r    *rewriter
	s    *site
	d    *field
	name string // of the field
	recv string
}

func (w *writer) get() string { return w.recv + ".Get" + w.name + "()" }
func (w *writer) has() string { return w.recv + ".Has" + w.name + "()" }

// lookup returns the call for the value and whether there is one.
func (w *writer) lookup() string { return w.recv + ".Lookup" + w.name + "()" }

// call turns a node into a call of a method of the session. If the session's expression is part of the node, it stays:
// it may change too.
func (w *writer) call(n ast.Node, method string) []edit {
	e := w.r.sessionExpr(w.s)
	if e == nil || e.Pos() < n.Pos() || n.End() < e.End() {
		return []edit{w.r.p.replace(n, w.recv+"."+method)}
	}
	edits := []edit{w.r.p.replaceRange(e.End(), n.End(), "."+method)}
	if n.Pos() < e.Pos() {
		edits = append(edits, w.r.p.replaceRange(n.Pos(), e.Pos(), ""))
	}
	return edits
}

func (w *writer) change() (*change, *refusal) {
	switch w.s.verb {
	case writeVerb:
		return w.write()
	case deleteVerb:
		return w.delete()
	case lookVerb:
		return &change{edits: w.call(w.s.at.expr, "Has"+w.name+"()")}, nil
	case popVerb:
		return w.popped()
	case readVerb:
		c, why := w.read(w.s.at.expr)
		return w.noteMatch(c), why
	case addFlashVerb:
		return w.add()
	case takeFlashesVerb:
		return w.take()
	}
	return nil, &refusal{"there is no rule for it", "call an accessor"}
}

func (w *writer) replace(n ast.Node, text string) *change {
	return &change{edits: []edit{w.r.p.replace(n, text)}}
}

// write writes a Set. An assignment to a map element becomes a statement.
func (w *writer) write() (*change, *refusal) {
	if w.d.blanks(w.s) {
		c, why := w.delete()
		if c != nil {
			c.note = "the empty text stood for no value, and the key is cleared"
		}
		return c, why
	}
	if t := valueType(w.s.val); t != nil && types.IsInterface(t) && !types.IsInterface(w.d.typ) {
		return w.writeAny()
	}
	before, after, why := w.converted()
	if why != nil {
		return nil, why
	}
	node, why := w.node()
	if why != nil {
		return nil, why
	}
	return &change{edits: w.callWith(node, "Set"+w.name+"("+before, after+")")}, nil
}

// callWith is like call, with the value of a write. The value stays in place: other sites may be in it.
func (w *writer) callWith(n ast.Node, before, after string) []edit {
	val := w.s.val.expr
	last := w.r.p.replaceRange(val.End(), n.End(), after)
	if amp, ok := ast.Unparen(val).(*ast.UnaryExpr); ok && amp.Op == token.AND && strings.HasSuffix(before, "*") {
		val, before = amp.X, before[:len(before)-1]
	}
	if e := w.r.sessionExpr(w.s); e != nil && n.Pos() == e.Pos() {
		return []edit{w.r.p.replaceRange(e.End(), val.Pos(), "."+before), last}
	}
	return []edit{w.r.p.replaceRange(n.Pos(), val.Pos(), w.recv+"."+before), last}
}

func (w *writer) add() (*change, *refusal) {
	before, after, why := w.converted()
	if why != nil {
		return nil, why
	}
	return &change{edits: w.callWith(w.s.at.expr, "Add"+w.name+"("+before, after+")")}, nil
}

func (w *writer) delete() (*change, *refusal) {
	node, why := w.node()
	if why != nil {
		return nil, why
	}
	return &change{edits: w.call(node, "Clear"+w.name+"()")}, nil
}

// node is the node that a call replaces.
func (w *writer) node() (ast.Node, *refusal) {
	if _, ok := w.s.at.expr.(*ast.IndexExpr); !ok {
		return w.s.at.expr, nil
	}
	assign, ok := w.r.outer(w.s.at.expr).(*ast.AssignStmt)
	if !ok || len(assign.Lhs) != 1 || len(assign.Rhs) != 1 || assign.Tok != token.ASSIGN {
		return nil, &refusal{"several values are assigned at once", "assign them one by one"}
	}
	return assign, nil
}

// converted returns the text before and after the value of a write that converts the value to the field's type. The
// value itself stays: other sites may be in it.
func (w *writer) converted() (before, after string, why *refusal) {
	v := w.s.val
	from := valueType(v)
	tv := v.in.info.Types[ast.Unparen(v.expr)]
	switch {
	case from == nil:
		return "", "", nil
	case v.part >= 0:
		return "", "", &refusal{"the value is one of several results", "keep it in a variable first"}
	case tv.Value != nil && isUntypedLiteral(v), types.AssignableTo(from, w.d.typ):
		return "", "", nil
	case isInteger(from) && isInteger(w.d.typ):
		return types.TypeString(w.d.typ, nil) + "(", ")", nil
	case types.Identical(flat(from), w.d.typ):
		return strings.Repeat("*", pointers(from)), "", nil
	}
	return "", "", &refusal{"the value is of type " + typeText(from) + ", and the field of type " + typeText(w.d.typ), "convert it"}
}

func pointers(t types.Type) int {
	n := 0
	for {
		p, ok := types.Unalias(t).(*types.Pointer)
		if !ok {
			return n
		}
		t = p.Elem()
		n++
	}
}

// as converts the text of a field's value to another type that the program expects.
func (w *writer) as(text string, t types.Type) (string, *refusal) {
	switch {
	case t == nil || types.IsInterface(t) || types.AssignableTo(w.d.typ, t):
		return text, nil
	case isInteger(t) && isInteger(w.d.typ):
		return types.TypeString(t, nil) + "(" + text + ")", nil
	}
	return "", &refusal{"it is read as " + typeText(t) + ", and the field is of type " + typeText(w.d.typ), "convert the accessor's result"}
}

// read writes a Get, a Has or both, depending on how the program uses the value.
func (w *writer) read(e ast.Expr) (*change, *refusal) {
	if t := typeOf(w.s.at); !types.IsInterface(t) {
		if _, isTuple := t.(*types.Tuple); !isTuple {
			text, why := w.as(w.get(), t)
			if text == w.get() {
				return &change{edits: w.call(e, "Get"+w.name+"()")}, why
			}
			return w.replace(e, text), why
		}
	}
	switch n := w.r.outer(e).(type) {
	case *ast.TypeAssertExpr:
		if n.Type != nil {
			return w.asserted(n)
		}
		edits, why := w.typeSwitch(n, w.get(), w.has())
		return &change{edits: edits}, why
	case *ast.BinaryExpr:
		return w.compared(e, n)
	case *ast.AssignStmt:
		return w.assigned(e, n)
	case *ast.ValueSpec:
		if len(n.Names) == 2 && n.Type == nil {
			return w.declared(e, n)
		}
	case *ast.ExprStmt:
		return &change{edits: []edit{w.r.p.remove(n)}}, nil
	case *ast.SwitchStmt:
		if edits, why := w.cases(n, w.get(), w.has()); edits != nil || why != nil {
			return &change{edits: edits}, why
		}
	}
	if w.r.nilMatters(w.s.at) {
		return w.readAny(e)
	}
	return &change{edits: w.call(e, "Get"+w.name+"()"), note: absentWasNil}, nil
}

// asserted removes an assertion to the field's type.
func (w *writer) asserted(n *ast.TypeAssertExpr) (*change, *refusal) {
	t := w.s.at.in.info.TypeOf(n.Type)
	if assign, ok := w.r.outer(n).(*ast.AssignStmt); ok && len(assign.Lhs) == 2 && len(assign.Rhs) == 1 {
		return w.commaOK(assign, n, t)
	}
	if spec, ok := w.r.outer(n).(*ast.ValueSpec); ok && len(spec.Names) == 2 {
		return w.both(n, t)
	}
	text, why := w.as(w.get(), t)
	if why != nil {
		return nil, why
	}
	edits := []edit{w.r.p.replace(n, text)}
	if text == w.get() {
		edits = w.call(n, "Get"+w.name+"()")
		if b, ok := w.r.outer(n).(*ast.BinaryExpr); ok {
			edits = append(edits, w.truthOf(b, n)...)
		}
	}
	return &change{edits: edits, note: absentPanicked}, nil
}

// noteMatch notes that a read of an integer of another type than the program writes finds the value now.
func (w *writer) noteMatch(c *change) *change {
	written := slices.Concat(w.d.writes, w.d.loose)
	if c == nil || len(written) == 0 {
		return c
	}
	for _, t := range w.r.evidenceOf(w.s.at).asserted {
		if isInteger(t) && !slices.ContainsFunc(written, func(other types.Type) bool { return types.Identical(t, other) }) {
			c.note = "no value of type " + typeText(t) + " is written: this never matched, and does now"
		}
	}
	return c
}

// both writes a read of the value and of whether there is one.
func (w *writer) both(n ast.Node, t types.Type) (*change, *refusal) {
	text, why := w.as(w.get(), t)
	if why != nil {
		return nil, why
	}
	if text == w.get() {
		return &change{edits: w.call(n, "Lookup"+w.name+"()")}, nil
	}
	return w.replace(n, text+", "+w.has()), nil
}

// commaOK handles an assignment of the value and of whether there is one. n gives both.
func (w *writer) commaOK(assign *ast.AssignStmt, n ast.Expr, t types.Type) (*change, *refusal) {
	switch {
	case isBlank(assign.Lhs[0]) && isBlank(assign.Lhs[1]):
		return &change{edits: []edit{w.r.p.remove(assign)}}, nil
	case isBlank(assign.Lhs[0]) && w.r.onlyCondition(assign) != nil:
		stmt := w.r.onlyCondition(assign)
		return &change{edits: []edit{w.r.p.replaceRange(assign.Pos(), stmt.Cond.End(), w.has())}}, nil
	case isBlank(assign.Lhs[0]):
		return &change{edits: []edit{
			w.r.p.replaceRange(assign.Lhs[0].Pos(), assign.Lhs[1].Pos(), ""), w.r.p.replace(n, w.has()),
		}}, nil
	case isBlank(assign.Lhs[1]):
		text, why := w.as(w.get(), t)
		return &change{edits: []edit{
			w.r.p.replaceRange(assign.Lhs[0].End(), assign.Lhs[1].End(), ""), w.r.p.replace(n, text),
		}}, why
	}
	return w.both(n, t)
}

// onlyCondition is the if statement that an assignment belongs to, if its condition is the second variable and nothing
// else uses that.
func (r *rewriter) onlyCondition(assign *ast.AssignStmt) *ast.IfStmt {
	stmt, ok := r.parents[assign].(*ast.IfStmt)
	if !ok || stmt.Init != assign || assign.Tok != token.DEFINE {
		return nil
	}
	id, ok := assign.Lhs[1].(*ast.Ident)
	cond, isIdent := ast.Unparen(stmt.Cond).(*ast.Ident)
	if !ok || !isIdent || id.Name != cond.Name || len(r.uses[place{id.Pos(), self}]) != 1 {
		return nil
	}
	return stmt
}

func (w *writer) compared(e ast.Expr, n *ast.BinaryExpr) (*change, *refusal) {
	other := n.X
	if ast.Unparen(n.X) == e {
		other = n.Y
	}
	switch {
	case w.s.at.in.info.Types[other].IsNil() && n.Op == token.NEQ:
		return &change{edits: w.call(n, "Has"+w.name+"()")}, nil
	case w.s.at.in.info.Types[other].IsNil() && n.Op == token.EQL:
		return &change{edits: append([]edit{w.r.p.replaceRange(n.Pos(), n.Pos(), "!")}, w.call(n, "Has"+w.name+"()")...)}, nil
	}
	if t := w.s.at.in.info.TypeOf(other); t != nil && types.IsInterface(t) {
		return nil, &refusal{"it is compared with a value of any type", "compare values of type " + typeText(w.d.typ)}
	}
	edits := append(w.truthOf(n, e), w.call(e, "Get"+w.name+"()")...)
	if mayBeZero(w.s.at.in, other) {
		edits = append(w.r.ifThere(n, w.has()), edits...)
	}
	return &change{edits: edits}, nil
}

// assigned handles an assignment to a variable of type any, or a check whether a map has the key.
func (w *writer) assigned(e ast.Expr, n *ast.AssignStmt) (*change, *refusal) {
	if len(n.Rhs) != 1 || len(n.Lhs) > 2 {
		return nil, &refusal{"several values are assigned at once", "assign them one by one"}
	}
	id, ok := n.Lhs[0].(*ast.Ident)
	u := w.s.at.in
	if !ok || isBlank(id) || n.Tok != token.DEFINE || u.info.Defs[id] == nil {
		if len(n.Lhs) == 2 && isBlank(n.Lhs[0]) {
			return w.commaOK(n, e, w.d.typ)
		}
		return w.stored(e, n)
	}
	v := &variable{w: w, id: id, obj: u.info.Defs[id]}
	if len(n.Lhs) == 2 {
		if okID, isIdent := n.Lhs[1].(*ast.Ident); isIdent && !isBlank(okID) {
			v.okName, v.ok = okID.Name, u.info.ObjectOf(okID)
		}
	}
	return v.change(e, n)
}

// declared handles a var declaration of the value and of whether there is one.
func (w *writer) declared(e ast.Expr, n *ast.ValueSpec) (*change, *refusal) {
	same := &ast.AssignStmt{Lhs: []ast.Expr{n.Names[0], n.Names[1]}, TokPos: n.Names[1].End(), Tok: token.DEFINE, Rhs: n.Values}
	switch {
	case isBlank(n.Names[0]):
		return w.commaOK(same, e, w.d.typ)
	case isBlank(n.Names[1]):
		return nil, &refusal{"absent is nil there, and that may matter", "use Lookup" + w.name}
	}
	v := &variable{w: w, id: n.Names[0], obj: w.s.at.in.info.Defs[n.Names[0]], okName: n.Names[1].Name, ok: w.s.at.in.info.Defs[n.Names[1]]}
	return v.change(e, same)
}

// stored handles an assignment to an existing variable.
func (w *writer) stored(e ast.Expr, n *ast.AssignStmt) (*change, *refusal) {
	if len(n.Lhs) == 1 && w.r.nilMatters(w.s.at) {
		return w.readAny(e)
	}
	if len(n.Lhs) == 2 && w.onlyAsserted(n.Lhs[0]) {
		return &change{edits: w.call(e, "Lookup"+w.name+"()"), note: "absent panicked where its type is asserted, and is the zero value"}, nil
	}
	if len(n.Lhs) == 2 {
		return nil, &refusal{"absent is nil there, and that matters", "use Has" + w.name + " as well"}
	}
	return &change{edits: w.call(e, "Get"+w.name+"()"), note: absentWasNil}, nil
}

// onlyAsserted reports whether a local variable is only ever asserted to have the field's type: nothing asks whether
// it is nil.
func (w *writer) onlyAsserted(e ast.Expr) bool {
	id, ok := ast.Unparen(e).(*ast.Ident)
	if !ok {
		return false
	}
	obj, ok := w.s.at.in.info.Uses[id].(*types.Var)
	if !ok || isPackageLevel(obj) {
		return false
	}
	for _, use := range w.r.uses[placeOf(obj)] {
		if w.r.isTarget(use.expr) {
			continue
		}
		assert, ok := w.r.outer(use.expr).(*ast.TypeAssertExpr)
		if !ok || assert.Type == nil || !types.Identical(use.in.info.TypeOf(assert.Type), w.d.typ) {
			return false
		}
		switch n := w.r.outer(assert).(type) {
		case *ast.AssignStmt:
			if len(n.Lhs) != len(n.Rhs) {
				return false
			}
		case *ast.ValueSpec:
			if len(n.Names) != len(n.Values) {
				return false
			}
		}
	}
	return true
}

// popped writes a Pop. The value goes to a variable first if it is part of a larger expression.
func (w *writer) popped() (*change, *refusal) {
	e := w.s.at.expr
	t := typeOf(w.s.at)
	if assert, ok := w.r.outer(e).(*ast.TypeAssertExpr); ok && assert.Type != nil {
		t, e = w.s.at.in.info.TypeOf(assert.Type), assert
	}
	if !types.Identical(t, w.d.typ) {
		return nil, &refusal{"it is read as " + typeText(t) + ", and the field is of type " + typeText(w.d.typ), "convert the result of Pop" + w.name + " gives"}
	}
	return w.pop(e)
}

// pop replaces an expression by a Pop, in a statement before it if the expression is part of one.
func (w *writer) pop(e ast.Expr) (*change, *refusal) {
	method := "Pop" + w.name + "()"
	switch n := w.r.outer(e).(type) {
	case *ast.ExprStmt:
		return &change{edits: w.call(e, "Clear"+w.name+"()")}, nil
	case *ast.AssignStmt:
		if len(n.Lhs) == 2 && len(n.Rhs) == 1 {
			return &change{edits: w.call(e, method)}, nil
		}
		if len(n.Lhs) == 1 && (n.Tok == token.ASSIGN || n.Tok == token.DEFINE) {
			return &change{edits: append(w.call(e, method), w.r.p.replaceRange(n.Lhs[0].End(), n.Lhs[0].End(), ", _"))}, nil
		}
	}
	stmt := w.r.block(e)
	if stmt == nil {
		return nil, &refusal{"the value is taken within an expression", "take it before with Pop" + w.name}
	}
	name := w.r.newName(stmt, lower(w.name))
	return &change{edits: []edit{
		w.r.p.replaceRange(stmt.Pos(), stmt.Pos(), name+", _ := "+w.recv+"."+method+"\n"), w.r.p.replace(e, name),
	}}, nil
}

// newName is a name that is free in the function around a statement, including names that other changes add.
func (r *rewriter) newName(at ast.Node, base string) string {
	fn := r.outermost(at)
	if r.newNames[fn] == nil {
		r.newNames[fn] = map[string]bool{}
	}
	name := r.freeName(at, base)
	for i := 2; r.newNames[fn][name]; i++ {
		name = r.freeName(at, fmt.Sprint(base, i))
	}
	r.newNames[fn][name] = true
	return name
}

// freeName is a name that is free in the function around a statement.
func (r *rewriter) freeName(at ast.Node, base string) string {
	fn := r.outermost(at)
	taken := map[string]bool{}
	ast.Inspect(fn, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			taken[id.Name] = true
		}
		return true
	})
	name := base
	for i := 2; taken[name] || token.IsKeyword(name) || types.Universe.Lookup(name) != nil; i++ {
		name = fmt.Sprint(base, i)
	}
	return name
}

// typeSwitch replaces a type switch by one on the field's type or absence: has tells which.
func (w *writer) typeSwitch(n *ast.TypeAssertExpr, get, has string) ([]edit, *refusal) {
	no := &refusal{"a type switch decides what it is", "it is always of type " + typeText(w.d.typ) + ": keep that case"}
	stmt, _ := w.r.parents[n].(ast.Stmt)
	sw, ok := w.r.parents[stmt].(*ast.TypeSwitchStmt)
	if !ok || sw.Init != nil {
		return nil, no
	}
	info := w.s.at.in.info
	var edits []edit
	typed := false
	for _, c := range sw.Body.List {
		clause := c.(*ast.CaseClause)
		isNil := len(clause.List) == 1 && info.Types[clause.List[0]].IsNil()
		switch {
		case (isNil || len(clause.List) == 0) && usesImplicit(info, clause):
			return nil, &refusal{"a type switch uses its variable where that has no type of its own", "it is always of type " + typeText(w.d.typ) + ": keep that case"}
		case len(clause.List) == 0:
		case isNil:
			edits = append(edits, w.r.p.replace(clause.List[0], "!"+has))
		case len(clause.List) == 1 && types.Identical(info.TypeOf(clause.List[0]), w.d.typ):
			typed = true
			edits = append(edits, w.r.p.replace(clause.List[0], has))
			if assign, ok := sw.Assign.(*ast.AssignStmt); ok && usesImplicit(info, clause) {
				edits = append(edits, w.r.p.replaceRange(clause.Colon+1, clause.Colon+1, "\n"+assign.Lhs[0].(*ast.Ident).Name+" := "+get))
			}
		default:
			edits = append(edits, w.r.p.remove(clause))
		}
	}
	if !typed {
		return nil, no
	}
	return append(edits, w.r.p.replaceRange(sw.Pos(), sw.Body.Lbrace, "switch ")), nil
}

// usesImplicit reports whether a clause uses the variable of its type switch.
func usesImplicit(info *types.Info, clause *ast.CaseClause) bool {
	obj, found := info.Implicits[clause], false
	ast.Inspect(clause, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		found = found || ok && obj != nil && info.Uses[id] == obj
		return !found
	})
	return found
}
