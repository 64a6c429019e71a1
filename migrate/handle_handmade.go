package migrate

import (
	"go/ast"
	"go/constant"
	"slices"
	"strings"
)

// handmade returns the text that replaces a session that a program makes by hand.
func (r *rewriter) handmade(u *unit, lit *ast.CompositeLit) string {
	if !u.tests {
		return "get it from the context of a request"
	}
	if len(r.targets) != 1 || r.targets[0].onlyTested() { // the tests are left from the previous run
		return "get it from a context that sessiontest.Context makes"
	}
	t, prefix := r.targets[0], ""
	if u.path != r.home.path {
		prefix = r.home.name + "."
	}
	return "write " + prefix + t.generated() + "From(sessiontest.Context(t, sessions, func(s *" + prefix + t.generated() + ") { " + r.setters(u, t, lit) +
		" })), after sessions, err := " + prefix + "New" + t.generated() + "Manager(runtime.Config{Keys: sessiontest.Keys(t)})"
}

// onlyTested reports whether tests alone use the fields.
func (t *target) onlyTested() bool {
	return !slices.ContainsFunc(t.fields, func(f *field) bool {
		return slices.ContainsFunc(f.sites, func(s *site) bool { return !s.at.in.tests })
	})
}

// setters are the statements that give a session the values of a literal, "..." if it has others than those of fields.
func (r *rewriter) setters(u *unit, t *target, lit *ast.CompositeLit) string {
	values, ok := elementNamed(lit, "Values").(*ast.CompositeLit)
	if !ok {
		return "..."
	}
	var list []string
	for _, elt := range values.Elts {
		kv, ok := elt.(*ast.KeyValueExpr)
		if !ok {
			return "..."
		}
		name := t.nameOf(value{kv.Key, u, whole}.constant())
		if name == "" {
			return "..."
		}
		list = append(list, "s.Set"+name+"("+r.p.text(kv.Value)+")")
	}
	return strings.Join(list, "; ")
}

// nameOf is the name of the field that a key has, "" if there is none.
func (t *target) nameOf(key constant.Value) string {
	if key == nil || key.Kind() != constant.String {
		return ""
	}
	for _, f := range t.fields {
		if f.name == constant.StringVal(key) {
			return t.names[f]
		}
	}
	return ""
}
