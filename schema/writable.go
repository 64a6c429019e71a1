package schema

import (
	"go/types"
	"slices"
	"strings"

	"github.com/sessiongen/sessiongen/internal/code"
)

// writable returns t in a form that can be written in this package's source. That is t itself, as the user wrote it,
// unless another package declares it: a name there may be unexported or its package internal, and an alias that is
// visible here must replace it. Culprit is the type without such an alias, or nil.
func (in *inspector) writable(t types.Type) (form, culprit types.Type) {
	switch t := t.(type) {
	case *types.Alias:
		if in.visible(t.Obj()) {
			args, culprit := in.writableAll(listOf(t.TypeArgs()))
			if culprit == nil && args == nil {
				return t, nil
			}
		}
		return in.writable(types.Unalias(t))
	case *types.Named:
		return in.writableNamed(t)
	case *types.Pointer:
		return in.rebuild(t, []types.Type{t.Elem()}, func(parts []types.Type) types.Type { return types.NewPointer(parts[0]) })
	case *types.Slice:
		return in.rebuild(t, []types.Type{t.Elem()}, func(parts []types.Type) types.Type { return types.NewSlice(parts[0]) })
	case *types.Array:
		return in.rebuild(t, []types.Type{t.Elem()}, func(parts []types.Type) types.Type { return types.NewArray(parts[0], t.Len()) })
	case *types.Chan:
		return in.rebuild(t, []types.Type{t.Elem()}, func(parts []types.Type) types.Type { return types.NewChan(t.Dir(), parts[0]) })
	case *types.Map:
		return in.rebuild(t, []types.Type{t.Key(), t.Elem()}, func(parts []types.Type) types.Type { return types.NewMap(parts[0], parts[1]) })
	case *types.Struct:
		return in.writableStruct(t)
	case *types.Signature:
		return in.rebuild(t, append(typesOf(t.Params()), typesOf(t.Results())...), nil)
	case *types.Interface:
		return in.writableInterface(t)
	case *types.Union:
		return nil, t
	}
	return t, nil
}

func (in *inspector) writableNamed(t *types.Named) (form, culprit types.Type) {
	if !in.visible(t.Obj()) {
		if alias := in.alias(t); alias != nil {
			return alias, nil
		}
		return nil, t
	}
	args, culprit := in.writableAll(listOf(t.TypeArgs()))
	if culprit != nil || args == nil {
		return t, culprit
	}
	inst, err := types.Instantiate(nil, t.Origin(), args, false)
	if err != nil {
		return nil, t
	}
	return inst, nil
}

func (in *inspector) writableStruct(t *types.Struct) (form, culprit types.Type) {
	var parts []types.Type
	for f := range t.Fields() {
		if !in.sameName(f) {
			return nil, t
		}
		parts = append(parts, f.Type())
	}
	return in.rebuild(t, parts, func(parts []types.Type) types.Type {
		var fields []*types.Var
		var tags []string
		for i, part := range parts {
			f := t.Field(i)
			fields = append(fields, types.NewField(f.Pos(), f.Pkg(), f.Name(), part, f.Embedded()))
			tags = append(tags, t.Tag(i))
		}
		return types.NewStruct(fields, tags)
	})
}

func (in *inspector) writableInterface(t *types.Interface) (form, culprit types.Type) {
	var parts []types.Type
	for m := range t.ExplicitMethods() {
		if !m.Exported() && m.Pkg().Path() != in.src.Types.Path() {
			return nil, t
		}
		parts = append(parts, m.Type())
	}
	for e := range t.EmbeddedTypes() {
		parts = append(parts, e)
	}
	return in.rebuild(t, parts, nil)
}

// rebuild makes t's parts writable. Without a build function, a part that would have to change is the culprit.
func (in *inspector) rebuild(t types.Type, parts []types.Type, build func([]types.Type) types.Type) (form, culprit types.Type) {
	changed, culprit := in.writableAll(parts)
	switch {
	case culprit != nil:
		return nil, culprit
	case changed == nil:
		return t, nil
	case build == nil:
		return nil, t
	}
	return build(changed), nil
}

