package runtime_test

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/storetest"
)

// spyStore counts calls of a store below, shows them, and lets them fail.
type spyStore struct {
	runtime.Store
	mu     sync.Mutex
	calls  []string
	before func(ctx context.Context, call, key string) error // an error is the call's, which is not made
	after  func(call, key string) error                      // an error is the call's, which was made
	keys   map[string]runtime.Record                         // all that was ever written
}

func newSpyStore() *spyStore {
	return &spyStore{Store: runtime.NewMemoryStore(1e6), keys: make(map[string]runtime.Record)}
}

func (s *spyStore) do(ctx context.Context, call, key string, f func() error) error {
	s.mu.Lock()
	s.calls = append(s.calls, call)
	before, after := s.before, s.after
	s.mu.Unlock()
	if before != nil {
		if err := before(ctx, call, key); err != nil {
			return err
		}
	}
	err := f()
	if after != nil && err == nil {
		err = after(call, key)
	}
	return err
}

// fail makes the calls of these names, or all, end with an error.
func (s *spyStore) fail(err error, calls ...string) {
	s.set(func(_ context.Context, call, _ string) error {
		if len(calls) == 0 || slices.Contains(calls, call) {
			return err
		}
		return nil
	}, nil)
}

func (s *spyStore) set(before func(context.Context, string, string) error, after func(string, string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before, s.after = before, after
}

// take returns the calls since the last time.
func (s *spyStore) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := s.calls
	s.calls = nil
	return calls
}

func (s *spyStore) expect(t testing.TB, want ...string) {
	t.Helper()
	if got := s.take(); !slices.Equal(got, want) {
		t.Errorf("got calls %v, want %v", got, want)
	}
}

func (s *spyStore) Load(ctx context.Context, key string) (r runtime.Record, err error) {
	err = s.do(ctx, "load", key, func() error { r, err = s.Store.Load(ctx, key); return err })
	return r, err
}

func (s *spyStore) Insert(ctx context.Context, key string, r runtime.Record) error {
	return s.do(ctx, "insert", key, func() error { return s.wrote(key, r, s.Store.Insert(ctx, key, r)) })
}

func (s *spyStore) Replace(ctx context.Context, key string, version uint64, r runtime.Record) error {
	return s.do(ctx, "replace", key, func() error { return s.wrote(key, r, s.Store.Replace(ctx, key, version, r)) })
}

func (s *spyStore) wrote(key string, r runtime.Record, err error) error {
	if err == nil {
		s.mu.Lock()
		s.keys[key] = r
		s.mu.Unlock()
	}
	return err
}

func (s *spyStore) Delete(ctx context.Context, key string) error {
	return s.do(ctx, "delete", key, func() error { return s.Store.Delete(ctx, key) })
}

func (s *spyStore) List(ctx context.Context, p string, yield func(string, runtime.Record) bool) error {
	return s.do(ctx, "list", p, func() error { return s.Store.List(ctx, p, yield) })
}

func (s *spyStore) DeleteByPrincipal(ctx context.Context, p string) error {
	return s.do(ctx, "delete by principal", p, func() error { return s.Store.DeleteByPrincipal(ctx, p) })
}

func (s *spyStore) DeleteAll(ctx context.Context) error {
	return s.do(ctx, "delete all", "", func() error { return s.Store.DeleteAll(ctx) })
}

// snapshot returns what is in the store.
func (s *spyStore) snapshot(t testing.TB) map[string]runtime.Record {
	t.Helper()
	s.mu.Lock()
	keys := slices.Collect(maps.Keys(s.keys))
	s.mu.Unlock()
	all := make(map[string]runtime.Record)
	for _, key := range keys {
		r, err := s.Store.Load(t.Context(), key)
		if err == nil {
			all[key] = r
		} else if !errors.Is(err, runtime.ErrNoRecord) {
			t.Fatal(err)
		}
	}
	return all
}

