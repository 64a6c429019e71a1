package legacy

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/oldsession"
)

// maxAllocated is how many bytes reading any old session may allocate.
const maxAllocated = 8 << 20

// deep has every kind of value that may take more memory than its encoding.
type deep struct {
	Parts []part
	Big   []*[64]int64
	Maps  map[string]map[int]part
	Any   any
	Next  *deep
}

// decodeAll decodes each value into types of every kind.
func decodeAll(keys []string, lookup func(string) oldsession.Value) {
	kinds := []func() any{
		func() any { return new(string) }, func() any { return new(int8) }, func() any { return new(uint64) }, func() any { return new(float32) },
		func() any { return new(bool) }, func() any { return new([]byte) }, func() any { return new(time.Time) }, func() any { return new(any) },
		func() any { return new([]string) }, func() any { return new([]any) }, func() any { return new(map[string]any) },
		func() any { return new(deep) }, func() any { return new([]deep) }, func() any { return new(netip.Addr) }, func() any { return new([16]byte) },
	}
	slices.Sort(keys)
	for i, key := range keys {
		if v := lookup(key); v != nil {
			v.Decode(kinds[i%len(kinds)]())
		}
	}
}

// allocated is how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// bounded runs f, and fails the test if that allocates too much. It tries several times, because the fuzzer's own
// goroutines allocate too.
func bounded(t testing.TB, f func()) {
	t.Helper()
	var least uint64 = math.MaxUint64
	for range 3 {
		if least = min(least, allocated(f)); least <= maxAllocated {
			return
		}
	}
	t.Errorf("f allocates %d bytes, want at most %d", least, maxAllocated)
}

