// Package accounttest tests, on any store, how a manager handles an account with very many sessions.
package accounttest

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/internal/long"
	"github.com/sessiongen/sessiongen/internal/web"
	"github.com/sessiongen/sessiongen/runtime"
)

// For very large accounts: -run=Account -listed=100000 -updated=10000 -timeout=1h.
var (
	listed  = flag.Int("listed", long.Of(2000, 5000), "how many sessions of one account are listed")
	updated = flag.Int("updated", long.Of(200, 1000), "how many sessions of one account are updated while they are used")
)

const account = 7

// Run runs the tests, each on a store of its own.
func Run(t *testing.T, open func(t *testing.T) runtime.Store) {
	for name, test := range map[string]func(*testing.T, runtime.Store){"listed": testList, "updated": testUpdate} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// A site is a program with its sessions in the store.
type site struct {
	*web.SessionManager
	handler http.Handler
}

type actionKey struct{}

func newSite(t *testing.T, store runtime.Store) site {
	t.Helper()
	keys, err := runtime.ParseKeys(runtime.GenerateKey())
	if err != nil {
		t.Fatal(err)
	}
	m, err := web.NewSessionManager(runtime.Config{Keys: keys, Store: store, Insecure: true,
		StoreTimeout: time.Minute, // a busy machine is not a failure
		OnEvent:      func(context.Context, runtime.Event) {}})
	if err != nil {
		t.Fatal(err)
	}
	return site{m, m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Context().Value(actionKey{}).(func(*web.Session))(web.SessionFrom(r.Context()))
	}))}
}

// A browser has a cookie of the site.
type browser struct {
	site
	cookie string
	visits int
}

// visit makes a request that does something with the session.
func (b *browser) visit(do func(*web.Session)) error {
	r := httptest.NewRequest("GET", "/", nil)
	r = r.WithContext(context.WithValue(r.Context(), actionKey{}, do))
	r.Header.Set("Cookie", b.cookie)
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		return fmt.Errorf("status %d", w.Code)
	}
	if line := w.Header().Get("Set-Cookie"); line != "" {
		b.cookie, _, _ = strings.Cut(line, ";")
	}
	return nil
}

// logIn returns n browsers with sessions of the account. Each has another name of size bytes.
func (s site) logIn(t *testing.T, n, size int) []*browser {
	t.Helper()
	browsers := make([]*browser, n)
	atOnce(t, n, func(i int) error {
		browsers[i] = &browser{site: s}
		return browsers[i].visit(func(v *web.Session) {
			v.SetUserID(account)
			v.SetVisits(i)
			v.SetRoles([]string{string(bytes.Repeat([]byte{'x'}, size))})
		})
	})
	return browsers
}

// atOnce calls f n times, some at once.
func atOnce(t *testing.T, n int, f func(i int) error) {
	t.Helper()
	const workers = 16
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for i := w; i < n; i += workers {
				if err := f(i); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

// testUpdate updates the sessions of an account while they are used and get new ids: every one is updated, none is
// logged out, and nothing is lost.
func testUpdate(t *testing.T, store runtime.Store) {
	s := newSite(t, store)
	browsers := s.logIn(t, *updated, 1)
	for i, b := range browsers {
		b.visits = i
	}
	stop := traffic(t, browsers)
	n, err := s.UpdateByUserID(t.Context(), account, func(v *web.Session) { v.AppendRoles("admin") })
	stop()
	if n != len(browsers) || err != nil {
		t.Errorf("got %d of %d sessions changed, %v", n, len(browsers), err)
	}
	atOnce(t, len(browsers), func(i int) (wrong error) {
		b := browsers[i]
		err := b.visit(func(v *web.Session) {
			if roles := v.GetRoles(); v.GetUserID() != account || v.GetVisits() != b.visits || !slices.Equal(roles, []string{"x", "admin"}) {
				wrong = fmt.Errorf("session %d: account %d, %d visits, want %d, roles %q", i, v.GetUserID(), v.GetVisits(), b.visits, roles)
			}
		})
		if err != nil {
			return err
		}
		return wrong
	})
}

// traffic uses the sessions of browsers and gives them new ids, until it is told to stop.
func traffic(t *testing.T, browsers []*browser) (stop func()) {
	const workers = 4
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for i := w; ctx.Err() == nil; i += workers {
				b := browsers[i%len(browsers)]
				err := b.visit(func(v *web.Session) {
					v.UpdateVisits(func(n int) int { return n + 1 })
					if i%7 == 0 {
						v.Renew()
					}
				})
				if err != nil {
					t.Error(err)
					return
				}
				b.visits++
			}
		})
	}
	return func() {
		cancel()
		all.Wait()
	}
}
