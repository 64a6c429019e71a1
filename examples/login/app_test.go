package main

import (
	"net/http"
	"strings"
	"testing"
)

func TestHeaders(t *testing.T) {
	s := newSite(t, "cookie")
	b := s.browser(t)
	for path, cache := range map[string]string{"/": "no-store", "/login": "no-store", "/nothing": "no-store", "/style.css": "no-cache"} {
		h := b.get(path).header
		for name, want := range map[string]string{
			"Cache-Control":              cache,
			"Content-Security-Policy":    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
			"Cross-Origin-Opener-Policy": "same-origin",
			"Referrer-Policy":            "same-origin",
			"X-Content-Type-Options":     "nosniff",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s has the header %s: %q, want %q", path, name, got, want)
			}
		}
	}
	b.post("/cart/add", "article", "1")
	if got := b.get("/").header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("a page with a session has Cache-Control: %q", got)
	}
}

func TestOtherSitesSendNoForms(t *testing.T) {
	s := newSite(t, "cookie")
	b := s.browser(t)
	b.signup("hubo")
	for _, path := range []string{"/cart/add", "/cart/remove", "/login", "/signup", "/logout", "/logout-everywhere", "/devices/logout", "/devices/logout-others", "/theme"} {
		for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
			req, err := http.NewRequest("POST", s.url+path, strings.NewReader("article=1"))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.Header.Set(name, value)
			res, err := b.client.Do(req)
			if p := b.page(res, err); p.status != http.StatusForbidden || len(p.header["Set-Cookie"]) > 0 {
				t.Errorf("%s with %s: %s gets %d, %q, want 403", path, name, value, p.status, p.header["Set-Cookie"])
			}
		}
	}
	b.expect(b.get("/"), 200, "/", "hubo", "")
}

// Each change is a form, so that no link and no prefetching does it.
func TestMethods(t *testing.T) {
	b := newSite(t, "cookie").browser(t)
	for _, path := range []string{"/cart/add", "/cart/remove", "/logout", "/logout-everywhere", "/devices/logout", "/devices/logout-others", "/theme"} {
		if p := b.get(path); p.status != http.StatusNotFound {
			t.Errorf("GET %s gets %d, want 404", path, p.status)
		}
	}
	if p := b.post("/signup", "name", "hubo", "password", goodPassword, "rest", strings.Repeat("x", 17<<10)); p.user != "" {
		t.Error("a form of 17 KiB is accepted")
	}
}
