package gen

import (
	"fmt"
	"go/token"
	"go/types"
	"math"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/sessiongen/sessiongen/schema"
)

// TestBudgetIsTrue compares the bounds with the generated codecs: no random value is larger, and the largest possible
// value is exactly as large.
func TestBudgetIsTrue(t *testing.T) {
	if testing.Short() {
		t.Skip("this test compiles much")
	}
	a := archive(t, "budget.txtar")
	dir := module(t, a.Files)
	pkgs, err := schema.Load(schema.Config{Dir: dir, Patterns: []string{"./web"}, Env: moduleEnv})
	if err != nil {
		t.Fatal(err)
	}
	b := BudgetOf(pkgs[0].Schemas[0])
	var unbounded, check strings.Builder
	check.WriteString("package web\n\nimport \"testing\"\n\nfunc TestBounds(t *testing.T) {\n")
	for _, f := range b.Fields {
		if f.Unbounded != "" {
			fmt.Fprintf(&unbounded, "%s %s\n", f.Field.GoName, f.Unbounded)
			continue
		}
		fmt.Fprintf(&check, "\tbound(t, &session%sField, %d)\n", f.Field.GoName, f.Bytes)
	}
	check.WriteString("}\n")
	for _, f := range a.Files {
		if f.Name == "unbounded" && string(f.Data) != unbounded.String() {
			t.Errorf("got unbounded schemas\n%s\nwant\n%s", &unbounded, f.Data)
		}
	}
	dir = module(t, append(a.Files, txtar.File{Name: "web/bounds_test.go", Data: []byte(check.String())}))
	generate(t, dir)
	if out, ok := goCommand(t, dir, "test", "-vet=off", "./web"); !ok {
		t.Errorf("go test fails:\n%s", out)
	}
}

func fieldOf(name string, max int, typ *schema.Type) *schema.Field {
	return &schema.Field{Name: name, GoName: name, Key: strings.ToLower(name), Max: max, Type: typ}
}

func each(n int, f *schema.Field) *schema.Field {
	f.Each = n
	return f
}

var (
	anyType    = &schema.Type{Kind: schema.Any, Go: types.Universe.Lookup("any").Type()}
	stringType = &schema.Type{Kind: schema.String, Go: types.Typ[types.String]}
	intType    = &schema.Type{Kind: schema.Int, Go: types.Typ[types.Int64]}
)

