package runtime_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// A session that was revoked is not stored again by a request that first only noted its use.
func TestServerRevival(t *testing.T) {
	r := newRig(t, runtime.Config{})
	c := r.login()
	r.m.SetKeys(parseKeys(t, keyB+" "+keyA)) // touch is due
	c.visit(func(s *visitor) {
		fieldUser.Get(s.Session)
		if err := r.m.RevokePrincipal(t.Context(), int64(7)); err != nil {
			t.Fatal(err)
		}
		if _, err := r.m.Seal(s); err != nil { // a first save
			t.Fatal(err)
		}
		fieldVisits.Set(s.Session, 3)
	})
	c.visit(func(s *visitor) {
		if fieldAccount.Has(s.Session) {
			t.Errorf("revived: %v account %d", s, fieldAccount.Get(s.Session))
		}
	})
}

// A log-in that cannot be saved leaves the visitor the session that there was.
func TestServerDenyBeforeFailure(t *testing.T) {
	spy := newSpyStore()
	r := newRig(t, runtime.Config{Revocations: spy})
	c := r.client()
	c.visit(func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
	c.send(func(s *visitor) {
		fieldAccount.Set(s.Session, 7)
		fieldBlob.Set(s.Session, make([]byte, 9000))
	})
	c.visit(func(s *visitor) {
		if !fieldUser.Has(s.Session) {
			t.Errorf("a save that failed ended the session: %v", r.log.take())
		}
	})
}

// An answer that was under way while this process revoked the session does not undo that.
func TestServerCacheStale(t *testing.T) {
	spy := newSpyStore()
	r := newRig(t, runtime.Config{Revocations: spy, RevocationCache: time.Minute})
	c := r.client()
	var id string
	c.visit(func(s *visitor) { fieldUser.Set(s.Session, "hubo"); id = s.ID() })
	done := false
	spy.set(nil, nil)
	// Load answered "none" (ErrNoRecord) before the revocation, arrives after it.
	slow := &slowLoad{spyStore: spy}
	r2 := newRig(t, runtime.Config{Revocations: slow, RevocationCache: time.Minute})
	c2 := &client{r2, c.cookies}
	slow.hook = func() {
		if !done {
			done = true
			if err := r2.m.RevokeID(context.Background(), id); err != nil {
				t.Error(err)
			}
		}
	}
	c2.visit(func(s *visitor) { fieldUser.Get(s.Session) })
	c2.visit(func(s *visitor) {
		if fieldUser.Has(s.Session) {
			t.Error("revoked by this process, and still good from the cache")
		}
	})
}

type slowLoad struct {
	*spyStore
	hook func()
}

func (s *slowLoad) Load(ctx context.Context, key string) (runtime.Record, error) {
	r, err := s.spyStore.Load(ctx, key)
	if s.hook != nil {
		s.hook()
	}
	return r, err
}

// A write that failed may have been done: the same request does not do it again.
func TestServerDoubleUpdate(t *testing.T) {
	r := newRig(t, runtime.Config{})
	c := r.login()
	first := true
	r.store.set(nil, func(call, _ string) error {
		if call == "replace" && first {
			first = false
			return errors.New("connection reset")
		}
		return nil
	})
	w := c.send(func(s *visitor) {
		fieldVisits.Update(s.Session, func(n int) int { return n + 1 })
		if _, err := r.m.Seal(s); !errors.Is(err, runtime.ErrStore) {
			t.Error(err)
		}
	})
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("answered with %d", w.Code)
	}
	c.visit(func(s *visitor) {
		if n := fieldVisits.Get(s.Session); n != 1 {
			t.Errorf("visits %v", n)
		}
	})
}

type versionZero struct{ *spyStore }

// A version that nobody chose is a damaged record.
func (s versionZero) Load(ctx context.Context, key string) (runtime.Record, error) {
	r, err := s.spyStore.Load(ctx, key)
	r.Version = 0
	return r, err
}

