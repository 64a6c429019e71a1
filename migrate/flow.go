package migrate

import (
	"go/ast"
	"go/token"
	"go/types"
)

// A place can hold values: a variable, parameter or field, or a result of a function. Its declaration identifies it,
// because a package that is checked with its tests has each object twice.
type place struct {
	pos  token.Pos
	part int // the result's number, or self
}

const self = -1

// A value is an expression, or a part of its value.
type value struct {
	expr ast.Expr
	in   *unit
	part int // the number of a result, or one of those below
}

const (
	whole = -1 - iota
	keysOf
	elementsOf
)

// A flow says which values reach which places, and where the places are used. It covers the whole program, and ignores
// the order of statements and calls.
type flow struct {
	p       *program
	into    map[place][]value
	put     map[place][]value // into maps and channels there
	same    map[place][]place // an interface's method and its implementations
	uses    map[place][]value // expressions that name the place
	calls   map[token.Pos][]value
	parents map[ast.Node]ast.Node
	funcs   map[token.Pos]*function
	params  map[place]param
	byExpr  map[*ast.CallExpr]bool    // calls by a method expression, whose first argument is the receiver
	getters map[token.Pos]acquisition // functions of the program that hand out sessions by their names

	liveness *liveness   // nil until first needed
	moves    conversions // as well
}

// A function is declared by the program.
type function struct {
	fn   *types.Func
	decl *ast.FuncDecl
	in   *unit
}

// A param is a parameter of a function of the program.
type param struct {
	fn    token.Pos
	index int
}

func newFlow(p *program) *flow {
	f := &flow{
		p: p, into: map[place][]value{}, put: map[place][]value{}, same: map[place][]place{}, uses: map[place][]value{}, calls: map[token.Pos][]value{},
		parents: map[ast.Node]ast.Node{}, funcs: map[token.Pos]*function{}, params: map[place]param{}, byExpr: map[*ast.CallExpr]bool{},
	}
	for _, u := range p.units {
		for _, file := range u.files {
			f.declare(u, file)
		}
	}
	f.implementations()
	for _, u := range p.units {
		for _, file := range u.files {
			f.file(u, file)
		}
	}
	f.callsOfValues()
	f.findGetters()
	return f
}

// callsOfValues notes calls of the program's functions and methods through variables.
func (f *flow) callsOfValues() {
	f.eachCall(func(u *unit, call *ast.CallExpr) {
		if callee(u, call) != nil || u.info.Types[ast.Unparen(call.Fun)].IsType() {
			return
		}
		for _, l := range f.origins(value{call.Fun, u, whole}, false) {
			e := ast.Unparen(l.expr)
			if fn := callee(l.in, &ast.CallExpr{Fun: e}); fn != nil && !l.in.info.Types[e].IsType() && f.funcs[fn.Pos()] != nil {
				f.byExpr[call] = isMethodExpr(l.in, e)
				f.noteCall(value{call, u, whole}, fn)
			}
		}
	})
}

// isMethodExpr reports whether an expression is a method of a type, not of a value: the receiver is then the first
// argument.
func isMethodExpr(u *unit, e ast.Expr) bool {
	sel, ok := ast.Unparen(e).(*ast.SelectorExpr)
	return ok && u.info.Selections[sel] != nil && u.info.Selections[sel].Kind() == types.MethodExpr
}

// args returns the arguments of a call, without the receiver.
func (f *flow) args(call *ast.CallExpr) []ast.Expr {
	if f.byExpr[call] && len(call.Args) > 0 {
		return call.Args[1:]
	}
	return call.Args
}

// receiverOf is the expression that a method is called on, nil for a function.
func (f *flow) receiverOf(call *ast.CallExpr, fn *types.Func) ast.Expr {
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	switch {
	case fn.Signature().Recv() == nil:
		return nil
	case f.byExpr[call] && len(call.Args) > 0:
		return call.Args[0]
	case ok:
		return sel.X
	}
	return nil
}