// readAll reads authenticated data in every format.
func readAll(data []byte) {
	if values, err := gobValues(data); err == nil {
		decodeAll(slices.Collect(maps.Keys(values)), lookupGob(values))
	}
	if _, values, err := scsRecord(data); err == nil {
		decodeAll(slices.Collect(maps.Keys(values)), lookupGob(values))
	}
	for _, value := range []func(json.RawMessage) oldsession.Value{
		func(raw json.RawMessage) oldsession.Value { return jsonValue{raw} },
		func(raw json.RawMessage) oldsession.Value { return flaskValue{raw} },
	} {
		if members, err := jsonMembers(data); err == nil {
			lookup, _ := jsonLookup(data, value)
			decodeAll(slices.Collect(maps.Keys(members)), lookup)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range seeds(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > maxRecord {
			return
		}
		bounded(t, func() { readAll(data) })
	})
}

// FuzzCookies opens cookies that no key has authenticated. None may be taken for a session.
func FuzzCookies(f *testing.F) {
	f.Add("MTcwMDAwMDAwMHxhYmN8ZGVm")
	f.Add("MTcwMDAwMDAwMHxEdjhFQVFMX3xmYWxzZQ==")
	f.Add("eyJhIjoxfQ.aaaaaa.c2lnbmF0dXJl")
	f.Add(".eJyrVkpUslIqSy0qzszPU7IyrAUAM7QFXg.ZZZZZZ.AAAAAAAAAAAAAAAAAAAAAAAAAAA")
	for range 3 {
		f.Add("..")
	}
	key := []byte(strings.Repeat("k", 32))
	pairs, err := newPairs([][]byte{key, key})
	if err != nil {
		f.Fatal(err)
	}
	gorilla := gorillaStore{secureCookie{"name", pairs, -1}, false}
	records := gorillaRecords{&gorilla, noRecords{f}, false}
	flask := flaskSigner{[][]byte{key}, -1}
	f.Fuzz(func(t *testing.T, value string) {
		for _, open := range []func() (*oldsession.Session, error){
			func() (*oldsession.Session, error) { return gorilla.open(t.Context(), value, time.Now()) },
			func() (*oldsession.Session, error) { return records.open(t.Context(), value, time.Now()) },
			func() (*oldsession.Session, error) { // the record of an authentic id is sealed like a cookie
				old := new(oldsession.Session)
				return old, (&gorillaRecords{&gorilla, oneRecord(value), false}).read(t.Context(), old, time.Now())
			},
			func() (*oldsession.Session, error) { return flask.open(t.Context(), value, time.Now()) },
		} {
			if old, err := open(); err != oldsession.ErrMalformed && err != oldsession.ErrForged {
				t.Errorf("got session %v, error %v, want ErrMalformed or ErrForged", old, err)
			}
		}
	})
}

// noRecords fails the test if a record is looked for.
type noRecords struct{ testing.TB }

func (n noRecords) Find(_ context.Context, id string) ([]byte, time.Duration, error) {
	n.Fatalf("Find was called for the record %q", id)
	return nil, 0, nil
}

func (n noRecords) Delete(context.Context, string) error { return nil }

// oneRecord is the record of every id.
type oneRecord string

func (r oneRecord) Find(context.Context, string) ([]byte, time.Duration, error) {
	return []byte(r), 0, nil
}
func (oneRecord) Delete(context.Context, string) error { return nil }

// seeds are sessions in every format.
func seeds(t testing.TB) (all [][]byte) {
	p := oldPart{"A1", 2, 9.5, map[string][]string{"x": {"y"}}, &part{SKU: "B2"}}
	for _, v := range []any{
		map[any]any{"a": "x", "b": 1, "c": uint8(3), "d": 1.5, "e": true, "f": []byte("x"), "g": time.Now(), "h": p, "i": []any{"x", p}},
		map[string]any{"a": []oldPart{p, {}}, "b": map[string]any{"x": 1}, "l": holder{Any: p, List: []any{p}}},
		map[string]string{"a": "x"},
		struct {
			Deadline time.Time
			Values   map[string]any
		}{time.Now(), map[string]any{"a": p, "b": []any{1, "x"}}},
	} {
		all = append(all, encodeGob(t, v))
	}
	for _, text := range []string{
		`{"a":1,"b":"x","c":[1,2.5,-3],"d":{"x":null},"e":true}`,
		`{"a":{" b":"AP8="},"b":{" t":[1,{" m":"x"}]},"c":{" u":"0123456789abcdef0123456789abcdef"},"d":{" d":"Wed, 02 Jan 2030 03:04:05 GMT"},"e":{" di":{" b__":1}}}`,
	} {
		all = append(all, []byte(text))
	}
	return all
}

// Input that is made to use much memory does not.
func TestAllocationBound(t *testing.T) {
	many := func(unit, between, before, after string) []byte {
		n := (maxRecord - len(before) - len(after)) / (len(unit) + len(between))
		return []byte(before + strings.TrimSuffix(strings.Repeat(unit+between, n), between) + after)
	}
	inputs := map[string][]byte{
		"JSON arrays":  many("[]", ",", `{"l":[`, `]}`),
		"JSON objects": many("{}", ",", `{"m":[`, `]}`),
		"JSON members": many(`{"":0}`, ",", `{"k":[`, `]}`),
		"JSON numbers": many("1", ",", `{"i":[`, `]}`),
		"JSON strings": many(`""`, ",", `{"h":[`, `]}`),
		"gob structs":  encodeGob(t, map[string]any{"l": make([]part, 60_000), "m": 1}),
		"gob strings":  encodeGob(t, map[string]any{"i": make([]string, 60_000)}),
		"gob anys":     encodeGob(t, map[any]any{"j": many2(10_000)}),
		"gob keys":     encodeGob(t, manyKeys()),
		"gob types":    manyTypes(255, 8),
		"gob fields":   manyTypes(2, 1020),
	}
	for letter := 'a'; letter <= 'o'; letter++ { // one for each kind in decodeAll
		inputs["parts "+string(letter)] = encodeGob(t, filled(letter))
	}
	for name, data := range inputs {
		if len(data) > maxRecord+64 {
			t.Errorf("%s: the input has %d bytes", name, len(data))
		}
		data = data[:min(len(data), maxRecord)]
		if n := allocated(func() { readAll(data) }); n > maxAllocated {
			t.Errorf("%s: reading %[3]d bytes allocates %[2]d", name, n, len(data))
		} else {
			t.Logf("%s: %d bytes allocated for %d", name, n, len(data))
		}
	}
}

func many2(n int) (all []any) {
	for range n {
		all = append(all, 1)
	}
	return all[:min(n, 5000)]
}

func manyKeys() map[string]any {
	keys := map[string]any{}
	for i := range maxKeys {
		keys[fmt.Sprint(i)] = "x"
	}
	return keys
}

// filled is a session with keys up to the letter, whose last value has as many elements as fit.
func filled(letter rune) map[string]any {
	all := map[string]any{}
	for l := 'a'; l < letter; l++ {
		all[string(l)] = ""
	}
	all[string(letter)] = make([]deep, 30_000)
	return all
}

// manyTypes is a stream that defines types with fields each.
func manyTypes(types, fields int) []byte {
	var stream []byte
	for i := range types {
		id := gobFirstOwn + 1 + i
		text := appendGobInt(nil, int64(-id))
		text = append(text, 3, 1, 1, 1, 'T') // StructT, CommonType, Name
		text = append(text, 1)               // Id
		text = appendGobInt(text, int64(id))
		text = append(text, 0, 1) // Field
		text = appendGobUint(text, uint64(fields))
		for j := range fields {
			text = append(text, 1)
			name := fmt.Sprint("F", j)
			text = append(appendGobUint(text, uint64(len(name))), name...)
			text = append(text, 1)
			elem := gobInt
			if i+1 < types && j == 0 {
				elem = id + 1
			}
			text = append(appendGobInt(text, int64(elem)), 0)
		}
		text = append(text, 0, 0)
		stream = appendMessage(stream, text)
	}
	// A map of strings to interfaces, with values of the first type.
	id := gobFirstOwn + 1000
	text := append(appendGobInt(nil, int64(-id)), 4, 1, 2)
	text = append(appendGobInt(text, int64(id)), 0, 1)
	text = append(appendGobInt(text, gobString), 1)
	text = append(appendGobInt(text, gobInterface), 0, 0)
	stream = appendMessage(stream, text)
	value := append(appendGobInt(nil, int64(id)), 0)
	value = appendGobUint(value, 1000)
	for i := range 1000 {
		key := fmt.Sprint(i)
		value = append(appendGobUint(value, uint64(len(key))), key...)
		value = append(value, 1, 'T')
		value = append(appendGobInt(value, gobFirstOwn+1), 1, 0)
	}
	return appendMessage(stream, value)
}
