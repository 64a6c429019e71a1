package migrate

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// A namer puts together the name of a session. Parts that come from the program's configuration, or stay the same
// while it runs, appear in the name with a $ before them.
type namer struct {
	f     *flow
	text  string
	paths []string // of the parts with a $; they tell two fields of the same type apart
	seen  map[place]bool
	given arguments
	asked map[place]bool // the parameters that decide the name, and that are not given
}

// part adds a part of the name. It reports whether the part is known before any request.
func (n *namer) part(v value) bool {
	e := ast.Unparen(v.expr)
	if c := v.in.info.Types[e].Value; c != nil {
		n.text += keyText(c)
		return true
	}
	switch e := e.(type) {
	case *ast.BinaryExpr:
		return e.Op == token.ADD && n.all(v.in, e.X, e.Y)
	case *ast.StarExpr:
		return n.part(value{e.X, v.in, whole})
	case *ast.CallExpr:
		return n.call(v, e)
	case *ast.Ident, *ast.SelectorExpr:
		return n.variable(v)
	}
	return false
}

func (n *namer) all(u *unit, parts ...ast.Expr) bool {
	for _, e := range parts {
		if !n.part(value{e, u, whole}) {
			return false
		}
	}
	return true
}

// variable adds the only value of a variable or field or, if there are several or it is unknown, the variable itself.
func (n *namer) variable(v value) bool {
	p, ok := n.f.placeAt(v.in, v.expr)
	if !ok || n.seen[p] {
		return false
	}
	n.seen[p] = true
	defer delete(n.seen, p)
	if arg, ok := n.given[p]; ok {
		return arg.expr != nil && n.part(arg)
	}
	before := *n
	texts := map[string]bool{}
	steady := len(n.f.same[p]) == 0 && !n.f.filled(v, p)
	for _, from := range n.f.into[p] {
		if from.in.tests && !v.in.tests {
			continue
		}
		*n = before
		if from.part != whole || !n.part(from) {
			steady = false
			break
		}
		texts[n.text] = true
	}
	if steady && len(texts) == 1 {
		return true
	}
	*n = before
	if _, param := n.f.params[p]; param && len(n.f.into[p])+len(n.f.same[p]) > 0 {
		n.asked[p] = true
		return false
	}
	if !n.f.lasts(v) {
		return false
	}
	n.hole(holeOf(v))
	return true
}

// filled reports whether a variable may get values other than by assignment: its address is taken, or a decoder may
// fill the field by its tag.
func (f *flow) filled(v value, p place) bool {
	if sel, ok := ast.Unparen(v.expr).(*ast.SelectorExpr); ok {
		if s := v.in.info.Selections[sel]; s != nil && tagOf(s) != "" {
			return true
		}
	}
	return slices.ContainsFunc(f.uses[p], func(use value) bool {
		amp, ok := f.outer(use.expr).(*ast.UnaryExpr)
		return ok && amp.Op == token.AND
	})
}

// tagOf is the tag of a field.
func tagOf(s *types.Selection) string {
	t := s.Recv()
	for _, i := range s.Index()[:len(s.Index())-1] {
		t = structOf(t).Field(i).Type()
	}
	last := s.Index()[len(s.Index())-1]
	if of := structOf(t); s.Kind() == types.FieldVal && of != nil {
		return of.Tag(last)
	}
	return ""
}

// structOf is the struct that a type is, or points to.
func structOf(t types.Type) *types.Struct {
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	s, _ := t.Underlying().(*types.Struct)
	return s
}

// hole adds a part that comes from the configuration.
func (n *namer) hole(name, path string) {
	n.text += "$" + name
	n.paths = append(n.paths, path)
}

// holeOf is the name of a variable, or of a field with its type. The path tells it from others of the same name: its
// package and, for a field, the expression of the struct.
func holeOf(v value) (name, path string) {
	var id *ast.Ident
	switch e := ast.Unparen(v.expr).(type) {
	case *ast.Ident:
		id = e
	case *ast.SelectorExpr:
		id = e.Sel
		if s := v.in.info.Selections[e]; s != nil {
			if named := namedOf(s.Recv()); named != nil {
				name = named.Obj().Name() + "."
			}
			of := types.ExprString(e.X)
			path = strings.ToLower(of[strings.LastIndexByte(of, '.')+1:])
			if _, root := ast.Unparen(e.X).(*ast.Ident); root {
				path = "" // each function has its own name for a variable
			}
		}
	}
	if obj := v.in.info.ObjectOf(id); obj != nil && obj.Pkg() != nil {
		path = obj.Pkg().Path() + " " + path
	}
	return name + id.Name, path
}

