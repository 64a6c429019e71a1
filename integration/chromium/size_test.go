package chromium

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

// maxCookie is the limit of browsers, in bytes of name and value.
const maxCookie = 4096

// The largest cookie that sessiongen sends is one that the browser keeps and sends
// back. A longer name reaches the size that base64 leaves out for the default one.
func TestLargestCookie(t *testing.T) {
	reached := make(map[int]bool)
	for _, name := range []string{"", "__Host-session1"} {
		// The event of a session that is too large is this test's intent.
		s, b := newSite(t, runtime.Config{Name: name, OnEvent: func(context.Context, runtime.Event) {}}), newBrowser(t)
		b.visit(s.at("site.test", "/blank"))
		largest := largestNote(s, maxCookie)
		for n := largest - 3; n <= largest; n++ {
			b.get(fmt.Sprintf("/note?n=%d", n))
			c := b.cookie()
			if got, size := len(c.Name)+len(c.Value), noteSize(s, n); got != size {
				t.Errorf("the cookie of a note of %d bytes has %d bytes, but Size returns %d", n, got, size)
			}
			reached[len(c.Name)+len(c.Value)] = true
			if got := b.get("/read"); got != strconv.Itoa(n) {
				t.Errorf("a note of %d bytes comes back as %q", n, got)
			}
		}
		kept := b.cookie().Value
		got := b.get(fmt.Sprintf("/note?n=%d", largest+1))
		if got != "Internal Server Error" || b.cookie().Value != kept {
			t.Errorf("a session of %d bytes gets the answer %q", noteSize(s, largest+1), got)
		}
	}
	for size := maxCookie - 3; size <= maxCookie; size++ {
		if !reached[size] {
			t.Errorf("no cookie had %d bytes", size)
		}
	}
}

// largestNote is the length of the longest note whose session takes at most limit bytes.
func largestNote(s site, limit int) int {
	n := limit / 2
	for noteSize(s, n+1) <= limit {
		n++
	}
	return n
}

func noteSize(s site, n int) int {
	v := s.sessions.Open(context.Background(), nil)
	v.SetNote(strings.Repeat("x", n))
	return v.Size()
}

// One byte more, and the browser drops a cookie without a word.
func TestTooLargeCookie(t *testing.T) {
	const name, attributes = "__Host-session", "; Path=/; Secure; HttpOnly; SameSite=Lax"
	for _, size := range []int{maxCookie, maxCookie + 1} {
		s, b := newSite(t, runtime.Config{}), newBrowser(t)
		s.raw("/raw", name+"="+strings.Repeat("x", size-len(name))+attributes)
		b.visit(s.at("site.test", "/raw"))
		if kept := len(b.cookies()) == 1; kept != (size <= maxCookie) {
			t.Errorf("a cookie of %d bytes is kept: %v", size, kept)
		}
	}
}
