package sessioncheck

import (
	"go/ast"
	"go/constant"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ast/inspector"
)

// The cookie's names if Config gives none.
const (
	secureName   = "__Host-session"
	insecureName = "session"
)

// A made is a call that makes a manager.
type made struct {
	call    inspector.Cursor
	session *types.Named // the type of its sessions
	manager *types.Var   // gets the manager, nil if that is not clear
	config  config
}

// A config has what is certain about the Config of a manager.
type config struct {
	of                 *types.Var // the variable that is passed, nil for a literal
	name, path, domain string
	named, scoped      bool // the name; the path and domain are certain
}

// configs finds the managers that this package makes, and notes their cookies' names.
func (c *checker) configs() (managers []made) {
	for cur := range c.root.Preorder((*ast.CallExpr)(nil), (*ast.CompositeLit)(nil), (*ast.AssignStmt)(nil)) {
		if c.inTest(cur.Node().Pos()) {
			continue
		}
		c.noteNames(cur.Node())
		call, ok := cur.Node().(*ast.CallExpr)
		if !ok {
			continue
		}
		if m, ok := c.makes(call); ok {
			m.call, m.manager = cur, c.kept(cur)
			managers = append(managers, m)
			if m.config.named {
				c.addName(m.config.name, call)
			}
		}
	}
	return managers
}

// noteNames notes the names in a literal of Config, and those assigned to its field.
func (c *checker) noteNames(n ast.Node) {
	switch n := n.(type) {
	case *ast.CompositeLit:
		if isOf(c.TypesInfo.TypeOf(n), runtimePath, "Config") {
			c.addName(c.constant(element(n, "Name")), n)
		}
	case *ast.AssignStmt:
		for i, e := range n.Lhs {
			sel, ok := e.(*ast.SelectorExpr)
			if ok && sel.Sel.Name == "Name" && len(n.Rhs) == len(n.Lhs) && isOf(c.TypesInfo.TypeOf(sel.X), runtimePath, "Config") {
				c.addName(c.constant(n.Rhs[i]), n)
			}
		}
	}
}

func (c *checker) constant(e ast.Expr) string {
	text, _ := c.text(e)
	return text
}

func (c *checker) addName(text string, n ast.Node) {
	if text != "" && !slices.ContainsFunc(c.site.Names, func(m mention) bool { return m.Name == text }) {
		c.site.Names = append(c.site.Names, c.noted(text, n))
	}
}

// makes reports whether a call makes a manager, by a generated constructor.
func (c *checker) makes(call *ast.CallExpr) (m made, ok bool) {
	fn := c.callee(call)
	if fn == nil || fn.Signature().Recv() != nil || len(call.Args) != 1 || fn.Signature().Results().Len() != 2 || !isOf(c.TypesInfo.TypeOf(call.Args[0]), runtimePath, "Config") {
		return m, false
	}
	manager := embedding(fn.Signature().Results().At(0).Type(), "Manager")
	if manager == nil {
		return m, false
	}
	for f := range manager.Underlying().(*types.Struct).Fields() {
		if n := namedOf(f.Type()); f.Embedded() && n != nil && n.TypeArgs().Len() == 1 {
			m.session = namedOf(n.TypeArgs().At(0))
		}
	}
	if m.session == nil {
		return m, false
	}
	if lit, isLit := ast.Unparen(call.Args[0]).(*ast.CompositeLit); isLit {
		m.config = c.literal(lit)
	} else {
		m.config.of = c.variable(call.Args[0])
	}
	return m, true
}

// literal returns what is certain about a Config literal.
func (c *checker) literal(lit *ast.CompositeLit) (cfg config) {
	cfg.name, cfg.named = c.cookieOf(lit)
	var pathKnown, domainKnown bool
	cfg.path, pathKnown = c.orDefault(element(lit, "Path"), "/")
	cfg.domain, domainKnown = c.orDefault(element(lit, "Domain"), "")
	cfg.scoped = pathKnown && domainKnown
	return cfg
}

// cookieOf is the cookie's name of a manager with this literal. If the name depends on something, the program uses the
// one for https somewhere.
func (c *checker) cookieOf(lit *ast.CompositeLit) (name string, certain bool) {
	if e := element(lit, "Name"); e != nil {
		name, certain = c.text(e)
		if !certain || name != "" {
			return name, certain
		}
	}
	insecure := element(lit, "Insecure")
	if insecure == nil {
		return secureName, true
	}
	if v := c.TypesInfo.Types[insecure].Value; v != nil && constant.BoolVal(v) {
		return insecureName, true
	}
	return secureName, true
}

func (c *checker) orDefault(e ast.Expr, otherwise string) (text string, certain bool) {
	if e == nil {
		return otherwise, true
	}
	text, certain = c.text(e)
	if certain && text == "" {
		text = otherwise
	}
	return text, certain
}

// kept is the variable that only ever holds this manager, perhaps through a function that checks the error.
func (c *checker) kept(call inspector.Cursor) *types.Var {
	stmt := call.Parent()
	if outer, ok := stmt.Node().(*ast.CallExpr); ok && len(outer.Args) == 1 {
		stmt = stmt.Parent()
	}
	var to ast.Expr
	switch n := stmt.Node().(type) {
	case *ast.AssignStmt:
		to = n.Lhs[0]
	case *ast.ValueSpec:
		to = n.Names[0]
	default:
		return nil
	}
	if v := c.variable(to); v != nil && !v.IsField() && len(c.assigned[v]) == 1 {
		return v
	}
	return nil
}
