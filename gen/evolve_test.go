package gen

import (
	"fmt"
	"go/token"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/schema"
)

// A history is a series of wire formats, written as in the list but without comment signs, as each run would list them
// without a past. It returns the last run's list, and the findings.
func history(t *testing.T, breaking bool, formats ...string) (string, schema.Findings) {
	t.Helper()
	var file []byte
	var findings schema.Findings
	for i, text := range formats {
		list, err := parseWire([]byte(wireIntro + "//\t" + strings.ReplaceAll(text, "\n", "\n//\t") + "\n"))
		if err != nil {
			t.Fatal(err)
		}
		pkg := &schema.Package{}
		for j := range list {
			if name := list[j].Name; strings.ToLower(name) != name || list[j].Shape != "" {
				continue // a type: schemas have names in lower case here
			}
			s := &schema.Schema{Name: list[j].Name}
			for k := range list[j].Members {
				m := &list[j].Members[k]
				key, was, _ := strings.Cut(m.Key, "<") // new<old stands for the key new with was=old
				if m.Key = key; was != "" {
					m.also = []string{was}
				}
				s.Fields = append(s.Fields, &schema.Field{GoName: key, Key: key, Was: m.also,
					Pos: token.Position{Filename: "web.go", Line: len(s.Fields) + 1, Column: 2}})
			}
			pkg.Schemas = append(pkg.Schemas, s)
		}
		g := &generator{pkg: pkg}
		merged, found := g.evolve(list, Previous{Written: []schema.Written{{Path: "old.go", Source: file}}})
		if i < len(formats)-1 && len(found) > 0 && !breaking {
			t.Fatalf("step %d: got findings %v", i, found)
		}
		findings, file = found, []byte(merged.comment())
		again, found := g.evolve(list, Previous{Written: []schema.Written{{Path: "old.go", Source: file}}})
		if text := again.comment(); len(found) > 0 || text != string(file) {
			t.Fatalf("step %d, run again: got findings %v\n%s\nafter\n%s", i, found, text, file)
		}
	}
	text := strings.TrimPrefix(string(file), wireIntro)
	text = strings.ReplaceAll(strings.ReplaceAll(text, "//\t", ""), "//\n", "")
	for strings.Contains(text, "   ") {
		text = strings.ReplaceAll(text, "   ", "  ")
	}
	return text, findings
}

