package gen

import (
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// unnumbered removes the line numbers.
func unnumbered(list wireTypes) wireTypes {
	var out wireTypes
	for _, t := range list {
		t.Line = 0
		var members []wireMember
		for _, m := range t.Members {
			m.Line = 0
			members = append(members, m)
		}
		t.Members = members
		out = append(out, t)
	}
	return out
}

func TestWireComment(t *testing.T) {
	list := wireTypes{
		{Name: "session", Members: []wireMember{
			{Key: "username", Shape: "str"}, {Key: "user_id", Shape: "int64"}, {Key: "cart", Shape: "[]Item"},
			{Key: "a key", Shape: "time"}, {Key: `"`, Shape: "bin"},
			{Key: "token", Shape: "*oauth2.Token", Lost: "oauth2.Token.raw, a.B.c"},
			{Key: "old", Shape: "json([]Item)", Lost: "Item.x", Removed: true},
			{Key: "gone", Shape: "[]Item", Removed: true},
		}},
		{Name: "Item", Members: []wireMember{{Key: "SKU", Shape: "str"}}},
		{Name: "Login", Lost: "oauth2.Token.raw", Members: []wireMember{{Key: "At", Shape: "time"}}},
		{Name: "Point", Array: true, Lost: "Point.a, Point.b", Members: []wireMember{{Key: "X", Shape: "float64"}}},
		{Name: "Tree", Shape: "[]Tree"},
	}
	const want = wireIntro + `//
//	session
//	  username    str
//	  user_id     int64
//	  cart        []Item
//	  "a key"     time
//	  "\""        bin
//	  token       *oauth2.Token (partial: without oauth2.Token.raw, a.B.c)
//	  old         json([]Item) (partial: without Item.x) (removed)
//	  gone        []Item (removed)
//
//	Item
//	  SKU         str
//
//	Login (partial: without oauth2.Token.raw)
//	  At          time
//
//	Point (array) (partial: without Point.a, Point.b)
//	  X           float64
//
//	Tree = []Tree
`
	if got := list.comment(); got != want {
		t.Errorf("got comment\n%s", got)
	}
	for _, src := range []string{
		want + "\npackage web\n",
		strings.ReplaceAll("// header\n\n"+want+"\npackage web\n", "\n", "\r\n"),
		"\n" + want, // a truncated file
	} {
		got, err := parseWire([]byte(src))
		if err != nil || !reflect.DeepEqual(unnumbered(got), list) {
			t.Errorf("parseWire: got error %v,\ngot  %v\nwant %v", err, got, list)
		}
	}
	got, _ := parseWire([]byte(want))
	if line := got[1].Members[0].Line; strings.Split(want, "\n")[line-1] != "//\t  SKU         str" {
		t.Errorf("SKU has line %d", line)
	}
}

func TestWireRoundTrip(t *testing.T) {
	name := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-z_]{1,30}`))
	shape := rapid.StringMatching(`[a-z\[\]*]{1,9}( struct \{ A, B int \})?`)
	lost := rapid.StringMatching(`([A-Za-z.]{1,9}(, [a-z]{1,3})?)?`)
	list := rapid.SliceOf(rapid.Custom(func(t *rapid.T) wireType {
		w := wireType{Name: name.Draw(t, "name")}
		switch rapid.IntRange(0, 2).Draw(t, "form") {
		case 0:
			w.Shape = shape.Draw(t, "shape")
			return w
		case 1:
			w.Array = true
		}
		w.Lost = lost.Draw(t, "lost")
		for range rapid.IntRange(0, 3).Draw(t, "members") {
			w.Members = append(w.Members, wireMember{
				Key: name.Draw(t, "key"), Shape: shape.Draw(t, "shape"), Lost: lost.Draw(t, "lost"), Removed: rapid.Bool().Draw(t, "removed")})
		}
		return w
	}))
	rapid.Check(t, func(t *rapid.T) {
		want := wireTypes(list.Draw(t, "list"))
		got, err := parseWire([]byte(want.comment() + "\npackage web\n//\tnot = ours\n"))
		if err != nil || len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(unnumbered(got), want) {
			t.Fatalf("got error %v, list %v\nwant %v\n%s", err, got, want, want.comment())
		}
	})
}

func TestWireDamaged(t *testing.T) {
	for _, src := range []string{"//\t  key str\n", "//\tItem\n//\t  key\n", "//\tItem\n//\t  key str", "//\tItem (list)\n", "//\t\"Item\n", "//\t\"\\q\"\n"} {
		if got, err := parseWire([]byte(wireIntro + src)); err == nil || !strings.Contains(err.Error(), "line ") {
			t.Errorf("%q: got %v, %v, want an error with a line", src, got, err)
		}
	}
	if got, err := parseWire([]byte("package web\n\n//\tItem (list)\n")); got != nil || err != nil {
		t.Errorf("without a list: got %v, %v", got, err)
	}
}
