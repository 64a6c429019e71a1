package runtime_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

// headersAfter returns a response's header, where the handler began with the given
// lines and then changed the session or only read it.
func headersAfter(t *testing.T, name string, lines []string, change bool) []string {
	t.Helper()
	m := newManager(t, runtime.Config{})
	w := serve(m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, line := range lines {
			w.Header().Add(name, line)
		}
		if s := from(r); change {
			fieldUser.Set(s.Session, "hubo")
		} else {
			fieldUser.Get(s.Session)
		}
		w.Write(nil)
	})))
	return w.Result().Header[name]
}

func TestVary(t *testing.T) {
	for _, c := range []struct{ have, want []string }{
		{nil, []string{"Cookie"}},
		{[]string{"Accept-Encoding"}, []string{"Accept-Encoding", "Cookie"}},
		{[]string{"Accept, Origin", "User-Agent"}, []string{"Accept, Origin", "User-Agent", "Cookie"}},
		{[]string{"Cookie"}, []string{"Cookie"}},
		{[]string{"cookie"}, []string{"cookie"}},
		{[]string{"Accept", "Origin ,\tCOOKIE , X"}, []string{"Accept", "Origin ,\tCOOKIE , X"}},
		{[]string{"*"}, []string{"*"}},
		{[]string{"Accept, *"}, []string{"Accept, *"}},
		{[]string{"X-Cookie, Cookies"}, []string{"X-Cookie, Cookies", "Cookie"}},
		{[]string{""}, []string{"", "Cookie"}},
	} {
		for _, change := range []bool{true, false} {
			if got := headersAfter(t, "Vary", c.have, change); !slices.Equal(got, c.want) {
				t.Errorf("%q becomes %q, want %q", c.have, got, c.want)
			}
		}
	}
}

func TestCacheControl(t *testing.T) {
	for _, c := range []struct{ have, want []string }{
		{nil, []string{"private"}},
		{[]string{""}, []string{"private"}},
		{[]string{"private"}, []string{"private"}},
		{[]string{"Private, max-age=60"}, []string{"Private, max-age=60"}},
		{[]string{"no-store"}, []string{"no-store"}},
		{[]string{"max-age=0", "No-Store"}, []string{"max-age=0", "No-Store"}},
		{[]string{"max-age=60"}, []string{"private, max-age=60"}},
		{[]string{"no-cache"}, []string{"private, no-cache"}},
		{[]string{"public, max-age=60"}, []string{"private, max-age=60"}},
		{[]string{"PUBLIC", "s-maxage=100 , must-revalidate"}, []string{"private, must-revalidate"}},
		{[]string{`private="set-cookie, x-foo", max-age=60`}, []string{"private, max-age=60"}},
		{[]string{`no-cache="a, public, private, b", public`}, []string{`private, no-cache="a, public, private, b"`}},
		{[]string{`private="X-Secret"`}, []string{"private"}},
		{[]string{`no-cache="Set-Cookie, X", max-age=1`}, []string{`private, no-cache="Set-Cookie, X", max-age=1`}},
		{[]string{"no-storeroom"}, []string{"private, no-storeroom"}},
		{[]string{",, immutable,"}, []string{"private, immutable"}},
	} {
		if got := headersAfter(t, "Cache-Control", c.have, true); !slices.Equal(got, c.want) {
			t.Errorf("%q becomes %q, want %q", c.have, got, c.want)
		}
		if got := headersAfter(t, "Cache-Control", c.have, false); !slices.Equal(got, c.have) {
			t.Errorf("without a cookie, %q becomes %q", c.have, got)
		}
	}
}

