package gen

import (
	"fmt"
	"go/types"
	"slices"
	"strings"
	"time"

	"github.com/sessiongen/sessiongen/schema"
)

// The doc comments of the accessors. The field's own comes with Get.

func getDoc(f *schema.Field) string {
	doc := fmt.Sprintf("Get%s returns %s, or %s if it is not set.", f.Name, f.Name, unset(f))
	if f.Secret {
		doc += " It is redacted wherever the session is printed."
	}
	switch {
	case f.Type.Kind == schema.Time:
		doc += " It is in UTC."
	case holdsTime(f.Type, map[any]bool{}):
		doc += " Times in it are in UTC."
	}
	if f.Visitor {
		doc += " It is the visitor's: it stays when the principal changes or goes."
	}
	if len(f.Lost) > 0 {
		doc += " Not stored, as they are not exported: " + strings.Join(f.Lost, ", ") + "."
	}
	doc = wrap(doc)
	if text := strings.TrimSpace(plain(f.Doc)); text != "" {
		doc += "\n\n" + text
	}
	return doc
}

// holdsTime reports whether there may be a time in a t that is stored as such.
func holdsTime(t *schema.Type, seen map[any]bool) bool {
	switch {
	case t == nil || seen[t]:
		return false
	case t.Kind == schema.Time:
		return true
	}
	seen[t] = true
	switch t.Kind {
	case schema.StructKind:
		return slices.ContainsFunc(t.Struct.Members, func(m *schema.Member) bool { return holdsTime(m.Type, seen) })
	case schema.Slice, schema.Array, schema.Map, schema.Pointer:
		return holdsTime(t.Elem, seen)
	}
	return false
}

func hasDoc(f *schema.Field) string {
	return wrap(fmt.Sprintf("Has%s reports whether %s is set.", f.Name, f.Name))
}

func setDoc(f *schema.Field) string {
	doc := fmt.Sprintf("Set%s sets %s", f.Name, f.Name)
	if f.TTL > 0 {
		doc += ", which expires " + short(f.TTL) + " later"
	}
	doc += "."
	if f.Max > 0 {
		unit := "elements"
		if f.Type.Kind == schema.String || f.Type.Kind == schema.Bytes {
			unit = "bytes"
		}
		if f.Max == 1 {
			unit = strings.TrimSuffix(unit, "s")
		}
		doc += fmt.Sprintf(" A value of more than %d %s is refused, and Err returns the error.", f.Max, unit)
	}
	if f.Principal {
		doc += " Changing it gives the session a new id and sets AuthenticatedAt."
	}
	return wrap(doc)
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

// unset says what Get returns for a field that is not set.
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

// short is a duration without the zeros that String ends in: 10m, not 10m0s.
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