func TestBudgetTexts(t *testing.T) {
	pos := token.Position{Filename: "web/web.go", Line: 3, Column: 6}
	fields := func(fields ...*schema.Field) *Budget {
		return BudgetOf(&schema.Schema{Name: "session", TypeName: "Session", Pos: pos, Fields: fields})
	}
	name, visits := fieldOf("Username", 64, stringType), fieldOf("N", 0, intType)
	free := func(name string) *schema.Field { return fieldOf(name, 0, stringType) }
	huge := fieldOf("Huge", math.MaxInt32, &schema.Type{Kind: schema.Slice,
		Elem: &schema.Type{Kind: schema.Array, Len: 1 << 40, Elem: intType}})

	for _, c := range []struct {
		budget     *Budget
		doc, table string
	}{
		{fields(name, visits), "Its cookie takes at most 233 of the 4096 bytes that browsers keep.",
			"  field          key       size\n" +
				"  Username       username  75\n" +
				"  N              n         11\n" +
				"  sealed cookie            233, 3863 left of 4096\n"},
		{fields(name, free("Bio")), "Nothing bounds Bio; browsers keep cookies of at most 4096 bytes.",
			"  field          key       size\n" +
				"  Username       username  75\n" +
				"  Bio            bio       unbounded; max=N bounds it\n" +
				"  sealed cookie            unbounded; 218 without the unbounded fields, 3878 left of 4096\n"},
		{fields(fieldOf("Roles", 8, &schema.Type{Kind: schema.Slice, Elem: stringType})), "Nothing bounds Roles; browsers keep cookies of at most 4096 bytes.",
			"  field          key    size\n" +
				"  Roles          roles  unbounded: roles[]; each=N bounds it\n" +
				"  sealed cookie         unbounded; 118 without the unbounded fields, 3978 left of 4096\n"},
		{fields(each(40, fieldOf("Roles", 8, &schema.Type{Kind: schema.Slice, Elem: stringType})),
			each(3, fieldOf("Short", 8, &schema.Type{Kind: schema.Slice, Elem: intType})),
			each(40, fieldOf("Ints", 8, &schema.Type{Kind: schema.Slice, Elem: intType})),
			each(40, fieldOf("Notes", 2, &schema.Type{Kind: schema.Map, Key: stringType, Elem: anyType})),
			each(40, fieldOf("Four", 0, &schema.Type{Kind: schema.Array, Len: 4, Elem: anyType}))),
			"Its cookie takes at most 1037 of the 4096 bytes that browsers keep.",
			"  field          key    size\n" +
				"  Roles          roles  327\n" + // key 6, header 1, 8 times 40
				"  Short          short  31\n" +
				"  Ints           ints   78\n" +
				"  Notes          notes  87\n" +
				"  Four           four   166\n" +
				"  sealed cookie         1037, 3059 left of 4096\n"},
		{fields(each(40, fieldOf("Roles", 0, &schema.Type{Kind: schema.Slice, Elem: stringType})),
			fieldOf("Tags", 0, &schema.Type{Kind: schema.Slice, Elem: stringType}),
			fieldOf("Nums", 0, &schema.Type{Kind: schema.Slice, Elem: intType}),
			fieldOf("Prefs", 3, &schema.Type{Kind: schema.Map, Key: stringType, Elem: intType}),
			fieldOf("Pair", 0, &schema.Type{Kind: schema.Array, Len: 2, Elem: stringType}),
			fieldOf("Any", 0, anyType),
			fieldOf("Ptr", 0, &schema.Type{Kind: schema.Pointer, Elem: stringType}), huge),
			"Nothing bounds Roles, Tags, Nums and 5 more; browsers keep cookies of at most 4096 bytes.",
			"  field          key    size\n" +
				"  Roles          roles  unbounded; max=N bounds it\n" +
				"  Tags           tags   unbounded; max=N,each=N bounds it\n" +
				"  Nums           nums   unbounded; max=N bounds it\n" +
				"  Prefs          prefs  unbounded: prefs[key]; each=N bounds it\n" +
				"  Pair           pair   unbounded: pair[]; each=N bounds it\n" +
				"  Any            any    unbounded; no option bounds it\n" +
				"  Ptr            ptr    unbounded; no option bounds it\n" +
				"  Huge           huge   unbounded: huge[]; each=N bounds it\n" +
				"  sealed cookie         unbounded; 118 without the unbounded fields, 3978 left of 4096\n"},
		{fields(fieldOf("Text", 5000, stringType)), "Its cookie may take 6796 bytes, more than the 4096 that browsers keep.",
			"  field          key   size\n" +
				"  Text           text  5008\n" +
				"  sealed cookie        6796, 2700 more than 4096\n"},
		{fields(free("A"), free("B")), "Nothing bounds A and B; browsers keep cookies of at most 4096 bytes.", ""},
		{fields(free("A"), free("B"), free("C")), "Nothing bounds A, B and C; browsers keep cookies of at most 4096 bytes.", ""},
		{fields(free("A"), free("B"), free("C"), free("D"), free("E")), "Nothing bounds A, B, C and 2 more; browsers keep cookies of at most 4096 bytes.", ""},
		{fields(huge), "Nothing bounds Huge; browsers keep cookies of at most 4096 bytes.", ""},
	} {
		if got := c.budget.doc(); got != c.doc {
			t.Errorf("got doc %s, want %s", got, c.doc)
		}
		if got := c.budget.String(); c.table != "" && got != "web/web.go:3:6: schema session, worst case in bytes\n"+c.table {
			t.Errorf("got table\n%s", got)
		}
	}
}

// The limit is exact: a schema that just fits is not too large.
func TestBudgetFindings(t *testing.T) {
	for max, want := range map[int]string{
		2978: "",
		2979: "schema session may need a cookie of 4097 bytes, and browsers keep 4096; the largest fields are A (2984 bytes)",
	} {
		b := BudgetOf(&schema.Schema{Name: "session", Fields: []*schema.Field{fieldOf("A", max, stringType)}})
		findings := b.Findings()
		if want == "" && len(findings) > 0 || want != "" && (len(findings) != 1 || findings[0].Message != want) {
			t.Errorf("max=%d: got a cookie of %d bytes: %v", max, b.Cookie, findings)
		}
	}
	large := []*schema.Field{fieldOf("A", 1000, stringType), fieldOf("B", 3000, stringType), fieldOf("C", 10, stringType), fieldOf("D", 2000, stringType)}
	b := BudgetOf(&schema.Schema{Name: "session", Fields: large})
	if f := b.Findings(); len(f) != 1 || !strings.HasSuffix(f[0].Message, "the largest fields are B (3005 bytes), D (2005 bytes), A (1005 bytes)") {
		t.Error(f)
	}
	b = BudgetOf(&schema.Schema{Name: "session", Fields: append(large, fieldOf("E", 0, stringType))})
	if f := b.Findings(); len(f) > 0 {
		t.Errorf("got finding %v, want none: the schema is bounded", f)
	}
}
