package migrate

import (
	"go/ast"
	"go/types"
	"slices"

	"github.com/sessiongen/sessiongen/internal/modpath"
)

// actions are the fields of command line libraries that hold a command's function, by package without a major version.
// A process runs one command of a program.
var actions = map[string][]string{
	"github.com/urfave/cli":  {"Action"},
	"github.com/spf13/cobra": {"Run", "RunE"},
}

// isAction reports whether a variable is such a field.
func isAction(v *types.Var) bool {
	return v.IsField() && v.Pkg() != nil && slices.Contains(actions[modpath.WithoutMajor(v.Pkg().Path())], v.Name())
}

// ofOneCommand reports whether each command of the program leads to at most one of several calls: a process then makes
// at most one of them.
func (f *flow) ofOneCommand(calls []value) bool {
	if f.selectsAction() {
		return false
	}
	taken := map[ast.Node]bool{}
	for _, call := range calls {
		commands, ok := f.commandsWith(call, nil)
		if !ok {
			return false
		}
		for _, command := range commands {
			if taken[command] {
				return false
			}
			taken[command] = true
		}
	}
	return true
}

// selectsAction reports whether the program reads the action of a command: it may then call another command's.
func (f *flow) selectsAction() bool {
	for _, uses := range f.uses {
		for _, use := range uses {
			sel, ok := use.expr.(*ast.SelectorExpr)
			if !ok {
				continue
			}
			if field, ok := use.in.info.Uses[sel.Sel].(*types.Var); ok && isAction(field) {
				return true
			}
		}
	}
	return false
}

// commandsWith lists the functions that are actions of commands and lead to an expression. It reports false if
// something else may lead there too, or if a command leads there more than once.
func (f *flow) commandsWith(v value, seen []*function) ([]ast.Node, bool) {
	if f.inLoop(v.expr) {
		return nil, false
	}
	if lit := f.actionAround(v); lit != nil {
		return []ast.Node{lit}, true
	}
	fn := f.functionAround(v.expr)
	if fn == nil || slices.Contains(seen, fn) {
		return nil, false
	}
	calls := f.liveCalls(fn)
	switch named, action := f.namings(fn); {
	case action && named == 1 && len(calls) == 0:
		return []ast.Node{fn.decl}, true
	case named > len(calls) || len(calls) == 0:
		return nil, false
	}
	var list []ast.Node
	for _, call := range calls {
		commands, ok := f.commandsWith(call, append(seen, fn))
		if !ok || slices.ContainsFunc(commands, func(c ast.Node) bool { return slices.Contains(list, c) }) {
			return nil, false
		}
		list = append(list, commands...)
	}
	return list, true
}

// actionAround is the function literal around an expression if it is the action of a command, otherwise nil.
func (f *flow) actionAround(v value) ast.Node {
	for n := ast.Node(v.expr); n != nil; n = f.parents[n] {
		if lit, ok := n.(*ast.FuncLit); ok && f.becomesAction(v.in, lit) {
			return lit
		}
	}
	return nil
}

// becomesAction reports whether an expression is given to a command as its action.
func (f *flow) becomesAction(u *unit, e ast.Expr) bool {
	kv, ok := f.outer(e).(*ast.KeyValueExpr)
	if !ok {
		return false
	}
	key, ok := kv.Key.(*ast.Ident)
	if !ok {
		return false
	}
	field, ok := u.info.Uses[key].(*types.Var)
	return ok && isAction(field)
}

// namings counts how often programs of the module name a function, and reports whether it is the action of a command.
func (f *flow) namings(fn *function) (n int, action bool) {
	for _, u := range f.p.units {
		for id, obj := range u.info.Uses {
			if used, ok := obj.(*types.Func); !ok || used.Origin().Pos() != fn.fn.Pos() || !f.live(value{id, u, whole}) {
				continue
			}
			n++
			action = action || f.becomesAction(u, id)
		}
	}
	return n, action
}