// A rig is a manager with a store, and its handler, which does what a request's context says.
type rig struct {
	t     testing.TB
	store *spyStore
	log   eventLog
	m     *runtime.Manager[visitor]
	h     http.Handler
}

type actionKey struct{}

func newRig(t testing.TB, cfg runtime.Config) *rig {
	r := &rig{t: t, store: newSpyStore()}
	if cfg.Store == nil && cfg.Revocations == nil {
		cfg.Store = r.store
	}
	r.start(cfg)
	return r
}

func (r *rig) start(cfg runtime.Config) { r.startOf(cfg, fields...) }

func (r *rig) startOf(cfg runtime.Config, fields ...runtime.AnyField) {
	cfg.OnEvent = r.log.record
	cfg.StoreTimeout = cmp.Or(cfg.StoreTimeout, time.Minute) // a busy machine is no failure
	r.m = newManagerOf(r.t, cfg, fields...)
	r.h = r.m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Context().Value(actionKey{}).(func(*visitor))(from(r))
	}))
}

// newRigOf returns a rig with a store whose schema has these fields.
func newRigOf(t testing.TB, fields ...runtime.AnyField) *rig {
	r := &rig{t: t, store: newSpyStore()}
	r.startOf(runtime.Config{Store: r.store}, fields...)
	return r
}

// A client is a browser without a network.
type client struct {
	rig     *rig
	cookies map[string]string
}

func (r *rig) client() *client { return &client{r, make(map[string]string)} }

// clone returns a client with the same cookies.
func (c *client) clone() *client { return &client{c.rig, maps.Clone(c.cookies)} }

func (c *client) send(do func(*visitor)) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "/", nil)
	r = r.WithContext(context.WithValue(r.Context(), actionKey{}, do))
	for name, value := range c.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	c.rig.h.ServeHTTP(w, r)
	return w
}

func (c *client) receive(w *httptest.ResponseRecorder) {
	for _, cookie := range w.Result().Cookies() {
		if cookie.MaxAge < 0 {
			delete(c.cookies, cookie.Name)
		} else {
			c.cookies[cookie.Name] = cookie.Value
		}
	}
}

// visit makes a request that must go well.
func (c *client) visit(do func(*visitor)) *httptest.ResponseRecorder {
	c.rig.t.Helper()
	w := c.send(do)
	if w.Code != 200 {
		c.rig.t.Errorf("got status %d, want 200; events %v", w.Code, c.rig.log.take())
	}
	c.receive(w)
	return w
}

// login returns a client with a session.
func (r *rig) login() *client {
	r.t.Helper()
	c := r.client()
	c.visit(func(s *visitor) {
		fieldUser.Set(s.Session, "hubo")
		fieldAccount.Set(s.Session, 7)
	})
	r.store.take()
	r.log.take()
	return c
}

// meanwhile lets a function run once, between a request's first load and what it does next.
func (r *rig) meanwhile(call string, f func()) {
	done := false
	r.store.set(func(_ context.Context, c, _ string) error {
		if c == call && !done {
			done = true
			f()
		}
		return nil
	}, nil)
}

// bothModes runs a test with sessions in a store, and with sessions in cookies that a
// store can revoke.
func bothModes(t *testing.T, f func(t *testing.T, newRig func(testing.TB) *rig)) {
	t.Run("store", func(t *testing.T) {
		f(t, func(t testing.TB) *rig { return newRig(t, runtime.Config{}) })
	})
	t.Run("cookie", func(t *testing.T) {
		f(t, func(t testing.TB) *rig { return inCookies(t, runtime.Config{}) })
	})
}

// everyHome is bothModes, and besides with sessions in cookies alone.
func everyHome(t *testing.T, f func(t *testing.T, newRig func(testing.TB) *rig)) {
	bothModes(t, f)
	t.Run("cookie alone", func(t *testing.T) {
		f(t, func(t testing.TB) *rig {
			r := &rig{t: t, store: newSpyStore()}
			r.start(runtime.Config{})
			return r
		})
	})
}

