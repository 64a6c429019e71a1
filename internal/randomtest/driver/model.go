package driver

import (
	"cmp"
	"encoding"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/vmihailenco/msgpack/v5"
)

// What is stored of a value by v5's rules. They are implemented again from its source (getFields, shouldInline and
// isEmptyValue in types.go), to be compared with package schema's implementation.

// A member is v5's field: an entry of a struct's encoding.
type member struct {
	name      string
	index     []int
	omitEmpty bool
	via       bool // its tag says how it is stored
}

// tag is the name and the options of a msgpack struct tag. The tags of random schemas have no quirks beyond a quoted
// name.
func tag(f reflect.StructField) (name string, options []string) {
	text := f.Tag.Get("msgpack")
	if rest, ok := strings.CutPrefix(text, "'"); ok {
		name, text, _ = strings.Cut(rest, "'")
		text = strings.TrimPrefix(text, ",")
	} else {
		name, text, _ = strings.Cut(text, ",")
	}
	return name, strings.Split(text, ",")
}

// A memberList collects the entries of a struct's encoding.
type memberList struct {
	list    []member
	taken   map[string]bool // names of members and of embedded structs
	asArray bool
	omitAll bool
}

func (l *memberList) add(m member) {
	l.taken[m.name] = true
	l.list = append(l.list, m)
}

// members lists the entries of a struct's encoding.
func members(t reflect.Type) (list []member, asArray bool) {
	l := memberList{taken: map[string]bool{}}
	for f := range fieldsOf(t) {
		l.field(f)
	}
	return l.list, l.asArray
}

func (l *memberList) field(f reflect.StructField) {
	name, options := tag(f)
	if name == "-" {
		return
	}
	if f.Name == "_msgpack" {
		l.asArray = slices.Contains(options, "as_array")
		l.omitAll = l.omitAll || slices.Contains(options, "omitempty")
	}
	if !f.IsExported() && !f.Anonymous {
		return
	}
	name = cmp.Or(name, f.Name)
	if inner, inlined := l.promoted(f, options); inlined {
		for _, m := range inner {
			m.index = append(slices.Clone(f.Index), m.index...)
			l.add(m)
		}
		l.taken[name] = true
		return
	}
	l.add(member{name, f.Index, l.omitAll || slices.Contains(options, "omitempty"), isVia(options)})
	for _, o := range options {
		if alias, ok := strings.CutPrefix(o, "alias:"); ok {
			l.taken[alias] = true
		}
	}
}

// promoted lists the members that an embedded struct adds to the outer one, if it does.
func (l *memberList) promoted(f reflect.StructField, options []string) (inner []member, inlined bool) {
	elem := deref(f.Type)
	if !f.Anonymous || slices.Contains(options, "noinline") || isVia(options) || elem.Kind() != reflect.Struct || isLeaf(elem) {
		return nil, false
	}
	inner, _ = members(elem)
	shadowed := func(m member) bool { return l.taken[m.name] }
	if slices.Contains(options, "inline") {
		return slices.DeleteFunc(inner, shadowed), true
	}
	return inner, !slices.ContainsFunc(inner, shadowed)
}

func fieldsOf(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}

func deref(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// at follows an index. ok is false if an embedded pointer on the way is nil.
func at(v reflect.Value, index []int) (x reflect.Value, ok, throughPointer bool) {
	for i, n := range index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return v, false, true
			}
			v, throughPointer = v.Elem(), true
		}
		v = v.Field(n)
	}
	return v, true, throughPointer
}

// alloc follows an index and allocates nil pointers on the way.
func alloc(v reflect.Value, index []int) reflect.Value {
	for i, n := range index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(n)
	}
	return v
}

var (
	encoders = []reflect.Type{reflect.TypeFor[msgpack.CustomEncoder](), reflect.TypeFor[msgpack.Marshaler](),
		reflect.TypeFor[encoding.BinaryMarshaler](), reflect.TypeFor[encoding.TextMarshaler]()}
	timeType = reflect.TypeFor[time.Time]()
)

// isLeaf reports whether a t is stored by methods, or as a time, and not by its structure.
func isLeaf(t reflect.Type) bool {
	if slices.Contains(hooked, t) {
		return true
	}
	if t.Kind() == reflect.Interface || t.Kind() == reflect.Pointer {
		return false
	}
	return t == timeType || t == momentType || slices.ContainsFunc(encoders, reflect.PointerTo(t).Implements)
}

// byPointer reports whether the methods that store a t are those of its pointer.
func byPointer(t reflect.Type) bool {
	return isLeaf(t) && t != timeType && t != momentType && !slices.Contains(hooked, t) && !slices.ContainsFunc(encoders, t.Implements)
}

func nilable(k reflect.Kind) bool {
	return k == reflect.Pointer || k == reflect.Slice || k == reflect.Map || k == reflect.Interface
}

// A model computes the value that a stored value comes back as.
type model struct {
	// byMsgpack: v5's Marshal wrote the value. It judges a struct by its exported fields even if a method writes it,
	// so that omitempty drops every netip.Addr and big.Int.
	byMsgpack bool
}

