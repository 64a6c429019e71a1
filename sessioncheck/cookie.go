package sessioncheck

import (
	"fmt"
	"go/ast"
	"go/constant"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"

	"github.com/sessiongen/sessiongen/internal/code"
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
		case !c.sessions:
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
	switch withoutMajor(fn.Pkg().Path()) {
	case "net/http":
		return c.cookieName(call.Args[1])
	case "github.com/labstack/echo":
		return c.cookieName(call.Args[0])
	case "github.com/gin-gonic/gin":
		return c.text(call.Args[0])
	}
	return "", false
}

// cookieName is the name in a cookie literal, or in that of the variable that holds the cookie.
func (c *checker) cookieName(e ast.Expr) (name string, ok bool) {
	if v := c.variable(e); v != nil {
		if len(c.assigned[v]) != 1 {
			return "", false
		}
		assign, isAssign := c.assigned[v][0].Node().(*ast.AssignStmt)
		if !isAssign || len(assign.Rhs) != 1 {
			return "", false
		}
		e = assign.Rhs[0]
	}
	if unary, isUnary := ast.Unparen(e).(*ast.UnaryExpr); isUnary {
		e = unary.X
	}
	lit, isLit := ast.Unparen(e).(*ast.CompositeLit)
	if !isLit || !isOf(c.TypesInfo.TypeOf(lit), "net/http", "Cookie") {
		return "", false
	}
	return c.text(element(lit, "Name"))
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
	is := func(n name) bool { return n.Name == cookie }
	return slices.ContainsFunc(c.site.Names, is) || slices.ContainsFunc(c.AllPackageFacts(), func(f analysis.PackageFact) bool {
		k, ok := f.Fact.(*known)
		return ok && slices.ContainsFunc(k.Names, is)
	})
}
