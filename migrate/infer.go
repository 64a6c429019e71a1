package migrate

import (
	"go/ast"
	"go/types"
	"slices"
)

// A field is a key with its sites and the type of its values.
type field struct {
	key
	session    string // the session's name, "" if the program has one
	lib        *library
	dynamic    bool // the name says how the key is computed
	flash      bool
	sites      []*site
	typ        types.Type
	conflict   []types.Type // two types of its values, of which no type is both
	partial    bool         // members of its type are not exported, and get lost
	unstorable string       // why the type cannot be stored
	writes     []types.Type
	loose      []types.Type // of untyped constants
	blank      bool         // the empty text is among the values
	unknown    bool         // the type of some values is unknown
	assertions bool         // values are only ever asserted to be of a type
	evidence   evidence
}

// learn adds what a site shows about a field's type.
func (f *finder) learn(d *field, s *site) {
	d.sites = append(d.sites, s)
	switch s.verb {
	case writeVerb, addFlashVerb:
		f.learnWrite(d, s)
	case readVerb, popVerb, takeFlashesVerb:
		f.learnRead(d, s)
	}
}

func (f *finder) learnWrite(d *field, s *site) {
	v := s.val
	for at := s; v.expr == nil && at.via != nil; { // the wrapper decides the value
		at = at.via.inner
		v = at.val
	}
	switch {
	case v.expr == nil:
	case s.via == nil && isEmptyText(v):
		d.blank = true
	default:
		f.learnValue(d, v)
	}
}

func (f *finder) learnValue(d *field, v value) {
	t := valueType(v)
	if tv := v.in.info.Types[ast.Unparen(v.expr)]; tv.Value != nil && isUntypedLiteral(v) {
		d.loose = appendType(d.loose, types.Default(tv.Type))
		return
	}
	if t != nil && !types.IsInterface(t) {
		if t != types.Typ[types.Invalid] && t != types.Typ[types.UntypedNil] {
			d.writes = appendType(d.writes, types.Default(t))
		}
		return
	}
	for _, l := range f.origins(v, false) {
		if l.expr == v.expr && l.part == v.part {
			d.unknown = true
			continue
		}
		if !l.isNil {
			f.learnLeaf(d, l)
		}
	}
}

func (f *finder) learnLeaf(d *field, l leaf) {
	t := valueType(l.value)
	switch {
	case t == nil || types.IsInterface(t) || t == types.Typ[types.Invalid]:
		d.unknown = true
	case l.constant != nil && isUntypedLiteral(l.value):
		d.loose = appendType(d.loose, types.Default(t))
	default:
		d.writes = appendType(d.writes, types.Default(t))
	}
}

// valueType is the type of a value, which may be one of several results.
func valueType(v value) types.Type {
	t := v.in.info.TypeOf(v.expr)
	if tuple, ok := t.(*types.Tuple); ok {
		if i := max(v.part, 0); i < tuple.Len() {
			return tuple.At(i).Type()
		}
		return nil
	}
	return t
}

// isUntypedLiteral reports whether a constant has its default type only because nothing gives it another.
func isUntypedLiteral(v value) bool {
	switch e := ast.Unparen(v.expr).(type) {
	case *ast.BasicLit:
		return true
	case *ast.Ident:
		c, ok := v.in.info.Uses[e].(*types.Const)
		return ok && isUntyped(c.Type())
	case *ast.UnaryExpr:
		return isUntypedLiteral(value{e.X, v.in, whole})
	}
	return false
}

func isUntyped(t types.Type) bool {
	b, ok := t.(*types.Basic)
	return ok && b.Info()&types.IsUntyped != 0
}

func (f *finder) learnRead(d *field, s *site) {
	if s.via != nil { // the wrapper may decide it
		inner := s.innermost().at
		if ev := f.evidenceInside(inner); len(ev.asserted) > 0 {
			d.add(ev)
			return
		}
		if t := valueType(inner); t != nil && !types.IsInterface(t) && s.verb != takeFlashesVerb {
			d.evidence.assert(t)
			return
		}
	}
	t := valueType(s.at)
	if s.verb == takeFlashesVerb {
		if slice, ok := t.(*types.Slice); ok && !types.IsInterface(slice.Elem()) {
			d.evidence.assert(slice.Elem())
			return
		}
	} else if t != nil && !types.IsInterface(t) {
		d.evidence.assert(t)
		return
	}
	d.add(f.evidenceOf(s.at))
}

