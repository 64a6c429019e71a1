package schema

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLoadErrors(t *testing.T) {
	dir := module(t, parse(`
-- web/web.go --
package web

type session struct {
	A int `+"`session:\"a\"`"+`
}

type user struct{ A int }
-- two/a.go --
package a
-- two/b.go --
package b
-- cycle1/a.go --
package cycle1

import _ "example.com/m/cycle2"
-- cycle2/a.go --
package cycle2

import _ "example.com/m/cycle1"
-- plan9/a_plan9.go --
package plan9
-- bare/README --
nothing here
-- badmod/go.mod --
module example.com/badmod

go 1.26.0

requires what
-- badmod/a.go --
package badmod
-- future/go.mod --
module example.com/future

go 1.999
-- future/a.go --
package future
`))
	none := t.TempDir()
	if err := os.WriteFile(filepath.Join(none, "a.go"), []byte("package a\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		dir, pattern, types string
		want                string // "..." stands for text of the go command
	}{
		{none, ".", "", "no go.mod in this directory or any above it\n\tgo mod init example.com/name"},
		{none, "./...", "", "no go.mod in this directory or any above it\n\tgo mod init example.com/name"},
		{dir, "./nope", "", "stat nope: directory not found"},
		{dir, "./bare", "", "no Go files in bare"},
		{dir, "./bare/...", "", "no packages match ./bare/...\n\tname a directory with Go files, such as ./web, or ./... for all below"},
		{dir, "net/htp", "", "package net/htp is not in std (...)"},
		{dir, "./two", "", "found packages a (a.go) and b (b.go) in two"},
		{dir, "./cycle1", "", "package example.com/m/cycle1: import cycle not allowed: import stack: [example.com/m/cycle1 example.com/m/cycle2 example.com/m/cycle1]"},
		{dir, "./plan9", "", "build constraints exclude all Go files in plan9\n\tchoose another build with -tags, or for another system: GOOS=windows $(go tool -n sessiongen)"},
		{filepath.Join(dir, "badmod"), ".", "", "the go command failed: go: errors parsing go.mod:\n...unknown directive: requires"},
		{filepath.Join(dir, "future"), ".", "", "the go command failed: go: go.mod requires go >= 1.999...GOTOOLCHAIN=local)"},
		{filepath.Join(dir, "gone"), ".", "", "stat ...gone: no such file or directory"},
		{dir, "./web", "sesion", "-type sesion: there is no such type in the packages\n\tdid you mean session?"},
		{dir, "./web", "session=visitor", "-type session=visitor: \"visitor\" is not an exported name\n\twrite -type session, or -type session=Visitor"},
		{dir, "./web", "=Visitor", "-type =Visitor: \"\" is not the name of a type\n\twrite -type session, or -type session=Visitor"},
		{dir, "./web", "session session=B", "-type: session is given twice"},
	} {
		_, err := Load(Config{
			Dir: test.dir, Patterns: []string{test.pattern}, Types: strings.Fields(test.types),
			Env: append(os.Environ(), "GOFLAGS=", "GOPROXY=off", "GOWORK=off", "GOTOOLCHAIN=local"),
		})
		var loading *LoadError
		if !errors.As(err, &loading) || !like(err.Error(), test.want) {
			t.Errorf("%s %s: got %T\n%v\nwant\n%s", test.pattern, test.types, err, err, test.want)
		}
	}
}

// like compares a string with a pattern in which ... stands for anything.
func like(s, pattern string) bool {
	parts := strings.Split(pattern, "...")
	if len(parts) == 1 || strings.Contains(pattern, "./...") {
		return s == pattern
	}
	for i, part := range parts {
		at := strings.Index(s, part)
		if at < 0 || i == 0 && at != 0 {
			return false
		}
		s = s[at+len(part):]
	}
	return s == "" || parts[len(parts)-1] == ""
}

func TestTypes(t *testing.T) {
	dir := module(t, parse(`
-- web/web.go --
package web

type session struct {
	A int `+"`session:\"a\"`"+`
}

type adminSchema struct {
	A chan int `+"`session:\"a\"`"+`
}

type plain struct{ A int }
-- other/other.go --
package other

type session int
`))
	conf := Config{Dir: dir, Patterns: []string{"./..."}, Types: []string{"session=Visitor"}, Env: append(os.Environ(), "GOFLAGS=", "GOPROXY=off", "GOWORK=off")}
	pkgs, err := Load(conf)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range pkgs {
		for _, s := range p.Schemas {
			got = append(got, p.Name+"."+s.Name+" "+strings.Join(s.Generated(), " "))
		}
	}
	if want := "web.session Visitor NewVisitorManager VisitorFrom VisitorManager"; strings.Join(got, ", ") != want {
		t.Errorf("got %q, want %s", got, want)
	}

	conf.Types = []string{"session", "plain"}
	_, err = Load(conf)
	want := "web/web.go:11:6: -type plain: it is no struct type with session tags\n\ttag its fields, as in `session:\"user_id\"`"
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

// A package without a schema is not checked, so that ./... stays quiet about it.
func TestNoSchema(t *testing.T) {
	dir := module(t, parse(`
-- broken/broken.go --
package broken

type T struct { A Missing }

func (
-- empty/empty.go --
package empty
`))
	pkgs, err := load(t, dir, "./...")
	if err != nil || len(pkgs) != 2 || pkgs[0].Schemas != nil || pkgs[1].Schemas != nil {
		t.Errorf("got %v, %v", pkgs, err)
	}
}

// A tag's column is the same in a file with DOS line ends, and a package may embed files that do not exist yet.
func TestColumns(t *testing.T) {
	src := "package web\n\nimport _ \"embed\"\n\n//go:embed dist/*\nvar dist string\n\n" +
		"type session struct {\n\tA int `session:\"a,maxx=1\"`\n\tB int \"json:\\\"b\\\" session:\\\"b,maxx=1\\\"\"\n}\n"
	dir := module(t, parse("-- a/a.go --\n"+src+"-- b/b.go --\n"+strings.ReplaceAll(src, "\n", "\r\n")))
	_, err := load(t, dir, "./...")
	var found Findings
	errors.As(err, &found)
	var got []string
	for _, f := range found {
		got = append(got, f.Pos.String())
	}
	if want := "a/a.go:9:20 a/a.go:10:32 b/b.go:9:20 b/b.go:10:32"; strings.Join(got, " ") != want {
		t.Errorf("got %s, want %s: %v", got, want, err)
	}
}

// Dir may be relative or a link; paths in findings start from it.
func TestPaths(t *testing.T) {
	dir := module(t, parse("-- web/deep/web.go --\npackage web\n\ntype session struct {\n\tA chan int `session:\"a\"`\n}\n"))
	link := filepath.Join(t.TempDir(), "a link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ dir, want string }{
		{dir, "web/deep/web.go:4:4: a: "},
		{link, "web/deep/web.go:4:4: a: "},
		{filepath.Join(dir, "web", "deep"), "web.go:4:4: a: "},
	} {
		_, err := load(t, test.dir, "./...")
		if err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("in %s: got %v, want %s", test.dir, err, test.want)
		}
	}
}

// Packages of dependencies are not ours to write into, even if a replace directive puts them next to the module.
func TestDependency(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"m/go.mod": "module example.com/m\n\ngo 1.26\n\nrequire example.com/d v0.0.0\n\nreplace example.com/d => ../d\n",
		"m/m.go":   "package m\n\nimport _ \"example.com/d\"\n\ntype session struct {\n\tA int `session:\"a\"`\n}\n",
		"d/go.mod": "module example.com/d\n\ngo 1.26\n",
		"d/d.go":   "package d\n\ntype session struct {\n\tA int `session:\"a\"`\n}\n",
	} {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o777), os.WriteFile(name, []byte(text), 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	load := func(pattern string, reads bool) ([]*Package, error) {
		return Load(Config{
			Dir: filepath.Join(dir, "m"), Patterns: []string{pattern}, Dependencies: reads,
			Env: append(os.Environ(), "GOFLAGS=", "GOPROXY=off", "GOWORK=off", "GOTOOLCHAIN=local"),
		})
	}
	pkgs, err := load("all", false)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pkgs {
		if filepath.Base(p.Dir) != "m" {
			t.Errorf("Load returns %s", p.Dir)
		}
	}
	const want = "package example.com/d is of module example.com/d, which is a dependency here\n\trun sessiongen in that module's own directory"
	for _, pattern := range []string{"example.com/d", "example.com/d/..."} {
		if _, err := load(pattern, false); err == nil || err.Error() != want {
			t.Errorf("%s: got %v\nwant %s", pattern, err, want)
		}
		if pkgs, err := load(pattern, true); err != nil || len(pkgs) != 1 {
			t.Errorf("%s, to be read: got %d packages, %v", pattern, len(pkgs), err)
		}
	}
}
