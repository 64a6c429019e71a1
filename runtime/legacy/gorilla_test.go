package legacy_test

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/legacy"
)

func gorilla() legacy.Gorilla {
	return legacy.Gorilla{Name: "old", Keys: [][]byte{hashKey, blockKey}, Until: until}
}

func withLegacy(cfg runtime.Config, sources ...runtime.LegacySource) runtime.Config {
	cfg.Legacy = sources
	return cfg
}

// The first request takes the old session over: its fields, but no log-in.
func TestImport(t *testing.T) {
	everyHome(t, func(t *testing.T, cfg runtime.Config) {
		s := newSite(t, withLegacy(cfg, gorilla()))
		b := with("old", oldCookie(t, 42))
		w := s.visit(b, func(v *visitor) {
			if fieldUser.Get(v.Session) != "hubo" || fieldAccount.Get(v.Session) != 42 || fieldVisits.Get(v.Session) != 3 || fieldTheme.Get(v.Session) != "dark" {
				t.Errorf("got session %v", v)
			}
			if v.IsNew() || v.Modified() || !v.AuthenticatedAt().IsZero() || v.Permanent() {
				t.Errorf("got new %v, modified %v, authenticated %v, permanent %v, want an unchanged session without a log-in", v.IsNew(), v.Modified(), v.AuthenticatedAt(), v.Permanent())
			}
		})
		if _, kept := b["old"]; kept || b["__Host-session"] == "" || len(b) != 1 {
			t.Errorf("the browser has cookies %v after %q, want __Host-session alone", b, w.Header()["Set-Cookie"])
		}
		if got, want := s.takeEvents(), []runtime.Event{{Kind: runtime.EventImported, Reason: "gorilla"}}; !reflect.DeepEqual(got, want) {
			t.Errorf("got events %v, want %v", got, want)
		}
		// From now on the session is one of ours.
		for range 2 {
			s.advance(time.Hour)
			s.visit(b, func(v *visitor) { fieldVisits.Update(v.Session, func(n int) int { return n + 1 }) })
		}
		s.expectAccount(b, 42)
		s.visit(b, func(v *visitor) {
			if fieldVisits.Get(v.Session) != 5 {
				t.Errorf("got session %v, want 5 visits", v)
			}
		})
		if events := s.takeEvents(); len(events) > 0 {
			t.Errorf("got events %v, want none", events)
		}
	})
}

// A log-out is final: neither the cookie that the old session became nor a copy of the old one brings it back.
func TestLogOutIsFinal(t *testing.T) {
	for name, end := range map[string]func(*visitor){
		"Destroy": func(v *visitor) { v.Destroy() },
		"LogOut":  func(v *visitor) { v.LogOut() },
		"Clear":   func(v *visitor) { v.Clear() },
	} {
		for when, visits := range map[string][]func(*visitor){
			"at once":               {},
			"later":                 {read},
			"after a new id":        {func(v *visitor) { v.Renew() }},
			"after another log-in":  {func(v *visitor) { fieldAccount.Set(v.Session, 43) }},
			"after all was cleared": {func(v *visitor) { fieldAccount.Clear(v.Session); fieldTheme.Clear(v.Session) }},
			"after a change":        {read, func(v *visitor) { fieldVisits.Set(v.Session, 9) }, func(v *visitor) { v.Renew() }},
		} {
			serverHomes(t, func(t *testing.T, cfg runtime.Config) {
				s := newSite(t, withLegacy(cfg, gorilla()))
				b := with("old", oldCookie(t, 42))
				copies := []browser{b.clone()}
				for _, visit := range visits {
					s.visit(b, visit)
					copies = append(copies, b.clone())
				}
				s.visit(b, end)
				copies = append(copies, b)
				if _, kept := b["old"]; kept {
					t.Errorf("%s %s: the browser still has the old cookie", name, when)
				}
				for _, wait := range []time.Duration{0, time.Minute, 2 * time.Hour, 20 * 24 * time.Hour} {
					s.advance(wait)
					for i, c := range copies {
						if got := s.account(c); got != 0 {
							t.Errorf("%s %s, %v later: copy %d is logged in as %d", name, when, wait, i, got)
						}
					}
				}
			})
		}
	}
}