func TestServerVersionZero(t *testing.T) {
	spy := newSpyStore()
	r := newRig(t, runtime.Config{Store: versionZero{spy}})
	c := r.client()
	c.visit(func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
	for name, use := range map[string]func(*visitor){
		"reading":   func(s *visitor) { fieldUser.Get(s.Session) },
		"a log-out": func(s *visitor) { s.Destroy() },
	} {
		if w := c.send(use); w.Code != http.StatusServiceUnavailable {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
}

type panicky struct {
	*spyStore
	on bool
}

func (s *panicky) Load(ctx context.Context, key string) (runtime.Record, error) {
	if s.on {
		panic("driver")
	}
	return s.spyStore.Load(ctx, key)
}

// A store that panics has failed, whoever recovers.
func TestServerPanicMints(t *testing.T) {
	p := &panicky{spyStore: newSpyStore()}
	r := newRig(t, runtime.Config{Store: p})
	c := r.login()
	p.on = true
	w := c.send(func(s *visitor) {
		func() {
			defer func() { recover() }()
			fieldUser.Get(s.Session)
		}()
		fieldTheme.Set(s.Session, "dark")
	})
	if w.Code != 503 || len(setCookies(w)) > 0 {
		t.Errorf("%d %q", w.Code, setCookies(w))
	}
}

// A function given to Update that uses the session gets an error, and waits for nobody.
func TestServerPopInUpdate(t *testing.T) {
	r := newRig(t, runtime.Config{})
	c := r.login()
	other := c.clone()
	r.meanwhile("replace", func() {
		other.visit(func(s *visitor) { fieldVisits.Set(s.Session, 5); fieldTheme.Set(s.Session, "x") })
	})
	done := make(chan int, 1)
	go func() {
		done <- c.send(func(s *visitor) {
			fieldVisits.Update(s.Session, func(n int) int { fieldTheme.Pop(s.Session); return n + 1 })
		}).Code
	}()
	select {
	case code := <-done:
		if code != http.StatusInternalServerError {
			t.Error(code)
		}
	case <-time.After(2 * time.Second):
		t.Error("deadlock")
	}
}

// listing deletes what it has listed, as stores without transactions do.
type listing struct {
	*spyStore
	between func()
}

func (s *listing) DeleteByPrincipal(ctx context.Context, p string) error {
	all, err := s.spyStore.Store.List(ctx, p)
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

// A session that moves to another id while it is revoked is revoked too.
func TestServerRevokeWhileRenewing(t *testing.T) {
	l := &listing{spyStore: newSpyStore()}
	r := newRig(t, runtime.Config{Store: l})
	c := r.login()
	l.between = func() { l.between = nil; c.visit(func(s *visitor) { s.Renew() }) }
	if err := r.m.RevokePrincipal(t.Context(), int64(7)); err != nil {
		t.Fatal(err)
	}
	l.between = nil
	c.visit(func(s *visitor) {
		if fieldAccount.Has(s.Session) {
			t.Error("survives log out everywhere")
		}
	})
}

// Pop alone is a save like any other.
func TestServerPopMaxAge(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	r := newRig(t, runtime.Config{Lifetime: time.Hour, Time: func() time.Time { return now }})
	c := r.client()
	c.visit(func(s *visitor) {
		fieldUser.Set(s.Session, "hubo")
		fieldTheme.Set(s.Session, "x")
		s.SetPermanent(true)
	})
	now = now.Add(30 * time.Minute)
	w := c.visit(func(s *visitor) { fieldTheme.Pop(s.Session) })
	cookies := w.Result().Cookies()
	if len(cookies) != 1 || cookies[0].MaxAge != 3600 {
		t.Errorf("max-age %v", cookies)
	}
}

// A Set of the same request, while an Update runs again, stays the later one.
func TestServerLostSet(t *testing.T) {
	r := newRig(t, runtime.Config{})
	c := r.login()
	other := c.clone()
	r.meanwhile("replace", func() { other.visit(func(s *visitor) { fieldVisits.Set(s.Session, 5) }) })
	c.visit(func(s *visitor) {
		runs := 0
		fieldVisits.Update(s.Session, func(n int) int {
			if runs++; runs == 2 {
				done := make(chan bool)
				go func() { fieldTheme.Set(s.Session, "b"); close(done) }()
				<-done
			}
			return n + 1
		})
		fieldTheme.Set(s.Session, "a")
		fieldUser.Pop(s.Session)
		if got := fieldTheme.Get(s.Session); got != "b" {
			t.Errorf("after Set(b): %q", got)
		}
	})
	c.visit(func(s *visitor) {
		if got := fieldTheme.Get(s.Session); got != "b" {
			t.Errorf("stored %q", got)
		}
	})
}

// Whatever is done with a session of which nothing is known, the answer is one 503.
func TestServerReadDown(t *testing.T) {
	for _, mode := range []string{"store", "revocations"} {
		spy := newSpyStore()
		cfg := runtime.Config{Store: spy}
		if mode == "revocations" {
			cfg = runtime.Config{Revocations: spy}
		}
		r := newRig(t, cfg)
		c := r.client()
		c.visit(func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
		r.log.take()
		spy.fail(errors.New("down"))
		for name, do := range map[string]func(*visitor){
			"read":    func(s *visitor) { fieldUser.Get(s.Session) },
			"set":     func(s *visitor) { fieldUser.Set(s.Session, "x") },
			"destroy": func(s *visitor) { s.Destroy(); fieldUser.Set(s.Session, "x") },
			"clear":   func(s *visitor) { s.Clear() },
			"pop":     func(s *visitor) { fieldUser.Pop(s.Session) },
			"renew":   func(s *visitor) { s.Renew() },
			"perm":    func(s *visitor) { s.SetPermanent(true) },
			"isnew":   func(s *visitor) { s.IsNew() },
		} {
			w := c.send(do)
			if w.Code != http.StatusServiceUnavailable || len(setCookies(w)) > 0 {
				t.Errorf("%s %s: %d %q", mode, name, w.Code, setCookies(w))
			}
			if ev := r.log.take(); len(ev) != 1 {
				t.Errorf("%s %s: events %v", mode, name, ev)
			}
		}
		spy.set(nil, nil)
		c.visit(func(s *visitor) {
			if fieldUser.Get(s.Session) != "hubo" {
				t.Error("not recovered")
			}
		})
	}
}
