package legacy_test

import (
	"context"
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