// declare notes the functions of a file and their parameters.
func (f *flow) declare(u *unit, file *ast.File) {
	for _, d := range file.Decls {
		decl, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		fn, ok := u.info.Defs[decl.Name].(*types.Func)
		if !ok {
			continue
		}
		f.funcs[fn.Pos()] = &function{fn, decl, u}
		f.parameters(fn)
	}
}

func (f *flow) parameters(fn *types.Func) {
	for i := range fn.Signature().Params().Len() {
		f.params[placeOf(fn.Signature().Params().At(i))] = param{fn.Pos(), i}
	}
}

func placeOf(obj types.Object) place { return place{obj.Pos(), self} }

// implementations ties each method of an interface of the program to the methods that may implement it.
func (f *flow) implementations() {
	var interfaces []*types.Named
	var concrete []*types.Named
	for _, u := range f.p.units {
		for _, obj := range u.info.Defs {
			name, ok := obj.(*types.TypeName)
			if !ok || name.IsAlias() {
				continue
			}
			named, ok := name.Type().(*types.Named)
			switch {
			case !ok || named.TypeParams().Len() > 0:
			case types.IsInterface(named):
				interfaces = append(interfaces, named)
			case named.NumMethods() > 0:
				concrete = append(concrete, named)
			}
		}
	}
	for _, i := range interfaces {
		under := i.Underlying().(*types.Interface)
		for _, c := range concrete {
			if under.NumMethods() > 0 && types.Implements(types.NewPointer(c), under) {
				f.tie(under, c)
			}
		}
	}
}

func (f *flow) tie(i *types.Interface, c *types.Named) {
	for m := range i.Methods() {
		obj, _, _ := types.LookupFieldOrMethod(types.NewPointer(c), true, m.Pkg(), m.Name())
		fn, ok := obj.(*types.Func)
		if !ok || f.funcs[fn.Pos()] == nil || !sameShape(fn.Signature(), m.Signature()) {
			continue
		}
		f.parameters(m)
		for n := range m.Signature().Params().Len() {
			f.link(placeOf(fn.Signature().Params().At(n)), placeOf(m.Signature().Params().At(n)))
		}
		for n := range m.Signature().Results().Len() {
			f.link(place{m.Pos(), n}, place{fn.Pos(), n})
		}
		f.link(place{fn.Pos(), callees}, place{m.Pos(), callees})
	}
}

// sameShape reports whether two functions have the same number of parameters and of results. If a type is missing, the
// type checker takes any method of the same name for an implementation.
func sameShape(a, b *types.Signature) bool {
	return a.Params().Len() == b.Params().Len() && a.Results().Len() == b.Results().Len()
}

const callees = -9 // a function as a place: links say whose calls also call it

func (f *flow) link(to, from place) {
	if to != from {
		f.same[to] = append(f.same[to], from)
	}
}

// file notes all moves of values in a file.
func (f *flow) file(u *unit, file *ast.File) {
	var stack []ast.Node
	var within []*ast.FuncType // function types around the current node
	ast.Inspect(file, func(n ast.Node) bool {
		if n == nil {
			last := stack[len(stack)-1]
			if t := typeOfFunc(last); t != nil {
				within = within[:len(within)-1]
			}
			stack = stack[:len(stack)-1]
			return true
		}
		if len(stack) > 0 {
			f.parents[n] = stack[len(stack)-1]
		}
		stack = append(stack, n)
		if t := typeOfFunc(n); t != nil {
			within = append(within, t)
		}
		f.node(u, n, stack)
		return true
	})
}

func typeOfFunc(n ast.Node) *ast.FuncType {
	switch n := n.(type) {
	case *ast.FuncDecl:
		return n.Type
	case *ast.FuncLit:
		return n.Type
	}
	return nil
}

