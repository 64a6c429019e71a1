// Package hidden can be imported by package kinds alone.
package hidden

// Hidden is known elsewhere by an alias.
type Hidden struct {
	Name  string
	Inner *Hidden `msgpack:",omitempty"`
}
