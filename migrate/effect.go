package migrate

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"github.com/sessiongen/sessiongen/internal/modpath"
)

// withoutEffect are functions and methods of others whose calls only matter for their results.
var withoutEffect = []string{
	"context.Context.Value", "net/http.Request.Context", "os.Getenv",
	"github.com/gin-gonic/gin.Context.Get", "github.com/gin-gonic/gin.Context.MustGet",
	"github.com/labstack/echo.Context.Get", "github.com/labstack/echo.Context.Request",
	"github.com/gorilla/securecookie.GenerateRandomKey", "github.com/gorilla/securecookie.CodecsFromPairs",
}

// An effectFinder tells whether code does more than give its results. A session that is got has no effect: the
// accessors get it themselves.
type effectFinder struct {
	*finder
	seen map[token.Pos]bool // functions
	body *ast.BlockStmt     // of the innermost, nil outside of them
}

// hasEffect reports whether an expression may do more than give its value.
func (f *finder) hasEffect(u *unit, e ast.Expr) bool {
	x := &effectFinder{f, map[token.Pos]bool{}, nil}
	return x.inNode(u, e)
}

func (x *effectFinder) inNode(u *unit, n ast.Node) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.CallExpr:
			found = found || x.inCall(u, n)
		case *ast.UnaryExpr:
			found = found || n.Op == token.ARROW
		case *ast.IndexExpr:
			found = found || !isMap(u.info.TypeOf(n.X)) // it may be out of range
		case *ast.SliceExpr:
			found = true
		case *ast.TypeAssertExpr:
			found = found || !x.isOfLibrary(u, n)
		case *ast.AssignStmt:
			found = found || n.Tok != token.DEFINE && !x.isLocal(u, n.Lhs)
		case *ast.SendStmt, *ast.IncDecStmt, *ast.GoStmt, *ast.DeferStmt, *ast.ForStmt, *ast.LabeledStmt, *ast.SelectStmt:
			found = true
		}
		return !found
	})
	return found
}

// isOfLibrary reports whether a type assertion is to a library's store or session, which goes away.
func (x *effectFinder) isOfLibrary(u *unit, n *ast.TypeAssertExpr) bool {
	named := namedOf(u.info.TypeOf(n))
	return n.Type != nil && named != nil && named.Obj().Pkg() != nil && (libraryOf(named.Obj().Pkg().Path()) != nil || makesStores(named.Obj().Pkg().Path()))
}

func (x *effectFinder) inCall(u *unit, call *ast.CallExpr) bool {
	fun := ast.Unparen(call.Fun)
	if tv := u.info.Types[fun]; tv.IsType() {
		return false
	}
	if id, ok := fun.(*ast.Ident); ok {
		if b, ok := u.info.Uses[id].(*types.Builtin); ok {
			return !slices.Contains([]string{"len", "cap", "make", "new", "append"}, b.Name())
		}
	}
	fn := callee(u, call)
	if fn == nil {
		return true
	}
	if _, ok := x.acquisitionOf(u, call); ok || x.isSimple(fn) {
		return false
	}
	own := x.funcs[fn.Pos()]
	if own == nil || own.decl.Body == nil {
		return true
	}
	if x.seen[fn.Pos()] {
		return false
	}
	x.seen[fn.Pos()] = true
	around := x.body
	x.body = own.decl.Body
	defer func() { x.body = around }()
	return x.inNode(own.in, own.decl.Body)
}

// isLocal reports whether all targets of an assignment are variables of the function, or parts of them.
func (x *effectFinder) isLocal(u *unit, targets []ast.Expr) bool {
	return x.body != nil && !slices.ContainsFunc(targets, func(e ast.Expr) bool {
		for {
			switch n := ast.Unparen(e).(type) {
			case *ast.SelectorExpr:
				e = n.X
			case *ast.Ident:
				obj := u.info.ObjectOf(n)
				return n.Name != "_" && (obj == nil || obj.Pos() < x.body.Pos() || obj.Pos() >= x.body.End())
			default:
				return true
			}
		}
	})
}

// isSimple reports whether calls of another module's function have no effect. The place where a store is made stays: the
// report names it, with its options.
func (x *effectFinder) isSimple(fn *types.Func) bool {
	if fn.Pkg() == nil {
		return false
	}
	name := fn.Name()
	if recv := fn.Signature().Recv(); recv != nil && namedOf(recv.Type()) != nil {
		name = namedOf(recv.Type()).Obj().Name() + "." + name
	}
	name = modpath.WithoutMajor(fn.Pkg().Path()) + "." + name
	if of, ok := constructions[name]; ok {
		return x.body != nil && (of.keeping == inCookies || of.keeping == inMemory)
	}
	return slices.Contains(withoutEffect, name)
}

func isMap(t types.Type) bool {
	if t == nil {
		return false
	}
	_, ok := t.Underlying().(*types.Map)
	return ok
}
