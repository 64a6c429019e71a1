package migrate

import (
	"fmt"
	"go/types"
	"slices"
	"strings"
)

// given returns the statement that calls a setter with a value of any type. The program may write values of several types,
// which the field's type holds: each is converted.
func (d *field) given(setter string, typeText func(types.Type) string) string {
	typ := typeText(d.typ) // naming the type imports its package
	plain := fmt.Sprintf("%s(v.(%s))\n", setter, typ)
	others := d.otherTypes()
	if len(others) == 0 {
		return plain
	}
	var b strings.Builder
	b.WriteString("\t\tswitch v := v.(type) {\n")
	for _, t := range others {
		value := typ + "(v)"
		if n := pointers(t); n > 0 {
			value = strings.Repeat("*", n) + "v"
		}
		fmt.Fprintf(&b, "\t\tcase %s:\n\t%s(%s)\n", typeText(t), setter, value)
	}
	fmt.Fprintf(&b, "\t\tdefault:\n\t%s\t\t}\n", plain)
	return b.String()
}

// otherTypes returns the types of the values that the program writes under a key, other than its field's, if values of
// these can become values of that.
func (d *field) otherTypes() []types.Type {
	var list []types.Type
	for _, t := range slices.Concat(d.writes, d.loose) {
		if !types.Identical(t, d.typ) && (types.Identical(flat(t), d.typ) || isInteger(t) && isInteger(d.typ) || isOfKind(t, d.typ)) {
			list = appendType(list, t)
		}
	}
	return list
}

// readAs says why a value that comes by its key cannot be read as the program does.
func (r *rewriter) readAs(s *site, d *field) *refusal {
	if s.verb != readVerb && s.verb != popVerb {
		return nil
	}
	evidence := r.evidenceOf(s.at)
	if s.via != nil {
		evidence.asserted = append(evidence.asserted, r.evidenceInside(s.innermost().at).asserted...)
	}
	for _, t := range evidence.asserted {
		if !types.Identical(t, d.typ) {
			return &refusal{"it is read as " + typeText(t) + ", and ByKey returns " + typeText(d.typ), "read that type and convert it"}
		}
	}
	return nil
}
