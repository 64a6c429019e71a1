package migrate

import (
	"go/ast"
	"go/token"
	"go/types"
)

// A liveness says which functions a program of the module may call. A store that only tests make is not a store of the
// site, even if it is in an ordinary file.
type liveness struct {
	f     *flow
	known bool // false if the packages include no program of the module: anything may then be called
	units map[string]bool
	funcs map[token.Pos]bool
	work  []*function
}

// live reports whether a node counts: it is not in a test, and a program may reach it.
func (f *flow) live(v value) bool {
	if v.in.tests {
		return false
	}
	if f.liveness == nil {
		f.liveness = f.findLive()
	}
	l := f.liveness
	if !l.known {
		return true
	}
	fn := f.functionAround(v.expr)
	return l.units[v.in.path] && (fn == nil || l.funcs[fn.fn.Pos()])
}

func (f *flow) findLive() *liveness {
	l := &liveness{f: f, units: map[string]bool{}, funcs: map[token.Pos]bool{}}
	for _, u := range f.p.units {
		if u.name == "main" && !u.tests {
			l.known = true
			l.units[u.path] = true
			for _, path := range u.listed.Deps {
				l.units[path] = true
			}
		}
	}
	for _, fn := range f.funcs {
		if l.begins(fn) {
			l.reach(fn)
		}
	}
	for _, u := range f.p.units {
		if l.units[u.path] && !u.tests {
			l.variables(u)
		}
	}
	for len(l.work) > 0 {
		fn := l.work[len(l.work)-1]
		l.work = l.work[:len(l.work)-1]
		l.names(fn.in, fn.decl)
	}
	return l
}

// begins reports whether a function may be called without being named. Methods count: they may implement an interface
// of another module.
func (l *liveness) begins(fn *function) bool {
	if fn.in.tests || !l.units[fn.in.path] {
		return false
	}
	return fn.decl.Recv != nil || fn.decl.Name.Name == "init" || fn.decl.Name.Name == "main" && fn.in.name == "main"
}

func (l *liveness) reach(fn *function) {
	if fn != nil && !l.funcs[fn.fn.Pos()] {
		l.funcs[fn.fn.Pos()] = true
		l.work = append(l.work, fn)
	}
}

// variables reaches the functions that the values of package variables name.
func (l *liveness) variables(u *unit) {
	for _, file := range u.files {
		for _, d := range file.Decls {
			if d, ok := d.(*ast.GenDecl); ok {
				l.names(u, d)
			}
		}
	}
}

// names reaches the functions that a node names.
func (l *liveness) names(u *unit, n ast.Node) {
	ast.Inspect(n, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			if fn, ok := u.info.Uses[id].(*types.Func); ok {
				l.reach(l.f.funcs[fn.Origin().Pos()])
			}
		}
		return true
	})
}

// liveCalls lists the calls of a function that a process may make, without tests and recursion.
func (f *flow) liveCalls(fn *function) []value {
	var list []value
	for _, call := range f.callsOf(fn.fn.Pos()) {
		if f.live(call) && f.functionAround(call.expr) != fn {
			list = append(list, call)
		}
	}
	return list
}
