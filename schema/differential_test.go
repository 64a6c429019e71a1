//lint:file-ignore U1000 msgpack reads the fields, or leaves them out

package schema_test

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"
	"golang.org/x/tools/go/packages"

	"github.com/sessiongen/sessiongen/schema"
)

// samples is a schema of structs that try v5's rules on struct tags and embedding. The test reads it from this very
// file, and compares its members with those that v5 writes and reads.
type samples struct {
	Plain         Plain         `session:"plain,partial"`
	Tagged        Tagged        `session:"tagged"`
	Embeds        Embeds        `session:"embeds"`
	Pointer       EmbedsPointer `session:"pointer"`
	Shadow        Shadow        `session:"shadow"`
	ShadowInline  ShadowInline  `session:"shadow_inline"`
	NoInline      NoInline      `session:"noinline"`
	Renamed       Renamed       `session:"renamed"`
	RenamedShadow RenamedShadow `session:"renamed_shadow"`
	Deep          Deep          `session:"deep"`
	Array         Array         `session:"array"`
	ArrayInside   ArrayInside   `session:"array_inside"`
	OmitAll       OmitAll       `session:"omit_all"`
	OmitLater     OmitLater     `session:"omit_later"`
	Unexported    Unexported    `session:"unexported"`
	Alias         Alias         `session:"alias"`
	AliasInside   AliasInside   `session:"alias_inside"`
	DeadAlias     DeadAlias     `session:"dead_alias"`
	WithTime      WithTime      `session:"with_time"`
	TwoMarshalers TwoMarshalers `session:"two_marshalers"`
	Generic       Generic[Two]  `session:"generic"`
	NonStruct     NonStruct     `session:"non_struct"`
	Ambiguous     Ambiguous     `session:"ambiguous"`
	Quirks        Quirks        `session:"quirks"`
	MapNames      MapNames      `session:"map_names"`
}

type Plain struct {
	A, B   int
	hidden int
	Left   int `msgpack:"-"`
}

type Tagged struct {
	A int `msgpack:"a,omitempty"`
	B int `msgpack:"b" json:"x"`
	C int `json:"c"`
	D int `msgpack:",omitempty"`
	E int `msgpack:" spaced , omitempty"`
}

type Two struct{ X, Y int }
type Three struct{ X, Z int }
type lower struct{ L, M int }

type Embeds struct {
	Two
	W int
}

type EmbedsPointer struct {
	*Two
	W int
}

type Shadow struct {
	X int
	Two
}

type ShadowInline struct {
	X   int
	Two `msgpack:",inline"`
}

type NoInline struct {
	Two `msgpack:",noinline"`
	X   int
}

type Renamed struct {
	Two `msgpack:"two"`
	X2  int
}

type RenamedShadow struct {
	Two    `msgpack:"Two2"`
	*Holds // clashes with the name in Two
}

type Holds struct {
	Two2 int
}

type Deep struct {
	Embeds
	*Deeper
	V int
}

type Deeper struct {
	lower
	Deepest int
}

type Array struct {
	_msgpack struct{} `msgpack:",as_array,omitempty"`
	A        int
	B        string
	Two
}

type ArrayInside struct {
	Array
	C int
}

type OmitAll struct {
	_msgpack struct{} `msgpack:",omitempty"`
	A        int
	B        []int
}

type OmitLater struct {
	A        int
	_msgpack struct{} `msgpack:",omitempty"`
	B        int
}

type Unexported struct {
	lower
	A int
}

type Alias struct {
	A int `msgpack:"a,alias:old_a"`
	B int
}

type AliasInside struct {
	Alias
	C int
}

type DeadAlias struct {
	A int `msgpack:"a,alias:b"`
	B int `msgpack:"b"`
}

type WithTime struct {
	time.Time
	netip.Addr // the methods conflict with Time's, so the struct has neither
	A          int
}

type TwoMarshalers struct {
	A netip.Addr
	B *netip.Addr
	C time.Time
}

type Generic[T any] struct {
	Of  T
	All []T
}

type Number int

type NonStruct struct {
	Number
	*Count
	A int
}

type Count int64

type Ambiguous struct {
	Two
	Three
}

type Quirks struct {
	A int `msgpack:"x:y"`
	B int `msgpack:"'quo,ted',omitempty"`
	C int `msgpack:"c,alias:'d,e'"`
	D int `msgpack:"before'after'"`
}

type MapNames struct {
	Two
	Other int `msgpack:"Two"`
}

// inspectSelf returns the schema samples as the package reads it.
func inspectSelf(t *testing.T) *schema.Schema {
	pkgs, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports |
			packages.NeedTypes | packages.NeedTypesInfo | packages.NeedSyntax,
		Tests: true,
	}, ".")
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(pkgs, func(p *packages.Package) bool { return p.Name == "schema_test" })
	p := pkgs[i]
	schemas, findings := schema.Inspect(schema.Source{
		Fset: p.Fset, Files: p.Syntax, Types: p.Types, Info: p.TypesInfo, Errors: p.TypeErrors,
	}, []schema.TypeName{{Schema: "samples"}})
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	return schemas[0]
}

