package driver

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // for TZ, if the machine knows no zones

	"github.com/sessiongen/sessiongen/internal/randomtest/kinds"
)

// Types whose form the schema chooses: v5 does not know these forms.

var (
	momentType = reflect.TypeFor[kinds.Moment]()

	// hooked are the types that the packages name functions for.
	hooked = []reflect.Type{reflect.TypeFor[kinds.Parcel](), reflect.TypeFor[*kinds.Crate]()}
)

// isFormed reports whether the schema chooses the form of the whole field. The names of such fields tell.
func (f *field) isFormed() bool { return strings.HasPrefix(f.name, "Form") }

// hasForms reports whether a part of a t is stored in another form than v5's.
func hasForms(t reflect.Type, seen map[reflect.Type]bool) bool {
	if slices.Contains(hooked, t) || t == momentType {
		return true
	}
	if seen[t] || isLeaf(t) {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Map:
		return hasForms(t.Key(), seen) || hasForms(t.Elem(), seen)
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return hasForms(t.Elem(), seen)
	case reflect.Struct:
		for f := range fieldsOf(t) {
			if name, options := tag(f); name == "-" || !f.IsExported() && !f.Anonymous {
				continue
			} else if isVia(options) || hasForms(f.Type, seen) {
				return true
			}
		}
	}
	return false
}

func isVia(options []string) bool {
	return slices.ContainsFunc(options, func(o string) bool { return strings.HasPrefix(o, "via=") })
}

func init() {
	special[reflect.TypeFor[kinds.Coin]()] = func(f *filler) any { return kinds.NewCoin(f.text(9), int64(f.bits())) }
	special[reflect.TypeFor[kinds.Parcel]()] = func(f *filler) any { return kinds.NewParcel(int32(f.bits()), f.text(9)) }
	special[reflect.TypeFor[*kinds.Crate]()] = func(f *filler) any {
		if f.IntN(3) == 0 {
			return (*kinds.Crate)(nil)
		}
		return kinds.NewCrate(uint16(f.bits()))
	}
	special[reflect.TypeFor[kinds.Vault]()] = func(f *filler) any {
		v := kinds.NewVault(f.text(9))
		if f.IntN(3) == 0 {
			more := kinds.NewVault(f.text(9))
			v.More = &more
		}
		return v
	}
	special[momentType] = func(f *filler) any { return kinds.Moment(f.time()) }
}

func (f *filler) time() time.Time { return special[timeType](f).(time.Time) }

// zones are the time zones of random times.
var zones = []*time.Location{time.UTC, time.Local, time.FixedZone("Kolkata", 5*3600+1800), time.FixedZone("", -11*3600),
	time.FixedZone("odd", 3*3600+7)}

func zone(r *rand.Rand) *time.Location { return zones[r.IntN(len(zones))] }

// A listed is a struct within an any.
type listed struct {
	Name  string
	Any   []any
	Small *int8 `msgpack:"small"`
	When  time.Time
	Not   chan int `msgpack:"-"`
}

// generic makes a value of an any that v5 accepts, but that does not come back unchanged.
func (f *filler) generic(nest int) any {
	switch f.IntN(16) {
	case 0:
		return filled[[]string](f, nest)
	case 1:
		return filled[map[string]string](f, nest)
	case 2:
		return filled[[]map[string]any](f, nest)
	case 3:
		return json.Number("12.50")
	case 4:
		return kinds.Title(f.text(9))
	case 5:
		return filled[kinds.Names](f, nest)
	case 6:
		return filled[kinds.Headers](f, nest)
	case 7:
		return filled[map[kinds.Title]*int8](f, nest)
	case 8:
		return filled[[2]kinds.Count](f, nest)
	case 9:
		return filled[[]kinds.Octet](f, nest)
	case 10:
		return filled[*uint16](f, nest)
	case 11:
		return time.Duration(f.bits())
	case 12:
		return filled[[]time.Time](f, nest)
	case 13:
		return filled[map[string]map[string]bool](f, nest)
	case 14:
		return filled[listed](f, nest)
	}
	return filled[*listed](f, nest)
}