func TestRemovedIsRemembered(t *testing.T) {
	for name, c := range map[string]struct {
		formats []string
		want    string
	}{
		"a key": {
			[]string{"session\n  a str\n  b int", "session\n  b int"},
			"session\n  b  int\n  a  str (removed)\n",
		},
		"a key that returns": {
			[]string{"session\n  a str\n  b int", "session\n  b int", "session\n  b int\n  a *str"},
			"session\n  b  int\n  a  *str\n",
		},
		"keys, one after the other": {
			[]string{"session\n  a str\n  b int\n  c int\n  d int", "session\n  b int\n  c int\n  d int", "session\n  c int\n  d int", "session\n  d int"},
			"session\n  d  int\n  c  int (removed)\n  b  int (removed)\n  a  str (removed)\n",
		},
		"an older key": {
			[]string{"session\n  a str", "session\n  b<a str", "session\n  b<a str"},
			"session\n  b  str\n  a  str (removed)\n",
		},
		"a member": {
			[]string{"session\n  a Item\nItem\n  x int\n  y str", "session\n  a Item\nItem\n  y str"},
			"session\n  a  Item\nItem\n  y  str\n  x  int (removed)\n",
		},
		"a member of a type that was renamed": {
			[]string{"session\n  a *Item\nItem\n  x int\n  y str\n  i *Item", "session\n  a *Thing\nThing\n  y str\n  i *Thing"},
			"session\n  a  *Thing\nThing\n  y  str\n  i  *Thing\n  x  int (removed)\n",
		},
		"two types made one": {
			[]string{"session\n  a A\n  b B\nA\n  x int\n  y int\nB\n  x str\n  y int", "session\n  a C\n  b C\nC\n  y int"},
			"session\n  a  C\n  b  C\nC\n  y  int\n  x  int (removed)\n  x  str (removed)\n",
		},
		"a key with its types": {
			[]string{"session\n  a map[str][]Item\n  b int\nItem\n  x [2]Tree\n  t bin[4]\nTree = []Tree", "session\n  b int"},
			"session\n  b  int\n  a  map[str][]Item (removed)\nItem\n  x  [2]Tree\n  t  bin[4]\nTree = []Tree\n",
		},
		"a key whose type goes on": {
			[]string{"session\n  a Item\n  b Item\nItem\n  x int8\n  y str", "session\n  b Item\nItem\n  x int64"},
			"session\n  b  Item\n  a  Item (removed)\nItem\n  x  int64\n  y  str (removed)\n",
		},
		"a key whose type's name is another's": {
			[]string{"session\n  a []Item\n  b int\nItem\n  x int\n  i *Item", "session\n  b int\n  c Item\nItem\n  x str"},
			"session\n  b  int\n  c  Item\n  a  []Item2 (removed)\nItem\n  x  str\nItem2\n  x  int\n  i  *Item2\n",
		},
		"a key whose type's name is another's that reads it": {
			[]string{"session\n  a Item\n  b int\nItem\n  x int\n  y int", "session\n  b int\n  c Item\nItem\n  x int", "session\n  c Item\nItem\n  x int\n  y str"},
			"session\n  c  Item\n  b  int (removed)\n  a  Item2 (removed)\nItem\n  x  int\n  y  str\nItem2\n  x  int\n  y  int\n",
		},
		"a key whose type, no struct, goes on": {
			[]string{"session\n  a Tree\n  b T\nT = []Tree\nTree = []Tree", "session\n  b T\nT = []Tree\nTree = []Tree"},
			"session\n  b  T\n  a  Tree (removed)\nT = []Tree\nTree = []Tree\n",
		},
		"twice": {
			[]string{"session\n  a []Item\n  b int\nItem\n  x int", "session\n  b int\n  c Item\nItem\n  x str", "session\n  c Item\n  d Item2\nItem\n  x str\nItem2\n  x bin"},
			"session\n  c  Item\n  d  Item2\n  b  int (removed)\n  a  []Item22 (removed)\nItem\n  x  str\nItem2\n  x  bin\nItem22\n  x  int\n",
		},
		"by schema": {
			[]string{"session\n  a str\n  b str\nadmin\n  a int\n  b int", "session\n  a str\nadmin\n  b int"},
			"session\n  a  str\n  b  str (removed)\nadmin\n  b  int\n  a  int (removed)\n",
		},
		"under another name of the schema": {
			[]string{"session\n  a str\n  b str", "visitor\n  a str"},
			"visitor\n  a  str\n  b  str (removed)\nsession (removed)\n  a  str\n  b  str\n",
		},
		"under another name, and back": {
			[]string{"session\n  a str\n  b str", "visitor\n  a str\n  c int", "session\n  a str"},
			"session\n  a  str\n  c  int (removed)\n  b  str (removed)\nvisitor (removed)\n  a  str\n  c  int\n  b  str (removed)\n",
		},
		"not of a schema that is there": {
			[]string{"session\n  a str\n  b str", "session\n  a str\n  b str\nvisitor\n  a int"},
			"session\n  a  str\n  b  str\nvisitor\n  a  int\n",
		},
		"a schema": {
			[]string{"session\n  a str\nadmin\n  b str\n  c int", "session\n  a str\nadmin\n  b str", "session\n  a str", "session\n  a str"},
			"session\n  a  str\nadmin (removed)\n  b  str\n  c  int (removed)\n",
		},
		"a schema that returns": {
			[]string{"session\n  a str\nadmin\n  b str\n  c int", "session\n  a str", "session\n  a str\nadmin\n  b *str"},
			"session\n  a  str\nadmin\n  b  *str\n  c  int (removed)\n",
		},
		"schemas, one after the other": {
			[]string{"session\n  a str\nadmin\n  b str\nshop\n  c str", "session\n  a str\nadmin\n  b str", "session\n  a str"},
			"session\n  a  str\nadmin (removed)\n  b  str\nshop (removed)\n  c  str\n",
		},
		"a schema with its types": {
			[]string{"session\n  a str\nadmin\n  b []Item\nItem\n  x int", "session\n  a str\n  c Item\nItem\n  x str"},
			"session\n  a  str\n  c  Item\nadmin (removed)\n  b  []Item2\nItem\n  x  str\nItem2\n  x  int\n",
		},
	} {
		got, findings := history(t, false, c.formats...)
		if len(findings) > 0 || got != c.want {
			t.Errorf("%s: got findings %v and\n%s\nwant\n%s", name, findings, got, c.want)
		}
	}
}

