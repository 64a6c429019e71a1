package schema

import (
	"fmt"
	"reflect"
)

// TagOutcome returns the names that a struct of one field F with this tag is written with: where the field is set, and
// where it is zero.
func TagOutcome(st reflect.StructTag) string {
	tag := parseMsgpackTag(st.Get("msgpack"))
	full, empty := []string{}, []string{}
	if tag.name != "-" {
		name := tag.name
		if name == "" {
			name = "F"
		}
		full = append(full, name)
		if !tag.has("omitempty") {
			empty = append(empty, name)
		}
	}
	return fmt.Sprint(full, empty)
}
