package storetest

import (
	"bytes"
	"math"
	"strings"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

func missing(k *kit) {
	key := name()
	k.hasNot(key)
	k.want("Replace of no record", k.Replace(k.Context(), key, 1, k.record(2, "", "new")), runtime.ErrNoRecord)
	k.hasNot(key)
	k.want("Delete of no record", k.Delete(k.Context(), key), nil)
}

func insert(k *kit) {
	a, b := name(), name()
	first, second := k.record(1, name(), "first"), k.record(1, "", "second")
	k.put(a, first)
	k.has(a, first)
	k.hasNot(b)
	k.put(b, second)
	k.has(a, first)
	k.has(b, second)
}

func insertConflict(k *kit) {
	key := name()
	first := k.record(1, "", "first")
	k.put(key, first)
	for _, version := range []uint64{1, 2} {
		k.want("Insert for a key that has a record", k.Insert(k.Context(), key, k.record(version, name(), "second")), runtime.ErrConflict)
		k.has(key, first)
	}
}

func replace(k *kit) {
	key, other := name(), name()
	kept := k.record(1, "", "kept")
	k.put(other, kept)
	r := k.record(1, name(), "1")
	k.put(key, r)
	for i, data := range []string{"2, and longer", "", "4", "4"} {
		next := k.record(r.Version+1, r.Principal, data)
		next.Expires = r.Expires.Add(-time.Minute)
		k.swap(key, r.Version, next)
		k.has(key, next)
		r = next
		if want := uint64(i + 2); r.Version != want {
			k.Fatalf("Load: got version %d, want %d", r.Version, want)
		}
	}
	k.has(other, kept)
}

func replaceConflict(k *kit) {
	key := name()
	r := k.record(5, "", "5")
	k.put(key, r)
	for _, version := range []uint64{1, 4, 6, math.MaxInt64} {
		k.want("Replace of another version", k.Replace(k.Context(), key, version, k.record(version+1, name(), "new")), runtime.ErrConflict)
		k.has(key, r)
	}
	next := k.record(6, "", "6")
	k.swap(key, 5, next)
	k.want("Replace of the version before", k.Replace(k.Context(), key, 5, k.record(6, "", "new")), runtime.ErrConflict)
	k.has(key, next)
}

func remove(k *kit) {
	key, other := name(), name()
	r := k.record(1, name(), "1")
	k.put(key, r)
	k.put(other, r)
	for range 2 {
		k.want("Delete", k.Delete(k.Context(), key), nil)
		k.hasNot(key)
	}
	k.want("Replace of a deleted record", k.Replace(k.Context(), key, 1, k.record(2, "", "2")), runtime.ErrNoRecord)
	k.hasNot(key)
	k.has(other, r)

	again := k.record(1, "", "again")
	k.put(key, again)
	k.has(key, again)
}

// Versions are compared as integers, even if a float64 cannot represent them.
func versions(k *kit) {
	for _, v := range []uint64{1, 2, math.MaxUint32, 1 << 53, 1<<53 + 1, math.MaxInt64 - 1} {
		key := name()
		r := k.record(v, "", "r")
		k.put(key, r)
		k.has(key, r)
		for _, wrong := range []uint64{v - 1, v + 1} {
			k.want("Replace of the version beside it", k.Replace(k.Context(), key, wrong, k.record(math.MaxInt64, "", "wrong")), runtime.ErrConflict)
		}
		k.has(key, r)
		next := k.record(v+1, "", "next")
		k.swap(key, v, next)
		k.has(key, next)
	}

	key := name()
	k.put(key, k.record(1, "", "1"))
	leap := k.record(100, "", "100")
	k.swap(key, 1, leap)
	k.has(key, leap)
}

func data(k *kit) {
	var every [256]byte
	for i := range every {
		every[i] = byte(i)
	}
	big := make([]byte, 1<<20)
	for i := range big {
		big[i] = byte(i * i >> 7)
	}
	for _, v := range [][]byte{
		nil, {}, {0}, {0, 0}, []byte(" "), []byte("\n"), []byte("a\x00b"), []byte("trailing \x00 "),
		[]byte(`'"\%`), []byte("\xff\xfe\xc3\x28"), []byte("\r\n"), every[:], big,
	} {
		key := name()
		r := k.record(1, "", "")
		r.Data = v
		k.put(key, r)
		k.has(key, r)
		r.Version = 2
		k.swap(key, 1, r)
		k.has(key, r)
		short := k.record(3, "", "short")
		k.swap(key, 2, short)
		k.has(key, short)
	}
}

// names are keys and principals that a store must not confuse.
var names = []string{
	"a", "A", "b", "ab", "aB", "AB", "abc", "a-", "a_", "a-c", "a_c", "a--c", "-", "_", "--", "-a", "__",
	"0", "1", "01", "1e1", "10", "null", "NULL", "true",
	strings.Repeat("a", 42), strings.Repeat("a", 43), strings.Repeat("a", 63), strings.Repeat("a", 64), strings.Repeat("A", 64),
	strings.Repeat("a", 63) + "b", strings.Repeat("-_", 32),
}

func keys(k *kit) {
	records := map[string]runtime.Record{}
	for i, key := range names {
		k.hasNot(key)
		records[key] = k.record(uint64(i+1), key, "the data of "+key)
		k.put(key, records[key])
	}
	for key, r := range records {
		k.has(key, r)
	}
	for i, key := range names {
		if i%2 == 0 {
			k.want("Delete", k.Delete(k.Context(), key), nil)
			delete(records, key)
			continue
		}
		r := k.record(uint64(i+2), "", "more of "+key)
		k.swap(key, records[key].Version, r)
		records[key] = r
	}
	for _, key := range names {
		if r, ok := records[key]; ok {
			k.has(key, r)
		} else {
			k.hasNot(key)
		}
	}
}

// The caller may reuse its slices, and may modify those that it gets.
func copies(k *kit) {
	key := name()
	first, second := k.record(1, "", "first"), k.record(2, "", "second")

	r := first
	r.Data = bytes.Clone(first.Data)
	k.put(key, r)
	clear(r.Data)
	k.has(key, first)

	r = second
	r.Data = bytes.Clone(second.Data)
	k.swap(key, 1, r)
	clear(r.Data)
	k.has(key, second)

	got, err := k.Load(k.Context(), key)
	k.want("Load", err, nil)
	clear(got.Data)
	k.has(key, second)
}
