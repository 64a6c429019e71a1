package runtime_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

var (
	flashNotices = &runtime.Field[[]string]{Index: 1, Name: "Notices", Key: "notices", Max: 3, TTL: 5 * time.Minute,
		Encode: encodeStrings, Decode: decodeStrings}
	flashAccount = accountOf(0, true)
	flashVisits  = func() *runtime.Field[int] { f := fieldVisits; f.Index = 2; return &f }()
)

func addNotice(s *visitor, text string) { runtime.AddFlash(s.Session, flashNotices, text) }
func takeNotices(s *visitor) []string   { return runtime.TakeFlash(s.Session, flashNotices) }

// flashSite is a site whose handler sees its response, and a browser.
type flashSite struct {
	*client
	t testing.TB
}

func everyFlashSite(t *testing.T, f func(t *testing.T, site *flashSite)) {
	for name, cfg := range map[string]func(r *rig) runtime.Config{
		"cookie":    func(*rig) runtime.Config { return runtime.Config{} },
		"revocable": func(r *rig) runtime.Config { return runtime.Config{Revocations: r.store} },
		"store":     func(r *rig) runtime.Config { return runtime.Config{Store: r.store} },
	} {
		t.Run(name, func(t *testing.T) {
			r := &rig{t: t, store: newSpyStore()}
			r.startOf(cfg(r), flashAccount, flashNotices, flashVisits)
			f(t, &flashSite{r.client(), t})
		})
	}
}

// request sends one request with header fields, which a handler answers. "Method" is its method.
func (s *flashSite) request(header http.Header, handle func(http.ResponseWriter, *visitor)) *httptest.ResponseRecorder {
	h := s.rig.m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handle(w, from(r)) }))
	r := httptest.NewRequest("GET", "/", nil)
	for name, values := range header {
		if r.Header[name] = values; name == "Method" {
			r.Method = values[0]
		}
	}
	for name, value := range s.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	func() {
		defer func() { recover() }()
		h.ServeHTTP(w, r)
	}()
	s.receive(w)
	return w
}

// page is a page that a person sees.
func (s *flashSite) page() (shown []string) {
	s.request(nil, func(w http.ResponseWriter, v *visitor) {
		shown = takeNotices(v)
		w.WriteHeader(http.StatusOK)
	})
	return shown
}

func (s *flashSite) expect(want ...string) {
	s.t.Helper()
	if got := s.page(); !slices.Equal(got, want) {
		s.t.Errorf("the page shows %q, want %q", got, want)
	}
}

// A message is shown once, by the next page that a person sees, before there is a session and across a log-in.
func TestFlash(t *testing.T) {
	everyFlashSite(t, func(t *testing.T, site *flashSite) {
		site.expect()
		site.visit(func(s *visitor) { addNotice(s, "welcome") })
		site.visit(func(s *visitor) { flashAccount.Set(s.Session, 7); addNotice(s, "logged in") })
		site.expect("welcome", "logged in")
		site.expect()
		site.visit(func(s *visitor) {
			addNotice(s, "at once")
			if got := takeNotices(s); !slices.Equal(got, []string{"at once"}) || flashNotices.Has(s.Session) || len(takeNotices(s)) > 0 {
				t.Errorf("Take in the same request returns %q, want it once", got)
			}
			addNotice(s, "later")
		})
		site.expect("later")
		site.visit(func(s *visitor) { addNotice(s, "unseen"); runtime.ClearFlash(s.Session, flashNotices) })
		site.expect()
		site.visit(func(s *visitor) { addNotice(s, "private") })
		site.visit(func(s *visitor) { flashAccount.Set(s.Session, 8) })
		site.expect()
	})
}