// A request came with the old cookie and is still running at a log-out. It revives nothing.
func TestLogOutBesideImports(t *testing.T) {
	for name, do := range map[string]func(*visitor){
		"read":   read,
		"change": func(v *visitor) { fieldVisits.Set(v.Session, 9) },
		"renew":  func(v *visitor) { v.Renew() },
		"pop":    func(v *visitor) { fieldUser.Pop(v.Session) },
		"log in": func(v *visitor) { v.Authenticate() },
	} {
		for _, first := range []bool{false, true} { // whether another request took the session over before
			serverHomes(t, func(t *testing.T, cfg runtime.Config) {
				s := newSite(t, withLegacy(cfg, gorilla()))
				old := with("old", oldCookie(t, 42))
				b := old.clone()
				if first {
					s.visit(b, read)
				}
				slow := old.clone()
				slow.receive(s.send(slow, func(v *visitor) {
					fieldUser.Get(v.Session) // opens the session
					s.visit(b, func(v *visitor) { v.Destroy() })
					do(v)
				}))
				for i, c := range []browser{old, slow, b} {
					if got := s.account(c); got != 0 {
						t.Errorf("%s, taken over before %v: browser %d is logged in as %d", name, first, i, got)
					}
				}
			})
		}
	}
}

// Several first requests become one session.
func TestFirstRequestsAtOnce(t *testing.T) {
	everyHome(t, func(t *testing.T, cfg runtime.Config) {
		s := newSite(t, withLegacy(cfg, gorilla()))
		old := with("old", oldCookie(t, 42))
		ids := map[string]bool{}
		a, b, c := old.clone(), old.clone(), old.clone()
		note := func(v *visitor) { ids[v.ID()] = true }
		s.visit(a, func(v *visitor) {
			note(v)
			s.visit(b, func(v *visitor) {
				note(v)
				fieldVisits.Set(v.Session, 8)
				s.visit(c, note)
			})
			fieldTheme.Set(v.Session, "light")
		})
		if len(ids) != 1 {
			t.Errorf("the requests have the ids %v, want the same one", ids)
		}
		for _, b := range []browser{a, b, c, old} {
			s.expectAccount(b, 42)
		}
		if cfg.Store != nil {
			s.visit(c, func(v *visitor) {
				if fieldVisits.Get(v.Session) != 8 || fieldTheme.Get(v.Session) != "light" {
					t.Errorf("the session lost a change: %v", v)
				}
			})
		}
	})
}

// A revoked session stays dead even if nobody has taken it over yet.
func TestRevokedBeforeTheImport(t *testing.T) {
	for name, revoke := range map[string]func(s *site, b browser) error{
		"the account": func(s *site, _ browser) error { return runtime.RevokeBy(s.t.Context(), s.m, &fieldAccount, 42) },
		"all":         func(s *site, _ browser) error { return s.m.RevokeAll(s.t.Context()) },
		"the others": func(s *site, _ browser) error {
			var err error
			s.visit(browser{}, func(v *visitor) {
				fieldAccount.Set(v.Session, 42)
				err = s.m.RevokeOthers(s.t.Context(), v)
			})
			return err
		},
		"the id": func(s *site, b browser) (err error) {
			s.visit(b.clone(), func(v *visitor) { err = s.m.RevokeID(s.t.Context(), v.ID()) })
			return err
		},
	} {
		serverHomes(t, func(t *testing.T, cfg runtime.Config) {
			cfg.Lifetime = 24 * time.Hour // the old session lives longer than that
			s := newSite(t, withLegacy(cfg, gorilla()))
			b := with("old", oldCookie(t, 42))
			other := with("old", oldCookie(t, 7))
			if err := revoke(s, b); err != nil {
				t.Fatal(err)
			}
			for _, wait := range []time.Duration{0, 2 * time.Hour, 10 * 24 * time.Hour} {
				s.advance(wait)
				if s.account(b) != 0 {
					t.Errorf("%s, %v later: the old cookie is logged in", name, wait)
				}
			}
			if want := int64(7); name != "all" && s.account(other) != want {
				t.Errorf("%s: another account is logged out", name)
			}
		})
	}
}

