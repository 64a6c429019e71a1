package driver

import (
	"math"
	"math/big"
	"math/rand/v2"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"time"
)

// A filler fills variables with random values.
type filler struct {
	*rand.Rand
	left int // how many more elements slices, maps and pointers may have, so that recursion ends
}

// maxNest limits the depth of random values. A session nests at most 32 arrays and maps, and below this depth there
// may still be structs and arrays, which cannot be nil.
const maxNest = 16

// started has a monotonic clock reading, which is not stored.
var started = time.Now()

// special fills types whose structure alone is not enough.
var special = map[reflect.Type]func(f *filler) any{
	reflect.TypeFor[time.Time](): func(f *filler) any {
		switch f.IntN(6) {
		case 0:
			return time.Time{}
		case 1:
			return time.Unix(int64(f.Uint32()), 0).UTC() // four bytes
		case 2:
			return time.Unix(f.Int64N(1<<34), f.Int64N(1e9)).In(zone(f.Rand)) // eight bytes
		case 3:
			return started
		}
		return time.Unix(f.Int64()>>f.IntN(64), f.Int64N(1e9)).In(zone(f.Rand))
	},
	reflect.TypeFor[netip.Addr](): func(f *filler) any {
		switch f.IntN(4) {
		case 0:
			return netip.Addr{}
		case 1:
			return f.addr().WithZone("eth" + f.word(2))
		}
		return f.addr()
	},
	reflect.TypeFor[netip.AddrPort](): func(f *filler) any { return netip.AddrPortFrom(f.addr(), uint16(f.Uint32())) },
	reflect.TypeFor[netip.Prefix](): func(f *filler) any {
		a := f.addr()
		return netip.PrefixFrom(a, f.IntN(a.BitLen()+1))
	},
	reflect.TypeFor[net.IP](): func(f *filler) any {
		if f.IntN(4) == 0 {
			return net.IP(nil)
		}
		a := f.addr().As16()
		return net.IP(a[:])
	},
	reflect.TypeFor[big.Int](): func(f *filler) any {
		n := new(big.Int).Lsh(big.NewInt(f.Int64()>>f.IntN(64)), uint(f.IntN(90)))
		if f.IntN(2) == 0 {
			n.Neg(n)
		}
		return *n
	},
	reflect.TypeFor[url.URL](): func(f *filler) any {
		u := url.URL{Scheme: "https", Host: f.word(9) + ".example", Path: "/" + f.word(9)}
		if f.IntN(2) == 0 {
			u.User = url.UserPassword(f.word(5), "p?/:@"+f.word(5))
			u.RawQuery = url.Values{"q": {f.text(20)}}.Encode()
			u.Fragment = f.word(3)
		}
		return u
	},
}

func (f *filler) addr() netip.Addr {
	var b [16]byte
	for i := range b {
		b[i] = byte(f.Uint32())
	}
	if f.IntN(2) == 0 {
		return netip.AddrFrom4([4]byte(b[:4]))
	}
	return netip.AddrFrom16(b)
}

func (f *filler) word(n int) string {
	return strings.Repeat(string(rune('a'+f.IntN(26))), 1+f.IntN(n))
}

// text is mostly short; about one in 30 is longer than a one-byte length can say.
func (f *filler) text(n int) string {
	if f.IntN(30) == 0 {
		n *= 30
	}
	runes := []rune("abcXYZ 09\x00\n\"'\\,é€世\U0001F600\uFFFD")
	var b strings.Builder
	for range f.IntN(n + 1) {
		b.WriteRune(runes[f.IntN(len(runes))])
	}
	if f.IntN(20) == 0 {
		b.WriteByte(0xff) // Go's strings need not be UTF-8
	}
	return b.String()
}

// bits are those of a number, equally of all magnitudes, and often at the edges.
func (f *filler) bits() uint64 {
	switch f.IntN(4) {
	case 0:
		return 0
	case 1:
		edge := uint64(1) << f.IntN(64)
		return []uint64{edge - 1, edge, edge + 1, -edge, -edge - 1}[f.IntN(5)]
	}
	return f.Uint64() >> f.IntN(64)
}

func (f *filler) float() float64 {
	switch f.IntN(8) {
	case 0:
		return 0
	case 1:
		return []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1)}[f.IntN(4)]
	case 2:
		return float64(f.IntN(100))
	}
	return math.Float64frombits(f.Uint64())
}