// Messages that nobody sees stay for the next page, together with earlier and later ones.
func TestFlashUnseen(t *testing.T) {
	everyFlashSite(t, func(t *testing.T, site *flashSite) {
		for name, answer := range map[string]func(http.ResponseWriter, *visitor){
			"redirect":     func(w http.ResponseWriter, s *visitor) { takeNotices(s); w.WriteHeader(303) },
			"failure":      func(w http.ResponseWriter, s *visitor) { takeNotices(s); w.WriteHeader(500) },
			"panic":        func(w http.ResponseWriter, s *visitor) { takeNotices(s); panic(http.ErrAbortHandler) },
			"not modified": func(w http.ResponseWriter, s *visitor) { takeNotices(s); w.WriteHeader(304) },
			"begun before": func(w http.ResponseWriter, s *visitor) { w.WriteHeader(200); takeNotices(s) },
			"and one more": func(w http.ResponseWriter, s *visitor) { takeNotices(s); addNotice(s, "more"); w.WriteHeader(303) },
			"another change": func(w http.ResponseWriter, s *visitor) {
				takeNotices(s)
				flashVisits.Set(s.Session, 1)
				w.WriteHeader(303)
			},
			"taken and added":  func(w http.ResponseWriter, s *visitor) { addNotice(s, "more"); takeNotices(s); w.WriteHeader(303) },
			"taken and logged": func(w http.ResponseWriter, s *visitor) { takeNotices(s); s.Renew(); w.WriteHeader(303) },
		} {
			site.visit(func(s *visitor) { s.Destroy() })
			site.visit(func(s *visitor) { addNotice(s, "one") })
			site.request(nil, answer)
			want := []string{"one"}
			if name == "and one more" || name == "taken and added" {
				want = append(want, "more")
			}
			if got := site.page(); !slices.Equal(got, want) {
				t.Errorf("%s: the next page shows %q, want %q", name, got, want)
			}
			if got := site.page(); len(got) > 0 {
				t.Errorf("%s: the page after it shows %q again", name, got)
			}
		}
	})
}

// A prefetched page, or one that is not sent, shows no messages and changes nothing.
func TestFlashInAdvance(t *testing.T) {
	everyFlashSite(t, func(t *testing.T, site *flashSite) {
		site.visit(func(s *visitor) { addNotice(s, "one") })
		for _, purpose := range []http.Header{{"Sec-Purpose": {"prefetch"}}, {"Sec-Purpose": {"prefetch;prerender"}}, {"Purpose": {"Prefetch"}},
			{"X-Sec-Purpose": {"prefetch"}}, {"Sec-Fetch-Dest": {"iframe"}}, {"Sec-Fetch-Dest": {"frame"}}, {"Sec-Fetch-Dest": {"object"}},
			{"Sec-Fetch-Dest": {"image"}}, {"Sec-Fetch-Dest": {"script"}}, {"Sec-Fetch-Dest": {"document"}, "Sec-Purpose": {"prefetch"}},
			{"Method": {"HEAD"}}} {
			site.rig.store.take()
			w := site.request(purpose, func(w http.ResponseWriter, s *visitor) {
				if got := takeNotices(s); len(got) > 0 || !flashNotices.Has(s.Session) {
					t.Errorf("%v: Take returns %q, want nothing yet", purpose, got)
				}
			})
			if len(setCookies(w)) > 0 || slices.Contains(site.rig.store.take(), "replace") {
				t.Errorf("%v: the request writes to the store", purpose)
			}
		}
		site.expect("one")
	})
}

// Pages show them, what scripts ask for does, and frames where the site may be within another one.
func TestFlashInPage(t *testing.T) {
	for name, cfg := range map[string]runtime.Config{"document": {}, "empty": {}, "websocket": {}, "iframe": {SameSite: http.SameSiteNoneMode}} {
		r := &rig{t: t, store: newSpyStore()}
		r.startOf(cfg, flashAccount, flashNotices, flashVisits)
		site := &flashSite{r.client(), t}
		site.visit(func(s *visitor) { addNotice(s, "one") })
		site.request(http.Header{"Sec-Fetch-Dest": {name}}, func(_ http.ResponseWriter, s *visitor) {
			if got := takeNotices(s); !slices.Equal(got, []string{"one"}) {
				t.Errorf("%s: Take returns %q, want one", name, got)
			}
		})
		site.expect()
	}
}

