package migrate

import (
	"go/ast"
	"go/constant"
	"go/types"
)

// A program that logs somebody out may write the empty text instead of a number. Code that asserts a number then finds
// none, as if there were no value.

// isEmptyText reports whether a value is the literal of the empty text.
func isEmptyText(v value) bool {
	_, ok := ast.Unparen(v.expr).(*ast.BasicLit)
	c := v.constant()
	return ok && c != nil && c.Kind() == constant.String && constant.StringVal(c) == ""
}

// onlyAssertions reports whether each read of a key asserts its type at once, and nothing asks whether there is a
// value.
func (f *finder) onlyAssertions(d *field) bool {
	for _, s := range d.sites {
		switch s.verb {
		case lookVerb, popVerb:
			return false
		case readVerb:
			assert, ok := f.outer(s.at.expr).(*ast.TypeAssertExpr)
			if s.via != nil || !ok || assert.Type == nil {
				return false
			}
		}
	}
	return true
}

// blanks reports whether a write gives the empty text to a field of another type: it then has no value.
func (d *field) blanks(s *site) bool {
	if s.verb != writeVerb || s.via != nil || s.val.expr == nil || !isEmptyText(s.val) {
		return false
	}
	b, ok := d.typ.Underlying().(*types.Basic)
	return !ok || b.Info()&types.IsString == 0
}