// call adds the parts of a call: it joins parts, is a function of the program, or looks something up by a constant.
func (n *namer) call(v value, call *ast.CallExpr) bool {
	if v.in.info.Types[ast.Unparen(call.Fun)].IsType() && len(call.Args) == 1 {
		return n.part(value{call.Args[0], v.in, whole})
	}
	fn := callee(v.in, call)
	if fn == nil {
		return false
	}
	switch fn.FullName() {
	case "strings.Join":
		return n.join(v.in, call)
	case "fmt.Sprintf":
		return n.format(v.in, call)
	}
	before := *n
	if p := (place{fn.Pos(), max(v.part, 0)}); len(n.f.into[p]) == 1 && len(n.f.same[p]) == 0 && !n.seen[p] && n.result(p, fn, v.in, call) {
		return true
	}
	*n = before
	if len(call.Args) == 0 || n.f.varies(fn) || !n.f.steadyCall(v.in, call) {
		return false
	}
	if c := v.in.info.Types[call.Args[0]].Value; c.Kind() == constant.String {
		n.hole(constant.StringVal(c), "")
		return true
	}
	return false
}

// result adds what a call of a function of the program returns.
func (n *namer) result(p place, fn *types.Func, u *unit, call *ast.CallExpr) bool {
	before := n.given
	n.seen[p] = true
	defer func() {
		n.given = before
		delete(n.seen, p)
	}()
	if of := n.f.funcs[fn.Pos()]; of != nil {
		n.given = before.with(n.f, of, value{call, u, whole})
	}
	return n.part(n.f.into[p][0])
}

func (n *namer) join(u *unit, call *ast.CallExpr) bool {
	lit, ok := ast.Unparen(call.Args[0]).(*ast.CompositeLit)
	if !ok {
		return false
	}
	for i, elt := range lit.Elts {
		if i > 0 && !n.part(value{call.Args[1], u, whole}) || !n.part(value{elt, u, whole}) {
			return false
		}
	}
	return true
}

// format adds the parts of a format that only uses %s and %v.
func (n *namer) format(u *unit, call *ast.CallExpr) bool {
	c := u.info.Types[call.Args[0]].Value
	if c == nil {
		return false
	}
	pieces := strings.Split(strings.ReplaceAll(constant.StringVal(c), "%v", "%s"), "%s")
	if len(pieces) != len(call.Args) || strings.Contains(strings.Join(pieces, ""), "%") {
		return false
	}
	for i, piece := range pieces {
		n.text += piece
		if i+1 < len(pieces) && !n.part(value{call.Args[i+1], u, whole}) {
			return false
		}
	}
	return true
}

// nearest follows a session's name from local variables to the expression that gives it.
func (f *flow) nearest(v value) value {
	for range 10 {
		id, ok := ast.Unparen(v.expr).(*ast.Ident)
		if !ok {
			break
		}
		obj := v.in.info.ObjectOf(id)
		if obj == nil || obj.Parent() == v.in.types.Scope() || len(f.into[placeOf(obj)]) != 1 {
			break
		}
		v = f.into[placeOf(obj)][0]
	}
	return v
}

// lasts reports whether an expression names something that exists before a request: a package variable, a variable
// from outside the function, or a part of the receiver.
func (f *flow) lasts(v value) bool {
	switch e := ast.Unparen(v.expr).(type) {
	case *ast.SelectorExpr:
		if id, ok := e.X.(*ast.Ident); ok {
			if _, isPackage := v.in.info.Uses[id].(*types.PkgName); isPackage {
				return true
			}
		}
		return f.lasts(value{e.X, v.in, whole})
	case *ast.StarExpr:
		return f.lasts(value{e.X, v.in, whole})
	case *ast.CallExpr:
		return f.steadyCall(v.in, e)
	case *ast.Ident:
		return f.identLasts(v.in, e)
	}
	return false
}

func (f *flow) identLasts(u *unit, id *ast.Ident) bool {
	obj, ok := u.info.ObjectOf(id).(*types.Var)
	if !ok || obj.Parent() == nil {
		return false
	}
	if obj.Parent() == u.types.Scope() {
		return true
	}
	for n := f.parents[id]; n != nil; n = f.parents[n] {
		switch fn := n.(type) {
		case *ast.FuncLit:
			return !within(obj, fn) || f.fromLasting(obj)
		case *ast.FuncDecl:
			return fn.Recv != nil && within(obj, fn.Recv) || f.fromLasting(obj)
		}
	}
	return false
}

// fromLasting reports whether a local variable only ever gets one value, which existed before the request.
func (f *flow) fromLasting(obj *types.Var) bool {
	p := placeOf(obj)
	if _, isParam := f.params[p]; isParam || len(f.into[p]) != 1 {
		return false
	}
	from := f.into[p][0]
	return from.expr != nil && from.part <= 0 && f.lasts(from)
}

// steadyCall reports whether a call probably always returns the same value while the program runs: all arguments are
// constants, and it is not a method of a value of the request.
func (f *flow) steadyCall(u *unit, call *ast.CallExpr) bool {
	for _, arg := range call.Args {
		if u.info.Types[arg].Value == nil {
			return false
		}
	}
	fn := callee(u, call)
	if fn == nil {
		return false
	}
	if fn.Signature().Recv() == nil {
		return true
	}
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	return ok && f.lasts(value{sel.X, u, whole})
}