func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		formats []string
		want    string // the messages without their position
	}{
		"a key":         {[]string{"session\n  a str", "session\n  a int"}, `field a changes key "a" from str, listed at old.go:5, to int, which cannot read it`},
		"a removed key": {[]string{"session\n  a str\n  b str", "session\n  b str", "session\n  b str\n  a int"}, `field a brings key "a" back as int, but it was removed as str, listed at old.go:6`},
		"an older key":  {[]string{"session\n  a str", "session\n  b<a int"}, `field b cannot read was=a as int: key "a" was str, listed at old.go:5`},
		"a removed older key": {[]string{"session\n  a str\n  c str", "session\n  c str", "session\n  c str\n  b<a int"},
			`field b cannot read was=a as int: key "a" was str, listed at old.go:6`},
		"an older key that returns": {[]string{"session\n  a str", "session\n  b<a str", "session\n  b str\n  a int"},
			`field a brings key "a" back as int, but it was removed as str, listed at old.go:6`},
		"a member": {[]string{"session\n  a []Item\nItem\n  x str", "session\n  a []Item\nItem\n  x int"}, `field a changes a[].x from str, listed at old.go:8, to int, which cannot read it`},
		"a removed member": {[]string{"session\n  a []Item\nItem\n  x str", "session\n  a []Item\nItem\n  y int", "session\n  a []Item\nItem\n  y int\n  x int"},
			`field a brings a[].x back as int, but it was removed as str, listed at old.go:9`},
		"a member of a removed key": {[]string{"session\n  a []Item\n  b str\nItem\n  x str", "session\n  b str", "session\n  a []Item\n  b str\nItem\n  x int"},
			`field a changes a[].x from str, listed at old.go:9, to int, which cannot read it`},
		"a member of an older key": {[]string{"session\n  a Item\nItem\n  x str", "session\n  b<a Item\nItem\n  x int"},
			`field b cannot read was=a as int: a.x was str, listed at old.go:8`},
		"a member for every field": {[]string{"session\n  a Item\n  b *Item\nItem\n  x str", "session\n  a Item\n  b *Item\nItem\n  x int"},
			"field a changes a.x from str, listed at old.go:9, to int, which cannot read it\nfield b changes b.x from str, listed at old.go:9, to int, which cannot read it"},
		"an array": {[]string{"session\n  a P\nP (array)\n  x str\n  y str", "session\n  a P\nP (array)\n  y str\n  x str"},
			`field a changes the members of a, which are stored in order, from x, y, listed at old.go:7, to y, x`},
		"what a name stands for": {[]string{"session\n  a []P\nP (array)\n  x str", "session\n  a []P\nP\n  x str"},
			`field a changes key "a" from []P (array), listed at old.go:5, to []P (map), which cannot read it`},
		"a type that holds itself": {[]string{"session\n  a T\nT = []T", "session\n  a T\nT = map[str]T"},
			`field a changes key "a" from T = []T, listed at old.go:5, to T = map[str]T, which cannot read it`},
		"under another name of the schema": {[]string{"session\n  a str\n  b Item\nItem\n  x int", "visitor\n  a int"},
			`field a changes key "a" from str, listed at old.go:5, to int, which cannot read it`},
		"one of two under another name": {[]string{"session\n  a str", "visitor\n  a int\nshop\n  c int"},
			`field a changes key "a" from str, listed at old.go:5, to int, which cannot read it`},
		"two under other names": {[]string{"session\n  a str\nadmin\n  a str", "visitor\n  a int\nboss\n  c int"},
			"field a changes key \"a\" from str, listed at old.go:5, to int, which cannot read it\nfield a changes key \"a\" from str, listed at old.go:8, to int, which cannot read it"},
		"a removed schema": {[]string{"session\n  a str\nadmin\n  b str", "session\n  a str", "session\n  a str\nadmin\n  b int"},
			`field b changes key "b" from str, listed at old.go:8, to int, which cannot read it`},
		"a key of a removed schema": {[]string{"session\n  a str\nadmin\n  b str\n  c str", "session\n  a str\nadmin\n  b str", "session\n  a str", "session\n  a str\nadmin\n  c int"},
			`field c brings key "c" back as int, but it was removed as str, listed at old.go:9`},
		"a removed schema whose place another has": {[]string{"session\n  a str", "visitor\n  b str", "session\n  a int"},
			"field a brings key \"a\" back as int, but it was removed as str, listed at old.go:6\nfield a changes key \"a\" from str, listed at old.go:9, to int, which cannot read it"},
	} {
		_, findings := history(t, true, c.formats...)
		var got []string
		for _, f := range findings {
			got = append(got, f.Message)
			if !strings.HasSuffix(f.Hint, "-allow-breaking") || !strings.Contains(f.Hint, "was=") || f.Pos.Filename != "web.go" {
				t.Errorf("%s: got finding %v without its hint or place", name, f)
			}
		}
		if strings.Join(got, "\n") != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, strings.Join(got, "\n"), c.want)
		}
	}
}

