package chromium

import (
	"io"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

// The browser does not show a cached response of another session: the middleware says that the response varies with
// the cookie. This uses plain http, because the browser caches nothing from a server with a test's certificate.
func TestCache(t *testing.T) {
	s, b := newSite(t, runtime.Config{Insecure: true}), newBrowser(t)
	var answered atomic.Int32
	s.HandleFunc("/greeting", func(w http.ResponseWriter, r *http.Request) {
		answered.Add(1)
		w.Header().Set("Cache-Control", "private, max-age=3600")
		io.WriteString(w, text(SessionFrom(r.Context())))
	})
	b.visit(s.at("site.test", "/blank"))
	for _, step := range []struct {
		path, want string
		answered   int32
	}{
		{"/greeting", "", 1}, {"/greeting", "", 1},
		{"/login", "hubo", 1}, {"/greeting", "hubo", 2}, {"/greeting", "hubo", 2},
		{"/clear", "", 2}, {"/greeting", "", 3},
	} {
		if got := b.get(step.path); got != step.want || answered.Load() != step.answered {
			t.Errorf("%s shows %q after %d answers, want %q after %d", step.path, got, answered.Load(), step.want, step.answered)
		}
	}
}
