package sessioncheck

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/edge"

	"github.com/sessiongen/sessiongen/internal/code"
	"github.com/sessiongen/sessiongen/internal/modpath"
)

const hintCookie = "call an accessor of the session, or Destroy to delete it; for cookies of an older path or domain there is Config.FormerScopes"

// cookies reports cookies with the session's name that are set by hand.
func (c *checker) cookies() {
	for cur := range c.root.Preorder((*ast.CallExpr)(nil)) {
		call := cur.Node().(*ast.CallExpr)
		text, ok := c.cookieSet(call)
		switch {
		case !ok || c.inTest(call.Pos()):
		case c.isSessionCookie(text):
			c.report(code.SessionCookie, call, fmt.Sprintf("this sets the cookie %q, which is the session's", text), hintCookie)
		default: // the manager may be made by a package that imports this one
			c.site.Cookies = append(c.site.Cookies, c.noted(text, call))
		}
	}
}

// cookieSet is the name of the cookie that a call sets, if it is constant.
func (c *checker) cookieSet(call *ast.CallExpr) (name string, ok bool) {
	fn := c.callee(call)
	if fn == nil || fn.Pkg() == nil || fn.Name() != "SetCookie" {
		return "", false
	}
	switch modpath.WithoutMajor(fn.Pkg().Path()) {
	case "net/http":
		return c.cookieName(call.Args[1])
	case "github.com/labstack/echo":
		return c.cookieName(call.Args[0])
	case "github.com/gin-gonic/gin":
		return c.text(call.Args[0])
	}
	return "", false
}

// cookieName is the name in a cookie literal, or the name of the cookie that a variable holds.
func (c *checker) cookieName(e ast.Expr) (name string, ok bool) {
	e = withoutAddress(e)
	if v := c.variable(e); v != nil {
		return c.nameKept(v)
	}
	if lit := c.cookieLiteral(e); lit != nil {
		return c.text(element(lit, "Name"))
	}
	return "", false
}

func withoutAddress(e ast.Expr) ast.Expr {
	if unary, ok := ast.Unparen(e).(*ast.UnaryExpr); ok && unary.Op == token.AND {
		return unary.X
	}
	return e
}

// cookieLiteral returns the cookie literal that an expression is, or nil.
func (c *checker) cookieLiteral(e ast.Expr) *ast.CompositeLit {
	lit, ok := ast.Unparen(e).(*ast.CompositeLit)
	if !ok || !isOf(c.TypesInfo.TypeOf(lit), "net/http", "Cookie") {
		return nil
	}
	return lit
}

// nameKept is the name of the cookie that a variable holds, if one literal is assigned to the variable and the cookie
// gets only one name.
func (c *checker) nameKept(v *types.Var) (name string, ok bool) {
	if len(c.assigned[v]) != 1 {
		return "", false
	}
	assign, ok := c.assigned[v][0].Node().(*ast.AssignStmt)
	if !ok || len(assign.Rhs) != 1 {
		return "", false
	}
	lit := c.cookieLiteral(withoutAddress(assign.Rhs[0]))
	if lit == nil {
		return "", false
	}
	names := c.namesGiven(v)
	if e := element(lit, "Name"); e != nil {
		names = append(names, e)
	}
	if len(names) != 1 {
		return "", false
	}
	return c.text(names[0])
}

// namesGiven returns the names that are assigned to the cookie in a variable. A name is nil if no single expression has it.
func (c *checker) namesGiven(v *types.Var) (names []ast.Expr) {
	for _, use := range c.uses[v] {
		sel, ok := use.Parent().Node().(*ast.SelectorExpr)
		if !ok || sel.Sel.Name != "Name" {
			continue
		}
		kind, i := use.Parent().ParentEdge()
		if kind != edge.AssignStmt_Lhs {
			continue
		}
		assign := use.Parent().Parent().Node().(*ast.AssignStmt)
		if len(assign.Rhs) == len(assign.Lhs) && assign.Tok == token.ASSIGN {
			names = append(names, assign.Rhs[i])
		} else {
			names = append(names, nil)
		}
	}
	return names
}

// element is the value of a field in a literal, nil if it is not set.
func element(lit *ast.CompositeLit, field string) ast.Expr {
	for _, e := range lit.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if id, ok := kv.Key.(*ast.Ident); ok && id.Name == field {
				return kv.Value
			}
		}
	}
	return nil
}

// text is the value of a string that is constant.
func (c *checker) text(e ast.Expr) (text string, ok bool) {
	if e == nil {
		return "", false
	}
	v := c.TypesInfo.Types[e].Value
	if v == nil || v.Kind() != constant.String {
		return "", false
	}
	return constant.StringVal(v), true
}

// isSessionCookie reports whether a cookie belongs to a manager that this package knows.
func (c *checker) isSessionCookie(cookie string) bool {
	for _, suffix := range []string{"-seen", "-2", "-3", "-4"} {
		cookie = strings.TrimSuffix(cookie, suffix)
	}
	is := func(n mention) bool { return n.Name == cookie }
	return slices.ContainsFunc(c.site.Names, is) || slices.ContainsFunc(c.AllPackageFacts(), func(f analysis.PackageFact) bool {
		k, ok := f.Fact.(*known)
		return ok && slices.ContainsFunc(k.Names, is)
	})
}
