package gen

import (
	"go/token"
	"go/types"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/schema"
)

// A flow is only read as a flow, with a value that its old value can be read as.
func TestFitsFlow(t *testing.T) {
	for _, c := range []struct {
		old, new string
		want     bool
	}{
		{"flow(S)", "flow(S)", true},
		{"flow(S)", "S", false},
		{"S", "flow(S)", false},
		{"flow(S)", "any", false},
		{"any", "flow(S)", false},
		{"flow(S)", "*S", false},
		{"flow(json(S))", "flow(S)", false},
		{"flow(json(S))", "flow(json(S))", true},
		{"flow(json(S))", "json(S)", false},
		{"json(S)", "flow(json(S))", false},
	} {
		list := func(shape string) string { return "A\n  a " + shape + "\nS\n  x str" }
		if got := fitting(t, list(c.old), list(c.new)); got != c.want {
			t.Errorf("%s -> %s: got %v, want %v", c.old, c.new, got, c.want)
		}
	}
	if fitting(t, "A\n  a flow(S)\nS\n  x str", "A\n  a flow(S)\nS\n  x int") {
		t.Error("a member of another type fits")
	}
}

// A field that becomes or stops being a flow is refused, and so is a key that returns as the other.
func TestRefusedFlow(t *testing.T) {
	const types = "\nS\n  x str"
	for name, c := range map[string]struct {
		formats []string
		want    string
	}{
		"becomes one":  {[]string{"session\n  a S", "session\n  a flow(S)"}, `field a changes key "a" from S, listed at old.go:5, to flow(S), which cannot read it`},
		"was one":      {[]string{"session\n  a flow(S)", "session\n  a S"}, `field a changes key "a" from flow(S), listed at old.go:5, to S, which cannot read it`},
		"an older key": {[]string{"session\n  a flow(S)", "session\n  b<a S"}, `field b cannot read was=a as S: key "a" was flow(S), listed at old.go:5`},
		"returns": {[]string{"session\n  a flow(S)\n  b S", "session\n  b S", "session\n  b S\n  a S"},
			`field a brings key "a" back as S, but it was removed as flow(S), listed at old.go:6`},
		"returns as one": {[]string{"session\n  a S\n  b S", "session\n  b S", "session\n  b S\n  a flow(S)"},
			`field a brings key "a" back as flow(S), but it was removed as S, listed at old.go:6`},
		"stays":            {[]string{"session\n  a flow(S)\n  b S", "session\n  a flow(S)", "session\n  a flow(S)\n  b S"}, ""},
		"goes and returns": {[]string{"session\n  a flow(S)\n  b S", "session\n  b S", "session\n  b S\n  a flow(S)"}, ""},
	} {
		for i := range c.formats {
			c.formats[i] += types
		}
		_, findings := history(t, true, c.formats...)
		var got []string
		for _, f := range findings {
			got = append(got, f.Message)
		}
		if strings.Join(got, "\n") != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, strings.Join(got, "\n"), c.want)
		}
	}
}

// The cookies of flows count towards the header, and its limit is exact.
func TestBudgetOfFlows(t *testing.T) {
	flow := func(key string, max int, member *schema.Type) *schema.Field {
		f := fieldOf(key, max, &schema.Type{Kind: schema.StructKind, Go: types.NewStruct(nil, nil),
			Struct: &schema.Struct{Members: []*schema.Member{{Name: "x", Type: member}}}})
		f.Use = schema.Flow
		return f
	}
	bytes := func(n int64) *schema.Type { return &schema.Type{Kind: schema.ByteArray, Len: n} }
	pos := token.Position{Filename: "web/web.go", Line: 3, Column: 6}
	budget := func(fields ...*schema.Field) *Budget {
		return BudgetOf(&schema.Schema{Name: "session", TypeName: "Session", Pos: pos, Fields: fields})
	}
	name := fieldOf("Name", 64, stringType)
	for max, want := range map[int]string{
		7: "",
		8: "schema session may need a Cookie header of 8430 bytes, and many servers take 8192; its flows are A (8 of 1024 bytes)",
	} {
		findings := budget(name, flow("A", max, stringType)).Findings()
		if want == "" && len(findings) > 0 || want != "" && (len(findings) != 1 || findings[0].Message != want) {
			t.Errorf("max=%d: got findings %v", max, findings)
		}
	}
	if f := budget(fieldOf("Free", 0, stringType), flow("A", 8, stringType)).Findings(); len(f) != 1 {
		t.Errorf("with a field without a bound: got findings %v", f)
	}
	if f := budget(fieldOf("Large", 4000, stringType), flow("A", 16, stringType)).Findings(); len(f) != 1 || !strings.Contains(f[0].Message, "browsers keep") {
		t.Errorf("with a cookie that is too large: got findings %v", f)
	}
	fitting := map[bool]int{}
	for n := int64(600); n < 760; n++ {
		b := budget(fieldOf("Fill", 2974, stringType), flow("A", 4, bytes(n)))
		fits := b.Header <= 8192
		if fits != (len(b.Findings()) == 0) {
			t.Errorf("a header of %d bytes: got findings %v", b.Header, b.Findings())
		}
		fitting[fits]++
	}
	if len(fitting) != 2 {
		t.Errorf("got results %v, want both", fitting)
	}
	// The finding says in one sentence what flows add to the session's cookie.
	for text, b := range map[string]*Budget{
		"browsers keep; its flows add at most 895, and the Cookie header takes at most 1109 of the 8192 bytes that many servers take":     budget(name, flow("A", 5, bytes(32))),
		"browsers keep; its flows add at most 8216, and the Cookie header may take 8430 bytes, more than the 8192 that many servers take": budget(name, flow("A", 8, stringType)),
		"of at most 4096 bytes; its flows add at most 1027 to a Cookie header, of which many servers take 8192":                           budget(fieldOf("Free", 0, stringType), flow("A", 1, stringType)),
		"of the 4096 bytes that browsers keep": budget(name),
	} {
		if got := b.Finding().Message; !strings.HasSuffix(got, text) {
			t.Errorf("got finding %q, want it to end in %q", got, text)
		}
	}
	b := budget(name, flow("A", 5, bytes(32)), flow("B", 1, stringType))
	b.Flows[1].Field.Path = "/b"
	const table = "  field          key   size\n" +
		"  Name           name  71\n" +
		"  sealed cookie        213, 3883 left of 4096\n" +
		"  A              a     5 cookies of at most 176\n" +
		"  B              b     1 cookie of at most 1024\n" +
		"  Cookie header        2136, 6056 left of 8192\n"
	if got := b.String(); got != "web/web.go:3:6: schema session, worst case in bytes\n"+table {
		t.Errorf("got table\n%s", got)
	}
}