func (d *field) add(ev evidence) {
	for _, t := range ev.asserted {
		d.evidence.assert(t)
	}
	for _, t := range ev.likely {
		d.evidence.hint(t)
	}
}

// decide settles a field's type: writes count first, then reads.
func (d *field) decide() {
	writes, reads := d.writes, d.written(d.evidence.asserted)
	if d.blank && len(writes) == 0 && len(reads) == 0 {
		d.loose = appendType(d.loose, types.Typ[types.String])
	}
	switch {
	case len(writes) > 0:
	case len(reads) > 0:
		writes = reads
	case len(d.loose) > 0:
		writes = d.loose
	case len(d.evidence.likely) > 0:
		writes = d.evidence.likely
	default:
		if d.flash {
			d.typ = types.Typ[types.String]
		}
		return
	}
	d.typ = writes[0]
	for _, t := range writes[1:] {
		d.merge(t)
	}
	for _, t := range reads {
		d.merge(t)
	}
	if d.blank && !d.assertions {
		d.loose = appendType(d.loose, types.Typ[types.String])
	}
	for _, t := range d.loose {
		d.mergeLoose(t)
	}
}

// written leaves out the types that messages are asserted to if the program only writes messages of other types: the
// code for them never runs.
func (d *field) written(reads []types.Type) []types.Type {
	if !d.flash || d.unknown || len(d.writes)+len(d.loose) == 0 {
		return reads
	}
	return slices.DeleteFunc(slices.Clone(reads), func(t types.Type) bool {
		return !slices.ContainsFunc(d.writes, func(w types.Type) bool {
			return types.Identical(flat(w), flat(t)) || isInteger(w) && isInteger(t)
		}) && !slices.ContainsFunc(d.loose, func(w types.Type) bool { return isOfKind(w, t) })
	})
}

// merge widens the field's type so that another type fits too.
func (d *field) merge(t types.Type) {
	switch {
	case types.Identical(d.typ, t):
	case types.Identical(flat(d.typ), flat(t)): // gob drops pointers
		d.typ = flat(t)
	case isInteger(d.typ) && isInteger(t):
		d.typ = wider(d.typ, t)
	case d.conflict == nil:
		d.conflict = []types.Type{d.typ, t}
	}
}

// mergeLoose adds an untyped constant if the field's type can represent it.
func (d *field) mergeLoose(t types.Type) {
	if !isOfKind(t, d.typ) {
		d.merge(t)
	}
}

// isOfKind reports whether a type can represent an untyped constant whose default type is constant.
func isOfKind(constant, t types.Type) bool {
	from, ok := constant.(*types.Basic)
	to, isBasic := t.Underlying().(*types.Basic)
	const kinds = types.IsBoolean | types.IsString | types.IsNumeric
	return ok && isBasic && from.Info()&to.Info()&kinds != 0
}

func flat(t types.Type) types.Type {
	for {
		p, ok := types.Unalias(t).(*types.Pointer)
		if !ok {
			return t
		}
		t = p.Elem()
	}
}

func isInteger(t types.Type) bool {
	b, ok := types.Unalias(t).(*types.Basic)
	return ok && b.Info()&types.IsInteger != 0
}

// wider is the integer type with the larger range. Between int and int64 it is int64.
func wider(a, b types.Type) types.Type {
	rank := func(t types.Type) int {
		switch types.Unalias(t).(*types.Basic).Kind() {
		case types.Int8, types.Uint8:
			return 1
		case types.Int16, types.Uint16:
			return 2
		case types.Int32, types.Uint32:
			return 3
		case types.Int, types.Uint:
			return 4
		}
		return 5
	}
	if rank(b) > rank(a) {
		return b
	}
	return a
}

// typeText writes a type as a program does that imports its package.
func typeText(t types.Type) string {
	if t == nil {
		return "?"
	}
	return types.TypeString(t, func(p *types.Package) string { return p.Name() })
}

// elementOf is the type of the elements of a slice or map, however deep, or the type itself.
func elementOf(t types.Type) types.Type {
	switch u := types.Unalias(t).(type) {
	case *types.Slice:
		return elementOf(u.Elem())
	case *types.Map:
		return elementOf(u.Elem())
	}
	return t
}
