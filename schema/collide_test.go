package schema

import (
	"reflect"
	"slices"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

// An accessor with the name of one of these methods would hide it.
func TestSessionMethods(t *testing.T) {
	typ := reflect.TypeFor[*runtime.Session]()
	var want []string
	for i := range typ.NumMethod() {
		want = append(want, typ.Method(i).Name)
	}
	if !slices.Equal(sessionMethods, want) {
		t.Errorf("the methods of runtime.Session are\n%q\nwant\n%q", want, sessionMethods)
	}
}
