package docstest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each kind of block is completed to a file; anything else, and anything that gofmt would change, is refused.
func TestComplete(t *testing.T) {
	root, _ := project(t)
	site, err := readPool(filepath.Join(root, "testdata", "docs"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ block, has, not, fails string }{
		{block: "package web\n\ntype T struct{}\n", has: "/*line p.md:2:1*/package web\n"},
		{block: "func hello(w http.ResponseWriter) {}\n", has: `import http "net/http"`, not: "NewSessionManager"},
		{block: "func (s *Session) GetUserID() int64\n", has: "var _ func(*Session) int64 = (*Session).GetUserID"},
		{block: "func f(a, b int) (n int, err error)\n", has: "var _ func(int, int) (n int, err error) = f"},
		{block: "Name string `session:\"name\"`\n", has: "type session struct {"},
		{block: "x, err := f()\n", has: "_ = x\n_ = err\n"},
		{block: "runtime.Config{Keys: keys}\n", has: "_ = \n//line p.md:2\nruntime.Config{Keys: keys}"},
		{block: "sessions.RevokeAll(ctx)\n", has: "sessions, _ := NewSessionManager", not: "_ = sessions\n"},
		{block: "x :=f()\n", fails: "p.md:2: not gofmt'd"},
		{block: "x, err := ...\n", fails: "p.md:2: neither a file, declarations, fields nor statements"},
	} {
		packages, err := complete(Parse("p.md", "```go\n"+c.block+"```\n"), site)
		if err != nil || c.fails != "" {
			if c.fails == "" || err == nil || !strings.HasPrefix(err.Error(), c.fails) {
				t.Errorf("%s: got error %v, want %q", c.block, err, c.fails)
			}
			continue
		}
		text := ""
		for _, file := range packages[0].Files {
			text += file
		}
		if !strings.Contains(text, c.has) || c.not != "" && strings.Contains(text, c.not) {
			t.Errorf("%s becomes\n%s\nwant %q and not %q", c.block, text, c.has, c.not)
		}
	}
}

// The parts of the site that a fragment uses are added with their own dependencies, and nothing else is.
func TestPool(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"session.go": "package page\n\ntype session struct{}\n",
		"site.go":    "package page\n\nimport \"net/url\"\n\nvar a = b()\n\nfunc b() url.URL { return url.URL{} }\n\nvar c int\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	site, err := readPool(dir)
	if err != nil {
		t.Fatal(err)
	}
	packages, err := complete(Parse("p.md", "```go\nvar d, c = a, 1\n```\n"), site)
	if err != nil {
		t.Fatal(err)
	}
	want := "package page\nimport url \"net/url\"\nvar a = b()\nfunc b() url.URL { return url.URL{} }\n"
	if got := packages[0].Files["site.go"]; got != want {
		t.Errorf("got site.go\n%s\nwant\n%s", got, want)
	}
}

// A page's headings, links and comments are found outside of blocks, never within.
func TestParse(t *testing.T) {
	p := Parse("p.md", strings.Join([]string{
		"## What `via=` does, in CI", "[a](b.md#c) `[no](link.md)`", "<!-- docs: alone -->", "<!-- docs: prepare x y -->",
		"  ```sh", "  # no heading", "  [no](link.md)", "  ```", "```go", "```",
	}, "\n"))
	if len(p.Anchors) != 1 || !p.Anchors["what-via-does-in-ci"] {
		t.Errorf("got anchors %v", p.Anchors)
	}
	if len(p.Links) != 1 || p.Links[0] != (Link{2, "b.md#c"}) {
		t.Errorf("got links %v", p.Links)
	}
	if len(p.Blocks) != 2 {
		t.Fatalf("got blocks %v, want two", p.Blocks)
	}
	b := p.Blocks[0]
	if _, alone := b.Asks["alone"]; !alone || b.Asks["prepare"] != "x y" || b.Lang != "sh" || b.Line != 6 || b.Text != "# no heading\n[no](link.md)\n" {
		t.Errorf("got block %#v", b)
	}
	if len(p.Blocks[1].Asks) != 0 {
		t.Errorf("the second block has the comments of the first: %v", p.Blocks[1].Asks)
	}
}
