// Package absent tells values that are there from those that were never made.
package absent

import "reflect"

// Is reports whether v is nil, or an interface that holds a nil pointer or map: its methods would panic.
func Is(v any) bool {
	switch value := reflect.ValueOf(v); value.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer, reflect.Map:
		return value.IsNil()
	}
	return false
}
