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

// A comparison tells where two values differ.
type comparison struct {
	// lenient: v5 wrote or read the value. It has no way to leave out the members of an embedded struct
	// whose pointer is nil, and allocates the struct to read their nils. And it reads the number in an
	// any as what it was written as: int8, float32.
	lenient bool
}

// diff is the path to the first difference and what it is, "" if there is none. Nil and empty, the
// bits of floats, the zones of times, nil embedded pointers count.
func (c comparison) diff(path string, got, want reflect.Value) string {
	differ := func(what string, a, b any) string { return fmt.Sprintf("%s: %s %v, want %v", path, what, a, b) }
	if got.Type() != want.Type() {
		return differ("type", got.Type(), want.Type())
	}
	if got.CanInterface() {
		switch a := got.Interface().(type) {
		case time.Time:
			b := want.Interface().(time.Time)
			if !a.Equal(b) || a.IsZero() != b.IsZero() || !c.lenient && !sameZone(a, b) {
				return differ("time", a, b)
			}
			return ""
		case kinds.Moment:
			if b := want.Interface().(kinds.Moment); time.Time(a) != time.Time(b).Round(0) {
				return differ("moment", time.Time(a), time.Time(b))
			}
			return ""
		case netip.Addr, netip.AddrPort, netip.Prefix:
			if b := want.Interface(); a != b {
				return differ("address", a, b)
			}
			return ""
		case net.IP:
			if b := want.Interface().(net.IP); !a.Equal(b) {
				return differ("IP", a, b)
			}
			return ""
		case big.Int:
			if b := want.Interface().(big.Int); a.Cmp(&b) != 0 {
				return differ("big.Int", a.String(), b.String())
			}
			return ""
		case url.URL:
			if b := want.Interface().(url.URL); a.String() != b.String() {
				return differ("URL", a.String(), b.String())
			}
			return ""
		}
	}
	switch got.Kind() {
	case reflect.Float32, reflect.Float64:
		a, b := got.Float(), want.Float()
		if math.Float64bits(a) != math.Float64bits(b) {
			return differ("float", a, b)
		}
	case reflect.Interface, reflect.Pointer:
		if c.lenient && got.Kind() == reflect.Interface && got.CanInterface() {
			a, b := canonical(got.Interface()), canonical(want.Interface())
			got, want = reflect.ValueOf(&a).Elem(), reflect.ValueOf(&b).Elem()
		}
		if got.IsNil() || want.IsNil() {
			if got.IsNil() != want.IsNil() {
				return differ("nil is", got.IsNil(), want.IsNil())
			}
			return ""
		}
		return c.diff(path, got.Elem(), want.Elem())
	case reflect.Slice, reflect.Array:
		if got.Kind() == reflect.Slice && got.IsNil() != want.IsNil() {
			return differ("nil is", got.IsNil(), want.IsNil())
		}
		if got.Len() != want.Len() {
			return differ("length", got.Len(), want.Len())
		}
		for i := range got.Len() {
			if d := c.diff(fmt.Sprintf("%s[%d]", path, i), got.Index(i), want.Index(i)); d != "" {
				return d
			}
		}
	case reflect.Map:
		if got.IsNil() != want.IsNil() {
			return differ("nil is", got.IsNil(), want.IsNil())
		}
		if got.Len() != want.Len() {
			return differ("length", got.Len(), want.Len())
		}
		for key, b := range want.Seq2() {
			a := got.MapIndex(key)
			if !a.IsValid() {
				return differ("has", false, key)
			}
			if d := c.diff(fmt.Sprintf("%s[%v]", path, key), a, b); d != "" {
				return d
			}
		}
	case reflect.Struct:
		for i := range got.NumField() {
			f, a, b := got.Type().Field(i), got.Field(i), want.Field(i)
			if c.lenient && f.Anonymous && f.Type.Kind() == reflect.Pointer && a.IsNil() != b.IsNil() {
				if a.IsNil() {
					a = reflect.New(f.Type.Elem())
				} else {
					b = reflect.New(f.Type.Elem())
				}
			}
			if d := c.diff(path+"."+f.Name, a, b); d != "" {
				return d
			}
		}
	case reflect.Chan, reflect.Func, reflect.UnsafePointer: // a field that is not stored
		if !got.IsNil() || !want.IsNil() {
			return differ("nil is", got.IsNil(), want.IsNil())
		}
	default:
		if !got.Equal(want) {
			return differ("value", got, want)
		}
	}
	return ""
}

// sameZone reports whether two equal times show the same on clocks and calendars, and say UTC if one does.
func sameZone(a, b time.Time) bool {
	_, x := a.Zone()
	_, y := b.Zone()
	return x == y && (a.Location() == time.UTC) == (b.Location() == time.UTC)
}

// spoil changes everything that a value shares with copies of it.
func spoil(v reflect.Value) {
	if v.CanAddr() && v.CanSet() {
		if n, ok := v.Addr().Interface().(*big.Int); ok {
			for i := range n.Bits() {
				n.Bits()[i]++
			}
			return
		}
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			spoil(v.Elem())
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			spoil(v.Index(i))
		}
	case reflect.Map:
		for key, elem := range v.Seq2() {
			spoil(elem)
			v.SetMapIndex(key, reflect.Value{})
		}
		if !v.IsNil() {
			v.SetMapIndex(reflect.Zero(v.Type().Key()), reflect.Zero(v.Type().Elem()))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() || v.Type().Field(i).Anonymous {
				spoil(v.Field(i))
			}
		}
		return
	}
	if v.CanSet() {
		v.SetZero()
		if v.Kind() == reflect.Uint8 {
			v.SetUint(0xa5)
		}
	}
}
