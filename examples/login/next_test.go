package main

import (
	"net/url"
	"testing"
)

func TestLocal(t *testing.T) {
	for next, want := range map[string]string{
		"":                      "/",
		"/":                     "/",
		"/cart":                 "/cart",
		"/devices?a=b&c=%2F":    "/devices?a=b&c=%2F",
		"/cart#part":            "/cart",
		"cart":                  "/",
		"https://evil.example":  "/",
		"HTTPS://evil.example":  "/",
		"//evil.example":        "/",
		"///evil.example":       "/",
		"////evil.example":      "/",
		`/\evil.example`:        "/",
		`\\evil.example`:        "/",
		`\/evil.example`:        "/",
		"/%5cevil.example":      "/",
		"/%2fevil.example":      "/",
		"/\t/evil.example":      "/",
		"\t//evil.example":      "/",
		" //evil.example":       "/",
		"javascript:alert(1)":   "/",
		"data:text/html,x":      "/",
		"https:evil.example":    "/",
		"https:/evil.example":   "/",
		"/a\r\nSet-Cookie: x=y": "/",
		"/%zz":                  "/",
		"?next=//evil.example":  "/",
	} {
		if got := local(next); got != want {
			t.Errorf("local(%q) = %q, want %q", next, got, want)
		}
	}
}

// The browser stays on the site, whatever next is.
func FuzzLocal(f *testing.F) {
	for _, next := range []string{"/cart", "//evil.example", `/\evil.example`, "/.//evil.example", "/%2f%2fevil.example"} {
		f.Add(next)
	}
	base, err := url.Parse("https://site.example/login")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, next string) {
		got := local(next)
		to, err := base.Parse(got)
		if err != nil || to.Host != base.Host || to.Scheme != base.Scheme {
			t.Errorf("%q leads to %q: %v", next, got, err)
		}
		if len(got) > 1 && (got[1] == '/' || got[1] == '\\') || got[0] != '/' {
			t.Errorf("%q leads to %q, which is another host for a browser", next, got)
		}
	})
}