// A change that was allowed to break is forgotten; the rest is not. (history runs each step twice: the second time
// must have nothing to refuse.)
func TestAllowedOnce(t *testing.T) {
	got, findings := history(t, true,
		"session\n  a str\n  b []Item\n  c str\n  d str\n  p P\nItem\n  x str\n  y str\nP (array)\n  x int\n  y int",
		"session\n  b []Item\n  c int\n  e<a int\n  p P\nItem\n  x int\nP (array)\n  x int")
	const want = "session\n  b  []Item\n  c  int\n  e  int\n  p  P\n  d  str (removed)\nItem\n  x  int\n  y  str (removed)\nP (array)\n  x  int\n"
	if got != want || len(findings) != 4 {
		t.Errorf("got findings %v\n%s", findings, got)
	}
}

// A change that was allowed to break a type still counts for a removed key of that type.
func TestAllowedElsewhere(t *testing.T) {
	got, findings := history(t, true,
		"session\n  a Item\n  b Item\nItem\n  x str",
		"session\n  a Item\nItem\n  x int")
	const want = "session\n  a  Item\n  b  Item2 (removed)\nItem\n  x  int\nItem2\n  x  str\n"
	if got != want || len(findings) != 1 {
		t.Errorf("got findings %v\n%s", findings, got)
	}
}

func TestUnreadableLists(t *testing.T) {
	list := wireTypes{{Name: "session", Members: []wireMember{{Key: "a", Shape: "int"}}}}
	g := &generator{pkg: &schema.Package{Schemas: []*schema.Schema{{Name: "session", Fields: []*schema.Field{{GoName: "A", Key: "a"}}}}}}
	for source, refused := range map[string]bool{
		"":                                      false,
		"package web":                           false,
		"%s//\tsession\n//\t  a str":            false, // cut off
		"%s//\tsession\n//\t  a str\n":          true,
		"%s//\tsession\n//\t  a str\n<<<<":      true,
		"%s//\tsession\n//\t  a str\n//\t  b\n": false,
		"%s//\tsession\n//\t  a str\n//\t  b Gone\n":        false,
		"%s//\tsession\n//\t  a str\n//\tsession\n":         false,
		"%s//\tsession\r\n//\t  a str\r\n\r\npackage web":   true,
		"<<<<\n%s//\tsession\n//\t  a str\n\npackage web }": true,
	} {
		if strings.Contains(source, "%s") {
			source = fmt.Sprintf(source, wireIntro)
		}
		merged, findings := g.evolve(list, Previous{Written: []schema.Written{{Source: []byte(source)}}})
		if (len(findings) > 0) != refused || len(merged) != 1 {
			t.Errorf("%q: got %v, findings %v", source, merged, findings)
		}
	}
}

