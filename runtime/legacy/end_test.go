package legacy_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/legacy"
)

// A log-out ends the open session and every old session that the browser has a cookie of.
func TestLogOutEndsOthersToo(t *testing.T) {
	serverHomes(t, func(t *testing.T, cfg runtime.Config) {
		synctest.Test(t, func(t *testing.T) {
			s := newSite(t, withLegacy(cfg, gorilla()))
			b := with("old", oldCookie(t, 42))
			s.visit(b, read)
			other := oldCookie(t, 43)
			b["old"] = other // from an old build of the program
			s.visit(b, func(v *visitor) { v.Destroy() })
			if len(b) > 0 {
				t.Errorf("the browser has cookies %v after the log-out", b)
			}
			for _, wait := range []time.Duration{0, 2 * time.Hour} {
				time.Sleep(wait)
				s.expectAccount(with("old", other), 0)
			}
		})
	})
}

// Clear also deletes an old cookie that was refused.
func TestClearDeletesRefused(t *testing.T) {
	everyHome(t, func(t *testing.T, cfg runtime.Config) {
		s := newSite(t, withLegacy(cfg, gorilla()))
		b := with("old", "garbage")
		s.visit(b, func(v *visitor) { v.Clear() })
		if len(b) > 0 {
			t.Errorf("the browser has cookies %v after Clear", b)
		}
	})
}

// A log-out counts even if a value that is set after it does not fit.
func TestLogOutThenTooLarge(t *testing.T) {
	everyHome(t, func(t *testing.T, cfg runtime.Config) {
		s := newSite(t, withLegacy(cfg, gorilla()))
		b := with("old", oldCookie(t, 42))
		old := b.clone()
		w := s.send(b, func(v *visitor) {
			v.Destroy()
			fieldUser.Set(v.Session, strings.Repeat("x", 2<<20))
		})
		b.receive(w)
		if w.Code != 500 || len(b) > 0 {
			t.Errorf("got status %d and cookies %v, want 500 and none", w.Code, b)
		}
		if cfg.Store != nil || cfg.Revocations != nil {
			s.expectAccount(old, 0)
		}
	})
}

// A log-out may clear the principal, or renew the session, and destroy nothing. An old build must not accept the old
// cookie afterwards, so a new id removes the old record as well.
func TestNewIDEndsOldRecord(t *testing.T) {
	for name, renew := range map[string]func(*visitor){
		"Renew":                 func(v *visitor) { v.Renew() },
		"Authenticate":          func(v *visitor) { v.Authenticate() },
		"another log-in":        func(v *visitor) { fieldAccount.Set(v.Session, 43) },
		"the principal cleared": func(v *visitor) { fieldAccount.Clear(v.Session) },
	} {
		for _, first := range []bool{true, false} {
			everyHome(t, func(t *testing.T, cfg runtime.Config) {
				store := newSCS(t, 24*time.Hour)
				s := newSite(t, withLegacy(cfg, legacy.SCS{Store: store, Until: until}))
				b := with("session", token)
				if !first {
					s.visit(b, read)
				}
				s.visit(b, renew)
				if store.len() != 0 {
					t.Errorf("%s, first request %v: the old record still exists", name, first)
				}
				s.expectAccount(with("session", token), 0)
				store.fail(errors.New("gone"))
				s.visit(b, func(v *visitor) { fieldVisits.Set(v.Session, 8); v.Renew() }) // needs the old store no more
				s.visit(b, func(v *visitor) {
					if got := fieldVisits.Get(v.Session); got != 8 {
						t.Errorf("%s, first request %v: the session has %d visits after a second new id, want 8", name, first, got)
					}
				})
			})
		}
	}
}

// A new id must not be promised while an old build would still accept the old cookie.
func TestNewIDWithoutOldStore(t *testing.T) {
	everyHome(t, func(t *testing.T, cfg runtime.Config) {
		store := newSCS(t, 24*time.Hour)
		s := newSite(t, withLegacy(cfg, legacy.SCS{Store: store, Until: until}))
		b := with("session", token)
		s.visit(b, read)
		store.fail(errors.New("down"))
		if w := s.send(b, func(v *visitor) { v.Renew() }); w.Code != 503 {
			t.Errorf("got status %d from a request that renews while the old store is down, want 503", w.Code)
		}
		s.expectAccount(b, 42)
		store.fail(nil)
		s.visit(b, func(v *visitor) { v.Renew() })
		s.expectAccount(b, 42)
		if store.len() != 0 {
			t.Error("the old record still exists")
		}
	})
}

// An administrator's log-out removes the old record as well.
func TestDestroyFromOutside(t *testing.T) {
	store := newSCS(t, 24*time.Hour)
	s := newSite(t, withLegacy(homes["store"](), legacy.SCS{Store: store, Until: until}))
	b := with("session", token)
	s.visit(b, read)
	changed, err := runtime.UpdateBy(t.Context(), s.m, &fieldAccount, 42, func(v *visitor) { v.Destroy() })
	if changed != 1 || err != nil || store.len() != 0 {
		t.Errorf("UpdateBy changed %d sessions, %v, and left %d old records; want 1, nil and 0", changed, err, store.len())
	}
	s.expectAccount(b, 0)
	s.expectAccount(with("session", token), 0)
}

// expiryStore notes the latest expiry of its records.
type expiryStore struct {
	runtime.Store
	latest time.Time
}

func (s *expiryStore) Insert(ctx context.Context, key string, r runtime.Record) error {
	if r.Expires.After(s.latest) {
		s.latest = r.Expires
	}
	return s.Store.Insert(ctx, key, r)
}

// A revocation is known until no old session can be taken over and none that was taken over still lives.
func TestRevocationsLastUntilTheEnd(t *testing.T) {
	for _, inStore := range []bool{false, true} {
		store := &expiryStore{Store: runtime.NewMemoryStore(100)}
		cfg := runtime.Config{Lifetime: 24 * time.Hour, Revocations: store}
		if inStore {
			cfg.Revocations, cfg.Store = nil, store
		}
		s := newSite(t, withLegacy(cfg, gorilla()))
		if err := runtime.RevokeBy(t.Context(), s.m, &fieldAccount, 42); err != nil {
			t.Fatal(err)
		}
		if got, want := time.Until(store.latest), until.Sub(start)+24*time.Hour; got < want {
			t.Errorf("in a store %v: the revocation is known for %v, want at least %v", inStore, got, want)
		}
	}
}

// A key has missed a revocation of another account. That does not end an old session that is sealed with the key.
func TestImportAfterRevocationUnderAnotherKey(t *testing.T) {
	serverHomes(t, func(t *testing.T, cfg runtime.Config) {
		s := newSite(t, withLegacy(cfg, gorilla()))
		if err := runtime.RevokeBy(t.Context(), s.m, &fieldAccount, 7); err != nil {
			t.Fatal(err)
		}
		keys, err := runtime.ParseKeys(strings.Replace(keyText, "AAEC", "BBEC", 1) + "," + keyText)
		if err == nil {
			err = s.m.SetKeys(keys)
		}
		if err != nil {
			t.Fatal(err)
		}
		b := with("old", oldCookie(t, 42))
		s.visit(b, read)
		s.expectAccount(b, 42)
		s.expectAccount(with("old", oldCookie(t, 43)), 43)
	})
}