// No cache keeps a page that shows them, and other pages are as they were.
func TestFlashIsNotKept(t *testing.T) {
	everyFlashSite(t, func(t *testing.T, site *flashSite) {
		page := func(w http.ResponseWriter, s *visitor) {
			w.Header().Set("Cache-Control", "max-age=60")
			w.Header().Set("CDN-Cache-Control", "max-age=60")
			takeNotices(s)
		}
		site.visit(func(s *visitor) { flashVisits.Set(s.Session, 1) })
		if h := site.request(nil, page).Header(); h.Get("Cache-Control") != "max-age=60" || h.Get("CDN-Cache-Control") != "max-age=60" {
			t.Errorf("without messages: got header %v", h)
		}
		site.visit(func(s *visitor) { addNotice(s, "one") })
		if h := site.request(nil, page).Header(); h.Get("Cache-Control") != "no-store" || h.Get("CDN-Cache-Control") != "" {
			t.Errorf("with a message: got header %v, want no-store", h)
		}
		site.visit(func(s *visitor) { addNotice(s, "one") })
		h := site.request(nil, func(w http.ResponseWriter, s *visitor) {
			page(w, s)
			w.WriteHeader(303)
		}).Header()
		if h.Get("Cache-Control") != "max-age=60" {
			t.Errorf("with a redirect: got header %v, want max-age=60", h)
		}
	})
}

// A Take that does not count writes nothing to the cookie.
func TestFlashWithoutWrite(t *testing.T) {
	r := &rig{t: t, store: newSpyStore()}
	r.startOf(runtime.Config{}, flashAccount, flashNotices, flashVisits)
	site := &flashSite{r.client(), t}
	site.visit(func(s *visitor) { addNotice(s, "one") })
	for _, status := range []int{301, 303, 307, 500, 503} {
		w := site.request(nil, func(w http.ResponseWriter, s *visitor) { takeNotices(s); w.WriteHeader(status) })
		if len(setCookies(w)) > 0 {
			t.Errorf("status %d sends cookies %q, want none", status, setCookies(w))
		}
	}
	site.expect("one")
}

// Of two tabs at once, one shows the message if the sessions are in a store.
func TestFlashInTwoTabs(t *testing.T) {
	r := newRigOf(t, flashAccount, flashNotices, flashVisits)
	site := &flashSite{r.client(), t}
	for range 50 {
		site.visit(func(s *visitor) { addNotice(s, "one") })
		var outer, inner []string
		site.visit(func(s *visitor) {
			flashVisits.Get(s.Session)
			inner = site.page()
			outer = takeNotices(s)
		})
		if len(outer)+len(inner) != 1 {
			t.Errorf("the tabs show %q and %q, want one message in all", outer, inner)
		}
	}
}

// The oldest messages beyond max are dropped, which fails nothing; after the ttl all are.
func TestFlashBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRigOf(t, flashAccount, flashNotices, flashVisits)
		site := &flashSite{r.client(), t}
		site.visit(func(s *visitor) {
			for i := range 5 {
				addNotice(s, fmt.Sprint(i))
			}
			runtime.AddFlash(s.Session, flashNotices)
			if s.Err() != nil {
				t.Error(s.Err())
			}
		})
		overflow := func(e runtime.Event) bool {
			return e.Kind == runtime.EventOverflow && e.Field == "Notices" && e.Reason == "1 dropped"
		}
		if events := r.log.take(); !slices.ContainsFunc(events, overflow) {
			t.Errorf("got events %v, want one of dropped messages", events)
		}
		site.expect("2", "3", "4")
		site.visit(func(s *visitor) { addNotice(s, "old") })
		time.Sleep(5 * time.Minute)
		site.expect()
	})
}

// Messages taken after the response has begun would be shown again.
func TestFlashTooLate(t *testing.T) {
	everyFlashSite(t, func(t *testing.T, site *flashSite) {
		site.visit(func(s *visitor) { addNotice(s, "one") })
		site.request(nil, func(w http.ResponseWriter, s *visitor) {
			w.Write([]byte("<html>"))
			if got := takeNotices(s); len(got) > 0 || !errors.Is(s.Err(), runtime.ErrTooLate) {
				t.Errorf("Take after the response began: got %q, %v, want ErrTooLate", got, s.Err())
			}
		})
		site.expect("one")
	})
}
