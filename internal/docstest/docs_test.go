package docstest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/internal/testmodule"
)

// The pages of the project, and its root.
func project(t *testing.T) (root string, pages []Page) {
	t.Helper()
	root, err := testmodule.Root()
	if err != nil {
		t.Fatal(err)
	}
	pages, err = Pages(root)
	if err != nil {
		t.Fatal(err)
	}
	return root, pages
}

// Every Go block compiles and passes vet; the README's program answers as the README says; and every command runs.
func TestCode(t *testing.T) {
	root, pages := project(t)
	packages, err := Load(root, false)
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) < 12 {
		t.Errorf("the pages have only %d packages", len(packages))
	}
	dir := testmodule.Dir(t)
	Write(t, dir, root, packages)
	Vet(t, dir)
	if t.Failed() || testing.Short() {
		return
	}
	for _, page := range pages {
		if page.ForUsers() {
			commands(t, root, dir, page, packages)
		}
	}
}

// Links lead to files and headings that exist.
func TestLinks(t *testing.T) {
	root, pages := project(t)
	anchors := make(map[string]map[string]bool)
	count := 0
	for _, page := range pages {
		anchors[page.Name] = page.Anchors
	}
	for _, page := range pages {
		for _, link := range page.Links {
			if strings.Contains(link.Target, "://") {
				continue
			}
			count++
			file, anchor, _ := strings.Cut(link.Target, "#")
			name := page.Name
			if file != "" {
				name = filepath.ToSlash(filepath.Join(filepath.Dir(page.Name), file))
			}
			if _, err := os.Stat(filepath.Join(root, name)); err != nil {
				t.Errorf("%s:%d: there is no %s", page.Name, link.Line, file)
			} else if anchor != "" && !anchors[name][anchor] {
				t.Errorf("%s:%d: %s has no heading #%s", page.Name, link.Line, name, anchor)
			}
		}
	}
	if count < 50 {
		t.Errorf("the pages have only %d links", count)
	}
}

// The README stays short, and contains the words that people search for.
func TestReadme(t *testing.T) {
	_, pages := project(t)
	text := pages[0].Text
	if n := strings.Count(text, "\n"); n > 150 {
		t.Errorf("README.md has %d lines, want at most 150", n)
	}
	first := strings.Join(strings.Split(text, "\n")[:30], "\n")
	for _, link := range []string{"examples/quickstart", "examples/login"} {
		if !strings.Contains(first, link) {
			t.Errorf("the first screen of README.md does not link to %s", link)
		}
	}
	lower := strings.ToLower(text)
	for _, word := range []string{
		"flash messages", "remember me", "csrf", "http.crossoriginprotection", "oauth", "log out everywhere", "key rotation",
		"idle timeout", "absolute timeout", "sliding", "server-side sessions", "encrypted cookie", "redis", "postgresql", "mysql", "sqlite",
		"net/http", "chi", "gin", "echo", "fiber", "connect", "grpc", "websocket", "gorilla/sessions", "scs", "flask",
		"session fixation", "samesite", "httponly", "type-safe", "go generate", "middleware",
	} {
		if !strings.Contains(lower, word) {
			t.Errorf("README.md does not have %q", word)
		}
	}
}

// llms.txt lists the pages.
func TestIndex(t *testing.T) {
	_, pages := project(t)
	listed := make(map[string]bool)
	for _, page := range pages {
		if page.Name == "llms.txt" {
			for _, link := range page.Links {
				listed[link.Target] = true
			}
		}
	}
	for _, page := range pages {
		if page.ForUsers() && !listed[page.Name] {
			t.Errorf("llms.txt does not list %s", page.Name)
		}
	}
}
