package codec

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"
	"pgregory.net/rapid"
)

// anys generates what DecodeAny can return.
func anys(depth int) *rapid.Generator[any] {
	kinds := []*rapid.Generator[any]{
		rapid.Just[any](nil),
		rapid.Bool().AsAny(),
		ints[int64]().AsAny(),
		rapid.Uint64Range(math.MaxInt64+1, math.MaxUint64).AsAny(),
		rapid.Float64().AsAny(),
		rapid.String().AsAny(),
		rapid.SliceOf(rapid.Byte()).AsAny(),
		times().AsAny(),
	}
	if depth > 0 {
		kinds = append(kinds,
			rapid.SliceOfN(anys(depth-1), 0, 5).AsAny(),
			rapid.MapOfN(rapid.String(), anys(depth-1), 0, 5).AsAny())
	}
	return rapid.OneOf(kinds...)
}

// plainAny returns v, which v5 decoded, with the types that DecodeAny gives.
func plainAny(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = plainAny(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = plainAny(v[k])
		}
	case uint64:
		if v > math.MaxInt64 {
			return v
		}
	}
	switch rv := reflect.ValueOf(v); {
	case !rv.IsValid():
	case rv.CanInt():
		return rv.Int()
	case rv.CanUint():
		return int64(rv.Uint())
	case rv.CanFloat():
		return rv.Float()
	}
	return v
}

func TestAnyAgrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anys(3).Draw(t, "value")
		check := func(how string, got any, err error) {
			if err != nil || !reflect.DeepEqual(got, v) {
				t.Fatalf("%s: %#v, %v; want %#v", how, got, err, v)
			}
		}
		ours, err := Append(nil, v, EncodeAny)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(ours, DecodeAny)
		check("ours by us", got, err)

		var read any
		err = msgpack.Unmarshal(ours, &read)
		check("ours by v5", plainAny(read), err)

		theirs, err := msgpack.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		got, err = Decode(theirs, DecodeAny)
		check("v5's by us", got, err)
	})
}

// Numbers of all types come back as the widest one of their kind.
func TestAnyNumbers(t *testing.T) {
	for _, c := range []struct{ in, out any }{
		{int(-1), int64(-1)}, {int8(-1), int64(-1)}, {int16(-1), int64(-1)}, {int32(-1), int64(-1)}, {int64(-1), int64(-1)},
		{uint(1), int64(1)}, {uint8(1), int64(1)}, {uint16(1), int64(1)}, {uint32(1), int64(1)}, {uint64(1), int64(1)},
		{uint64(math.MaxInt64), int64(math.MaxInt64)}, {uint64(math.MaxInt64 + 1), uint64(math.MaxInt64 + 1)},
		{float32(1.5), float64(1.5)}, {[]byte(nil), nil}, {[]any(nil), nil}, {map[string]any(nil), nil},
	} {
		b, err := Append(nil, c.in, EncodeAny)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Decode(b, DecodeAny); err != nil || got != c.out {
			t.Errorf("%T: %#v, %v; want %#v", c.in, got, err, c.out)
		}
	}
}

// Other types are refused by name, without the value.
func TestAnyOtherTypes(t *testing.T) {
	for want, v := range map[string]any{
		"codec.name":     name("hunter2"),
		"[]string":       []string{"hunter2"},
		"time.Duration":  time.Second,
		"map[string]int": map[string]int{"hunter2": 1},
		"*int":           new(int),
		"struct {}":      struct{}{},
		"func()":         func() {},
	} {
		for _, v := range []any{v, []any{v}, map[string]any{"k": v}} {
			_, err := Append(nil, v, EncodeAny)
			if err == nil || !strings.Contains(err.Error(), "any holds a "+want+":") || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%T: %v", v, err)
			}
		}
	}
}

// Encodings do not depend on the order in which Go walks maps.
func TestMapOrder(t *testing.T) {
	v := make(map[string]any)
	for c := 'a'; c <= 'z'; c++ {
		v[string(c)] = true
	}
	b, err := Append(nil, any(v), EncodeAny)
	if err != nil {
		t.Fatal(err)
	}
	var order string
	if _, err := Decode(b, func(d *Decoder) (none struct{}) {
		for n := d.MapLen(); n > 0; n-- {
			order += string(d.Key())
			d.Skip()
		}
		return none
	}); err != nil || order != "abcdefghijklmnopqrstuvwxyz" {
		t.Errorf("%q, %v", order, err)
	}
}
