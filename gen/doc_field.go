package gen

import (
	"fmt"
	"go/types"
	"slices"
	"strings"
	"time"

	"github.com/sessiongen/sessiongen/schema"
)

// The doc comments of the accessors. The field's own comment is part of Get's.

func getDoc(f *schema.Field) string {
	doc := fmt.Sprintf("Get%s returns %s, or %s if it is not set.", f.Name, f.Name, unset(f))
	if f.Secret {
		doc += " It is redacted wherever the session is printed."
	}
	switch {
	case f.Type.Kind == schema.Time:
		doc += " It is in UTC."
	case holds(f.Type, func(k schema.Kind) bool { return k == schema.Time }, map[any]bool{}):
		doc += " Times in it are in UTC."
	}
	if f.Visitor {
		doc += " It belongs to the visitor: it stays when the principal changes or is cleared."
	}
	if len(f.Lost) > 0 {
		doc += " Not stored because they are not exported: " + strings.Join(f.Lost, ", ") + "."
	}
	doc = wrap(doc)
	if text := strings.TrimSpace(plain(f.Doc)); text != "" {
		doc += "\n\n" + text
	}
	return doc
}

// holds reports whether a t may contain a value of a certain kind.
func holds(t *schema.Type, is func(schema.Kind) bool, seen map[any]bool) bool {
	switch {
	case t == nil || seen[t]:
		return false
	case is(t.Kind):
		return true
	}
	seen[t] = true
	switch t.Kind {
	case schema.StructKind:
		return slices.ContainsFunc(t.Struct.Members, func(m *schema.Member) bool { return holds(m.Type, is, seen) })
	case schema.Slice, schema.Array, schema.Map, schema.Pointer:
		return holds(t.Key, is, seen) || holds(t.Elem, is, seen)
	}
	return false
}

// encodesItself reports whether methods or functions of the program encode values of a kind.
func encodesItself(k schema.Kind) bool { return schema.Custom <= k && k <= schema.Via }

func hasDoc(f *schema.Field) string {
	return wrap(fmt.Sprintf("Has%s reports whether %s is set.", f.Name, f.Name))
}

func lookupDoc(f *schema.Field) string {
	return wrap(fmt.Sprintf("Lookup%s returns %s as Get%[1]s does; ok reports whether it is set.", f.Name, f.Name))
}

func setDoc(f *schema.Field) string {
	doc := fmt.Sprintf("Set%s sets %s", f.Name, f.Name)
	if f.TTL > 0 {
		doc += ", which expires " + short(f.TTL) + " later"
	}
	doc += "."
	if f.Max > 0 {
		unit := units(f)
		if f.Max == 1 {
			unit = strings.TrimSuffix(unit, "s")
		}
		doc += fmt.Sprintf(" A value of more than %d %s is refused, and Err returns the error.", f.Max, unit)
	}
	if f.Each > 0 {
		doc += fmt.Sprintf(" An element that takes more than %d bytes when stored is refused too.", f.Each)
	}
	if holds(f.Type, encodesItself, map[any]bool{}) {
		doc += " A value whose encoding cannot be read back is refused with ErrEncode."
	}
	if f.Principal {
		doc += " Changing it gives the session a new id and sets AuthenticatedAt."
	}
	return wrap(doc)
}

// units are counted by the max of a field.
func units(f *schema.Field) string {
	if f.Type.Kind == schema.String || f.Type.Kind == schema.Bytes {
		return "bytes"
	}
	return "elements"
}

// tryDoc is the doc of the variant that returns the error.
func tryDoc(f *schema.Field, verb string) string {
	return wrap(fmt.Sprintf("Try%[1]s%[2]s is like %[1]s%[2]s, but returns the error if a value is refused. The session is then unchanged.", verb, f.Name))
}

func popDoc(f *schema.Field) string {
	return wrap(fmt.Sprintf("Pop%s returns %s and removes it; ok reports whether it was set.", f.Name, f.Name))
}

func clearDoc(f *schema.Field) string {
	return wrap(fmt.Sprintf("Clear%s removes %s.", f.Name, f.Name))
}

func updateDoc(f *schema.Field) string {
	return wrap(fmt.Sprintf("Update%s replaces %s with f(%[2]s); f may be called more than once.", f.Name, f.Name))
}

func appendDoc(f *schema.Field) string {
	return wrap(fmt.Sprintf("Append%s appends v to %s.", f.Name, f.Name))
}

// unset says what Get returns if a field is not set.
func unset(f *schema.Field) string {
	if d, ok := durationDefault(f); ok {
		return short(d)
	}
	switch {
	case len(f.Default) > 40:
		return "its default"
	case f.Default != "":
		return f.Default
	case isTime(f.Type.Go):
		return "the zero time"
	}
	switch under := f.Type.Go.Underlying().(type) {
	case *types.Struct, *types.Array:
		return "the zero value"
	case *types.Basic:
		switch info := under.Info(); {
		case info&types.IsString != 0:
			return `""`
		case info&types.IsBoolean != 0:
			return "false"
		}
		return "0"
	}
	return "nil"
}

// short is a duration without trailing zero units: 10m, not 10m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