func TestSetCookieLines(t *testing.T) {
	const theirs1, theirs2 = "lang=de; Path=/", "__Host-session2=x; Path=/; Secure"
	const forged = "__Host-session=handmade; Path=/; Secure"
	for _, have := range [][]string{
		nil, {theirs1}, {theirs1, theirs2}, {forged}, {forged, theirs1, forged, theirs2, forged},
	} {
		kept := slices.DeleteFunc(slices.Clone(have), func(line string) bool { return line == forged })
		got := headersAfter(t, "Set-Cookie", have, true)
		if len(got) != len(kept)+1 || !slices.Equal(got[:len(kept)], kept) || parseCookie(t, got[len(kept)]).Value == "handmade" {
			t.Errorf("the lines %q become %q", have, got)
		}
		if got := headersAfter(t, "Set-Cookie", have, false); !slices.Equal(got, have) {
			t.Errorf("unchanged, the lines %q become %q", have, got)
		}
	}
}

// Caches that know of these do not look at Cache-Control (RFC 9213).
func TestTargetedCacheControl(t *testing.T) {
	m := newManager(t, runtime.Config{})
	for _, name := range []string{
		"CDN-Cache-Control", "Cloudflare-CDN-Cache-Control", "Vercel-CDN-Cache-Control", "Netlify-CDN-Cache-Control",
		"Akamai-Cache-Control", "Fastly-Cache-Control", "X-LiteSpeed-Cache-Control", "Surrogate-Control", "Edge-Control", "X-Accel-Expires",
	} {
		for _, key := range []string{http.CanonicalHeaderKey(name), name, strings.ToLower(name)} {
			for _, changes := range []bool{false, true} {
				w := serve(m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.Header()[key] = []string{"public, max-age=60"}
					w.Header()["X-"+key+"-Not"] = []string{"public"}
					if changes {
						fieldUser.Set(from(r).Session, "hubo")
					}
				})))
				if got := w.Header()[key]; (len(got) == 0) != changes {
					t.Errorf("changed %v: got %s: %s", changes, key, got)
				}
				if w.Header()["X-"+key+"-Not"] == nil {
					t.Errorf("X-%s-Not is removed", key)
				}
			}
		}
	}
}

// A program may share header values between its responses, as middlewares do to save
// allocations. Their spare capacity is not written to.
func TestSharedHeaderValues(t *testing.T) {
	for _, name := range []string{"Set-Cookie", "Vary"} {
		shared := append(make([]string, 0, 4), "Origin")
		m := newManager(t, runtime.Config{})
		h := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header()[name] = shared
			fieldUser.Set(from(r).Session, "hubo")
		}))
		serve(h)
		if spare := shared[:2][1]; spare != "" {
			t.Errorf("%s: the slice's spare room got %.20q", name, spare)
		}
	}
}

// Asked for before the first byte and used after it, the session is in the body.
func TestLateUseVaries(t *testing.T) {
	m := newManager(t, runtime.Config{})
	w := httptest.NewRecorder()
	m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := from(r)
		w.Write([]byte("<html>"))
		w.Write([]byte(fieldUser.Get(s.Session)))
	})).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if got := w.Result().Header.Get("Vary"); got != "Cookie" {
		t.Errorf("got Vary %s, want Cookie", got)
	}
}

// A program may write the name in any case into the header's map.
func TestCacheControlInAnyCase(t *testing.T) {
	m := newManager(t, runtime.Config{})
	for _, c := range []struct {
		lower, canonical string
		want             string
	}{
		{"public, max-age=60", "", "private, max-age=60"},
		{"public, max-age=60", "s-maxage=5, immutable", "private, immutable, max-age=60"},
		{"no-store", "", "no-store"},
		{"public", "no-store", "no-store public"},
	} {
		w := serve(m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header()["cache-control"] = []string{c.lower}
			if c.canonical != "" {
				w.Header().Set("Cache-Control", c.canonical)
			}
			fieldUser.Set(from(r).Session, "hubo")
		})))
		other := map[string][]string(w.Header())["cache-control"]
		if got := strings.Join(w.Header()["Cache-Control"], " "); got != c.want || other != nil {
			t.Errorf("%q and %q become %q, and %q", c.lower, c.canonical, got, other)
		}
	}
}
