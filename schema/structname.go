package schema

import (
	"fmt"
	"go/types"
	"strings"
)

// structName makes an identifier for a struct type: Item, OtherItem of package other, PageOfItem of Page[Item]. An
// unnamed type is named after the field that has it.
func (in *inspector) structName(t types.Type, path string) string {
	base := in.identifier(t)
	if base == "" {
		base = camel(path)
	}
	name := base
	for i := 2; in.names[name]; i++ {
		name = fmt.Sprint(base, i)
	}
	in.names[name] = true
	return name
}

func (in *inspector) identifier(t types.Type) string {
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		name := exported(t.Obj().Name())
		if p := t.Obj().Pkg(); p != nil && p.Path() != in.src.Types.Path() {
			name = exported(p.Name()) + name
		}
		for i := range t.TypeArgs().Len() {
			name += []string{"Of", "And"}[min(i, 1)] + in.identifier(t.TypeArgs().At(i))
		}
		return name
	case *types.Basic:
		return exported(t.Name())
	case *types.Pointer:
		return "PointerTo" + in.identifier(t.Elem())
	case *types.Slice:
		return "SliceOf" + in.identifier(t.Elem())
	case *types.Array:
		return fmt.Sprintf("Array%dOf%s", t.Len(), in.identifier(t.Elem()))
	case *types.Map:
		return "MapOf" + in.identifier(t.Key()) + "To" + in.identifier(t.Elem())
	case *types.Interface:
		return "Any"
	}
	return ""
}

// camel joins the words of a path: cart[].owner -> CartOwner.
func camel(path string) string {
	words := strings.FieldsFunc(path, func(r rune) bool { return !isWord(r) })
	for i, w := range words {
		words[i] = exported(w)
	}
	name := strings.Join(words, "")
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		name = "Struct" + name
	}
	return name
}

func isWord(r rune) bool { return r > 0x7f || isAlphanumeric(byte(r)) }
