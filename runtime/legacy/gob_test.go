package legacy

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
)

type part struct {
	SKU   string
	N     int
	Price float64
	Tags  map[string][]string
	Next  *part
}

type holder struct {
	Any  any
	List []any
	When time.Time
}

type level int

// oldPart is the other program's type. No type is registered under its name here.
type oldPart part

func init() {
	gob.RegisterName("old program's part", oldPart{})
	gob.RegisterName("old program's parts", []oldPart{})
	gob.Register(holder{})
	gob.Register(level(0))
	gob.Register(time.Time{})
	gob.Register(new(big.Int))
	gob.Register(netip.Addr{})
	gob.Register(&part{})
	gob.RegisterName("parts", []part{})
	gob.RegisterName("deeps", []deep{})
	gob.Register([]any{})
	gob.Register(map[string]any{})
	gob.Register(map[string]int{})
	gob.Register([3]int{})
	gob.Register(map[level]part{})
	gob.Register([][]part{})
}

func encodeGob(t testing.TB, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// decodeInto decodes the value of a key into a type.
func decodeInto[T any](t testing.TB, values map[string]*gobValue, key string) (v T, err error) {
	t.Helper()
	if values[key] == nil {
		t.Fatalf("the session has no value %q", key)
	}
	err = values[key].Decode(&v)
	return v, err
}

func expect[T any](t *testing.T, values map[string]*gobValue, key string, want T) {
	t.Helper()
	if got, err := decodeInto[T](t, values, key); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%s as %T: got %#v, %v; want %#v", key, want, got, err, want)
	}
}

func refuse[T any](t *testing.T, values map[string]*gobValue, key string) {
	t.Helper()
	if got, err := decodeInto[T](t, values, key); err == nil {
		t.Errorf("%s as %T: got %#v, want an error", key, got, got)
	}
}

