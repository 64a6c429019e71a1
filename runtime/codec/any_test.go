package codec

import (
	"bytes"
	"encoding/json"
	"math"
	"math/big"
	"net"
	"net/http"
	"net/netip"
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
				t.Fatalf("%s: got %#v, %v; want %#v", how, got, err, v)
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
		check("ours by v5", plainAny(inUTC(read)), err)

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
			t.Errorf("%T: got %#v, %v; want %#v", c.in, got, err, c.out)
		}
	}
}

type role string

type stamp time.Time

// A value that v5 accepts comes back in msgpack's form of it.
func TestAnyGeneric(t *testing.T) {
	at := time.Date(2027, 3, 1, 0, 0, 0, 5, time.FixedZone("", 5*3600+1800))
	word := "w"
	for _, c := range []struct{ in, out any }{
		{[]string{"a", "b"}, []any{"a", "b"}},
		{[]string(nil), nil},
		{[]string{}, []any{}},
		{map[string]string{"a": "b"}, map[string]any{"a": "b"}},
		{map[string]string(nil), nil},
		{[]map[string]any{{}, nil}, []any{map[string]any{}, nil}},
		{map[string][]int{"a": {1}}, map[string]any{"a": []any{int64(1)}}},
		{map[role]role{"a": "b"}, map[string]any{"a": "b"}},
		{map[string]struct{}{"a": {}}, map[string]any{"a": map[string]any{}}},
		{http.Header{"A": {"b"}}, map[string]any{"A": []any{"b"}}},
		{json.Number("5"), "5"},
		{json.RawMessage("{}"), []byte("{}")},
		{role("admin"), "admin"},
		{[]role{"x"}, []any{"x"}},
		{time.Minute, int64(time.Minute)},
		{time.May, int64(5)},
		{[2]bool{true, false}, []any{true, false}},
		{[3]byte{1, 2, 3}, []byte{1, 2, 3}},
		{&word, "w"},
		{(*int)(nil), nil},
		{[]*int{nil}, []any{nil}},
		{at, at.UTC()},
		{&at, at.UTC()},
		{stamp(at), at.UTC()},
		{[]time.Time{at}, []any{at.UTC()}},
		{netip.MustParseAddr("10.0.0.1"), []byte{10, 0, 0, 1}},
		{net.IPv4(10, 0, 0, 1), []byte("10.0.0.1")},
		{*big.NewInt(7), []byte("7")},
		{map[string]*big.Int{"n": big.NewInt(7)}, map[string]any{"n": []byte("7")}},
		{struct {
			Name string
			N    *int8    `msgpack:"n"`
			Gone chan int `msgpack:"-"`
			At   time.Time
		}{Name: "x", At: at}, map[string]any{"Name": "x", "n": nil, "At": at.UTC()}},
		{&struct{ M map[string]int }{map[string]int{"b": 1, "a": 2}}, map[string]any{"M": map[string]any{"a": int64(2), "b": int64(1)}}},
	} {
		first, err := Append(nil, c.in, EncodeAny)
		if err != nil {
			t.Errorf("%T: got error %v", c.in, err)
			continue
		}
		if got, err := Decode(first, DecodeAny); err != nil || !reflect.DeepEqual(got, c.out) {
			t.Errorf("%T: got %#v, %v; want %#v", c.in, got, err, c.out)
		}
		if again, err := Append(nil, c.in, EncodeAny); err != nil || !bytes.Equal(again, first) {
			t.Errorf("%T, encoded again: got %x, %v; want %x", c.in, again, err, first)
		}
	}
}

// Other values are refused by their type and the path to them, without the value.
func TestAnyRefused(t *testing.T) {
	var cycle []any
	cycle = append(cycle, &cycle)
	for want, v := range map[string]any{
		"any holds a func(): msgpack cannot write it":                                     func() {},
		"any holds a chan int: msgpack cannot write it":                                   make(chan int),
		"any holds a complex128: msgpack cannot write it":                                 1i,
		"any holds a uintptr: msgpack cannot write it":                                    uintptr(1),
		"any holds a map[int]string: the keys of its maps must be strings":                map[int]string{1: "hunter2"},
		"any holds a map[netip.Addr]string: the keys of its maps must be strings":         map[netip.Addr]string{{}: "hunter2"},
		"any holds a struct { hidden string }: hidden is not exported, and would be lost": struct{ hidden string }{"hunter2"},
		"any holds a struct { In []struct { N int8; hidden string } }: In.hidden is not exported, and would be lost": struct {
			In []struct {
				N      int8
				hidden string
			}
		}{make([]struct {
			N      int8
			hidden string
		}, 1)},
		"any holds a struct { At codec.stamp }: At.wall is not exported, and would be lost":      struct{ At stamp }{},
		"any holds a struct { M map[int]int }: its own encoding cannot be read without its type": struct{ M map[int]int }{map[int]int{1: 1}},
		"value refers to itself or is nested too deep":                                           cycle,
	} {
		for path, v := range map[string]any{"": v, "[0]: ": []any{v}, `["k"]: `: map[string]any{"a": 1, "k": v},
			`["k"][2]: `: map[string][]any{"k": {"", nil, v}}} {
			_, err := AppendReadable(nil, v, EncodeAny, DecodeAny)
			if strings.Contains(want, "nested") {
				path = ""
				if err != nil && strings.HasSuffix(err.Error(), want) {
					continue
				}
			}
			if err == nil || err.Error() != path+want {
				t.Errorf("%T: got error\n\t%v, want\n\t%s", v, err, path+want)
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
		t.Errorf("got order %q, %v", order, err)
	}
}
