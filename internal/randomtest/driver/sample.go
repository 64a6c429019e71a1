package driver

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"

	"github.com/vmihailenco/msgpack/v5"
)

// sample prints a line for decode.py: a plaintext map with the field as we encode it, and its value.
func (t *trial) sample() {
	key := t.desc.Elem().FieldByName("Key").String()
	var plaintext bytes.Buffer
	e := msgpack.NewEncoder(&plaintext)
	e.EncodeMapLen(1)
	e.EncodeString(key)
	plaintext.Write(t.raw)
	value := describe(t.value(t.field, t.i))
	line, err := json.Marshal(map[string]any{
		"field": t.id,
		"map":   hex.EncodeToString(plaintext.Bytes()),
		"value": map[string]any{"map": [][2]any{{text(key), value}}},
	})
	if err != nil {
		panic(err)
	}
	fmt.Fprintf(t.out, "%s\n", line)
	t.count["samples for Python"]++
}

func text(s string) any { return map[string]any{"str": hex.EncodeToString([]byte(s))} }

// describe says in JSON what v must look like to another implementation of msgpack. Numbers and strings are in
// objects, as JSON cannot express all of them.
func describe(v reflect.Value) any {
	if v.Type() == timeType {
		tm := v.Interface().(time.Time)
		return map[string]any{"time": []int64{tm.Unix(), int64(tm.Nanosecond())}}
	}
	if isLeaf(v.Type()) {
		return describeLeaf(v)
	}
	if nilable(v.Kind()) && v.IsNil() {
		return nil
	}
	switch v.Kind() {
	case reflect.Bool:
		return v.Bool()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return map[string]any{"int": strconv.FormatInt(v.Int(), 10)}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return map[string]any{"int": strconv.FormatUint(v.Uint(), 10)}
	case reflect.Float32, reflect.Float64:
		if math.IsNaN(v.Float()) {
			return map[string]any{"float": "nan"}
		}
		return map[string]any{"float": fmt.Sprintf("%016x", math.Float64bits(v.Float()))}
	case reflect.String:
		return text(v.String())
	case reflect.Interface, reflect.Pointer:
		return describe(v.Elem())
	case reflect.Slice, reflect.Array:
		return describeList(v)
	case reflect.Map:
		pairs := [][2]any{}
		for key, elem := range v.Seq2() {
			pairs = append(pairs, [2]any{describe(key), describe(addressable(elem))})
		}
		return map[string]any{"map": pairs}
	case reflect.Struct:
		return describeStruct(v)
	}
	panic("no description of " + v.Type().String())
}

// describeLeaf describes what the methods of a value write.
func describeLeaf(v reflect.Value) any {
	var x any
	b, err := marshal(v)
	if err == nil {
		err = msgpack.Unmarshal(b, &x)
	}
	if err != nil {
		panic(err)
	}
	return describe(reflect.ValueOf(&x).Elem())
}

func describeList(v reflect.Value) any {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		b := make([]byte, v.Len())
		for i := range b {
			b[i] = byte(v.Index(i).Uint())
		}
		return map[string]any{"bin": hex.EncodeToString(b)}
	}
	list := []any{}
	for i := range v.Len() {
		list = append(list, describe(v.Index(i)))
	}
	return list
}

func describeStruct(v reflect.Value) any {
	list, asArray := members(v.Type())
	values, pairs := []any{}, [][2]any{}
	for _, entry := range list {
		x, ok, _ := at(v, entry.index)
		if !ok {
			values = append(values, nil)
			continue
		}
		if !asArray && entry.omitEmpty && (model{}).empty(x) {
			continue
		}
		values = append(values, describe(x))
		pairs = append(pairs, [2]any{text(entry.name), describe(x)})
	}
	if asArray {
		return values
	}
	return map[string]any{"map": pairs}
}
