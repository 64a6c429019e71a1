package sessioncheck

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"

	"github.com/sessiongen/sessiongen/internal/code"
)

// A mount is the place of a manager in the program: around another one, or in a router.
type mount struct {
	router  *types.Var
	around  []*types.Var // managers
	anyHost bool         // the router's pattern names no host
}

// names reports managers of two schemas that use one cookie name and surely serve one site: a browser keeps one cookie
// of a name, or sends both.
func (c *checker) names(managers []made) {
	mounts := map[*types.Var][]mount{}
	for _, m := range managers {
		if m.manager != nil {
			mounts[m.manager] = c.mounts(m.manager, managers)
		}
	}
	for i, b := range managers {
		for _, a := range managers[:i] {
			if a.manager == nil || b.manager == nil || a.manager == b.manager || types.Identical(a.session, b.session) {
				continue
			}
			if c.sameCookie(a, b) && oneSite(a, b, mounts) {
				c.report(code.SharedName, b.call.Node(), fmt.Sprintf("this manager and the one in line %d keep different sessions under one cookie name", c.line(a.call.Node())), "give one of them another Config.Name")
			}
		}
	}
}

// sameCookie reports whether two managers surely use one name in overlapping scopes.
func (c *checker) sameCookie(a, b made) bool {
	x, y := a.config, b.config
	if x.of != nil && x.of == y.of {
		return !c.touched(x.of, a.call, b.call)
	}
	return x.named && y.named && x.name == y.name && x.scoped && y.scoped && x.domain == y.domain && (within(x.path, y.path) || within(y.path, x.path))
}

// within reports whether a cookie of an outer path is sent to an inner one.
func within(inner, outer string) bool {
	return inner == outer || strings.HasPrefix(inner, strings.TrimSuffix(outer, "/")+"/")
}

// touched reports whether a variable may be changed between two calls.
func (c *checker) touched(v *types.Var, a, b inspector.Cursor) bool {
	if function(a) != function(b) {
		return true
	}
	for _, stmt := range c.assigned[v] {
		if a.Node().Pos() < stmt.Node().Pos() {
			return true
		}
	}
	return slices.ContainsFunc(c.uses[v], func(use inspector.Cursor) bool {
		if function(use) != function(a) || use.ParentEdgeKind() == edge.UnaryExpr_X {
			return true
		}
		_, changed := c.changed(use)
		return changed && a.Node().Pos() < use.Node().Pos() && use.Node().Pos() < b.Node().Pos()
	})
}

// oneSite reports whether two managers surely serve one site.
func oneSite(a, b made, mounts map[*types.Var][]mount) bool {
	for _, x := range mounts[a.manager] {
		if slices.Contains(x.around, b.manager) {
			return true
		}
		for _, y := range mounts[b.manager] {
			if slices.Contains(y.around, a.manager) || x.router == y.router && x.anyHost && y.anyHost {
				return true
			}
		}
	}
	return false
}

// mounts lists the places of a manager's Handler, or of its adapter for a framework.
func (c *checker) mounts(v *types.Var, managers []made) (list []mount) {
	for _, use := range c.uses[v] {
		at := use
		switch parent := use.Parent(); n := parent.Node().(type) {
		case *ast.SelectorExpr:
			fn, ok := c.TypesInfo.Uses[n.Sel].(*types.Func)
			if !ok || !isFunc(fn, runtimePath, "Manager.Handler") {
				continue
			}
			at = parent
			if at.ParentEdgeKind() == edge.CallExpr_Fun {
				at = at.Parent()
			}
		case *ast.CallExpr:
			fn := c.callee(n)
			if fn == nil || fn.Pkg() == nil || fn.Name() != "Middleware" || !strings.HasPrefix(fn.Pkg().Path(), runtimePath+"/") {
				continue
			}
			at = parent
		default:
			continue
		}
		list = append(list, c.mount(at, managers))
	}
	return list
}

// mount follows a handler to its router.
func (c *checker) mount(handler inspector.Cursor, managers []made) (m mount) {
	for at := handler; ; {
		switch at.ParentEdgeKind() {
		case edge.ParenExpr_X:
			at = at.Parent()
		case edge.AssignStmt_Rhs:
			v := c.variable(at.Parent().Node().(*ast.AssignStmt).Lhs[0])
			if v == nil || len(c.assigned[v]) != 1 || len(c.uses[v]) != 1 {
				return m
			}
			at = c.uses[v][0]
		case edge.CallExpr_Args:
			at = at.Parent()
			call := at.Node().(*ast.CallExpr)
			sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
			if !ok {
				continue
			}
			to := c.variable(sel.X)
			if slices.ContainsFunc(managers, func(x made) bool { return to != nil && x.manager == to }) {
				m.around = append(m.around, to)
				continue
			}
			if router, anyHost := c.routes(call, sel, to); router {
				m.router, m.anyHost = to, anyHost
				return m
			}
		default:
			return m
		}
	}
}

// routes reports whether a call puts a handler into a router that a variable holds.
func (c *checker) routes(call *ast.CallExpr, sel *ast.SelectorExpr, router *types.Var) (ok, anyHost bool) {
	if router == nil || router.IsField() {
		return false, false
	}
	switch sel.Sel.Name {
	case "Use":
		return true, true
	case "Handle", "Mount":
		pattern, certain := c.text(call.Args[0])
		return true, certain && strings.HasPrefix(pattern[strings.LastIndex(pattern, " ")+1:], "/")
	}
	return false, false
}