func (f *flow) node(u *unit, n ast.Node, stack []ast.Node) {
	switch n := n.(type) {
	case *ast.AssignStmt:
		f.assign(u, n.Lhs, f.assigned(n))
	case *ast.ValueSpec:
		names := make([]ast.Expr, len(n.Names))
		for i, name := range n.Names {
			names[i] = name
		}
		if len(n.Values) > 0 {
			f.assign(u, names, n.Values)
		}
	case *ast.RangeStmt:
		f.store(u, n.Key, value{n.X, u, keysOf})
		f.store(u, n.Value, value{n.X, u, elementsOf})
	case *ast.CallExpr:
		f.call(u, n)
	case *ast.CompositeLit:
		f.composite(u, n)
	case *ast.ReturnStmt:
		f.returns(u, n, stack)
	case *ast.TypeSwitchStmt:
		f.typeSwitch(u, n)
	case *ast.SendStmt:
		f.putInto(u, n.Chan, value{n.Value, u, whole})
	case *ast.Ident:
		f.use(u, n)
	}
}

// assigned returns the values of an assignment. One with an operator, such as +=, gives the variable neither its old value nor
// the operand.
func (f *flow) assigned(n *ast.AssignStmt) []ast.Expr {
	if n.Tok == token.ASSIGN || n.Tok == token.DEFINE {
		return n.Rhs
	}
	joint := &ast.BinaryExpr{X: n.Lhs[0], OpPos: n.TokPos, Op: n.Tok + token.ADD - token.ADD_ASSIGN, Y: n.Rhs[0]}
	f.parents[joint] = n
	return []ast.Expr{joint}
}

func (f *flow) assign(u *unit, lhs, rhs []ast.Expr) {
	for i, l := range lhs {
		switch {
		case len(lhs) == len(rhs):
			f.store(u, l, value{rhs[i], u, whole})
		case isCall(rhs[0]):
			f.store(u, l, value{rhs[0], u, i})
		case i == 0: // the ok of a map, type assertion or channel
			f.store(u, l, value{rhs[0], u, whole})
		}
	}
}

func isCall(e ast.Expr) bool {
	_, ok := ast.Unparen(e).(*ast.CallExpr)
	return ok
}

// store notes an assignment.
func (f *flow) store(u *unit, l ast.Expr, v value) {
	if l == nil {
		return
	}
	if p, ok := f.placeAt(u, l); ok {
		f.into[p] = append(f.into[p], v)
	} else if in, ok := ast.Unparen(l).(*ast.IndexExpr); ok {
		f.putInto(u, in.X, v)
	}
}

// putInto notes a value that is put into a map or channel.
func (f *flow) putInto(u *unit, holder ast.Expr, v value) {
	if p, ok := f.placeAt(u, holder); ok {
		f.put[p] = append(f.put[p], v)
	}
}

// placeAt is the place that an expression names.
func (f *flow) placeAt(u *unit, e ast.Expr) (place, bool) {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		if v, ok := u.info.ObjectOf(e).(*types.Var); ok {
			return placeOf(v.Origin()), true
		}
	case *ast.SelectorExpr:
		if v, ok := u.info.Uses[e.Sel].(*types.Var); ok {
			return placeOf(v.Origin()), true
		}
	case *ast.StarExpr:
		return f.placeAt(u, e.X)
	case *ast.IndexExpr: // an element counts as the whole
		if t := u.info.TypeOf(e.X); t != nil {
			if _, ok := t.Underlying().(*types.Slice); ok {
				return f.placeAt(u, e.X)
			}
		}
	}
	return place{}, false
}

// callee is the function that a call calls, nil if it is only known at run time.
func callee(u *unit, call *ast.CallExpr) *types.Func {
	fun := ast.Unparen(call.Fun)
	switch x := fun.(type) {
	case *ast.IndexExpr:
		fun = x.X
	case *ast.IndexListExpr:
		fun = x.X
	}
	var id *ast.Ident
	switch x := fun.(type) {
	case *ast.Ident:
		id = x
	case *ast.SelectorExpr:
		id = x.Sel
	default:
		return nil
	}
	fn, _ := u.info.Uses[id].(*types.Func)
	if fn != nil {
		fn = fn.Origin()
	}
	return fn
}

func (f *flow) call(u *unit, call *ast.CallExpr) {
	fn := callee(u, call)
	if fn == nil {
		return
	}
	f.byExpr[call] = isMethodExpr(u, call.Fun)
	f.noteCall(value{call, u, whole}, fn)
	if recv := f.receiverOf(call, fn); recv != nil && f.funcs[fn.Pos()] != nil {
		p := placeOf(fn.Signature().Recv())
		f.into[p] = append(f.into[p], value{recv, u, whole})
	}
}

