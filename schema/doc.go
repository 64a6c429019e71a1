// Package schema reads the session schemas of Go packages and checks them.
//
// A schema is a package-level struct type with at least one `session` tag. [Load] type-checks the packages that
// patterns name, as far as their schemas need it, and returns a model from which package gen writes code. Of go/types,
// gen only needs to know how a type is written. Everything wrong with a schema is a [Finding] with a position; a run
// reports all of them.
//
// How a field's type is stored follows the rules of github.com/vmihailenco/msgpack/v5 (v5.4.1:
// types.go, encode_value.go and decode_value.go), read from go/types instead of reflection. Where v5
// would write something that it cannot read back, the type is refused.
package schema
