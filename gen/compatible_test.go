package gen

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/sessiongen/sessiongen/internal/long"
	"github.com/sessiongen/sessiongen/schema"
)

// fitting compares the types A of two wire formats, written as in the list.
func fitting(t *testing.T, old, new string) bool {
	t.Helper()
	resolve := func(text string) *shape {
		if !strings.Contains(text, "\n") {
			text = "A\n  a " + text
		}
		list, err := parseWire([]byte(wireIntro + "//\t" + strings.ReplaceAll(text, "\n", "\n//\t") + "\n"))
		if err != nil {
			t.Fatal(err)
		}
		r, err := list.resolve()
		if err != nil {
			t.Fatal(err)
		}
		return r.named["A"].members[0].shape
	}
	var c comparison
	return c.fits(resolve(old), resolve(new), "a") && len(c.breaches) == 0
}

// A value written in a shape can be read in the listed shapes, and in no others.
func TestFitsScalars(t *testing.T) {
	readers := map[string]string{
		"bool":         "bool any",
		"int8":         "int8 int16 int32 int64 int any",
		"int16":        "int16 int32 int64 int any",
		"int32":        "int32 int64 int any",
		"int64":        "int64 int any",
		"int":          "int64 int any",
		"uint8":        "uint8 uint16 uint32 uint64 uint int16 int32 int64 int any",
		"uint16":       "uint16 uint32 uint64 uint int32 int64 int any",
		"uint32":       "uint32 uint64 uint int64 int any",
		"uint64":       "uint64 uint any",
		"uint":         "uint64 uint any",
		"float32":      "float32 float64 any",
		"float64":      "float64 any",
		"str":          "str any",
		"bin":          "bin any",
		"bin[4]":       "bin[4] bin any",
		"bin[5]":       "bin[5] bin any",
		"time":         "time any",
		"any":          "any",
		"text(A)":      "text(A)",
		"json(A)":      "json(A)",
		"json([]A)":    "json([]A)",
		"gob(A)":       "gob(A)",
		"via(*A)":      "via(*A)",
		"text(pkg.A)":  "text(pkg.A)",
		"binary(A)":    "binary(A)",
		"custom(A)":    "custom(A)",
		"msgpack(A)":   "msgpack(A)",
		"[]int8":       "[]int8 []int64 any",
		"[]int64":      "[]int64 any",
		"[2]int8":      "[2]int8 []int8 []int64 any",
		"map[str]int8": "map[str]int8 any",
	}
	const nilable = "bin any text(A) text(pkg.A) binary(A) custom(A) msgpack(A) json(A) json([]A) gob(A) via(*A) []int8 []int64 map[str]int8"
	in := func(list, shape string) bool { return slices.Contains(strings.Fields(list), shape) }
	for old, list := range readers {
		for new := range readers {
			want, takesNil := in(list, new), in(nilable, new)
			for _, c := range []struct {
				old, new string
				want     bool
			}{
				{old, new, want},
				{old, "*" + new, want},
				{"*" + old, "*" + new, want},
				{"**" + old, "*" + new, want},
				{"*" + old, "**" + new, want},
				{"*" + old, new, want && takesNil},
				{"[]" + old, "[]" + new, want},
				{"[3]" + old, "[3]" + new, want},
				{"[3]" + old, "[2]" + new, false},
				{"[3]" + old, "[]" + new, want},
				{"[]" + old, "[3]" + new, false},
				{"map[str]" + old, "map[str]" + new, want},
				{"map[uint8]" + old, "map[int64]" + new, want},
				{"map[int64]" + old, "map[uint8]" + new, false},
				{"map[str]" + old, "any", !strings.Contains(old, "(")},
				{"map[int]" + old, "any", false},
			} {
				if got := fitting(t, c.old, c.new); got != c.want {
					t.Errorf("%s -> %s: got %v, want %v", c.old, c.new, got, c.want)
				}
			}
		}
	}
}

