package driver

import (
	"math/big"
	"reflect"
)

// spoil changes everything that a value shares with its copies.
func spoil(v reflect.Value) {
	if v.CanAddr() && v.CanSet() {
		if n, ok := v.Addr().Interface().(*big.Int); ok {
			for i := range n.Bits() {
				n.Bits()[i]++
			}
			return
		}
	}
	spoilParts(v)
	if v.CanSet() && v.Kind() != reflect.Struct {
		v.SetZero()
		if v.Kind() == reflect.Uint8 {
			v.SetUint(0xa5)
		}
	}
}

func spoilParts(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			spoil(v.Elem())
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			spoil(v.Index(i))
		}
	case reflect.Map:
		if !v.IsNil() {
			spoilMap(v)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() || f.Anonymous {
				spoil(v.Field(i))
			}
		}
	}
}

// spoilMap leaves only a zero under a zero in a map.
func spoilMap(v reflect.Value) {
	for key, elem := range v.Seq2() {
		spoil(elem)
		v.SetMapIndex(key, reflect.Value{})
	}
	v.SetMapIndex(reflect.Zero(v.Type().Key()), reflect.Zero(v.Type().Elem()))
}
