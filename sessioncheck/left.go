package sessioncheck

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ast/inspector"

	"github.com/sessiongen/sessiongen/internal/code"
	"github.com/sessiongen/sessiongen/internal/modpath"
)

// libraries are those with string keys, by their paths without major versions.
var libraries = map[string]string{
	"github.com/gorilla/sessions":                 "gorilla/sessions",
	"github.com/alexedwards/scs":                  "scs",
	"github.com/gin-contrib/sessions":             "gin-contrib/sessions",
	"github.com/gofiber/fiber/middleware/session": "fiber",
}

const hintLeft = "call an accessor of the session; a value that is taken over from an old session can be passed to one"

// A use is a place where a program uses a key of another library.
type use struct {
	at      inspector.Cursor
	library string
	key     string // "" if it is not constant
	writes  bool
}

// left reports keys that are still strings, and calls of methods for a transition.
func (c *checker) left() {
	for fn := range c.root.Preorder((*ast.FuncDecl)(nil), (*ast.GenDecl)(nil)) {
		if c.inTest(fn.Node().Pos()) {
			continue // tests make old sessions on purpose
		}
		uses := c.usesOfKeys(fn)
		taken := map[string]bool{}
		for _, u := range uses {
			if !u.writes && u.key != "" && c.takenOver(u.at) {
				taken[u.key] = true
			}
		}
		for _, u := range uses {
			if !u.writes && (taken[u.key] || c.takenOver(u.at)) {
				continue
			}
			c.leave(u)
		}
	}
	for cur := range c.root.Preorder((*ast.SelectorExpr)(nil)) {
		c.leaveBridge(cur.Node().(*ast.SelectorExpr))
	}
}

func (c *checker) leave(u use) {
	if !c.sessions {
		c.site.Left = append(c.site.Left, c.noted(u.library, u.at.Node()))
		return
	}
	what := "a key"
	if u.key != "" {
		what = fmt.Sprintf("the key %q", u.key)
	}
	c.report(code.StringKey, u.at.Node(), fmt.Sprintf("%s is still a string of %s", what, u.library), hintLeft)
}

// leaveBridge reports a use of a deprecated method of generated code.
func (c *checker) leaveBridge(sel *ast.SelectorExpr) {
	fn, ok := c.TypesInfo.Uses[sel.Sel].(*types.Func)
	if !ok || !c.ImportObjectFact(fn, new(deprecated)) {
		return
	}
	for _, file := range c.Files {
		if file.FileStart <= sel.Pos() && sel.Pos() < file.FileEnd && isOurs(file) {
			return
		}
	}
	c.report(code.StringKey, sel.Sel, fmt.Sprintf("%s takes a key that is a string, and is there for a transition only", fn.Name()), "call the accessor of the key")
}

// usesOfKeys lists the uses of keys in a declaration.
func (c *checker) usesOfKeys(decl inspector.Cursor) (uses []use) {
	for cur := range decl.Preorder((*ast.IndexExpr)(nil), (*ast.CallExpr)(nil)) {
		var u use
		var key ast.Expr
		switch n := cur.Node().(type) {
		case *ast.IndexExpr:
			if u.library = c.valuesOf(n.X); u.library != "" {
				assign, ok := cur.Parent().Node().(*ast.AssignStmt)
				u.writes, key = ok && slices.Contains(assign.Lhs, ast.Expr(n)), n.Index
			}
		case *ast.CallExpr:
			u.library, u.writes, key = c.calledWithKey(n)
		}
		if u.library == "" {
			continue
		}
		u.at = cur
		if key != nil {
			if v := c.TypesInfo.Types[key].Value; v != nil && v.Kind() == constant.String {
				u.key = constant.StringVal(v)
			}
		}
		uses = append(uses, u)
	}
	return uses
}

// valuesOf is the library whose session's values an expression is, "" if there is none.
func (c *checker) valuesOf(e ast.Expr) string {
	sel, ok := ast.Unparen(e).(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != "Values" {
		return ""
	}
	const path = "github.com/gorilla/sessions"
	if isOf(c.TypesInfo.TypeOf(sel.X), path, "Session") {
		return libraries[path]
	}
	return ""
}

// calledWithKey is the library and the key of a call that takes one.
func (c *checker) calledWithKey(call *ast.CallExpr) (library string, writes bool, key ast.Expr) {
	if id, ok := ast.Unparen(call.Fun).(*ast.Ident); ok && len(call.Args) == 2 {
		if b, isBuiltin := c.TypesInfo.Uses[id].(*types.Builtin); isBuiltin && b.Name() == "delete" {
			return c.valuesOf(call.Args[0]), false, call.Args[1]
		}
	}
	fn := c.callee(call)
	if fn == nil || fn.Pkg() == nil || fn.Signature().Recv() == nil {
		return "", false, nil
	}
	library = libraries[modpath.WithoutMajor(fn.Pkg().Path())]
	params := fn.Signature().Params()
	switch {
	case library == "":
		return "", false, nil
	case fn.Name() == "AddFlash" || fn.Name() == "Flashes":
		return library, fn.Name() == "AddFlash", nil
	}
	for i := range min(params.Len(), len(call.Args)) {
		if params.At(i).Name() == "key" {
			return library, i+1 < params.Len(), call.Args[i]
		}
	}
	return "", false, nil
}

// takenOver reports whether the program passes a value to an accessor of its own session, perhaps through a variable.
func (c *checker) takenOver(value inspector.Cursor) bool {
	stmt, handed := c.handedOver(value)
	if handed {
		return true
	}
	assign, ok := stmt.Node().(*ast.AssignStmt)
	if !ok {
		return false
	}
	return slices.ContainsFunc(c.uses[c.variable(assign.Lhs[0])], func(use inspector.Cursor) bool {
		_, handed := c.handedOver(use)
		return handed
	})
}

// handedOver reports whether an expression, perhaps converted, is an argument of a change of the session; around is
// the node around it if it is not.
func (c *checker) handedOver(e inspector.Cursor) (around inspector.Cursor, ok bool) {
	for around = e.Parent(); ; around = around.Parent() {
		switch n := around.Node().(type) {
		case *ast.ParenExpr, *ast.TypeAssertExpr:
		case *ast.CallExpr:
			if c.changes(n) {
				return around, true
			}
		default:
			return around, false
		}
	}
}
