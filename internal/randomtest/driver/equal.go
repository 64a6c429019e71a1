package driver

import (
	"fmt"
	"math"
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"time"

	"github.com/sessiongen/sessiongen/internal/randomtest/kinds"
)

// A comparison finds the difference of two values.
type comparison struct {
	// lenient: v5 wrote or read the value. It cannot leave out the members of an embedded struct whose pointer is nil,
	// and allocates the struct to read their nils. And it reads a number in an any with its written type: int8,
	// float32.
	lenient bool
}

// diff is the path to the first difference, with a description, "" if there is none. It distinguishes nil from empty,
// the bits of floats, the zones of times, and nil embedded pointers.
func (c comparison) diff(path string, got, want reflect.Value) string {
	if got.Type() != want.Type() {
		return unequal(path, "type", got.Type(), want.Type())
	}
	if same := sameMeaning[got.Type()]; same != nil && got.CanInterface() {
		if same(c, got.Interface(), want.Interface()) {
			return ""
		}
		return fmt.Sprintf("%s: %v, want %v", path, printed(got), printed(want))
	}
	switch got.Kind() {
	case reflect.Float32, reflect.Float64:
		if math.Float64bits(got.Float()) != math.Float64bits(want.Float()) {
			return fmt.Sprintf("%s: float %v, want %v", path, got, want)
		}
	case reflect.Interface, reflect.Pointer:
		return c.diffElem(path, got, want)
	case reflect.Slice, reflect.Array:
		return c.diffList(path, got, want)
	case reflect.Map:
		return c.diffMap(path, got, want)
	case reflect.Struct:
		return c.diffStruct(path, got, want)
	case reflect.Chan, reflect.Func, reflect.UnsafePointer: // a field that is not stored
		if !got.IsNil() || !want.IsNil() {
			return unequal(path, "nil is", got.IsNil(), want.IsNil())
		}
	default:
		if !got.Equal(want) {
			return fmt.Sprintf("%s: value %v, want %v", path, got, want)
		}
	}
	return ""
}

// unequal says that a property of two values differs, "" if it does not.
func unequal[T comparable](path, what string, got, want T) string {
	if got == want {
		return ""
	}
	return fmt.Sprintf("%s: %s %v, want %v", path, what, got, want)
}

// sameMeaning compares types whose structure alone is not enough.
var sameMeaning = map[reflect.Type]func(c comparison, got, want any) bool{
	timeType: func(c comparison, got, want any) bool {
		a, b := got.(time.Time), want.(time.Time)
		return a.Equal(b) && a.IsZero() == b.IsZero() && (c.lenient || sameZone(a, b))
	},
	momentType: func(_ comparison, got, want any) bool {
		return time.Time(got.(kinds.Moment)) == time.Time(want.(kinds.Moment)).Round(0)
	},
	reflect.TypeFor[netip.Addr]():     identical,
	reflect.TypeFor[netip.AddrPort](): identical,
	reflect.TypeFor[netip.Prefix]():   identical,
	reflect.TypeFor[net.IP]():         func(_ comparison, got, want any) bool { return got.(net.IP).Equal(want.(net.IP)) },
	reflect.TypeFor[big.Int](): func(_ comparison, got, want any) bool {
		a, b := got.(big.Int), want.(big.Int)
		return a.Cmp(&b) == 0
	},
	reflect.TypeFor[url.URL](): func(_ comparison, got, want any) bool {
		a, b := got.(url.URL), want.(url.URL)
		return a.String() == b.String()
	},
}

func identical(_ comparison, got, want any) bool { return got == want }

// printed is a readable form of v, also by the methods of its pointer.
func printed(v reflect.Value) any {
	if v.Type() == momentType {
		v = v.Convert(timeType)
	}
	return addressable(v).Addr().Interface()
}

func (c comparison) diffElem(path string, got, want reflect.Value) string {
	if c.lenient && got.Kind() == reflect.Interface && got.CanInterface() {
		a, b := canonical(got.Interface()), canonical(want.Interface())
		got, want = reflect.ValueOf(&a).Elem(), reflect.ValueOf(&b).Elem()
	}
	if got.IsNil() || want.IsNil() {
		return unequal(path, "nil is", got.IsNil(), want.IsNil())
	}
	return c.diff(path, got.Elem(), want.Elem())
}

func (c comparison) diffList(path string, got, want reflect.Value) string {
	if got.Kind() == reflect.Slice && got.IsNil() != want.IsNil() {
		return unequal(path, "nil is", got.IsNil(), want.IsNil())
	}
	if got.Len() != want.Len() {
		return unequal(path, "length", got.Len(), want.Len())
	}
	for i := range got.Len() {
		if d := c.diff(fmt.Sprintf("%s[%d]", path, i), got.Index(i), want.Index(i)); d != "" {
			return d
		}
	}
	return ""
}

func (c comparison) diffMap(path string, got, want reflect.Value) string {
	if got.IsNil() != want.IsNil() {
		return unequal(path, "nil is", got.IsNil(), want.IsNil())
	}
	if got.Len() != want.Len() {
		return unequal(path, "length", got.Len(), want.Len())
	}
	for key, b := range want.Seq2() {
		a := got.MapIndex(key)
		if !a.IsValid() {
			return fmt.Sprintf("%s: has no %v", path, key)
		}
		if d := c.diff(fmt.Sprintf("%s[%v]", path, key), a, b); d != "" {
			return d
		}
	}
	return ""
}

func (c comparison) diffStruct(path string, got, want reflect.Value) string {
	for i := range got.NumField() {
		f, a, b := got.Type().Field(i), got.Field(i), want.Field(i)
		if c.lenient && f.Anonymous && f.Type.Kind() == reflect.Pointer && a.IsNil() != b.IsNil() {
			a, b = orNew(a), orNew(b)
		}
		if d := c.diff(path+"."+f.Name, a, b); d != "" {
			return d
		}
	}
	return ""
}

// orNew is the pointer, or a pointer to zero instead of nil.
func orNew(v reflect.Value) reflect.Value {
	if v.IsNil() {
		return reflect.New(v.Type().Elem())
	}
	return v
}

// sameZone reports whether two equal times show the same on clocks and calendars, and say UTC if one does.
func sameZone(a, b time.Time) bool {
	_, x := a.Zone()
	_, y := b.Zone()
	return x == y && (a.Location() == time.UTC) == (b.Location() == time.UTC)
}
