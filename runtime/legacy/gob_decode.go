package legacy

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"math"
	"reflect"

	"github.com/sessiongen/sessiongen/runtime/internal/oldsession"
)

// gobValues reads the entries of a map of strings or interfaces from a stream.
func gobValues(data []byte) (map[string]*gobValue, error) {
	if len(data) > maxRecord {
		return nil, errGob
	}
	r := &gobReader{data: data}
	values := r.mapValues(r.top())
	if r.failed || r.rest() > 0 {
		return nil, errGob
	}
	return values, nil
}

func lookupGob(values map[string]*gobValue) func(string) oldsession.Value {
	return func(key string) oldsession.Value {
		if v := values[key]; v != nil {
			return v
		}
		return nil
	}
}

// mapValues reads the entries of a map. It leaves out entries without a value, and entries whose key is
// not a string.
func (r *gobReader) mapValues(id int) map[string]*gobValue {
	t := r.types[id]
	if t == nil || t.kind != gobMap {
		r.fail()
		return nil
	}
	n := r.count()
	if n > maxKeys {
		r.fail()
	}
	values := make(map[string]*gobValue)
	for ; n > 0 && !r.failed; n-- {
		key, isText := r.mapKey(t.key)
		var v *gobValue
		if t.elem == gobInterface {
			v = r.interfaceValue(1)
		} else {
			v = r.readValue(t.elem, true, 1)
		}
		if isText && v != nil {
			values[key] = v
		}
	}
	return values
}

func (r *gobReader) mapKey(id int) (key string, isText bool) {
	if id == gobInterface {
		if id = r.concrete(); id != 0 && !r.isStruct(id) {
			r.zero()
		}
	}
	if id == gobString {
		return string(r.bytes()), true
	}
	if id != 0 {
		r.skip(new(gobValue), id, 1)
	}
	return "", false
}

// Decode implements oldsession.Value.
func (v *gobValue) Decode(into any) (err error) {
	defer func() {
		if recover() != nil { // a type's own method panicked
			err = errType
		}
	}()
	return v.decode(reflect.ValueOf(into).Elem())
}

func (v *gobValue) decode(to reflect.Value) error {
	if err := checkSize(to.Type(), v.elements); err != nil {
		return err
	}
	switch {
	case isAny(to.Type()):
		return v.decodeAny(to)
	case v.items != nil && to.Kind() == reflect.Slice && to.Type().Elem().Kind() != reflect.Interface,
		v.items != nil && to.Kind() == reflect.Slice && isAny(to.Type().Elem()):
		return v.decodeItems(to)
	case v.isNumber() && isNumber(to.Kind()):
		return v.decodeNumber(to)
	}
	return v.decodeAs(to.Addr().Interface())
}

// decodeAs decodes the value into what into points to.
func (v *gobValue) decodeAs(into any) error {
	stream, ok := v.frame()
	if !ok || gob.NewDecoder(bytes.NewReader(stream)).Decode(into) != nil {
		return errType
	}
	return nil
}

// decodeItems decodes a slice of interfaces, such as flash messages, into a slice of another type.
func (v *gobValue) decodeItems(to reflect.Value) error {
	all := reflect.MakeSlice(to.Type(), len(v.items), len(v.items))
	for i, item := range v.items {
		if item == nil {
			continue
		}
		if err := item.decode(all.Index(i)); err != nil {
			return err
		}
	}
	to.Set(all)
	return nil
}

func isAny(t reflect.Type) bool { return t.Kind() == reflect.Interface && t.NumMethod() == 0 }

// decodeAny decodes a value into an interface.
func (v *gobValue) decodeAny(to reflect.Value) error {
	var into any
	switch v.id {
	case gobBool:
		into = new(bool)
	case gobInt:
		into = new(int64)
	case gobUint:
		into = new(uint64)
	case gobFloat:
		into = new(float64)
	case gobBytes:
		into = new([]byte)
	case gobString:
		into = new(string)
	default:
		if v.items == nil {
			return errType
		}
		into = new([]any)
	}
	if err := v.decode(reflect.ValueOf(into).Elem()); err != nil {
		return err
	}
	to.Set(reflect.ValueOf(into).Elem())
	return nil
}

func (v *gobValue) isNumber() bool { return v.id == gobInt || v.id == gobUint || v.id == gobFloat }

// decodeNumber converts a number if it fits.
func (v *gobValue) decodeNumber(to reflect.Value) error {
	switch v.id {
	case gobInt:
		var n int64
		if err := v.decodeAs(&n); err != nil {
			return err
		}
		return setInt(to, n)
	case gobUint:
		var n uint64
		if err := v.decodeAs(&n); err != nil {
			return err
		}
		if n > math.MaxInt64 {
			return setBig(to, n)
		}
		return setInt(to, int64(n))
	}
	var f float64
	if err := v.decodeAs(&f); err != nil {
		return err
	}
	return setFloat(to, f)
}

func isNumber(k reflect.Kind) bool { return reflect.Int <= k && k <= reflect.Float64 }

// setInt sets a number of any kind to n, if n fits.
func setInt(to reflect.Value, n int64) error {
	switch {
	case to.CanInt() && !to.OverflowInt(n):
		to.SetInt(n)
	case to.CanUint() && n >= 0 && !to.OverflowUint(uint64(n)):
		to.SetUint(uint64(n))
	case to.CanFloat() && -1<<53 <= n && n <= 1<<53 && (to.Kind() == reflect.Float64 || int64(float32(n)) == n):
		to.SetFloat(float64(n))
	default:
		return errType
	}
	return nil
}

// setBig is setInt for values above the range of int64.
func setBig(to reflect.Value, n uint64) error {
	if !to.CanUint() || to.OverflowUint(n) {
		return errType
	}
	to.SetUint(n)
	return nil
}

// setFloat sets a number of any kind to f, if f fits.
func setFloat(to reflect.Value, f float64) error {
	if to.CanFloat() {
		if to.OverflowFloat(f) {
			return errType
		}
		to.SetFloat(f)
		return nil
	}
	if f != math.Trunc(f) || f < -1<<53 || f > 1<<53 {
		return errType
	}
	return setInt(to, int64(f))
}

// maxMemory is how much memory a decoded value may take, in bytes.
const maxMemory = 2 << 20

// checkSize returns an error if a value with so many elements could take too much memory in type t.
// In the stream, an element may take one byte even if it is a large struct.
func checkSize(t reflect.Type, elements int) error {
	if largest := largestIn(t, make(map[reflect.Type]bool)); elements > 0 && uintptr(elements) > maxMemory/max(1, largest) {
		return fmt.Errorf("%w: too large", errType)
	}
	return nil
}

// largestIn returns the size in bytes of the largest part of a type that can occur several times.
func largestIn(t reflect.Type, seen map[reflect.Type]bool) (size uintptr) {
	if seen[t] {
		return 0
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Slice, reflect.Array, reflect.Pointer:
		return max(t.Elem().Size(), largestIn(t.Elem(), seen))
	case reflect.Map:
		// A map's table has groups of eight, and is at least half full after it has grown.
		return max(4*(t.Key().Size()+t.Elem().Size()), largestIn(t.Key(), seen), largestIn(t.Elem(), seen))
	case reflect.Struct:
		for i := range t.NumField() {
			size = max(size, largestIn(t.Field(i).Type, seen))
		}
	}
	return size
}
