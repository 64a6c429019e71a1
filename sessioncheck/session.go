package sessioncheck

import (
	"go/ast"
	"go/types"
	"strings"

	"golang.org/x/tools/go/types/typeutil"
)

const runtimePath = "github.com/sessiongen/sessiongen/runtime"

// sessionOf is the generated session type that a type is or points to, nil if there is none.
func sessionOf(t types.Type) *types.Named { return embedding(t, "Session") }

// embedding is the named type that a type is or points to, if it embeds this type of the runtime, or a pointer to it.
func embedding(t types.Type, name string) *types.Named {
	named := namedOf(t)
	if named == nil {
		return nil
	}
	s, ok := named.Underlying().(*types.Struct)
	if !ok {
		return nil
	}
	for f := range s.Fields() {
		if f.Embedded() && isOf(f.Type(), runtimePath, name) {
			return named
		}
	}
	return nil
}

// isOf reports whether a type is the named type of a package, or a pointer to it.
func isOf(t types.Type, path, name string) bool {
	named := namedOf(t)
	return named != nil && named.Obj().Name() == name && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() == path
}

// namedOf is the named type that a type is or points to.
func namedOf(t types.Type) *types.Named {
	t = types.Unalias(t)
	if p, ok := t.(*types.Pointer); ok {
		t = types.Unalias(p.Elem())
	}
	named, _ := t.(*types.Named)
	return named
}

// callee is the function or method that a call names, nil if it is only known at run time.
func (c *checker) callee(call *ast.CallExpr) *types.Func {
	fn, _ := typeutil.Callee(c.TypesInfo, call).(*types.Func)
	return fn
}

// isFunc reports whether a function has this name in a package; a method's name is Type.Method.
func isFunc(fn *types.Func, path, name string) bool {
	return fn != nil && fn.Pkg() != nil && fn.Pkg().Path() == path && nameOf(fn) == name
}

// nameOf is a function's name, with its receiver's type.
func nameOf(fn *types.Func) string {
	if recv := fn.Signature().Recv(); recv != nil {
		if named := namedOf(recv.Type()); named != nil {
			return named.Obj().Name() + "." + fn.Name()
		}
	}
	return fn.Name()
}

// changing are the prefixes of accessors that change their field.
var changing = []string{"TrySet", "TryAppend", "Set", "Append", "Update", "Clear", "Pop", "Add", "Take", "Prove", "TryStart", "Start"}

// changes reports whether a call changes the session that it is called on.
func (c *checker) changes(call *ast.CallExpr) bool {
	fn := c.callee(call)
	if fn == nil || fn.Signature().Recv() == nil {
		return false
	}
	recv := fn.Signature().Recv().Type()
	if isOf(recv, runtimePath, "Session") {
		switch fn.Name() {
		case "Clear", "SetPermanent", "Renew", "Authenticate", "Destroy", "LogOut":
			return true
		}
		return false
	}
	_, ok := accessorOf(sessionOf(recv), fn.Name(), changing...)
	return ok
}

// accessorOf is the field of an accessor whose name begins with one of the prefixes. Methods that the program adds to
// the generated type belong to no field.
func accessorOf(t *types.Named, method string, prefixes ...string) (field string, ok bool) {
	if t == nil {
		return "", false
	}
	for _, prefix := range prefixes {
		if name, found := strings.CutPrefix(method, prefix); found && name != "" && hasField(t, name) {
			return name, true
		}
	}
	return "", false
}

// hasField reports whether a generated type has accessors for a field.
func hasField(t *types.Named, name string) bool {
	method := func(name string) bool {
		obj, _, _ := types.LookupFieldOrMethod(types.NewPointer(t), false, t.Obj().Pkg(), name)
		_, ok := obj.(*types.Func)
		return ok
	}
	return method("Has"+name) || method(name+"Within") || method("Start"+name) && method("Take"+name)
}

// variable is the variable or field that an expression names, nil if it is another kind of expression.
func (c *checker) variable(e ast.Expr) *types.Var {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		v, _ := c.TypesInfo.ObjectOf(e).(*types.Var)
		return v
	case *ast.SelectorExpr:
		v, _ := c.TypesInfo.ObjectOf(e.Sel).(*types.Var)
		return v
	}
	return nil
}
