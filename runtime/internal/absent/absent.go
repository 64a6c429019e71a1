// Package absent finds nil values, also those inside an interface.
package absent

import "reflect"

// Is reports whether v is nil, or an interface that holds a nil pointer or map. Calling a method of
// such a value would panic.
func Is(v any) bool {
	switch value := reflect.ValueOf(v); value.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer, reflect.Map:
		return value.IsNil()
	}
	return false
}
