package schema

import (
	"fmt"
	"go/token"
)

// The options about the log-in's life: whose a field is, and what it is for.

// An optionOf is an option of a field.
type optionOf struct {
	field *Field
	name  string
}

const principalHint = "mark the field that says who is logged in, as in session:\"user_id,principal\", or leave %s out"

// ownership reports fields that are said to stay when the principal goes, and cannot.
func (in *inspector) ownership(s *Schema) {
	for _, f := range s.Fields {
		at, ok := in.given(f, "visitor")
		switch {
		case !ok:
		case f.Principal:
			in.report(at, "leave visitor out: a log-out clears the principal", "the principal cannot be the visitor's")
		case s.Principal() == nil:
			in.report(at, fmt.Sprintf(principalHint, "visitor"), "visitor is for a schema with a principal: nothing else is cleared when a log-in ends")
		}
	}
}

// given is where a field has an option.
func (in *inspector) given(f *Field, name string) (at token.Pos, ok bool) {
	at, ok = in.optionAt[optionOf{f, name}]
	return at, ok
}