// size is the size of a slice or map: -1 for nil, often 0, and at most as many elements as are left.
func (f *filler) size(nest int) int {
	n := -1
	switch {
	case f.IntN(6) == 0:
	case f.IntN(6) == 0 || nest > maxNest || f.left <= 0:
		n = 0
	case f.IntN(12) == 0:
		n = min(f.left, f.IntN(40)) // more than a fixarray or fixmap can have
	default:
		n = min(f.left, f.IntN(5))
	}
	f.left -= max(n, 0)
	return n
}

// fill sets everything in v that it can, including fields that are not stored.
func (f *filler) fill(v reflect.Value, nest int) {
	if make := special[v.Type()]; make != nil {
		v.Set(reflect.ValueOf(make(f)))
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(f.IntN(2) == 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n := int64(f.bits())
		v.SetInt(n << (64 - v.Type().Bits()) >> (64 - v.Type().Bits()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(f.bits() & (1<<v.Type().Bits() - 1))
	case reflect.Float32:
		v.SetFloat(float64(float32(f.float())))
	case reflect.Float64:
		v.SetFloat(f.float())
	case reflect.String:
		v.SetString(f.text(20))
	case reflect.Interface:
		if x := f.any(nest); x != nil && v.NumMethod() == 0 {
			v.Set(reflect.ValueOf(x))
		}
	case reflect.Pointer:
		if f.IntN(4) > 0 && nest < maxNest && f.left > 0 {
			f.left--
			v.Set(reflect.New(v.Type().Elem()))
			f.fill(v.Elem(), nest+1)
		}
	case reflect.Slice:
		f.fillSlice(v, nest)
	case reflect.Array:
		for i := range v.Len() {
			f.fill(v.Index(i), nest+1)
		}
	case reflect.Map:
		f.fillMap(v, nest)
	case reflect.Struct:
		f.fillStruct(v, nest)
	}
}

func (f *filler) fillSlice(v reflect.Value, nest int) {
	n := f.size(nest)
	if n < 0 {
		return
	}
	if v.Type().Elem().Kind() == reflect.Uint8 && f.IntN(20) == 0 {
		n = 300
	}
	v.Set(reflect.MakeSlice(v.Type(), n, n+f.IntN(3)))
	for i := range n {
		f.fill(v.Index(i), nest+1)
	}
}

func (f *filler) fillMap(v reflect.Value, nest int) {
	n := f.size(nest)
	if n < 0 {
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for range n {
		key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		f.fill(key, nest+1)
		f.fill(elem, nest+1)
		v.SetMapIndex(key, elem)
	}
}

func (f *filler) fillStruct(v reflect.Value, nest int) {
	for i := range v.NumField() {
		// This includes fields of an embedded unexported struct, which cannot be set itself.
		if x := v.Field(i); x.CanSet() || v.Type().Field(i).Anonymous && x.Kind() == reflect.Struct {
			f.fill(x, nest+1)
		}
	}
}

// any makes a value for a field of type any.
func (f *filler) any(nest int) any {
	if f.IntN(4) == 0 && nest <= maxNest && f.left > 0 {
		return f.generic(nest)
	}
	n := f.IntN(20)
	if n >= 16 && (nest > maxNest || f.left <= 0) {
		n -= 16
	}
	switch n {
	case 0:
		return nil
	case 1:
		return f.IntN(2) == 0
	case 2:
		return int(f.bits())
	case 3:
		return int8(f.bits())
	case 4:
		return int16(f.bits())
	case 5:
		return int32(f.bits())
	case 6:
		return int64(f.bits())
	case 7:
		return uint(f.bits())
	case 8:
		return uint8(f.bits())
	case 9:
		return uint16(f.bits())
	case 10:
		return uint32(f.bits())
	case 11:
		return f.bits()
	case 12:
		return float32(f.float())
	case 13:
		return f.float()
	case 14:
		return f.text(10)
	case 15:
		return special[reflect.TypeFor[time.Time]()](f)
	case 16:
		return filled[[]byte](f, nest)
	case 17:
		return filled[map[string]any](f, nest)
	}
	return filled[[]any](f, nest)
}

func filled[T any](f *filler, nest int) T {
	var v T
	f.fill(reflect.ValueOf(&v).Elem(), nest)
	return v
}