// noteCall notes a call of a function, and where its arguments go.
func (f *flow) noteCall(at value, fn *types.Func) {
	call, u := at.expr.(*ast.CallExpr), at.in
	f.calls[fn.Pos()] = append(f.calls[fn.Pos()], at)
	sig := fn.Signature()
	for i, arg := range f.args(call) {
		if n := min(i, sig.Params().Len()-1); n >= 0 {
			p := placeOf(sig.Params().At(n))
			f.into[p] = append(f.into[p], value{arg, u, whole})
		}
	}
}

func (f *flow) composite(u *unit, lit *ast.CompositeLit) {
	t := u.info.TypeOf(lit)
	if t == nil {
		return
	}
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	s, ok := t.Underlying().(*types.Struct)
	if !ok {
		return
	}
	for i, elt := range lit.Elts {
		if kv, ok := elt.(*ast.KeyValueExpr); ok {
			f.store(u, kv.Key, value{kv.Value, u, whole})
		} else if i < s.NumFields() {
			p := placeOf(s.Field(i).Origin())
			f.into[p] = append(f.into[p], value{elt, u, whole})
		}
	}
}

// returns notes the values that a function returns. It is not known where the results of a function literal go.
func (f *flow) returns(u *unit, ret *ast.ReturnStmt, stack []ast.Node) {
	for i := len(stack) - 1; i >= 0; i-- {
		switch n := stack[i].(type) {
		case *ast.FuncLit:
			return
		case *ast.FuncDecl:
			if fn, ok := u.info.Defs[n.Name].(*types.Func); ok {
				f.returnsOf(u, ret, fn)
			}
			return
		}
	}
}

func (f *flow) returnsOf(u *unit, ret *ast.ReturnStmt, fn *types.Func) {
	results := fn.Signature().Results()
	for i := range results.Len() {
		p := place{fn.Pos(), i}
		switch {
		case len(ret.Results) == results.Len():
			f.into[p] = append(f.into[p], value{ret.Results[i], u, whole})
		case len(ret.Results) == 1:
			f.into[p] = append(f.into[p], value{ret.Results[0], u, i})
		case len(ret.Results) == 0:
			f.link(p, placeOf(results.At(i)))
		}
	}
}

func (f *flow) typeSwitch(u *unit, sw *ast.TypeSwitchStmt) {
	assign, ok := sw.Assign.(*ast.AssignStmt)
	if !ok {
		return
	}
	for _, clause := range sw.Body.List {
		if obj := u.info.Implicits[clause]; obj != nil {
			p := placeOf(obj)
			f.into[p] = append(f.into[p], value{assign.Rhs[0], u, whole})
		}
	}
}

// use notes an identifier that names a place.
func (f *flow) use(u *unit, id *ast.Ident) {
	v, ok := u.info.Uses[id].(*types.Var)
	if !ok {
		return
	}
	var e ast.Expr = id
	if sel, ok := f.parents[id].(*ast.SelectorExpr); ok && sel.Sel == id {
		e = sel
	}
	p := placeOf(v.Origin())
	f.uses[p] = append(f.uses[p], value{e, u, whole})
}

// callsOf lists the calls of a function, including those through an interface.
func (f *flow) callsOf(fn token.Pos) []value {
	list := f.calls[fn]
	for _, p := range f.same[place{fn, callees}] {
		list = append(list, f.calls[p.pos]...)
	}
	return list
}

// eachCall calls a function for each call of the program.
func (f *flow) eachCall(do func(*unit, *ast.CallExpr)) {
	f.eachNode(func(u *unit, n ast.Node) {
		if call, ok := n.(*ast.CallExpr); ok {
			do(u, call)
		}
	})
}

// eachNode calls a function for each node of the program's files.
func (f *flow) eachNode(do func(*unit, ast.Node)) {
	for _, u := range f.p.units {
		for _, file := range u.files {
			ast.Inspect(file, func(n ast.Node) bool {
				if n != nil {
					do(u, n)
				}
				return true
			})
		}
	}
}
