package migrate

import (
	"fmt"
	"go/ast"
	"go/types"
	"maps"
	"slices"
	"strings"
)

// An option is one of a library's that runtime.Config has, too.
type option struct {
	field string // of runtime.Config
	write func(text string) string
}

func same(field string) option { return option{field, func(text string) string { return text }} }

func seconds(text string) string {
	if strings.ContainsAny(text, " +-*/(") {
		text = "time.Duration(" + text + ")"
	}
	return text + " * time.Second"
}

var insecure = option{"Insecure", func(text string) string {
	switch text {
	case "true":
		return "false"
	case "false":
		return "true"
	}
	return "!(" + text + ")"
}}

// options are those of the libraries, by "Type.Field".
var options = map[string]option{
	"Options.Path": same("Path"), "Options.Domain": same("Domain"), "Options.SameSite": same("SameSite"), "Options.Secure": insecure,
	"Options.MaxAge":          {"Lifetime", seconds},
	"SessionManager.Lifetime": same("Lifetime"), "SessionManager.IdleTimeout": same("IdleTimeout"),
	"SessionCookie.Name": same("Name"), "SessionCookie.Path": same("Path"), "SessionCookie.Domain": same("Domain"),
	"SessionCookie.SameSite": same("SameSite"), "SessionCookie.Secure": insecure,
}

// managers puts into the report where the program makes its store, and where it serves: that is done by hand.
func (r *rewriter) managers() {
	config := r.config()
	// Where the old library has a middleware, that is where the new one goes.
	wrapped := slices.ContainsFunc(r.sites, func(s *site) bool { return s.verb == middlewareVerb || s.lib.managed })
	for _, u := range r.p.units {
		for _, file := range u.files {
			ast.Inspect(file, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok && !u.tests {
					r.manager(u, call, config, wrapped)
				}
				return true
			})
		}
	}
}

func (r *rewriter) manager(u *unit, call *ast.CallExpr, config string, wrapped bool) {
	if makesStore(u, call) {
		r.leave(value{call, u, whole}, "the old sessions are made here", refusal{"their keys and their store are the site's to choose",
			fmt.Sprintf("make the new ones with %s, and runtime.Config{%s}", r.constructor(), config)})
	}
	if h := served(u, call); h != nil && !wrapped {
		r.leave(value{h, u, whole}, "the site's handler", refusal{"sessions are loaded and saved around it",
			"serve the new manager's Handler(" + r.p.text(h) + ")"})
	}
}

// makesStore reports whether a call makes what sessions come from.
func makesStore(u *unit, call *ast.CallExpr) bool {
	fn := callee(u, call)
	if fn == nil || fn.Pkg() == nil || fn.Signature().Recv() != nil || fn.Signature().Results().Len() == 0 {
		return false
	}
	if u.listed != nil && strings.HasPrefix(fn.Pkg().Path(), modulePath(u)) {
		return false
	}
	t := fn.Signature().Results().At(0).Type()
	if named := namedOf(t); named != nil && named.Obj().Pkg() != nil {
		if l := libraryOf(named.Obj().Pkg().Path()); l != nil && l.managed && named.Obj().Name() == "SessionManager" {
			return true
		}
	}
	m, _, _ := types.LookupFieldOrMethod(t, true, fn.Pkg(), "New")
	method, ok := m.(*types.Func)
	return ok && handsOut(method)
}

func modulePath(u *unit) string {
	if u.listed.Module == nil {
		return u.path
	}
	return u.listed.Module.Path
}

// served is the handler that a call serves.
func served(u *unit, call *ast.CallExpr) ast.Expr {
	fn := callee(u, call)
	if fn == nil || fn.Pkg() == nil || fn.Pkg().Path() != "net/http" || fn.Signature().Recv() != nil {
		return nil
	}
	if !strings.HasPrefix(fn.Name(), "ListenAndServe") && !strings.HasPrefix(fn.Name(), "Serve") || len(call.Args) < 2 {
		return nil
	}
	params := fn.Signature().Params()
	for i := range min(params.Len(), len(call.Args)) {
		if named := namedOf(params.At(i).Type()); named != nil && named.Obj().Name() == "Handler" && !u.info.Types[call.Args[i]].IsNil() {
			return call.Args[i]
		}
	}
	return nil
}

// config is the Config that has the options of the old sessions.
func (r *rewriter) config() string {
	c := carried{r: r, fields: map[string]string{"Keys": "keys"}}
	for _, u := range r.p.units {
		for _, file := range u.files {
			ast.Inspect(file, func(n ast.Node) bool {
				c.node(u, n)
				return true
			})
		}
	}
	return c.String()
}

// carried is what is carried over of the old sessions' options.
type carried struct {
	r      *rewriter
	fields map[string]string // of runtime.Config
}

func (c *carried) node(u *unit, n ast.Node) {
	switch n := n.(type) {
	case *ast.CompositeLit:
		for _, elt := range n.Elts {
			kv, ok := elt.(*ast.KeyValueExpr)
			if id, isIdent := kvKey(kv, ok); isIdent {
				c.set(u, u.info.TypeOf(n), id.Name, kv.Value)
			}
		}
	case *ast.AssignStmt:
		if sel, ok := ast.Unparen(n.Lhs[0]).(*ast.SelectorExpr); ok && len(n.Rhs) == 1 {
			c.set(u, u.info.TypeOf(sel.X), sel.Sel.Name, n.Rhs[0])
		}
	}
}

func (c *carried) set(u *unit, owner types.Type, name string, v ast.Expr) {
	if owner == nil {
		return
	}
	named := namedOf(owner)
	if named == nil || named.Obj().Pkg() == nil || libraryOf(named.Obj().Pkg().Path()) == nil {
		return
	}
	if o, ok := options[named.Obj().Name()+"."+name]; ok && c.fields[o.field] == "" && !isNegative(u, v) {
		c.fields[o.field] = o.write(c.r.p.text(v))
	}
}

// String is the elements of a literal of runtime.Config, the keys first.
func (c *carried) String() string {
	list := []string{"Keys: " + c.fields["Keys"]}
	for _, name := range slices.Sorted(maps.Keys(c.fields)) {
		text := c.fields[name]
		if name == "Keys" || text == "false" || name == "Path" && text == `"/"` {
			continue // as it is anyway
		}
		list = append(list, name+": "+text)
	}
	return strings.Join(list, ", ")
}
