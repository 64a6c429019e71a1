package chromium

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/sessiongen/sessiongen/runtime"
)

var flowRounds = flag.Int("flows", 1, "how many rounds of eight tabs TestFlows makes in each home and each way")

// A flowSite begins flows, and another site sends the browser back.
type flowSite struct {
	site
	longest atomic.Int64 // Cookie header field
}

// flowWays begin and take a flow of each kind.
var flowWays = map[string]struct {
	start func(*Session, signIn) string
	take  func(*Session, string) (signIn, bool)
	posts bool
}{
	"linked": {(*Session).StartLinked, (*Session).TakeLinked, false},
	"posted": {(*Session).StartPosted, (*Session).TakePosted, true},
	"paid":   {(*Session).StartPaid, (*Session).TakePaid, true},
}

func newFlowSite(t *testing.T, cfg runtime.Config) *flowSite {
	cfg.OnEvent = func(_ context.Context, e runtime.Event) {
		switch e.Kind {
		case runtime.EventFlowRefused, runtime.EventCreated, runtime.EventRenewed, runtime.EventDestroyed:
		default:
			t.Errorf("unexpected event %+v", e)
		}
	}
	s := &flowSite{site: newSite(t, cfg)}
	for name, way := range flowWays {
		s.HandleFunc("/begin/"+name, func(w http.ResponseWriter, r *http.Request) {
			s.measure(r)
			tab := r.FormValue("tab")
			state := way.start(SessionFrom(r.Context()), signIn{tab, strings.Repeat("v", 43)})
			http.Redirect(w, r, s.at("provider.test", "/authorize/"+name+"?state="+state), http.StatusSeeOther)
		})
		s.HandleFunc("/back/"+name, func(w http.ResponseWriter, r *http.Request) {
			s.measure(r)
			v, ok := way.take(SessionFrom(r.Context()), r.FormValue("state"))
			fmt.Fprintf(w, "%s %v", v.Tab, ok)
		})
		s.HandleFunc("/authorize/"+name, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			if back := s.at("site.test", "/back/"+name); way.posts {
				fmt.Fprintf(w, `<form action=%q method=post><input type=hidden name=state value=%q><button id=back>back</button></form>`, back, r.FormValue("state"))
			} else {
				fmt.Fprintf(w, `<a id=back href=%q>back</a>`, back+"?state="+r.FormValue("state"))
			}
		})
	}
	return s
}

// measure notes how long the Cookie header field is.
func (s *flowSite) measure(r *http.Request) {
	n := int64(len(strings.Join(r.Header["Cookie"], "; ")))
	for old := s.longest.Load(); n > old && !s.longest.CompareAndSwap(old, n); old = s.longest.Load() {
	}
}

// Eight tabs begin at once, are at another site while the visitor logs in or out, and come back at once: each gets
// its own value, once.
//
//	go test -run TestFlows -flows=1000
func TestFlows(t *testing.T) {
	for home, cfg := range map[string]runtime.Config{
		"cookie":    {},
		"revocable": {Revocations: runtime.NewMemoryStore(100_000)},
		"store":     {Store: runtime.NewMemoryStore(100_000)},
	} {
		t.Run(home, func(t *testing.T) {
			s, aside := newFlowSite(t, cfg), newBrowser(t).newTab() // which may take its time
			aside.visit(s.at("site.test", "/blank"))
			var tabs []browser
			for range 8 {
				tabs = append(tabs, aside.newTab())
			}
			for round := range *flowRounds {
				for way := range flowWays {
					aside.get([]string{"/login", "/destroy"}[rand.IntN(2)])
					flowRound(t, s, aside, tabs, way, round)
				}
			}
			aside.get("/destroy")
			if names := aside.names(); len(names) > 0 {
				t.Errorf("the browser has the cookies %q, want none", names)
			}
			if n := s.longest.Load(); n > 8192 {
				t.Errorf("a Cookie header has %d bytes", n)
			}
		})
	}
}

func flowRound(t *testing.T, s *flowSite, aside browser, tabs []browser, way string, round int) {
	inAll := func(do func(i int, tab browser)) {
		var wg sync.WaitGroup
		for _, i := range rand.Perm(len(tabs)) {
			wg.Go(func() { do(i, tabs[i]) })
		}
		wg.Wait()
	}
	backs := make([]string, len(tabs))
	inAll(func(i int, tab browser) {
		tab.open(s.at("site.test", fmt.Sprintf("/begin/%s?tab=%d-%d", way, round, i)))
		backs[i] = tab.script("location.search")
	})
	aside.get([]string{"/login", "/destroy"}[rand.IntN(2)])
	inAll(func(i int, tab browser) {
		if got, want := tab.press("back"), fmt.Sprintf("%d-%d true", round, i); got != want {
			t.Errorf("%s: the tab gets %q, want %q", way, got, want)
		}
	})
	for i, back := range backs {
		if got := tabs[i].get("/back/" + way + back); got != "false" {
			t.Errorf("%s: the second time, the tab gets %q, want false", way, got)
		}
	}
}

// open goes to a page.
func (b browser) open(url string) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Navigate(url)); err != nil {
		b.t.Errorf("%s: %v", url, err)
	}
}

// A form of another site brings the flow along if the flow allows it, but never the session itself. A second flow
// carries the result to a page that has the session.
func TestFormPost(t *testing.T) {
	s, b := newFlowSite(t, runtime.Config{}), newBrowser(t)
	s.HandleFunc("/posted", func(w http.ResponseWriter, r *http.Request) {
		v := SessionFrom(r.Context())
		p, ok := v.TakePosted(r.FormValue("state"))
		if !ok || v.HasUsername() {
			t.Errorf("Take returns %+v, %v, with a session: %v", p, ok, v.HasUsername())
		}
		http.Redirect(w, r, "/signed-in?state="+v.StartAnswer(answer{User: p.Tab}), http.StatusSeeOther)
	})
	s.HandleFunc("/signed-in", func(w http.ResponseWriter, r *http.Request) {
		v := SessionFrom(r.Context())
		a, ok := v.TakeAnswer(r.FormValue("state"))
		fmt.Fprint(w, v.GetUsername(), " ", a.User, " ", ok)
	})
	s.HandleFunc("/form", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<form action=%q method=post><input type=hidden name=state value=%q><button id=back>back</button></form>`,
			s.at("site.test", r.FormValue("to")), r.FormValue("state"))
	})
	start := func(path string, f func(*Session) string) {
		s.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, f(SessionFrom(r.Context()))) })
	}
	start("/start/posted", func(v *Session) string { return v.StartPosted(signIn{Tab: "eve"}) })
	start("/start/linked", func(v *Session) string { return v.StartLinked(signIn{Tab: "eve"}) })

	b.visit(s.at("site.test", "/login"))
	state := b.visit(s.at("site.test", "/start/posted"))
	b.visit(s.at("provider.test", "/form?to=/posted&state="+state))
	if got := b.press("back"); got != "hubo eve true" {
		t.Errorf("the visitor is signed in as %q", got)
	}
	state = b.visit(s.at("site.test", "/start/linked"))
	b.visit(s.at("provider.test", "/form?to=/back/linked&state="+state))
	if got := b.press("back"); got != "false" {
		t.Errorf("a flow without samesite=none comes back with a form: %q", got)
	}
}