// A value that is popped goes to one of several first requests.
func TestPopByOneFirstRequest(t *testing.T) {
	s := newSite(t, withLegacy(homes["store"](), gorilla()))
	old := with("old", oldCookie(t, 42))
	took := 0
	pop := func(v *visitor) {
		if _, ok := fieldUser.Pop(v.Session); ok {
			took++
		}
	}
	s.visit(old.clone(), func(v *visitor) {
		fieldUser.Get(v.Session)
		s.visit(old.clone(), func(v *visitor) {
			fieldUser.Get(v.Session)
			pop(v)
		})
		pop(v)
	})
	s.visit(old.clone(), pop)
	if took != 1 {
		t.Errorf("%d requests popped the value, want 1", took)
	}
}

// An old session whose principal cannot be decoded belongs to nobody: only the visitor's fields are taken over.
func TestImportOfSomebody(t *testing.T) {
	everyHome(t, func(t *testing.T, cfg runtime.Config) {
		s := newSite(t, withLegacy(cfg, gorilla()))
		b := with("old", secure(t, "old", hashKey, blockKey, start.Add(-time.Hour), gobText(t, map[any]any{
			"username": "hubo", "account": "forty-two", "visits": 3, "theme": "dark",
		})))
		s.visit(b, func(v *visitor) {
			if fieldUser.Has(v.Session) || fieldVisits.Has(v.Session) || fieldAccount.Has(v.Session) || fieldTheme.Get(v.Session) != "dark" {
				t.Errorf("got session %v, want the theme alone", v)
			}
		})
	})
}

// An import asks the store about revocations, even if the process has an answer that is fresh enough for other
// requests.
func TestImportAsksTheStore(t *testing.T) {
	store := runtime.NewMemoryStore(1000)
	cfg := withLegacy(runtime.Config{Revocations: store, RevocationCache: time.Minute}, gorilla())
	here, there := newSite(t, cfg), newSite(t, cfg)
	here.expectAccount(with("old", oldCookie(t, 42)), 42) // the answer is in the cache from now on
	if err := there.m.RevokeAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	late := with("old", oldCookie(t, 42))
	here.visit(late, read)
	here.advance(2 * time.Minute)
	here.expectAccount(late, 0)
}

// A program that changed only its encryption key has several pairs with one authentication key. The cookie of each
// pair opens.
func TestGorillaRotatedBlockKey(t *testing.T) {
	older, newest := bytes.Repeat([]byte("o"), 16), bytes.Repeat([]byte("n"), 32)
	g := gorilla()
	g.Keys = [][]byte{hashKey, newest, hashKey, nil, hashKey, older}
	s := newSite(t, withLegacy(runtime.Config{}, g))
	values := gobText(t, map[any]any{"username": "hubo", "account": 42})
	for _, block := range [][]byte{newest, older, nil} {
		s.expectAccount(with("old", secure(t, "old", hashKey, block, start, values)), 42)
	}
	s.expectAccount(with("old", secure(t, "old", hashKey, bytes.Repeat([]byte("x"), 32), start, values)), 0)

	file := gorilla()
	file.Dir, file.Keys = t.TempDir(), g.Keys
	f := newSite(t, withLegacy(runtime.Config{}, file))
	const id = "MFRGGZDFMZTWQ2LK"
	for _, block := range [][]byte{newest, older, nil} {
		text := secure(t, "old", hashKey, block, start, values)
		if err := os.WriteFile(filepath.Join(file.Dir, "session_"+id), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		f.expectAccount(with("old", secure(t, "old", hashKey, block, start, gobText(t, id))), 42)
	}
}

// An imported session ends with the cookie or the file, whichever ends first.
func TestGorillaFileEnds(t *testing.T) {
	const id = "MFRGGZDFMZTWQ2LK"
	recent, long := start.Add(-time.Hour), start.Add(-29*24*time.Hour)
	for _, at := range [][2]time.Time{{recent, long}, {long, recent}} {
		g := gorilla()
		g.Dir = t.TempDir()
		text := secure(t, "old", hashKey, blockKey, at[0], gobText(t, map[any]any{"account": 42}))
		if err := os.WriteFile(filepath.Join(g.Dir, "session_"+id), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s := newSite(t, withLegacy(runtime.Config{}, g))
		b := with("old", secure(t, "old", hashKey, blockKey, at[1], gobText(t, id)))
		s.visit(b, read)
		s.expectAccount(b, 42)
		s.advance(2 * 24 * time.Hour)
		s.expectAccount(b, 0)
	}
}