// Every file that the run replaces counts for a schema; the other files only count if those have no entry for it.
func TestSeveralFiles(t *testing.T) {
	file := func(path string, stays bool, list string) schema.Written {
		return schema.Written{Path: path, Source: []byte(wireIntro + "//\t" + strings.ReplaceAll(list, "\n", "\n//\t") + "\n"), Stays: stays}
	}
	session := &schema.Schema{Name: "session", Fields: []*schema.Field{{GoName: "A", Key: "a"}}}
	for name, c := range map[string]struct {
		files  []schema.Written
		others []string
		want   string // where the breaches are listed
		kept   string // schemas that are gone
	}{
		"in one that stays":          {[]schema.Written{file("a.go", true, "session\n  a str\nadmin\n  a str")}, []string{"admin"}, "a.go:4", ""},
		"in one that goes":           {[]schema.Written{file("a.go", false, "session\n  a str")}, nil, "a.go:4", ""},
		"in two that go":             {[]schema.Written{file("a.go", false, "session\n  b str"), file("b.go", false, "session\n  a str")}, nil, "b.go:4", ""},
		"in its own, newer":          {[]schema.Written{file("a.go", true, "session\n  a str"), file("b.go", false, "session\n  a int")}, nil, "", ""},
		"removed from a file":        {[]schema.Written{file("a.go", true, "admin\n  a str\nsession (removed)\n  a str")}, []string{"admin"}, "a.go:6", ""},
		"of another schema":          {[]schema.Written{file("a.go", true, "admin\n  a str")}, []string{"admin"}, "", ""},
		"of one that is gone":        {[]schema.Written{file("a.go", true, "admin\n  a str\nshop\n  a str")}, []string{"shop"}, "a.go:4", ""},
		"of one that was gone":       {[]schema.Written{file("a.go", true, "shop\n  a str\nadmin (removed)\n  a str")}, []string{"shop"}, "", ""},
		"goes, and not its schemas":  {[]schema.Written{file("a.go", false, "session\n  a int\nadmin\n  a str")}, []string{"admin"}, "", ""},
		"goes with some":             {[]schema.Written{file("a.go", false, "session\n  a int\nadmin\n  b str"), file("b.go", false, "shop (removed)\n  c str")}, nil, "", "admin shop"},
		"goes with what is back":     {[]schema.Written{file("a.go", false, "session\n  a int\nadmin (removed)\n  b str")}, []string{"admin"}, "", "admin"},
		"cannot be read":             {[]schema.Written{{Path: "a.go", Source: []byte("}}}")}, file("b.go", true, "session\n  a str")}, nil, "b.go:4", ""},
		"has a type of a gone one's": {[]schema.Written{file("a.go", false, "session\n  a Int\nInt (removed)\n  a str\nInt (array)\n  a int")}, nil, "a.go:4", "Int"},
	} {
		g := &generator{pkg: &schema.Package{Schemas: []*schema.Schema{session}, Others: c.others}}
		list, findings := g.evolve(wireTypes{{Name: "session", Members: []wireMember{{Key: "a", Shape: "int"}}}}, Previous{Written: c.files})
		var listed, kept []string
		for _, f := range findings {
			_, at, _ := strings.Cut(f.Message, "listed at ")
			at, _, _ = strings.Cut(at, ",")
			listed = append(listed, at)
		}
		for _, l := range list {
			if l.Removed {
				kept = append(kept, l.Name)
			}
		}
		if strings.Join(listed, " ") != c.want || strings.Join(kept, " ") != c.kept {
			t.Errorf("%s: compared with the list at %q, want %q; keeps %q, want %q", name, listed, c.want, kept, c.kept)
		}
	}
}
