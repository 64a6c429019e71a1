package migrate

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// Conversions are those to interface types that the program has, most of them implicit: by the type of the value.
type conversions map[string][]types.Type

// keepsNothing are packages that only look at what they are given: no value comes back from them in an interface.
var keepsNothing = []string{"fmt", "log", "encoding/json", "encoding/gob", "encoding/xml", "testing"}

// typeKey identifies a type, in a package that is checked twice, too.
func typeKey(t types.Type) string {
	t = types.Unalias(t)
	if p, ok := t.(*types.TypeParam); ok {
		return fmt.Sprint(p, " ", p.Obj().Pos())
	}
	return strings.ReplaceAll(types.TypeString(t, nil), "interface{}", "any")
}

// from returns the keys of the interface types to which values of a type are converted, directly or through others.
func (c conversions) from(t types.Type) map[string]bool {
	reached := map[string]bool{}
	work := []string{typeKey(t)}
	for len(work) > 0 {
		last := work[len(work)-1]
		work = work[:len(work)-1]
		for _, to := range c[last] {
			_, isParam := types.Unalias(to).(*types.TypeParam)
			key := typeKey(to)
			if !reached[key] && (isParam || types.Implements(t, to.Underlying().(*types.Interface))) {
				reached[key] = true
				work = append(work, key)
			}
		}
	}
	return reached
}

// A converter collects the conversions of a package.
type converter struct {
	f    *flow
	u    *unit
	list conversions
	seen map[[2]types.Type]bool // types that are one may count as two
}

// conversions are those of the program, without its tests, found once.
func (f *flow) conversions() conversions {
	if f.moves == nil {
		f.moves = f.findConversions()
	}
	return f.moves
}

func (f *flow) findConversions() conversions {
	c := &converter{f: f, list: conversions{}, seen: map[[2]types.Type]bool{}}
	for _, u := range f.p.units {
		for id, instance := range u.info.Instances {
			if !u.tests {
				c.instance(u.info.Uses[id], instance)
			}
		}
	}
	f.eachNode(func(u *unit, n ast.Node) {
		if !u.tests {
			c.u = u
			c.node(n)
		}
	})
	return c.list
}

func (c *converter) add(from, to types.Type) {
	if from == nil || to == nil || !types.IsInterface(to) {
		return
	}
	if _, basic := from.(*types.Basic); basic || c.seen[[2]types.Type{from, to}] {
		return
	}
	c.seen[[2]types.Type{from, to}] = true
	if x := typeKey(from); x != typeKey(to) {
		c.list[x] = append(c.list[x], to)
	}
}

// node notes the conversions that a node makes of its parts.
func (c *converter) node(n ast.Node) {
	info := c.u.info
	switch n := n.(type) {
	case *ast.AssignStmt:
		if n.Tok == token.ASSIGN || n.Tok == token.DEFINE {
			c.values(n.Rhs, c.types(n.Lhs))
		}
	case *ast.ValueSpec:
		if n.Type != nil {
			c.values(n.Values, slices.Repeat([]types.Type{info.TypeOf(n.Type)}, len(n.Names)))
		}
	case *ast.CallExpr:
		c.call(n)
	case *ast.ReturnStmt:
		c.returned(n)
	case *ast.CompositeLit:
		c.composite(n)
	case *ast.SendStmt:
		if ch, ok := core(info.TypeOf(n.Chan)).(*types.Chan); ok {
			c.add(info.TypeOf(n.Value), ch.Elem())
		}
	case *ast.RangeStmt:
		c.ranged(n)
	case *ast.IndexExpr:
		if m, ok := core(info.TypeOf(n.X)).(*types.Map); ok {
			c.add(info.TypeOf(n.Index), m.Key())
		}
	case *ast.TypeAssertExpr:
		if n.Type != nil {
			c.add(info.TypeOf(n.X), info.TypeOf(n.Type))
		}
	case *ast.TypeSwitchStmt:
		for _, e := range typesOf(n) {
			c.add(info.TypeOf(switched(n)), info.TypeOf(e))
		}
	}
}

// core is what a type consists of, nil if that is not known.
func core(t types.Type) types.Type {
	if t == nil {
		return nil
	}
	return t.Underlying()
}

