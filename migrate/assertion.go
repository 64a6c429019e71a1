package migrate

import (
	"go/ast"
	"go/types"
	"slices"
)

// An assertion asks whether the value in an interface has the methods of another interface. It is a type assertion or a
// case of a type switch.
type assertion struct {
	x      value // of an interface type
	typ    value // the expression for the other interface
	to     *types.Interface
	what   string // in the report
	effect string // of an answer that has become no
}

// leaveAssertions reports the assertions that were true of values of the old library, and are not of those that take
// their place: the program compiles and takes another branch.
//
// It is certain that an old value comes to an assertion if the program shows where the value begins, even if a context or
// the like holds it under a key in between. Often the program does not show it. An old value may come then if values of
// its type are converted to the type of the operand anywhere, except for packages that only print. That is true of many
// programs, which have any for everything. So the methods have to show that the assertion is about such values: nothing
// else that may come there has them.
func (d *draft) leaveAssertions() {
	r := d.r
	list := r.assertions()
	if len(list) == 0 {
		return
	}
	w := &arrivals{draft: d, replaced: r.replacedTypes(), moves: r.conversions(), held: r.handedOver()}
	for _, old := range w.replaced {
		old.reaches = w.moves.from(old.typ)
	}
	for _, a := range list {
		if d.isChanged(a.typ) {
			continue
		}
		for _, old := range w.replaced {
			if why := w.fails(old, a); why != nil && !r.saidOf(a.typ) {
				r.leave(a.typ, a.what, *why)
			}
		}
	}
}

// assertions lists those of the program, without its tests.
func (f *flow) assertions() []assertion {
	var list []assertion
	f.eachNode(func(u *unit, n ast.Node) {
		if u.tests {
			return
		}
		switch n := n.(type) {
		case *ast.TypeAssertExpr:
			if n.Type != nil {
				list = append(list, f.asserted(value{n.X, u, whole}, value{n.Type, u, whole}, "an assertion of ", effectOf(u, n))...)
			}
		case *ast.TypeSwitchStmt:
			for _, e := range typesOf(n) {
				list = append(list, f.asserted(value{switched(n), u, whole}, value{e, u, whole}, "a case of ", "another case is taken")...)
			}
		}
	})
	return list
}

// typesOf lists the types in the cases of a type switch.
func typesOf(sw *ast.TypeSwitchStmt) []ast.Expr {
	var list []ast.Expr
	for _, clause := range sw.Body.List {
		list = append(list, clause.(*ast.CaseClause).List...)
	}
	return list
}

// asserted lists the assertion of a type if it is an interface with methods. If it is a type parameter, those that the
// program has in its place count.
func (f *flow) asserted(x, typ value, what, effect string) []assertion {
	if p, ok := types.Unalias(typeOf(typ)).(*types.TypeParam); ok {
		var list []assertion
		for _, arg := range f.argumentsFor(p) {
			list = append(list, assertion{x, arg.value, arg.to, what + arg.text, effect})
		}
		return list
	}
	to, ok := typeOf(typ).Underlying().(*types.Interface)
	if !ok || to.NumMethods() == 0 {
		return nil
	}
	return []assertion{{x, typ, to, what + f.p.interfaceText(typ), effect}}
}

// assertedOfOthers reports whether a value of one of the program's own types may come to an assertion of an interface of
// the program, and has its methods: the interface stays, or such values would not have it any more.
func (f *flow) assertedOfOthers(name *types.Named) bool {
	return slices.ContainsFunc(f.assertions(), func(a assertion) bool {
		to, ok := types.Unalias(typeOf(a.typ)).(*types.Named)
		return ok && to.Obj().Pos() == name.Obj().Pos() && f.othersAt(a)
	})
}

// effectOf says what becomes of an assertion that is not true.
func effectOf(u *unit, n *ast.TypeAssertExpr) string {
	if _, withOK := u.info.TypeOf(n).(*types.Tuple); withOK {
		return "it is false"
	}
	return "it panics"
}

// isChanged reports whether the draft changes the code where an expression begins.
func (d *draft) isChanged(v value) bool {
	file, at := d.r.p.offset(v.expr.Pos())
	return slices.ContainsFunc(d.pieces[file], func(p piece) bool { return p.from <= at && at < p.to })
}

// interfaceText is the report's name for an interface.
func (p *program) interfaceText(typ value) string {
	if _, ok := ast.Unparen(typ.expr).(*ast.InterfaceType); ok {
		return "an interface without a name"
	}
	return p.text(typ.expr)
}
