package runtime_test

import (
	"go/types"
	"slices"
	"strings"
	"testing"
)

// Named phases decide about a session and its response. Booleans answer the few other questions;
// each further boolean doubles the states in which the code has to be right.
func TestFewBooleans(t *testing.T) {
	src := runtimeSource(t)
	known := map[string]bool{src.typeOf(t, "manager").String(): true}
	var found []string
	for _, held := range []types.Type{src.typeOf(t, "state"), src.fieldOf(t, "untyped", "writer")} {
		found = append(found, booleansIn(held, known)...)
	}
	if len(found) > 8 {
		t.Errorf("got %d booleans, want at most 8: %s", len(found), strings.Join(found, ", "))
	}
	for _, want := range []string{"state.asked", "Metadata.hasID", "trouble.shown", "place.unlooked"} {
		if !slices.Contains(found, want) {
			t.Errorf("%s is not found among %v", want, found)
		}
	}
}

// booleansIn returns the boolean fields that a struct of package runtime or its leaves declares, and
// those of the structs that it holds or points to. A type counts once. Elements of slices and arrays
// do not count: there is one for each field, change or flow.
func booleansIn(t types.Type, known map[string]bool) (found []string) {
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	named, ok := types.Unalias(t).(*types.Named)
	if !ok || known[named.String()] || named.Obj().Pkg() == nil || !strings.HasPrefix(named.Obj().Pkg().Path(), ownPackage) {
		return nil
	}
	fields, ok := named.Underlying().(*types.Struct)
	if !ok {
		return nil
	}
	known[named.String()] = true
	for field := range fields.Fields() {
		if isBoolean(field.Type()) {
			found = append(found, named.Obj().Name()+"."+field.Name())
		}
		found = append(found, booleansIn(field.Type(), known)...)
	}
	return found
}

func isBoolean(t types.Type) bool {
	basic, ok := t.Underlying().(*types.Basic)
	return ok && basic.Kind() == types.Bool || types.Unalias(t).String() == "sync/atomic.Bool"
}
