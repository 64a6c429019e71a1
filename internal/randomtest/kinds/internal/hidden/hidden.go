// Package hidden can only be imported by package kinds.
package hidden

// Hidden is known elsewhere by an alias.
type Hidden struct {
	Name  string
	Inner *Hidden `msgpack:",omitempty"`
}