func TestFitsTypes(t *testing.T) {
	for _, c := range []struct {
		old, new string
		want     bool
	}{
		// Members appear, disappear and widen; a type changes its name.
		{"A\n  a B\nB\n  x int8", "A\n  a C\nC\n  x int64\n  y str", true},
		{"A\n  a B\nB\n  x int8\n  y str", "A\n  a B\nB\n  x int8", true},
		{"A\n  a B\nB\n  x int64", "A\n  a B\nB\n  x int8", false},
		{"A\n  a B\nB\n  x int64", "A\n  a *B\nB\n  x int64", true},
		{"A\n  a *B\nB\n  x int64", "A\n  a B\nB\n  x int64", false},
		// Old values may still have a removed member.
		{"A\n  a B\nB\n  x int64\n  y str (removed)", "A\n  a B\nB\n  x int64\n  y bin", false},
		{"A\n  a B\nB\n  x int64\n  y str (removed)", "A\n  a B\nB\n  x int64\n  y str", true},
		// The members of arrays have an order.
		{"A\n  a B\nB (array)\n  x int8\n  y str", "A\n  a B\nB (array)\n  x int16\n  y str", true},
		{"A\n  a B\nB (array)\n  x str\n  y str", "A\n  a B\nB (array)\n  y str\n  x str", false},
		{"A\n  a B\nB (array)\n  x str\n  y str", "A\n  a B\nB (array)\n  x str", false},
		{"A\n  a B\nB (array)\n  x str", "A\n  a B\nB\n  x str", false},
		{"A\n  a B\nB\n  x str", "A\n  a B\nB (array)\n  x str", false},
		// A struct can be read as a map with string keys.
		{"A\n  a B\nB\n  x int8\n  y uint8", "A\n  a map[str]int16", true},
		{"A\n  a B\nB\n  x int8\n  y str", "A\n  a map[str]int16", false},
		{"A\n  a B\nB\n  x int8\n  y str", "A\n  a any", true},
		{"A\n  a B\nB\n  x text(X)", "A\n  a any", false},
		{"A\n  a map[str]int8", "A\n  a *B\nB\n  x int8", false}, // keys other than x would be lost
		// Types that contain themselves.
		{"A\n  a B\nB\n  x int8\n  b *B", "A\n  a C\nC\n  x int64\n  b *D\nD\n  x int16\n  b *C", true},
		{"A\n  a B\nB\n  x int8\n  b *B", "A\n  a C\nC\n  x int64\n  b *D\nD\n  x str\n  b *C", false},
		{"A\n  a T\nT = []T", "A\n  a U\nU = []*U", true},
		{"A\n  a T\nT = []T", "A\n  a T\nT = map[str]T", false},
		{"A\n  a T\nT = map[str]T", "A\n  a any", true},
		{"A\n  a T\nT = map[int]T", "A\n  a any", false},
		{"A\n  a T\nT = [2]*T", "A\n  a T\nT = []*T", true},
		{"A\n  a T\nT = [2]*T", "A\n  a T\nT = [3]*T", false},
	} {
		if got := fitting(t, c.old, c.new); got != c.want {
			t.Errorf("%q -> %q: got %v, want %v", c.old, c.new, got, c.want)
		}
	}
}

