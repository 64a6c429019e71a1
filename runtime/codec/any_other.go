package codec

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/vmihailenco/msgpack/v5"
)

// encodeOther is EncodeAny for all types without a case there.
func encodeOther(e *Encoder, v reflect.Value) {
	t := v.Type()
	switch kind := t.Kind(); {
	case isNilable(kind) && v.IsNil():
		e.Nil()
	case kind == reflect.Pointer:
		if e.enter() {
			EncodeAny(e, v.Elem().Interface())
			e.nest--
		}
	case encodesItself(t):
		encodeByV5(e, v)
	case t.ConvertibleTo(timeType):
		EncodeTime(e, v.Convert(timeType).Interface().(time.Time))
	case kind == reflect.Struct:
		encodeByV5(e, v)
	case v.CanInt():
		EncodeInt(e, v.Int())
	case v.CanUint() && kind != reflect.Uintptr:
		EncodeUint(e, v.Uint())
	case kind == reflect.Float32:
		EncodeFloat32(e, float32(v.Float()))
	case kind == reflect.Float64:
		EncodeFloat64(e, v.Float())
	case kind == reflect.Bool:
		EncodeBool(e, v.Bool())
	case kind == reflect.String:
		EncodeString(e, v.String())
	case (kind == reflect.Slice || kind == reflect.Array) && t.Elem().Kind() == reflect.Uint8:
		EncodeBytes(e, addressable(v).Bytes())
	case kind == reflect.Slice || kind == reflect.Array:
		encodeAnyList(e, v)
	case kind == reflect.Map:
		encodeAnyMap(e, v)
	default:
		e.Fail(fmt.Errorf("any holds a %v: msgpack cannot write it", t))
	}
}

func encodeAnyList(e *Encoder, v reflect.Value) {
	if !e.enter() {
		return
	}
	e.ArrayLen(v.Len())
	for i := 0; i < v.Len() && e.err == nil; i++ {
		EncodeAny(e, v.Index(i).Interface())
	}
	e.nest--
}

func encodeAnyMap(e *Encoder, v reflect.Value) {
	key := v.Type().Key()
	if key.Kind() != reflect.String || encodesItself(key) {
		e.Fail(fmt.Errorf("any holds a %v: the keys of its maps must be strings", v.Type()))
		return
	}
	elems := make(map[string]any, v.Len())
	for key, elem := range v.Seq2() {
		elems[key.String()] = elem.Interface()
	}
	EncodeMap(e, elems, EncodeString, EncodeAny)
}

// encodeByV5 writes a struct, or a type that encodes itself, as v5 does. v5 writes some maps in
// random order, and writes more than DecodeAny can read. So its output is decoded, and the result is
// encoded.
func encodeByV5(e *Encoder, v reflect.Value) {
	if lost := lostIn(v, maxNest); lost != "" {
		e.Fail(fmt.Errorf("any holds a %v: %s is not exported, and would be lost", v.Type(), lost))
		return
	}
	// Methods of the pointer type count as well, if there is an address.
	b, err := msgpack.Marshal(addressable(v).Addr().Interface())
	if err != nil {
		e.Fail(&methodError{fmt.Sprintf("msgpack.Marshal of %v", v.Type()), err})
		return
	}
	generic, err := Decode(b, DecodeAny)
	if err != nil {
		e.Fail(fmt.Errorf("any holds a %v: its own encoding cannot be read without its type", v.Type()))
		return
	}
	EncodeAny(e, generic)
}

// lostIn returns the name of a struct field that v5 would leave out without being told to, or "". It
// follows references down to the depth below which v5 is not used.
func lostIn(v reflect.Value, depth int) string {
	t := v.Type()
	switch kind := t.Kind(); {
	case depth == 0:
		return "something too deep in it"
	case isNilable(kind) && v.IsNil(), encodesItself(t), t == timeType:
	case kind == reflect.Pointer, kind == reflect.Interface:
		return lostIn(v.Elem(), depth-1)
	case kind == reflect.Slice, kind == reflect.Array, kind == reflect.Map:
		for _, part := range v.Seq2() {
			if lost := lostIn(part, depth-1); lost != "" {
				return lost
			}
		}
	case kind == reflect.Struct:
		return lostInStruct(v, depth)
	}
	return ""
}

func lostInStruct(v reflect.Value, depth int) string {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("msgpack"), ",")
		switch hidden := !f.IsExported() && !f.Anonymous; {
		case name == "-" || f.Name == "_msgpack" || f.Name == "_", hidden && f.Type.Size() == 0:
			continue
		case hidden:
			return f.Name
		}
		if lost := lostIn(v.Field(i), depth-1); lost != "" {
			return f.Name + "." + lost
		}
	}
	return ""
}

// IsEmptyAny reports whether v is empty in the sense of omitempty: nil, false, zero, of length 0, or
// empty according to its IsZero method. Structs without that method are never empty.
func IsEmptyAny(v any) bool {
	if v == nil {
		return true
	}
	rv := reflect.ValueOf(v)
	kind := rv.Kind()
	if z, ok := v.(interface{ IsZero() bool }); ok {
		return isNilable(kind) && rv.IsNil() || z.IsZero()
	}
	switch kind {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return rv.Len() == 0
	case reflect.Float32, reflect.Float64:
		return rv.Float() == 0 // also minus zero
	case reflect.Struct:
		return false
	}
	return rv.IsZero()
}

var (
	timeType  = reflect.TypeFor[time.Time]()
	ownMethod = []reflect.Type{reflect.TypeFor[msgpack.CustomEncoder](), reflect.TypeFor[msgpack.Marshaler](),
		reflect.TypeFor[encoding.BinaryMarshaler](), reflect.TypeFor[encoding.TextMarshaler]()}
)

// encodesItself reports whether t or a pointer to it has a method that v5 would call.
func encodesItself(t reflect.Type) bool {
	return t != timeType && slices.ContainsFunc(ownMethod, func(m reflect.Type) bool {
		return t.Implements(m) || reflect.PointerTo(t).Implements(m)
	})
}

func isNilable(kind reflect.Kind) bool {
	return kind == reflect.Pointer || kind == reflect.Slice || kind == reflect.Map || kind == reflect.Interface
}

// addressable returns an addressable copy of v.
func addressable(v reflect.Value) reflect.Value {
	x := reflect.New(v.Type()).Elem()
	x.Set(v)
	return x
}
