package runtime

import (
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sessiongen/sessiongen/runtime/internal/response"
)

// Named phases decide about a session and its response. Booleans answer the few other questions;
// each further boolean doubles the states in which the code has to be right.
func TestFewBooleans(t *testing.T) {
	var found []string
	known := map[reflect.Type]bool{reflect.TypeFor[manager](): true}
	for _, held := range []reflect.Type{reflect.TypeFor[state](), reflect.TypeFor[response.Writer]()} {
		found = append(found, booleansIn(held, known)...)
	}
	if len(found) > 8 {
		t.Errorf("got %d booleans, want at most 8: %s", len(found), strings.Join(found, ", "))
	}
	for _, want := range []string{"state.asked", "Metadata.hasID", "trouble.shown", "place.unlooked"} {
		if !strings.Contains(strings.Join(found, " "), want) {
			t.Errorf("%s is not found among %v", want, found)
		}
	}
}

// booleansIn returns the boolean fields that a struct of this module declares, and those of the structs
// that it holds or points to. A type counts once. Elements of slices and arrays do not count: there is
// one for each field, change or flow.
func booleansIn(t reflect.Type, known map[reflect.Type]bool) (found []string) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || known[t] || !strings.HasPrefix(t.PkgPath(), reflect.TypeFor[state]().PkgPath()) {
		return nil
	}
	known[t] = true
	for i := range t.NumField() {
		field := t.Field(i)
		if field.Type.Kind() == reflect.Bool || field.Type == reflect.TypeFor[atomic.Bool]() {
			found = append(found, t.Name()+"."+field.Name)
		}
		found = append(found, booleansIn(field.Type, known)...)
	}
	return found
}
