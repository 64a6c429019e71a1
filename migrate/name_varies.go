package migrate

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// varies reports whether a function of the program may return something else each time: it, or a function that it calls,
// uses a request, the time or chance.
func (f *flow) varies(fn *types.Func) bool {
	work, seen := []token.Pos{fn.Pos()}, map[token.Pos]bool{}
	for len(work) > 0 {
		of := f.funcs[work[len(work)-1]]
		work = work[:len(work)-1]
		if of == nil || seen[of.fn.Pos()] {
			continue
		}
		seen[of.fn.Pos()] = true
		found := false
		ast.Inspect(of.decl, func(n ast.Node) bool {
			id, ok := n.(*ast.Ident)
			if !ok {
				return !found
			}
			obj := of.in.info.ObjectOf(id)
			found = found || obj != nil && isChance(obj)
			if called, ok := obj.(*types.Func); ok {
				work = append(work, called.Origin().Pos())
			}
			return !found
		})
		if found {
			return true
		}
	}
	return false
}

// isChance reports whether what a name stands for differs from time to time.
func isChance(obj types.Object) bool {
	if v, ok := obj.(*types.Var); ok && isRequest(v.Type()) {
		return true
	}
	if fn, ok := obj.(*types.Func); !ok || fn.Pkg() == nil {
		return false
	}
	p := obj.Pkg().Path()
	return p == "time" || strings.HasSuffix(p, "/rand") || strings.Contains(p, "/rand/") || strings.Contains(p, "uuid")
}
