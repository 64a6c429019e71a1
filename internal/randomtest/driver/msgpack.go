package driver

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/vmihailenco/msgpack/v5"
	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// largestElement is the size of the largest element of an encoded array, or pair of an encoded map.
func largestElement(raw []byte) (largest int) {
	d := msgpack.NewDecoder(bytes.NewReader(raw))
	n, each := 0, 1
	switch c := raw[0]; {
	case c == msgpcode.Nil:
		return 0
	case msgpcode.IsFixedMap(c) || c == msgpcode.Map16 || c == msgpcode.Map32:
		n, _ = d.DecodeMapLen()
		each = 2
	default:
		n, _ = d.DecodeArrayLen()
	}
	for range n {
		size := 0
		for range each {
			part, err := d.DecodeRaw()
			if err != nil {
				panic(err)
			}
			size += len(part)
		}
		largest = max(largest, size)
	}
	return largest
}

// For v5, every value here is a field of a struct{ V T }: outside of a struct, it treats some types differently.
func box(t reflect.Type) reflect.Value {
	return reflect.New(reflect.StructOf([]reflect.StructField{{Name: "V", Type: t}}))
}

// header is the beginning of a box's encoding.
const header = "\x81\xa1V"

// marshal is v5's reflective Marshal.
func marshal(v reflect.Value) (b []byte, err error) {
	defer rescue(&err)
	x := box(v.Type())
	x.Elem().Field(0).Set(v)
	b, err = msgpack.Marshal(x.Interface())
	return bytes.TrimPrefix(b, []byte(header)), err
}

// unmarshal is v5's reflective Unmarshal without its preallocation, which uses a goroutine for each type.
func unmarshal(b []byte, t reflect.Type) (v reflect.Value, err error) {
	defer rescue(&err)
	x := box(t)
	r := bytes.NewReader(append([]byte(header), b...))
	err = msgpack.NewDecoder(r).Decode(x.Interface())
	if err == nil && r.Len() > 0 {
		err = fmt.Errorf("%d bytes are left", r.Len())
	}
	return x.Elem().Field(0), err
}

func rescue(err *error) {
	if x := recover(); x != nil {
		*err = fmt.Errorf("panic: %v", x)
	}
}

// warm shows v5 all types that t consists of, those without pointers first. How v5 writes some values, such as a
// pointer to a nil map with EncodeMsgpack, depends on whether it has seen the map's type before.
func warm(t reflect.Type, seen map[reflect.Type]bool) {
	if seen[t] {
		return
	}
	seen[t] = true
	if isLeaf(t) {
		b, _ := marshal(reflect.Zero(t))
		unmarshal(b, t)
		return
	}
	switch t.Kind() {
	case reflect.Map:
		warm(t.Key(), seen)
		fallthrough
	case reflect.Pointer, reflect.Slice, reflect.Array:
		warm(t.Elem(), seen)
	case reflect.Struct:
		for f := range fieldsOf(t) {
			warm(f.Type, seen)
		}
	}
}

// cannotMarshal reports whether v5 cannot write some values of type t:
//   - nothing in a map has an address, so that the methods of its pointer cannot be called;
//   - an array of bytes without an address is copied in a way that panics if the bytes are of a named
//     type (encodeByteArrayValue);
//   - to ask an unexported embedded struct for IsZero, for omitempty, panics (isEmptyValue).
func cannotMarshal(t reflect.Type, inMap bool, seen map[place]bool) bool {
	if isLeaf(t) || seen[place{t, inMap}] {
		return inMap && byPointer(t)
	}
	seen[place{t, inMap}] = true
	switch t.Kind() {
	case reflect.Map:
		return cannotMarshal(t.Key(), true, seen) || cannotMarshal(t.Elem(), true, seen)
	case reflect.Pointer, reflect.Slice:
		return cannotMarshal(t.Elem(), false, seen)
	case reflect.Array:
		namedBytes := t.Elem().Kind() == reflect.Uint8 && t.Elem() != reflect.TypeFor[byte]()
		return inMap && namedBytes || cannotMarshal(t.Elem(), inMap, seen)
	case reflect.Struct:
		if asksUnexported(t) {
			return true
		}
		for f := range fieldsOf(t) {
			if isStored(f) && cannotMarshal(f.Type, inMap, seen) {
				return true
			}
		}
	}
	return false
}

// asksUnexported reports whether a member of a struct is left out if it is empty, and not exported.
func asksUnexported(t reflect.Type) bool {
	list, _ := members(t)
	return slices.ContainsFunc(list, func(m member) bool { return m.omitEmpty && !t.FieldByIndex(m.index).IsExported() })
}

// isStored reports whether v5 writes a field, whole or in parts.
func isStored(f reflect.StructField) bool {
	name, _ := tag(f)
	return name != "-" && (f.IsExported() || f.Anonymous)
}

type place struct {
	reflect.Type
	inMap bool
}

// isExcused reports whether an error is caused by one of those.
func isExcused(err error) bool {
	for _, text := range []string{"non-addressable", "panic: reflect.Copy", "panic: reflect.Value.Interface: cannot return value obtained from unexported"} {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}

// nilInArray reports whether v contains a struct that is stored as an array and has a nil embedded pointer. v5 panics
// when it reads the nil that it wrote for a time in it (decodeNilValue).
func nilInArray(v reflect.Value) bool {
	if isLeaf(v.Type()) {
		return false
	}
	switch v.Kind() {
	case reflect.Pointer:
		return !v.IsNil() && nilInArray(v.Elem())
	case reflect.Slice, reflect.Array, reflect.Map:
		for _, elem := range v.Seq2() {
			if nilInArray(elem) {
				return true
			}
		}
	case reflect.Struct:
		list, asArray := members(v.Type())
		return slices.ContainsFunc(list, func(m member) bool {
			x, ok, _ := at(v, m.index)
			return !ok && asArray || ok && nilInArray(x)
		})
	}
	return false
}
