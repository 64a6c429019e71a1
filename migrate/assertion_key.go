package migrate

import (
	"fmt"
	"go/ast"
	"go/types"
)

// A heldKey says under which key a package of another module holds values, as those of contexts and maps do. The key is an
// argument next to the value.
type heldKey struct{ path, key string }

// handedOver lists the values that the program hands to such packages.
func (f *flow) handedOver() map[heldKey][]value {
	held := map[heldKey][]value{}
	f.eachCall(func(u *unit, call *ast.CallExpr) {
		path := f.pathOutside(u, call)
		if u.tests || path == "" || len(call.Args) < 2 {
			return
		}
		for i, e := range call.Args {
			key := identity(u, e)
			if key == "" {
				continue
			}
			for j, v := range call.Args {
				if i != j {
					held[heldKey{path, key}] = append(held[heldKey{path, key}], value{v, u, whole})
				}
			}
		}
	})
	return held
}

// pathOutside is the package of the function that a call calls, "" if it is the program's own or unknown.
func (f *flow) pathOutside(u *unit, call *ast.CallExpr) string {
	fn := callee(u, call)
	if fn == nil || fn.Pkg() == nil || f.funcs[fn.Pos()] != nil {
		return ""
	}
	return fn.Pkg().Path()
}

// identity identifies the value of an expression that is a constant, a package's variable, or a literal without elements,
// such as key{}; "" if it is another.
func identity(u *unit, e ast.Expr) string {
	e = ast.Unparen(e)
	if tv := u.info.Types[e]; tv.Value != nil {
		return typeKey(types.Default(tv.Type)) + " " + tv.Value.ExactString()
	}
	switch e := e.(type) {
	case *ast.CompositeLit:
		if len(e.Elts) == 0 {
			return typeKey(u.info.TypeOf(e))
		}
	case *ast.Ident, *ast.SelectorExpr:
		if v, ok := u.info.Uses[lastIdent(e)].(*types.Var); ok && isPackageLevel(v) {
			return fmt.Sprint("at ", v.Pos())
		}
	}
	return ""
}

// heldUnder lists the values that the program hands over under the key of a call, and reports whether there are any.
func (w *arrivals) heldUnder(v value) ([]value, bool) {
	call, ok := ast.Unparen(v.expr).(*ast.CallExpr)
	if !ok || len(call.Args) == 0 {
		return nil, false
	}
	key := heldKey{w.r.pathOutside(v.in, call), identity(v.in, call.Args[0])}
	held, ok := w.held[key]
	return held, ok && key.path != "" && key.key != ""
}
