package migrate

import "go/types"

// A typeArgument is an interface in place of a type parameter.
type typeArgument struct {
	value // the generic name that gets it
	to    *types.Interface
	text  string
}

// argumentsFor lists the interfaces that the program has in place of a type parameter.
func (f *flow) argumentsFor(p *types.TypeParam) []typeArgument {
	var list []typeArgument
	for _, u := range f.p.units {
		for id, instance := range u.info.Instances {
			params := typeParams(u.info.Uses[id])
			for i := range min(params.Len(), instance.TypeArgs.Len()) {
				t := instance.TypeArgs.At(i)
				to, ok := t.Underlying().(*types.Interface)
				if _, generic := types.Unalias(t).(*types.TypeParam); u.tests || generic || !ok || to.NumMethods() == 0 || params.At(i).Obj().Pos() != p.Obj().Pos() {
					continue
				}
				list = append(list, typeArgument{value{id, u, whole}, to, types.TypeString(t, types.RelativeTo(u.types))})
			}
		}
	}
	return list
}

// typeParams are those of a generic function or type.
func typeParams(of types.Object) *types.TypeParamList {
	switch of := of.(type) {
	case *types.Func:
		return of.Origin().Signature().TypeParams()
	case *types.TypeName:
		if named, ok := types.Unalias(of.Type()).(*types.Named); ok {
			return named.Origin().TypeParams()
		}
	}
	return nil
}
