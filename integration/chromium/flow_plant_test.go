package chromium

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// A subdomain gives a visitor the cookie of a flow of its own, for the path that it comes back to. That is none
// without the second cookie, which the browser does not take from it.
func TestFlowPlanted(t *testing.T) {
	s, b := newFlowSite(t, runtime.Config{}), newBrowser(t)
	var mu sync.Mutex
	var planted []string
	s.HandleFunc("/start/paid", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, SessionFrom(r.Context()).StartPaid(signIn{Tab: "eve"}))
	})
	s.HandleFunc("/plant", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		w.Header()["Set-Cookie"] = planted
	})

	state := b.visit(s.at("site.test", "/start/paid"))
	first, second := "__Secure-session-x-"+state[:8], "__Host-session-x-"+state[:8]+"-begun"
	mu.Lock()
	for _, c := range b.cookies() {
		switch c.Name {
		case first:
			planted = append(planted, first+"="+c.Value+"; Domain=site.test; Path=/back/paid; Secure")
		case second:
			for _, name := range []string{second, "__host-" + second[len("__Host-"):], first + "-begun"} {
				planted = append(planted, name+"="+c.Value+"; Domain=site.test; Path=/; Secure")
			}
		}
	}
	mu.Unlock()
	if len(planted) != 4 {
		t.Fatalf("the browser has the cookies %q, want four", b.names())
	}
	if got := b.visit(s.at("site.test", "/back/paid?state="+state)); got != "eve true" {
		t.Errorf("in its own browser, the flow gets %q", got)
	}

	b = newBrowser(t)
	b.visit(s.at("eve.site.test", "/plant"))
	if names := strings.Join(b.names(), " "); names != first+" "+first+"-begun" {
		t.Errorf("the subdomain planted the cookies %q", names)
	}
	if got := b.visit(s.at("site.test", "/back/paid?state="+state)); got != "false" {
		t.Errorf("the planted flow gets %q, want false", got)
	}
}

// A prefetch begins, ends and takes no flow; the browser asks again when the visitor follows the link.
func TestFlowAhead(t *testing.T) {
	for _, kind := range []string{"prefetched", "prerendered"} {
		t.Run(kind, func(t *testing.T) {
			ahead := make(chan string, 100)
			s := newSite(t, runtime.Config{Insecure: true, OnEvent: func(_ context.Context, e runtime.Event) {
				if e.Reason == runtime.RefusedInAdvance {
					ahead <- e.Path
				} else {
					t.Errorf("unexpected event %+v", e)
				}
			}})
			s.HandleFunc("/start", func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				io.WriteString(w, SessionFrom(r.Context()).StartLinked(signIn{Tab: "begun"}))
			})
			s.HandleFunc("/take", func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				v, ok := SessionFrom(r.Context()).TakeLinked(r.FormValue("state"))
				fmt.Fprint(w, v.Tab, " ", ok)
			})
			s.HandleFunc("/links", func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				take := "/take?state=" + r.FormValue("state")
				if kind == "prefetched" {
					fmt.Fprintf(w, `<link rel=prefetch href=/start><link rel=prefetch href=%q>`, take)
				} else {
					fmt.Fprintf(w, `<script type=speculationrules>{"prerender": [{"source": "list", "urls": ["/start", %q], "eagerness": "immediate"}]}</script>`, take)
				}
				fmt.Fprintf(w, `<a id=start href=/start>start</a> <a id=take href=%q>take</a>`, take)
			})
			b := newBrowser(t)
			at := func(path string) string { return s.at("localhost", path) }
			var states []string
			for range 8 { // as many as there may be
				states = append(states, b.visit(at("/start")))
			}
			wait := func() {
				asked := map[string]bool{}
				for len(asked) < 2 {
					select {
					case path := <-ahead:
						asked[path] = true
					case <-time.After(20 * time.Second):
						t.Fatalf("the browser requests in advance only %v", asked)
					}
				}
			}
			b.visit(at("/links?state=" + states[0]))
			wait()
			if got := b.press("take"); got != "begun true" {
				t.Errorf("the first flow gets %q", got)
			}
			b.visit(at("/links?state=" + states[1]))
			wait()
			state := b.press("start") // one more, as one was taken
			for _, state := range append(states[1:], state) {
				if got := b.visit(at("/take?state=" + state)); got != "begun true" {
					t.Errorf("the flow gets %q", got)
				}
			}
		})
	}
}
