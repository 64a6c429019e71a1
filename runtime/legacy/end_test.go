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

// A log-out ends every old session that the browser has a cookie of, beside the session that is open.
func TestLogOutEndsOthersToo(t *testing.T) {
	serverHomes(t, func(t *testing.T, cfg runtime.Config) {
		synctest.Test(t, func(t *testing.T) {
			s := newSite(t, withLegacy(cfg, gorilla()))
			b := with("old", oldCookie(t, 42))
			s.visit(b, read)
			other := oldCookie(t, 43)
			b["old"] = other // an old build has set it
			s.visit(b, func(v *visitor) { v.Destroy() })
			if len(b) > 0 {
				t.Errorf("cookies %v", b)
			}
			for _, wait := range []time.Duration{0, 2 * time.Hour} {
				time.Sleep(wait)
				s.expectAccount(with("old", other), 0)
			}
		})
	})
}

// Clear deletes an old cookie that was refused, too.
func TestClearDeletesRefused(t *testing.T) {
	everyHome(t, func(t *testing.T, cfg runtime.Config) {
		s := newSite(t, withLegacy(cfg, gorilla()))
		b := with("old", "garbage")
		s.visit(b, func(v *visitor) { v.Clear() })
		if len(b) > 0 {
			t.Errorf("cookies %v", b)
		}
	})
}

// A log-out counts though what is set after it does not fit.
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
			t.Errorf("status %d, cookies %v", w.Code, b)
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
		t.Errorf("%d changed, %v; %d old records", changed, err, store.len())
	}
	s.expectAccount(b, 0)
	s.expectAccount(with("session", token), 0)
}

// expiryStore notes when what was written last ends.
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

// A revocation is known for as long as an old session can be taken over, and then lives.
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
			t.Errorf("in a store %v: known for %v, want %v", inStore, got, want)
		}
	}
}

// A revocation of somebody else that a key has missed is none of an old session that is sealed with that key.
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