func readGob(t *testing.T, session any) map[string]*gobValue {
	t.Helper()
	values, err := gobValues(encodeGob(t, session))
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func TestGobValues(t *testing.T) {
	now := time.Date(2030, 1, 2, 3, 4, 5, 6, time.UTC)
	p := part{"A1", 2, 9.5, map[string][]string{"x": {"y", ""}}, &part{SKU: "B2"}}
	old := oldPart(p)
	for range 20 { // the order of a map differs each time
		values := readGob(t, map[any]any{
			"string": "hubo", "empty": "", "int": 42, "int64": int64(math.MinInt64), "uint": uint64(math.MaxUint64),
			"bool": true, "false": false, "float": 1.5, "bytes": []byte("raw"), "complex": complex(1, 2),
			"time": now, "big": big.NewInt(1 << 40), "addr": netip.MustParseAddr("::1"), "level": level(3),
			"part": old, "pointer": &p, "parts": []oldPart{old, {}}, "nested": [][]part{{p}, nil, {}},
			"map": map[string]int{"a": 1}, "keyed": map[level]part{2: p}, "array": [3]int{1, 2, 3},
			"flashes": []any{"one", "two"}, "mixed": []any{"x", 1, old, []any{p0(p)}},
			"holder": holder{Any: old, List: []any{old, "x"}, When: now},
			"anys":   map[string]any{"a": 1, "b": "x"},
			1:        "a key that is no string", level(4): "another",
		})
		if len(values) != 25 {
			t.Fatalf("got %d values, want 25", len(values))
		}
		expect(t, values, "string", "hubo")
		expect(t, values, "empty", "")
		expect(t, values, "int", 42)
		expect(t, values, "int64", int64(math.MinInt64))
		expect(t, values, "uint", uint64(math.MaxUint64))
		expect(t, values, "bool", true)
		expect(t, values, "false", false)
		expect(t, values, "float", 1.5)
		expect(t, values, "bytes", []byte("raw"))
		expect(t, values, "time", now)
		expect(t, values, "big", *big.NewInt(1 << 40))
		expect(t, values, "addr", netip.MustParseAddr("::1"))
		expect(t, values, "level", level(3))
		expect(t, values, "part", p)
		expect(t, values, "part", &p)
		expect(t, values, "pointer", p)
		expect(t, values, "parts", []part{p, {}})
		expect(t, values, "nested", [][]part{{p}, nil, nil})
		expect(t, values, "map", map[string]int{"a": 1})
		expect(t, values, "keyed", map[level]part{2: p})
		expect(t, values, "array", [3]int{1, 2, 3})
		expect(t, values, "flashes", []string{"one", "two"})
		expect(t, values, "flashes", []any{"one", "two"})
		expect[any](t, values, "flashes", []any{"one", "two"})
		expect[any](t, values, "int", int64(42))
		expect(t, values, "anys", map[string]any{"a": 1, "b": "x"})
		expect(t, values, "holder", holder{Any: old, List: []any{old, "x"}, When: now})
		// A value of another type loses only itself.
		refuse[string](t, values, "int")
		refuse[int](t, values, "string")
		refuse[[]string](t, values, "mixed")
		refuse[part](t, values, "time")
		refuse[time.Time](t, values, "part")
		refuse[struct{ SKU int }](t, values, "part")
		refuse[any](t, values, "part")
		expect(t, values, "part", struct{ N int }{2})
	}
}

func p0(p part) oldPart { return oldPart(p) }

func TestGobNumbers(t *testing.T) {
	values := readGob(t, map[string]any{"small": 7, "negative": -7, "large": int64(1) << 40, "uint": uint(7), "huge": uint64(math.MaxUint64),
		"float": 7.0, "half": 0.5, "far": 1e300})
	for _, key := range []string{"small", "uint", "float"} {
		expect(t, values, key, int8(7))
		expect(t, values, key, uint8(7))
		expect(t, values, key, int64(7))
		expect(t, values, key, uint(7))
		expect(t, values, key, level(7))
		expect(t, values, key, 7.0)
		expect(t, values, key, float32(7))
		refuse[bool](t, values, key)
		refuse[string](t, values, key)
	}
	expect(t, values, "negative", int8(-7))
	refuse[uint64](t, values, "negative")
	expect(t, values, "large", int64(1)<<40)
	expect(t, values, "large", float64(1<<40))
	refuse[int32](t, values, "large")
	refuse[uint16](t, values, "large")
	expect(t, values, "huge", uint64(math.MaxUint64))
	refuse[int64](t, values, "huge")
	refuse[float64](t, values, "huge")
	expect(t, values, "half", float32(0.5))
	refuse[int](t, values, "half")
	refuse[float32](t, values, "far")
	refuse[int64](t, values, "far")
}

// A map of strings has no interfaces in it.
func TestGobPlainMaps(t *testing.T) {
	values := readGob(t, map[string]string{"a": "x", "b": ""})
	expect(t, values, "a", "x")
	expect(t, values, "b", "")
	parts := readGob(t, map[string]part{"p": {SKU: "A1"}})
	expect(t, parts, "p", part{SKU: "A1"})
	lists := readGob(t, map[any][]int{"l": {1, 2}})
	expect(t, lists, "l", []int{1, 2})
}

// A value nested too deep, or with too many keys, is not a session.
func TestGobBounds(t *testing.T) {
	nested := func(depth int) any {
		var v any = "x"
		for range depth {
			v = []any{v}
		}
		return v
	}
	keys := func(n int) map[string]any {
		all := make(map[string]any)
		for i := range n {
			all[fmt.Sprint(i)] = "x"
		}
		return all
	}
	for _, c := range []struct {
		name    string
		session map[string]any
		good    bool
	}{
		{"15 deep", map[string]any{"a": nested(15)}, true},
		{"17 deep", map[string]any{"a": nested(17)}, false},
		{"deep in a struct", map[string]any{"a": holder{Any: nested(17)}}, false},
		{"1024 keys", keys(1024), true},
		{"1025 keys", keys(1025), false},
		{"64 KiB", map[string]any{"a": strings.Repeat("x", maxRecord-100)}, true},
		{"more than 64 KiB", map[string]any{"a": strings.Repeat("x", maxRecord)}, false},
	} {
		if _, err := gobValues(encodeGob(t, c.session)); (err == nil) != c.good {
			t.Errorf("%s: got error %v, want success %v", c.name, err, c.good)
		}
	}
}