// inCookies returns a rig whose sessions live in cookies, with a store of revocations.
func inCookies(t testing.TB, cfg runtime.Config) *rig {
	spy := newSpyStore()
	cfg.Revocations = spy
	r := newRig(t, cfg)
	r.store = spy
	return r
}

func (c *client) isLoggedIn() (in bool) {
	c.rig.t.Helper()
	c.clone().visit(func(s *visitor) { in = fieldUser.Has(s.Session) })
	return in
}

var gone = runtime.Event{Kind: runtime.EventGone}

var errRefused = errors.New("connection refused")

// The changes that a request may make to its session.
var faultActions = map[string]func(*visitor){
	"read":    func(s *visitor) { fieldUser.Get(s.Session) },
	"set":     func(s *visitor) { fieldVisits.Set(s.Session, 1) },
	"update":  func(s *visitor) { fieldVisits.Update(s.Session, func(n int) int { return n + 1 }) },
	"pop":     func(s *visitor) { fieldUser.Pop(s.Session) },
	"clear":   func(s *visitor) { s.Clear() },
	"renew":   func(s *visitor) { s.Renew() },
	"log in":  func(s *visitor) { fieldAccount.Set(s.Session, 8) },
	"destroy": func(s *visitor) { s.Destroy() },
	"destroy, begin": func(s *visitor) {
		s.Destroy()
		fieldUser.Set(s.Session, "eve")
	},
}

// listing deletes what it has listed, as stores without transactions do.
type listing struct {
	*spyStore
	between func()
}

func (s *listing) DeleteByPrincipal(ctx context.Context, p string) error {
	all, err := storetest.List(ctx, s.spyStore.Store, p)
	if err != nil {
		return err
	}
	if s.between != nil {
		s.between()
	}
	for key := range all {
		if r, err := s.spyStore.Store.Load(ctx, key); err == nil && r.Principal == p {
			s.spyStore.Store.Delete(ctx, key)
		}
	}
	return nil
}

type versionZero struct{ *spyStore }

// A record of version 0 is damaged: no store writes one.
func (s versionZero) Load(ctx context.Context, key string) (runtime.Record, error) {
	r, err := s.spyStore.Load(ctx, key)
	r.Version = 0
	return r, err
}

// revokeAccount and listAccount are what the generated manager has for the principal. The last seen of a
// list comes first.

func revokeAccount(ctx context.Context, m *runtime.Manager[visitor], id int64) error {
	return runtime.RevokeBy(ctx, m, &fieldAccount, id)
}

func listAccount(ctx context.Context, m *runtime.Manager[visitor], id int64) (list []runtime.Entry, err error) {
	for e, failure := range runtime.ListBy(ctx, m, &fieldAccount, id, func(e runtime.Entry) runtime.Entry { return e }) {
		if failure != nil {
			err = failure
			continue
		}
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b runtime.Entry) int {
		return cmp.Or(b.LastSeen().Compare(a.LastSeen()), cmp.Compare(a.ID(), b.ID()))
	})
	return list, err
}

func updateAccount(ctx context.Context, m *runtime.Manager[visitor], id int64, change func(*visitor)) (int, error) {
	return runtime.UpdateBy(ctx, m, &fieldAccount, id, change)
}

// loggedIn returns how many clients are logged in.
func loggedIn(clients []*client) (n int) {
	for _, c := range clients {
		if c.isLoggedIn() {
			n++
		}
	}
	return n
}

// revocations are the ways to end all sessions of account 7 at once, but for one by the last.
func revocations(t *testing.T) map[string]func(r *rig) error {
	return map[string]func(r *rig) error{
		"RevokePrincipal": func(r *rig) error { return revokeAccount(t.Context(), r.m, 7) },
		"RevokeAll":       func(r *rig) error { return r.m.RevokeAll(t.Context()) },
		"RevokeOthers": func(r *rig) (err error) {
			r.login().visit(func(s *visitor) { err = r.m.RevokeOthers(t.Context(), s) })
			return err
		},
	}
}
