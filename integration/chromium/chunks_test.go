package chromium

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

var chunkNames = []string{"__Host-session", "__Host-session-2", "__Host-session-3", "__Host-session-4"}

// A session of several cookies comes back whole, leaves no cookie behind when it shrinks, and is deleted completely.
func TestChunks(t *testing.T) {
	s, b := newSite(t, runtime.Config{MaxChunks: 4}), newBrowser(t)
	b.visit(s.at("site.test", "/blank"))
	for _, step := range []struct {
		path   string
		note   int
		chunks int
	}{
		{"/note", 100, 1}, {"/note", 9000, 3}, {"/note", 5000, 2}, {"/note", 12000, 4}, {"/note", 100, 1},
		{"/note", 9000, 3}, {"/clear", 0, 0}, {"/note", 12000, 4}, {"/destroy", 0, 0},
	} {
		want := ""
		if step.note > 0 {
			want = strconv.Itoa(step.note)
		}
		b.get(fmt.Sprintf("%s?n=%d", step.path, step.note))
		if got := b.names(); !slices.Equal(got, chunkNames[:step.chunks]) {
			t.Errorf("after %s of %d bytes the browser has %q", step.path, step.note, got)
		}
		for _, c := range b.cookies() {
			if !c.Secure || !c.HTTPOnly || !c.Session || c.SameSite != "Lax" || c.Path != "/" || c.Domain != "site.test" {
				t.Errorf("the browser has %+v", *c)
			}
		}
		if got := b.get("/read"); got != want {
			t.Errorf("after %s of %d bytes the session is %q", step.path, step.note, got)
		}
	}
}

// The browser keeps every cookie of the largest session.
func TestLargestChunks(t *testing.T) {
	// This test makes a session that is too large on purpose.
	s, b := newSite(t, runtime.Config{MaxChunks: 4, OnEvent: func(context.Context, runtime.Event) {}}), newBrowser(t)
	fits := func(n int) bool {
		v := s.sessions.Open(t.Context(), nil)
		v.SetNote(string(make([]byte, n)))
		_, err := s.sessions.Seal(v)
		return err == nil
	}
	b.visit(s.at("site.test", "/blank"))
	largest := 3 * 3 * maxCookie / 4 // of four cookies, as base64
	for fits(largest + 1) {
		largest++
	}
	for n := largest - 3; n <= largest; n++ {
		b.get(fmt.Sprintf("/note?n=%d", n))
		if got := b.names(); !slices.Equal(got, chunkNames) {
			t.Errorf("for a note of %d bytes the browser has %q", n, got)
		}
		if got := b.get("/read"); got != strconv.Itoa(n) {
			t.Errorf("a note of %d bytes comes back as %q", n, got)
		}
	}
	full := 0
	for _, c := range b.cookies() {
		full = max(full, len(c.Name)+len(c.Value))
	}
	if full != maxCookie {
		t.Errorf("the largest of the cookies has %d bytes, want %d", full, maxCookie)
	}
	if got := b.get(fmt.Sprintf("/note?n=%d", largest+1)); got != "Internal Server Error" {
		t.Errorf("a note of %d bytes gets the answer %q", largest+1, got)
	}
	if got := b.get("/read"); got != strconv.Itoa(largest) {
		t.Errorf("after a failed save the session is %q", got)
	}
}
