package migrate

import (
	"go/ast"
	"slices"
)

// calledForRedis takes over the options that a call gives to a store in Redis. The statement around the call goes with
// it.
func (c *carried) calledForRedis(u *unit, stmt ast.Stmt, e ast.Expr) {
	call, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok || c.m.of.keeping != inRedis {
		return
	}
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok {
		return
	}
	args := call.Args
	if of := callee(u, call); of != nil && of.Signature().Recv() != nil {
		args = slices.Insert(slices.Clone(args), 0, sel.X)
	}
	if len(args) == 0 || !c.isStore(u, args[0]) {
		return
	}
	switch sel.Sel.Name {
	case "SetKeyPrefix", "KeyPrefix":
		c.note(stmt)
		c.given["Prefix"] = value{args[1], u, whole}
	case "SetSerializer", "Serializer":
		c.note(stmt) // the new store has its own encoding
		c.given["Serializer"] = value{args[1], u, whole}
	case "SetMaxLength":
		c.note(stmt) // the new store takes 1 MiB
	case "Close":
		c.stmts = append(c.stmts, stmt) // a manager has nothing to close
	}
}
