package chromium

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

// SameSite decides whether a page of another site can make requests as the visitor.
func TestSameSite(t *testing.T) {
	type way struct{ from, id string }
	all := []way{{"other.test", "link"}, {"other.test", "button"}, {"www.site.test", "button"}}
	for _, c := range []struct {
		mode http.SameSite
		sent []way // along which the browser sends the cookie
	}{
		{http.SameSiteDefaultMode, []way{all[0], all[2]}},
		{http.SameSiteStrictMode, []way{all[2]}},
		{http.SameSiteNoneMode, all},
	} {
		s, b := newSite(t, runtime.Config{SameSite: c.mode}), newBrowser(t)
		s.HandleFunc("/ways", func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, `<a id=link href=%q></a>
				<form action=%[1]q method=post><button id=button></button></form>`, s.at("site.test", "/read"))
		})
		b.visit(s.at("site.test", "/login"))
		for _, way := range all {
			b.visit(s.at(way.from, "/ways"))
			want := ""
			if slices.Contains(c.sent, way) {
				want = "hubo"
			}
			if got := b.press(way.id); got != want {
				t.Errorf("SameSite %d: after the %s at %s the session is %q, want %q", c.mode, way.id, way.from, got, want)
			}
		}
	}
}

// A partitioned session belongs to the top-level site where it began.
func TestPartitioned(t *testing.T) {
	s, b := newSite(t, runtime.Config{SameSite: http.SameSiteNoneMode, Partitioned: true}), newBrowser(t)
	// The page around a frame of another site may not see its text.
	seen := make(chan string, 1)
	s.HandleFunc("/report", func(w http.ResponseWriter, r *http.Request) { seen <- text(SessionFrom(r.Context())) })
	s.HandleFunc("/embed/", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "<iframe src="+s.at("site.test", r.URL.Path[len("/embed"):])+"></iframe>")
	})
	partitions := func() []string {
		var keys []string
		for _, c := range b.cookies() {
			if c.PartitionKey == nil {
				t.Fatalf("%s is not partitioned", c.Name)
			}
			keys = append(keys, fmt.Sprintf("%s %v", c.PartitionKey.TopLevelSite, c.PartitionKey.HasCrossSiteAncestor))
		}
		slices.SortFunc(keys, cmp.Compare)
		return keys
	}
	for _, step := range []struct {
		host, path string
		want       []string // the partitions that have a session afterwards
	}{
		{"one.test", "/embed/login", []string{"https://one.test true"}},
		{"site.test", "/login", []string{"https://one.test true", "https://site.test false"}},
		{"one.test", "/embed/clear", []string{"https://site.test false"}},
		{"two.test", "/embed/permanent", []string{"https://site.test false", "https://two.test true"}},
		{"site.test", "/destroy", []string{"https://two.test true"}},
	} {
		b.visit(s.at(step.host, step.path))
		if got := partitions(); !slices.Equal(got, step.want) {
			t.Errorf("after %s of %s the browser has a session for %q, want %q", step.path, step.host, got, step.want)
		}
	}
	for host, want := range map[string]string{"one.test": "", "two.test": "hubo"} {
		b.visit(s.at(host, "/embed/report"))
		if got := <-seen; got != want {
			t.Errorf("in the frame, %s has session %q, want %q", host, got, want)
		}
	}
}