// stored sets dst to the value that src comes back as.
func (m model) stored(dst, src reflect.Value) {
	switch {
	case src.Type() == timeType || src.Type() == momentType:
		dst.Set(reflect.ValueOf(src.Convert(timeType).Interface().(time.Time).UTC()).Convert(src.Type()))
		return
	case isLeaf(src.Type()):
		dst.Set(src)
		return
	}
	switch src.Kind() {
	case reflect.Interface:
		if x := canonical(src.Interface()); x != nil {
			dst.Set(reflect.ValueOf(x))
		}
	case reflect.Pointer:
		// A pointer to nil is nil.
		if !src.IsNil() && !writesNil(src.Elem()) {
			dst.Set(reflect.New(src.Type().Elem()))
			m.stored(dst.Elem(), src.Elem())
		}
	case reflect.Slice:
		if src.IsNil() {
			return
		}
		dst.Set(reflect.MakeSlice(src.Type(), src.Len(), src.Len()))
		fallthrough
	case reflect.Array:
		for i := range src.Len() {
			m.stored(dst.Index(i), src.Index(i))
		}
	case reflect.Map:
		if src.IsNil() {
			return
		}
		dst.Set(reflect.MakeMap(src.Type()))
		for key, elem := range src.Seq2() {
			to := reflect.New(elem.Type()).Elem()
			m.stored(to, addressable(elem))
			dst.SetMapIndex(key, to)
		}
	case reflect.Struct:
		m.storedStruct(dst, src)
	default:
		dst.Set(src)
	}
}

func (m model) storedStruct(dst, src reflect.Value) {
	list, asArray := members(src.Type())
	for _, entry := range list {
		x, ok, throughPointer := at(src, entry.index)
		switch {
		case !ok:
		case !asArray && entry.omitEmpty && m.empty(x):
		case throughPointer && writesNil(x) && (asArray || !nilable(x.Kind())):
			// It means that the embedded pointer is nil.
		case entry.via:
			alloc(dst, entry.index).Set(x)
		default:
			m.stored(alloc(dst, entry.index), x)
		}
	}
}

// writesNil reports whether v is nil in msgpack.
func writesNil(v reflect.Value) bool {
	switch {
	case isLeaf(v.Type()):
		b, err := marshal(v)
		return err == nil && b[0] == 0xc0
	case v.Kind() == reflect.Interface:
		x := canonical(v.Interface())
		return x == nil || nilable(reflect.TypeOf(x).Kind()) && reflect.ValueOf(x).IsNil()
	case v.Kind() == reflect.Pointer:
		return v.IsNil() || writesNil(v.Elem())
	}
	return nilable(v.Kind()) && v.IsNil()
}

// addressable is a variable with a copy of a map's value.
func addressable(v reflect.Value) reflect.Value {
	x := reflect.New(v.Type()).Elem()
	x.Set(v)
	return x
}

// empty is v5's isEmptyValue.
func (m model) empty(v reflect.Value) bool {
	if v.Kind() == reflect.Interface {
		if v.IsNil() {
			return true
		}
		v = v.Elem()
	}
	if !v.CanInterface() { // an unexported embedded struct
		v = reflect.NewAt(v.Type(), v.Addr().UnsafePointer()).Elem()
	}
	if z, ok := v.Interface().(interface{ IsZero() bool }); ok {
		return nilable(v.Kind()) && v.IsNil() || z.IsZero()
	}
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Pointer:
		return v.IsNil()
	case reflect.Struct:
		if isLeaf(v.Type()) && !m.byMsgpack {
			return false
		}
		list, _ := members(v.Type())
		some := func(entry member) bool { return entry.omitEmpty }
		if !slices.ContainsFunc(list, some) {
			return len(list) == 0
		}
		return !slices.ContainsFunc(list, func(entry member) bool {
			x, ok, _ := at(v, entry.index)
			return ok && !(entry.omitEmpty && m.empty(x))
		})
	}
	return v.IsZero() || v.CanFloat() && v.Float() == 0
}

// canonical is the form in which an any comes back.
func canonical(x any) any {
	if x == nil {
		return nil
	}
	v := reflect.ValueOf(x)
	switch kind := v.Kind(); {
	case nilable(kind) && v.IsNil():
		return nil
	case kind == reflect.Pointer:
		return canonical(v.Elem().Interface())
	case v.Type() == timeType:
		return x.(time.Time).UTC()
	case v.CanInt():
		return v.Int()
	case v.CanUint():
		if n := v.Uint(); n > math.MaxInt64 {
			return n
		}
		return int64(v.Uint())
	case v.CanFloat():
		return v.Float()
	case kind == reflect.Bool:
		return v.Bool()
	case kind == reflect.String:
		return v.String()
	case kind == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		return v.Bytes()
	case kind == reflect.Slice || kind == reflect.Array:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = canonical(v.Index(i).Interface())
		}
		return list
	case kind == reflect.Map:
		m := map[string]any{}
		for key, elem := range v.Seq2() {
			m[key.String()] = canonical(elem.Interface())
		}
		return m
	case kind == reflect.Struct:
		m := map[string]any{}
		list, _ := members(v.Type())
		for _, entry := range list {
			m[entry.name] = canonical(v.FieldByIndex(entry.index).Interface())
		}
		return m
	}
	panic("no canonical form of " + v.Type().String())
}