func TestMembersAsMsgpack(t *testing.T) {
	log.SetOutput(io.Discard) // v5 logs names that clash
	defer log.SetOutput(os.Stderr)
	typ := reflect.TypeFor[samples]()
	for i, f := range inspectSelf(t).Fields {
		st := f.Type.Struct
		if st == nil {
			t.Errorf("%s is not a struct", f.Name)
			continue
		}
		full := reflect.New(typ.Field(i).Type)
		fill(full.Elem(), 0)
		b, err := msgpack.Marshal(full.Interface())
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		if st.AsArray {
			if n, err := msgpack.NewDecoder(bytes.NewReader(b)).DecodeArrayLen(); err != nil || n != len(st.Members) {
				t.Errorf("%s: v5 writes an array of %d, %v; want %d", f.Name, n, err, len(st.Members))
			}
			continue
		}
		names, values := entries(t, b)
		var want []string
		for _, m := range st.Members {
			want = append(want, m.Name)
		}
		if !slices.Equal(names, want) {
			t.Errorf("%s: v5 writes %q, the schema has %q", f.Name, names, want)
			continue
		}

		// Empty values with omitempty are omitted, and nothing else. Nil embedded structs (fieldByIndex) are only
		// omitted together with those.
		empty, err := msgpack.Marshal(reflect.New(typ.Field(i).Type).Interface())
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		left, _ := entries(t, empty)
		for _, m := range st.Members {
			if slices.Contains(left, m.Name) == m.OmitEmpty {
				t.Errorf("%s.%s: got omitempty %v, but v5 writes %q of an empty value", f.Name, m.Name, m.OmitEmpty, left)
			}
		}

		// Each name or alias is read into its own member, and nowhere else.
		for j, m := range st.Members {
			for _, name := range append([]string{m.Name}, m.Aliases...) {
				one, err := msgpack.Marshal(map[string]msgpack.RawMessage{name: values[j]})
				if err != nil {
					t.Fatal(err)
				}
				got := reflect.New(typ.Field(i).Type)
				if err := msgpack.Unmarshal(one, got.Interface()); err != nil {
					t.Errorf("%s: reading %q: %v", f.Name, name, err)
					continue
				}
				for k, other := range st.Members {
					if set := !follow(got.Elem(), other.Path).IsZero(); set != (k == j) {
						t.Errorf("%s: reading %q sets the member %s: %v", f.Name, name, other.Name, set)
					}
				}
			}
		}
	}
}

// follow selects a member, or the zero Value if it is in a struct that is not there.
func follow(v reflect.Value, path []schema.Step) reflect.Value {
	for i, step := range path {
		v = v.FieldByName(step.Name)
		if step.Pointer != nil && i < len(path)-1 {
			if v.IsNil() {
				return reflect.Zero(reflect.TypeFor[int]())
			}
			v = v.Elem()
		}
	}
	return v
}

// entries splits a msgpack map.
func entries(t *testing.T, b []byte) (names []string, values []msgpack.RawMessage) {
	t.Helper()
	d := msgpack.NewDecoder(bytes.NewReader(b))
	n, err := d.DecodeMapLen()
	for ; n > 0 && err == nil; n-- {
		var name string
		var value msgpack.RawMessage
		if name, err = d.DecodeString(); err == nil {
			value, err = d.DecodeRaw()
		}
		names, values = append(names, name), append(values, value)
	}
	if err != nil {
		t.Fatal(err)
	}
	return names, values
}

// fill sets everything that can be set to something other than zero.
func fill(v reflect.Value, depth int) {
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		*x = time.Unix(1e9, 0)
		return
	case *netip.Addr:
		*x = netip.MustParseAddr("192.0.2.1")
		return
	}
	switch v.Kind() {
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.String:
		v.SetString("x")
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), depth+1)
	case reflect.Pointer:
		if v.CanSet() && depth < 5 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(v.Elem(), depth+1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Field(i)
			switch {
			case f.CanSet():
				fill(f, depth+1)
			case v.Type().Field(i).Anonymous && f.Kind() == reflect.Struct:
				// Its exported fields can be set, although the struct cannot.
				for j := range f.NumField() {
					if f.Field(j).CanSet() {
						fill(f.Field(j), depth+1)
					}
				}
			}
		}
	}
}

// TestMsgpackTags compares the reading of random struct tags with v5's.
func TestMsgpackTags(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	pieces := []string{"a", "b", ",", ",", ":", "'", `\`, "(", ")", " ", "-", "omitempty", "omitempty", ",omitempty", "é"}
	for range 20000 {
		var b strings.Builder
		for range r.IntN(9) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		tag := b.String()
		typ := reflect.StructOf([]reflect.StructField{{
			Name: "F", Type: reflect.TypeFor[int](), Tag: reflect.StructTag("msgpack:" + strconv.Quote(tag)),
		}})
		full := reflect.New(typ)
		full.Elem().Field(0).SetInt(7)
		want := fmt.Sprint(written(t, full), written(t, reflect.New(typ)))
		if got := schema.TagOutcome(typ.Field(0).Tag); got != want {
			t.Fatalf("tag %q: v5 writes %s, the schema has %s", tag, want, got)
		}
	}
}

func written(t *testing.T, v reflect.Value) []string {
	b, err := msgpack.Marshal(v.Interface())
	if err != nil {
		t.Fatal(err)
	}
	names, _ := entries(t, b)
	return names
}