// writableAll makes each type writable. Changed is nil if none had to change.
func (in *inspector) writableAll(list []types.Type) (changed []types.Type, culprit types.Type) {
	for i, t := range list {
		w, culprit := in.writable(t)
		if culprit != nil {
			return nil, culprit
		}
		if w != t && changed == nil {
			changed = slices.Clone(list)
		}
		if changed != nil {
			changed[i] = w
		}
	}
	return changed, nil
}

func listOf(list *types.TypeList) []types.Type { return slices.Collect(list.Types()) }

func typesOf(tuple *types.Tuple) []types.Type {
	var list []types.Type
	for v := range tuple.Variables() {
		list = append(list, v.Type())
	}
	return list
}

// sameName reports whether a struct field declared here could be this very field: unexported names belong to their
// package.
func (in *inspector) sameName(f *types.Var) bool {
	return f.Exported() || f.Pkg().Path() == in.src.Types.Path()
}

// literalStruct reports whether a struct type can be written here unchanged.
func (in *inspector) literalStruct(u *types.Struct) bool {
	form, culprit := in.writable(u)
	return culprit == nil && form == types.Type(u)
}

// visible reports whether the name of a type can be written in this package.
func (in *inspector) visible(obj *types.TypeName) bool {
	switch p := obj.Pkg(); {
	case p == nil:
		return true // any, error
	case p.Path() == in.src.Types.Path():
		return in.src.Types.Scope().Lookup(obj.Name()) == obj
	default:
		return obj.Exported() && p.Scope().Lookup(obj.Name()) == obj && in.importable(p)
	}
}

// importable applies the go command's rules on internal packages, vendored ones of the standard
// library, and commands.
func (in *inspector) importable(p *types.Package) bool {
	path := "/" + p.Path()
	if p.Name() == "main" || strings.HasPrefix(path, "/vendor/") {
		return false
	}
	i := strings.LastIndex(path+"/", "/internal/")
	return i < 0 || i > 0 && strings.HasPrefix("/"+in.src.Types.Path()+"/", path[:i]+"/")
}

// alias finds an alias of a type that can be written here: one of this package, or an exported one of an imported
// package.
func (in *inspector) alias(t types.Type) types.Type {
	if !in.scanned {
		in.scanned = true
		for _, p := range append([]*types.Package{in.src.Types}, in.src.Types.Imports()...) {
			if p == in.src.Types || in.importable(p) {
				in.aliases = append(in.aliases, in.aliasesOf(p)...)
			}
		}
	}
	for _, alias := range in.aliases {
		if types.Identical(alias, t) {
			return alias
		}
	}
	return nil
}

func (in *inspector) aliasesOf(p *types.Package) []*types.Alias {
	var list []*types.Alias
	for _, name := range p.Scope().Names() {
		obj, ok := p.Scope().Lookup(name).(*types.TypeName)
		if !ok || !obj.IsAlias() || !in.visible(obj) {
			continue
		}
		if alias, ok := obj.Type().(*types.Alias); ok && alias.TypeParams().Len() == 0 {
			list = append(list, alias)
		}
	}
	return list
}

// unwritable reports a type that generated code cannot name.
func (in *inspector) unwritable(culprit types.Type, path string) {
	hint := "declare an alias of it where it is visible, and export that; or " + in.leaveOut(path)
	name, why := in.typeName(culprit), "cannot be named in package "+in.src.Types.Name()
	if named, ok := culprit.(*types.Named); ok {
		switch obj := named.Obj(); {
		case !obj.Exported():
			why = "is not exported"
		case !in.importable(obj.Pkg()):
			why = "is of package " + obj.Pkg().Path() + ", which package " + in.src.Types.Path() + " cannot import"
		}
	}
	in.report(code.UnnameableType, in.at, hint, "%s: %s %s, and generated code has to name it", path, name, why)
}
