package schema

import (
	"go/ast"
	"go/token"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// Random tags are split as package reflect does, and every byte of a value has the position of its source byte.
func TestTagsAsReflect(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	pieces := []string{"session", ":", `"`, `"`, " ", "a", ",", "=", "'", `\`, `\"`, `\n`, "é", `session:"a,`, `json:"x" `, `session:"`, "default='a''", `session:"b,max=1" `, `session:"c"`}
	good := 0
	for range 50000 {
		var b strings.Builder
		for range r.IntN(7) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		tag := b.String()
		src := "`" + tag + "`"
		if r.IntN(2) == 0 {
			src = strconv.Quote(tag)
		}
		value, found, _, err := sessionTag(&ast.BasicLit{ValuePos: 1, Kind: token.STRING, Value: src})
		if err != nil {
			continue
		}
		if want, ok := reflect.StructTag(tag).Lookup("session"); value.s != want || found != ok {
			t.Fatalf("tag %s: got %q, %v; reflect returns %q, %v", src, value.s, found, want, ok)
		}
		if !found {
			continue
		}
		good++
		at := func(p token.Pos) byte { return src[p-1] }
		for i, p := range value.pos[:len(value.s)] {
			if c := at(p); c != value.s[i] && c != '\\' {
				t.Fatalf("tag %s: byte %d of value %q is at %d, where the source has %q", src, i, value.s, p, c)
			}
		}
		_, rest, _ := value.cut(",")
		list, _, _ := options(rest)
		for _, o := range list {
			if len(o.value.pos) != len(o.value.s)+1 || len(o.name.pos) != len(o.name.s)+1 {
				t.Fatalf("tag %s: option %q=%q has %d positions", src, o.name.s, o.value.s, len(o.value.pos))
			}
		}
	}
	if good < 1000 {
		t.Errorf("only %d tags could be compared", good)
	}
}

func TestOptions(t *testing.T) {
	for _, test := range []struct{ in, want, err string }{
		{"secret", "secret", ""},
		{"max=3,default=a b=c", "max[3] default[a b=c]", ""},
		{"default='a, b',secret", "default[a, b] secret", ""},
		{"default=''", "default[]", ""},
		{"default=''''", "default[']", ""},
		{"default='it''s',was=x,was=y", "default[it's] was[x] was[y]", ""},
		{"default=it's", "default[it's]", ""},
		{"secret,", "secret ", ""},
		{"default='a", "", "a quote without its end"},
		{"default='a'b", "default[a]", "a comma is missing after the quoted value"},
	} {
		list, _, err := options(literal(&ast.BasicLit{Value: strconv.Quote(test.in)}))
		var got []string
		for _, o := range list {
			s := o.name.s
			if o.hasValue {
				s += "[" + o.value.s + "]"
			}
			got = append(got, s)
		}
		if strings.Join(got, " ") != test.want || (err == nil) != (test.err == "") || err != nil && err.Error() != test.err {
			t.Errorf("%s: got %q, %v; want %s, %s", test.in, got, err, test.want, test.err)
		}
	}
}

func TestSuggest(t *testing.T) {
	for name, want := range map[string]string{"maxx": "max", "dfault": "default", "pricnipal": "principal", "Secret": "secret", "tl": "ttl", "expires": ""} {
		if got := suggest(name, optionNames); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
