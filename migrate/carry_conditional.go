package migrate

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"time"
)

// A conditional is a statement that may set options.
type conditional struct {
	stmt ast.Stmt // an if or a switch
	in   *unit
	sets []setting
}

// A setting is a statement that sets an option.
type setting struct {
	stmt   ast.Stmt
	option string
	v      value
}

// isConditional takes over an option that is set under a condition. It reports whether it did.
func (c *carried) isConditional(stmt ast.Stmt, option string, v value) bool {
	outer := c.conditionOf(stmt)
	if outer == nil {
		return false
	}
	i := slices.IndexFunc(c.conditions, func(o conditional) bool { return o.stmt == outer })
	if i < 0 {
		i = len(c.conditions)
		c.conditions = append(c.conditions, conditional{stmt: outer, in: v.in})
		c.stmts = append(c.stmts, outer)
	}
	c.conditions[i].sets = append(c.conditions[i].sets, setting{stmt, option, v})
	return true
}

// conditionOf returns the if or switch around a statement if it is in the function that makes the store, or in a
// function of its own. Otherwise it returns nil.
func (c *carried) conditionOf(stmt ast.Stmt) ast.Stmt {
	if c.always(stmt) {
		return nil
	}
	for n := c.r.parents[stmt]; n != nil; n = c.r.parents[n] {
		switch outer := n.(type) {
		case *ast.IfStmt:
			if c.always(outer) {
				return outer
			}
		case *ast.SwitchStmt:
			if c.always(outer) {
				return outer
			}
		case *ast.BlockStmt, *ast.CaseClause:
		default:
			return nil
		}
	}
	return nil
}

// always reports whether a statement runs whenever the store is made, or is in a separate function.
func (c *carried) always(stmt ast.Stmt) bool {
	block := c.r.parents[stmt]
	if _, ok := c.r.parents[block].(*ast.FuncDecl); ok {
		return true
	}
	made := c.r.enclosingStmt(c.m.call)
	return made != nil && c.r.parents[made] == block
}

// onlyOptions reports whether a conditional only sets options.
func (o conditional) onlyOptions() bool {
	only := true
	ast.Inspect(o.stmt, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BlockStmt, *ast.CaseClause, *ast.IfStmt, *ast.SwitchStmt:
			return true
		case *ast.FuncLit:
			only = false
		case ast.Stmt:
			if _, tail := n.(*ast.EmptyStmt); !tail && !slices.ContainsFunc(o.sets, func(s setting) bool { return s.stmt == n }) {
				only = false
			}
			return false
		}
		return only
	})
	return only
}

// conditional writes the same statement for the new function, with the new options in place of the old. Variables that
// only the caller knows become parameters.
func (rec *recipe) conditional(o conditional, cfg, failed string) (string, *refusal) {
	if !o.onlyOptions() || o.in.path != rec.m.at.in.path {
		return "", &refusal{"an option is set under a condition, together with other statements", ""}
	}
	if why := rec.captures(o); why != nil {
		return "", why
	}
	text, from := rec.r.p.text(o.stmt), rec.r.p.place(o.stmt.Pos()).Offset
	slices.SortFunc(o.sets, func(a, b setting) int { return int(b.stmt.Pos() - a.stmt.Pos()) })
	for _, s := range o.sets {
		a, b := rec.r.p.place(s.stmt.Pos()).Offset-from, rec.r.p.place(s.stmt.End()).Offset-from
		text = text[:a] + rec.assignment(s, cfg, failed) + text[b:]
	}
	return "\t" + text + "\n", nil
}

// captures turns the variables that a statement uses into parameters, where that is needed.
func (rec *recipe) captures(o conditional) (why *refusal) {
	ast.Inspect(o.stmt, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && (rec.isStore(o.in, sel.X) || rec.isVariable(o.in, sel.X)) {
			return false // assigned, not used
		}
		if id, ok := n.(*ast.Ident); ok && why == nil && !rec.qualified(id) {
			why = rec.capture(o, o.in.info.Uses[id])
		}
		return true
	})
	return why
}

// capture lets the function use an object that a statement names.
func (rec *recipe) capture(o conditional, obj types.Object) *refusal {
	switch obj := obj.(type) {
	case nil:
		return nil
	case *types.PkgName:
		rec.importOf(obj)
		return nil
	case *types.Var:
		if obj.Parent() == nil || obj.Parent() == o.in.types.Scope() || within(obj, o.stmt) {
			return nil
		}
		if scope := rec.m.at.in.types.Scope().Innermost(rec.m.call.Pos()); scope != nil {
			if _, known := scope.LookupParent(obj.Name(), rec.m.call.Pos()); known == obj {
				rec.parameter(obj.Name(), obj.Name(), obj.Type())
				return nil
			}
		}
		return &refusal{"its options are not known yet where it is made", ""}
	}
	if obj.Parent() == types.Universe || obj.Parent() == o.in.types.Scope() {
		return nil
	}
	return &refusal{"an option is set under a condition that only the caller knows", ""}
}

func within(obj types.Object, n ast.Node) bool { return n.Pos() <= obj.Pos() && obj.Pos() < n.End() }

// assignment is the new text of a statement that sets an option.
func (rec *recipe) assignment(s setting, cfg, failed string) string {
	text := rec.r.p.text(s.v.expr)
	set := func(field, text string) string { return cfg + "." + field + " = " + text }
	switch s.option {
	case "Secure":
		return set("Insecure", negated(text))
	case "Persist":
		return set("Permanent", text)
	case "ErrorFunc":
		return set("ErrorHandler", text)
	case "Lifetime":
		return set("Lifetime", text) + "\n" + set("AbsoluteTimeout", text)
	case "MaxAge":
		return rec.aged(s.v, text, set)
	case "Store":
		rec.imports[runtimePath+"/scsstore"] = ""
		return "store, err := scsstore.New(" + text + ")\n" + failed + set("Store", "store")
	case "Path", "Domain", "SameSite", "Partitioned", "Name", "IdleTimeout":
		return set(s.option, text)
	}
	return "" // always on, or without a counterpart
}

func (rec *recipe) aged(v value, text string, set func(field, text string) string) string {
	rec.imports["time"] = ""
	if c := v.constant(); c != nil {
		seconds, _ := constant.Int64Val(constant.ToInt(c))
		if seconds <= 0 {
			return set("Permanent", "false")
		}
		return set("Permanent", "true") + "\n" + set("Lifetime", rec.duration(rec.capped(time.Duration(min(seconds, 1<<32))*time.Second)))
	}
	return set("Permanent", text+" > 0") + "\n" + set("Lifetime", "time.Duration("+text+") * time.Second")
}

// negated is the negation of an expression.
func negated(text string) string {
	switch text {
	case "true":
		return "false"
	case "false":
		return "true"
	}
	if strings.HasPrefix(text, "!") && token.IsIdentifier(text[1:]) {
		return text[1:]
	}
	if strings.ContainsAny(text, " (") {
		return "!(" + text + ")"
	}
	return "!" + text
}