func (c *converter) types(list []ast.Expr) []types.Type {
	var all []types.Type
	for _, e := range list {
		all = append(all, c.u.info.TypeOf(e))
	}
	return all
}

// values notes the conversions of some values, or those of a call's results, to as many types.
func (c *converter) values(list []ast.Expr, to []types.Type) {
	from := c.types(list)
	if len(from) == 1 && len(to) > 1 {
		if results, ok := from[0].(*types.Tuple); ok {
			from = tupleTypes(results)
		}
	}
	for i := range min(len(from), len(to)) {
		c.add(from[i], to[i])
	}
}

func tupleTypes(t *types.Tuple) []types.Type {
	var all []types.Type
	for v := range t.Variables() {
		all = append(all, v.Type())
	}
	return all
}

// call notes a conversion, or those of a call's arguments.
func (c *converter) call(n *ast.CallExpr) {
	info := c.u.info
	if tv := info.Types[n.Fun]; tv.IsType() {
		c.values(n.Args, []types.Type{tv.Type})
		return
	}
	if fn := callee(c.u, n); fn != nil && fn.Pkg() != nil && slices.Contains(keepsNothing, fn.Pkg().Path()) {
		return
	}
	sig, ok := core(info.TypeOf(n.Fun)).(*types.Signature) // that of append, too
	if !ok {
		return
	}
	to := tupleTypes(sig.Params())
	if sig.Variadic() && !n.Ellipsis.IsValid() {
		last := to[len(to)-1]
		if s, ok := core(last).(*types.Slice); ok {
			to = append(to[:len(to)-1], slices.Repeat([]types.Type{s.Elem()}, max(1, len(n.Args)))...)
		}
	}
	c.values(n.Args, to)
}

func (c *converter) returned(n *ast.ReturnStmt) {
	var sig types.Type
	switch fn := c.f.bodyAround(n).(type) {
	case *ast.FuncDecl:
		sig = c.u.info.TypeOf(fn.Name)
	case *ast.FuncLit:
		sig = c.u.info.TypeOf(fn)
	}
	if sig, ok := sig.(*types.Signature); ok {
		c.values(n.Results, tupleTypes(sig.Results()))
	}
}

func (c *converter) composite(n *ast.CompositeLit) {
	t := core(c.u.info.TypeOf(n))
	if p, ok := t.(*types.Pointer); ok {
		t = core(p.Elem())
	}
	for i, e := range n.Elts {
		kv, keyed := e.(*ast.KeyValueExpr)
		if keyed {
			e = kv.Value
		}
		from := c.u.info.TypeOf(e)
		switch t := t.(type) {
		case *types.Struct:
			if keyed {
				c.add(from, c.u.info.TypeOf(kv.Key))
			} else if i < t.NumFields() {
				c.add(from, t.Field(i).Type())
			}
		case *types.Map:
			if keyed {
				c.add(c.u.info.TypeOf(kv.Key), t.Key())
			}
			c.add(from, t.Elem())
		case interface{ Elem() types.Type }: // a slice or array
			c.add(from, t.Elem())
		}
	}
}

// ranged notes the conversions of a loop whose variables are declared outside of it.
func (c *converter) ranged(n *ast.RangeStmt) {
	if n.Tok != token.ASSIGN {
		return
	}
	switch t := core(c.u.info.TypeOf(n.X)).(type) {
	case *types.Map:
		c.add(t.Key(), c.typeOf(n.Key))
		c.add(t.Elem(), c.typeOf(n.Value))
	case *types.Chan:
		c.add(t.Elem(), c.typeOf(n.Key))
	case interface{ Elem() types.Type }:
		c.add(t.Elem(), c.typeOf(n.Value))
	}
}

func (c *converter) typeOf(e ast.Expr) types.Type {
	if e == nil {
		return nil
	}
	return c.u.info.TypeOf(e)
}

// instance notes that values of the type arguments come to where the generic code has its type parameters.
func (c *converter) instance(of types.Object, instance types.Instance) {
	params := typeParams(of)
	for i := range min(params.Len(), instance.TypeArgs.Len()) {
		c.add(instance.TypeArgs.At(i), params.At(i))
	}
}