func TestResolveDamaged(t *testing.T) {
	for _, text := range []string{
		"A\n  a B", "A\n  a in", "A\n  a []", "A\n  a map[str", "A\n  a map[x]str", "A\n  a [x]str", "A\n  a [2]", "A\n  a bin[2",
		"A\n  a bin[2]x", "A\n  a txt(X)", "A\n  a *", "A\n  a ()", "A\nA", "A = B\nB = A", "A = *A", "A = *B\nB = *A", "A = **A",
	} {
		list, err := parseWire([]byte(wireIntro + "//\t" + strings.ReplaceAll(text, "\n", "\n//\t") + "\n"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := list.resolve(); err == nil {
			t.Errorf("the damaged list %q is accepted", text)
		}
	}
}

// A change of a type, with values of the old one.
type change struct {
	old, new string
	values   string // of old, in a package that imports before as b

	// decodes is a reason to refuse a change although all values decode.
	decodes string
}

const opaque = "what a method wrote has a meaning for that type alone"

var allChanges = []change{
	{"int8", "int16", "-128, 127", ""},
	{"int8", "uint8", "-1", ""},
	{"int8", "int", "-128, -33, -32, 0, 127", ""},
	{"int64", "int32", "math.MinInt64", ""},
	{"int32", "int64", "math.MinInt32, math.MaxInt32", ""},
	{"int64", "int", "math.MinInt64, math.MaxInt64", ""},
	{"int64", "uint64", "-1", ""},
	{"int64", "float64", "1", ""},
	{"uint8", "int16", "0, 255", ""},
	{"uint8", "int8", "200", ""},
	{"uint32", "int64", "math.MaxUint32", ""},
	{"uint32", "int32", "math.MaxUint32", ""},
	{"uint64", "int64", "math.MaxUint64", ""},
	{"uint64", "uint", "math.MaxUint64", ""},
	{"uint64", "any", "math.MaxUint64, 1", ""},
	{"bool", "int", "true", ""},
	{"bool", "any", "true, false", ""},
	{"float32", "float64", "1.5, math.MaxFloat32", ""},
	{"float64", "float32", "1", ""},
	{"float32", "any", "1.5", ""},
	{"string", "[]byte", `"", "x"`, ""},
	{"[]byte", "string", `[]byte("x")`, ""},
	{"string", "kit.Name", `"", "x"`, ""},
	{"string", "kit.Text", `"x"`, ""},
	{"string", "*string", `"", "x"`, ""},
	{"*string", "string", `nil, new("x")`, ""},
	{"*string", "**string", `nil, new("x")`, ""},
	{"**string", "*string", `nil, new(new("x"))`, ""},
	{"*string", "any", `nil, new("x")`, ""},
	{"*[]string", "[]string", `nil, new([]string(nil)), &[]string{"x"}`, ""},
	{"*[]byte", "[]byte", `nil, &[]byte{1}`, ""},
	{"*map[string]int", "map[string]int", `nil, &map[string]int{"x": 1}`, ""},
	{"[]byte", "[4]byte", `[]byte{1}`, ""},
	{"[4]byte", "[]byte", `[4]byte{1}`, ""},
	{"[4]byte", "[5]byte", `[4]byte{1}`, ""},
	{"[4]byte", "any", `[4]byte{1}`, ""},
	{"[4]byte", "[4]int", `[4]byte{1}`, ""},
	{"time.Time", "any", `time.Time{}, time.Unix(1, 0), time.Unix(1, 1), time.Unix(1<<40, 1)`, ""},
	{"time.Time", "*time.Time", `time.Time{}, time.Unix(1, 0)`, ""},
	{"time.Time", "int64", `time.Unix(1, 0)`, ""},
	{"time.Duration", "int64", `time.Hour`, ""},
	{"[]int8", "[]int64", `nil, []int8{}, []int8{-128, 127}`, ""},
	{"[]int8", "[2]int8", `nil, []int8{1}`, ""},
	{"[2]int8", "[]int8", `[2]int8{1, 2}`, ""},
	{"[2]int8", "[]*int64", `[2]int8{1, 2}`, ""},
	{"[]*int8", "[]int8", `[]*int8{nil}`, ""},
	{"[]string", "any", `nil, []string{"x"}`, ""},
	{"[]int", "map[int]int", `[]int{1}`, ""},
	{"map[string]int8", "map[kit.Name]*int", `nil, map[string]int8{"x": -128}`, ""},
	{"map[string]int8", "any", `nil, map[string]int8{"x": -128}`, ""},
	{"map[int]string", "any", `map[int]string{1: "x"}`, ""},
	{"map[int8]string", "map[int64]string", `map[int8]string{-128: "x"}`, ""},
	{"map[int8]string", "map[uint8]string", `map[int8]string{-128: "x"}`, ""},
	{"map[string]string", "map[kit.Text]string", `map[string]string{"x": "x"}`, ""},
	{"map[kit.Text]string", "map[kit.Text]any", `map[kit.Text]string{"x": "x"}`, ""},
	{"any", "string", `1`, ""},
	{"any", "any", `1, nil, "x"`, ""},
	{"*any", "any", `nil, new(any)`, ""},
	{"kit.Text", "*kit.Text", `"x"`, ""},
	{"*kit.Text", "kit.Text", `nil, new(kit.Text("x"))`, ""},
	{"kit.Text", "[]byte", `"x"`, opaque},
	{"kit.Text", "any", `"x"`, opaque},
	{"kit.Text", "kit.Other", `"x"`, opaque},
	{"kit.Text", "string", `"x"`, ""},
	{"kit.Custom", "kit.Custom", `kit.Custom{N: 1}`, ""},
	{"kit.Custom", "int", `kit.Custom{N: 1}`, opaque},
	{"Item", "Wider", `b.Item{}, b.Item{A: -128, B: "x"}`, ""},
	{"Wider", "Item", `b.Wider{A: 1 << 40}`, ""},
	{"Item", "Less", `b.Item{A: 1, B: "x"}`, ""},
	{"Item", "Aliased", `b.Item{A: 1, B: "x"}`, ""},
	{"Item", "BadAlias", `b.Item{A: 1, B: "x"}`, ""},
	{"Item", "*Item", `b.Item{A: 1, B: "x"}`, ""},
	{"*Item", "Item", `nil`, ""},
	{"Item", "map[string]any", `b.Item{A: 1, B: "x"}`, ""},
	{"Item", "map[int]any", `b.Item{A: 1, B: "x"}`, ""},
	{"Item", "map[string]string", `b.Item{A: 1, B: "x"}`, ""},
	{"map[string]int8", "*Less", `nil, map[string]int8{"x": 1}`, "what is no member would be lost"},
	{"map[string]int8", "Less", `nil`, ""},
	{"Pair", "PairWider", `b.Pair{X: 1, Y: 2}`, ""},
	{"Pair", "Triple", `b.Pair{X: 1, Y: 2}`, ""},
	{"Pair", "Swapped", `b.Pair{X: 1, Y: 2}`, "the members would be taken for each other"},
	{"Pair", "PairMap", `b.Pair{X: 1, Y: 2}`, ""},
	{"PairMap", "Pair", `b.PairMap{X: 1, Y: 2}`, ""},
	{"Pair", "any", `b.Pair{X: 1, Y: 2}`, ""},
	{"Pointed", "Pointed", `b.Pointed{}, b.Pointed{Base: &b.Base{ID: 1}}`, ""},
	{"Pointed", "Valued", `b.Pointed{}`, ""},
	{"Valued", "Pointed", `b.Valued{}`, ""},
	{"List", "List", `b.List{}, b.List{V: -128, Next: &b.List{}}`, ""},
	{"BadList", "BadList", `b.BadList{Next: &b.BadList{V: 1 << 40}}`, ""},
	{"Tree", "Tree", `nil, b.Tree{"x": {"y": nil}}`, ""},
	{"Tree", "any", `nil, b.Tree{"x": {"y": nil}}`, ""},
	{"Forest", "Forest", `b.Forest{{}}`, ""},
}

const kit = `package kit

import "github.com/vmihailenco/msgpack/v5"

type Name string

type Text string

func (t Text) MarshalText() ([]byte, error)     { return []byte(t), nil }
func (t *Text) UnmarshalText(text []byte) error { *t = Text(text); return nil }

type Other string

func (t Other) MarshalText() ([]byte, error)     { return []byte(t), nil }
func (t *Other) UnmarshalText(text []byte) error { *t = Other(text); return nil }

type Custom struct{ N int }

func (c Custom) EncodeMsgpack(e *msgpack.Encoder) error         { return e.EncodeInt(int64(c.N)) }
func (c *Custom) DecodeMsgpack(d *msgpack.Decoder) (err error) { c.N, err = d.DecodeInt(); return err }
`

const common = `
type Item struct { A int8; B string }
type Wider struct { A int64; B *string; C any }
type Less struct { B any }
type Aliased struct { C string ` + "`msgpack:\"c,alias:B\"`" + ` }
type BadAlias struct { C int ` + "`msgpack:\"c,alias:B\"`" + ` }
type Pair struct { _msgpack struct{} ` + "`msgpack:\",as_array\"`" + `; X, Y int8 }
type PairWider struct { _msgpack struct{} ` + "`msgpack:\",as_array\"`" + `; X, Y int64 }
type Triple struct { _msgpack struct{} ` + "`msgpack:\",as_array\"`" + `; X, Y, Z int8 }
type Swapped struct { _msgpack struct{} ` + "`msgpack:\",as_array\"`" + `; Y, X int8 }
type PairMap struct { X, Y int8 }
type Base struct { ID int }
type Pointed struct { _msgpack struct{} ` + "`msgpack:\",as_array\"`" + `; *Base }
type Valued struct { _msgpack struct{} ` + "`msgpack:\",as_array\"`" + `; Base }
type Tree map[string]Tree
`

// TestCompatibleIsTrue checks the verdict on every change, by default on every fifth: the old build sets and seals a
// value, the new build opens the cookie.
func TestCompatibleIsTrue(t *testing.T) {
	if testing.Short() {
		t.Skip("this test compiles much")
	}
	var changes []change
	for i, c := range allChanges {
		if i%long.Of(5, 1) == 0 {
			changes = append(changes, c)
		}
	}
	var before, after, program strings.Builder
	for _, c := range []struct {
		b           *strings.Builder
		name, types string
	}{
		{&before, "before", "type List struct { V int8; Next *List }\ntype BadList struct { V int64; Next *BadList }\ntype Forest []Forest\n"},
		{&after, "after", "type List struct { V int64; Next *List }\ntype BadList struct { V int8; Next *BadList }\ntype Forest map[string]Forest\n"},
	} {
		fmt.Fprintf(c.b, "package %s\n\nimport (\n\t\"time\"\n\n\t\"example.com/app/kit\"\n)\n%s%s\nvar _ kit.Name\nvar _ time.Time\n\ntype session struct {\n", c.name, common, c.types)
	}
	program.WriteString(`package main

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/sessiongen/sessiongen/runtime"

	"example.com/app/after"
	b "example.com/app/before"
	"example.com/app/kit"
)

var _ = math.Pi
var _ time.Time
var _ kit.Name

func main() {
	keys, err := runtime.ParseKeys(runtime.GenerateKey())
	if err != nil { panic(err) }
	cfg := runtime.Config{Keys: keys, OnEvent: func(context.Context, runtime.Event) {}}
	old, err := b.NewSessionManager(cfg)
	if err != nil { panic(err) }
	now, err := after.NewSessionManager(cfg)
	if err != nil { panic(err) }
	try := func(set func(*b.Session), has func(*after.Session) bool) bool {
		s := old.Open(context.Background(), nil)
		set(s)
		header, err := old.Seal(s)
		lines := header["Set-Cookie"]
		if err != nil || len(lines) != 1 { panic(fmt.Sprint(lines, err)) }
		pair, _, _ := strings.Cut(lines[0], ";")
		return has(now.Open(context.Background(), []string{pair}))
	}
	var ok bool
`)
	for i, c := range changes {
		fmt.Fprintf(&before, "\tF%d %s `session:\"f%d\"`\n", i, c.old, i)
		fmt.Fprintf(&after, "\tF%d %s `session:\"f%d\"`\n", i, c.new, i)
		fmt.Fprintf(&program, "\tok = true\n\tfor _, v := range []%s{%s} {\n"+
			"\t\tok = try(func(s *b.Session) { s.SetF%d(v) }, (*after.Session).HasF%d) && ok\n\t}\n\tfmt.Println(ok)\n",
			qualified(c.old), c.values, i, i)
	}
	before.WriteString("}\n")
	after.WriteString("}\n")
	program.WriteString("}\n")
	dir := module(t, []txtar.File{
		{Name: "kit/kit.go", Data: []byte(kit)},
		{Name: "before/before.go", Data: []byte(before.String())},
		{Name: "after/after.go", Data: []byte(after.String())},
		{Name: "main.go", Data: []byte(program.String())},
	})
	old := generate(t, dir)["before"]
	out, ok := goCommand(t, dir, "run", ".")
	if !ok {
		t.Fatalf("the program fails:\n%s", out)
	}
	read := strings.Fields(out)
	if len(read) != len(changes) {
		t.Fatalf("the program reports other changes:\n%s", out)
	}

	pkgs, err := schema.Load(schema.Config{Dir: dir, Patterns: []string{"./after"}, Env: moduleEnv})
	if err != nil {
		t.Fatal(err)
	}
	listed := func(src []byte) []schema.Written {
		return []schema.Written{{Path: "before/session_gen.go", Source: src}}
	}
	_, err = Update(pkgs[0], Previous{Written: listed(old)})
	findings, _ := err.(schema.Findings)
	for i, c := range changes {
		refused := false
		for _, f := range findings {
			refused = refused || f.Pos.Line == pkgs[0].Schemas[0].Fields[i].Pos.Line
		}
		decodes := read[i] == "true"
		if c.decodes != "" && (!decodes || !refused) || c.decodes == "" && refused == decodes {
			t.Errorf("%s -> %s: got refused %v, and all of %s decode: %v", c.old, c.new, refused, c.values, decodes)
		}
	}

	// The list has all changes from then on if they are allowed.
	src, err := Update(pkgs[0], Previous{Written: listed(old), AllowBreaking: true})
	if err != nil {
		t.Fatal(err)
	}
	again, err := Update(pkgs[0], Previous{Written: listed(src)})
	if err != nil || !bytes.Equal(again, src) {
		t.Errorf("the next run writes another file, error %v: %s", err, firstDifference(again, src))
	}
	if err := os.WriteFile(filepath.Join(dir, "after", "session_gen.go"), src, 0o666); err != nil {
		t.Fatal(err)
	}
	checkForm(t, src)
}

// qualified is a type of package before in the form that another package writes.
func qualified(typ string) string {
	i := strings.LastIndexAny(typ, "*]") + 1
	if typ[i] >= 'A' && typ[i] <= 'Z' {
		return typ[:i] + "b." + typ[i:]
	}
	return typ
}
