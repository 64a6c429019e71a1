package codec

import (
	"cmp"
	"errors"
	"slices"
	"unsafe"
)

// EncodeSlice writes v as an array, or nil if v is nil.
func EncodeSlice[S ~[]E, E any](e *Encoder, v S, elem func(*Encoder, E)) {
	if v == nil {
		e.Nil()
		return
	}
	EncodeArray(e, v, elem)
}

// DecodeSlice reads an array or nil.
func DecodeSlice[S ~[]E, E any](d *Decoder, elem func(*Decoder) E) S {
	if d.null() {
		return nil
	}
	n := d.arrayLen()
	if d.err != nil {
		return nil
	}
	v := make(S, 0, atFirst(n, unsafe.Sizeof(*new(E))))
	for range n {
		x := elem(d)
		if d.err != nil {
			return nil
		}
		v = append(v, x)
	}
	return v
}

// EncodeArray writes an array, given as a slice of it.
func EncodeArray[E any](e *Encoder, v []E, elem func(*Encoder, E)) {
	if !e.enter() {
		return
	}
	e.ArrayLen(len(v))
	for i := 0; i < len(v) && e.err == nil; i++ {
		elem(e, v[i])
	}
	e.nest--
}

// DecodeArray reads an array of exactly len(v) elements into v.
func DecodeArray[E any](d *Decoder, v []E, elem func(*Decoder) E) {
	d.ArrayLen(len(v))
	for i := 0; i < len(v) && d.err == nil; i++ {
		v[i] = elem(d)
	}
}

// EncodeMap writes v in ascending order of its keys, or nil if v is nil.
func EncodeMap[M ~map[K]V, K cmp.Ordered, V any](e *Encoder, v M, key func(*Encoder, K), elem func(*Encoder, V)) {
	if v == nil {
		e.Nil()
		return
	}
	if !e.enter() {
		return
	}
	start := len(e.out.buf)
	keys := make([]K, 0, len(v))
	for k := range v {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	e.MapLen(len(v))
	for _, k := range keys {
		key(e, k)
		elem(e, v[k])
		if e.err != nil {
			e.maps = append(e.maps, start)
			break
		}
	}
	e.nest--
}

// DecodeMap reads a map or nil. A duplicate key is an error.
func DecodeMap[M ~map[K]V, K comparable, V any](d *Decoder, key func(*Decoder) K, elem func(*Decoder) V) M {
	if d.null() {
		return nil
	}
	start := d.in.pos
	n := d.MapLen()
	if d.err != nil {
		return nil
	}
	v := make(M, atFirst(n, unsafe.Sizeof(*new(K))+unsafe.Sizeof(*new(V))))
	for i := range n {
		k := key(d)
		v[k] = elem(d)
		if d.err == nil && len(v) != i+1 {
			d.Fail(errDuplicate)
			d.at = start // the error concerns the whole map
		}
		if d.err != nil {
			d.maps = append(d.maps, start)
			return nil
		}
	}
	return v
}

var errDuplicate = errors.New("map has a key twice")

// atFirst returns for how many of n elements of this size memory is allocated before the first one
// is decoded. It is 16 KiB, so that a map, which takes up to twice as much, stays small too.
func atFirst(n int, size uintptr) int {
	const most = 16 << 10
	return min(n, most/int(max(size, 1)))
}

// EncodePointer writes the value that v points to, or nil if v is nil.
func EncodePointer[E any](e *Encoder, v *E, elem func(*Encoder, E)) {
	if v == nil {
		e.Nil()
		return
	}
	if e.enter() {
		elem(e, *v)
		e.nest--
	}
}

// EncodeThrough is EncodePointer for values that must not be copied.
func EncodeThrough[E any](e *Encoder, v *E, elem func(*Encoder, *E)) {
	if v == nil {
		e.Nil()
		return
	}
	if e.enter() {
		elem(e, v)
		e.nest--
	}
}

// DecodeThrough is DecodePointer for values that must not be copied. elem allocates the value.
func DecodeThrough[E any](d *Decoder, elem func(*Decoder) *E) *E {
	if d.null() || !d.enter() {
		return nil
	}
	v := elem(d)
	d.nest--
	return v
}

// DecodePointer reads a value into new memory. It returns nil for nil.
func DecodePointer[E any](d *Decoder, elem func(*Decoder) E) *E {
	if d.null() || !d.enter() {
		return nil
	}
	v := new(E)
	*v = elem(d)
	d.nest--
	return v
}
