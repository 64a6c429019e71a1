package legacy_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/legacy"
)

// scsMap is a store of scs.
type scsMap struct {
	mu      sync.Mutex
	records map[string][]byte
	err     error
}

func (s *scsMap) Find(token string) ([]byte, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	record, found := s.records[token]
	return record, found, s.err
}

func (s *scsMap) Delete(token string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		delete(s.records, token)
	}
	return s.err
}

func (s *scsMap) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *scsMap) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.records)
}

// ctxMap has the methods that take a context; the others panic.
type ctxMap struct{ *scsMap }

func (ctxMap) Find(string) ([]byte, bool, error) { panic("without a context") }
func (ctxMap) Delete(string) error               { panic("without a context") }

func (s ctxMap) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	if _, limited := ctx.Deadline(); !limited {
		return nil, false, errors.New("no deadline")
	}
	return s.scsMap.Find(token)
}

func (s ctxMap) DeleteCtx(_ context.Context, token string) error { return s.scsMap.Delete(token) }

const token = "kI4YHaL0vGfKVyXVZ8wLyzrfvqn8l7zLgYeZMfEw0oQ"

// scsSession is the struct that scs encodes for a session.
type scsSession struct {
	Deadline time.Time
	Values   map[string]any
}

func newSCS(t testing.TB, ends time.Duration) *scsMap {
	record := gobText(t, scsSession{start.Add(ends), map[string]any{"username": "hubo", "account": 42, "visits": 3, "theme": "dark", "__rememberMe": true}})
	return &scsMap{records: map[string][]byte{token: record}}
}

func TestSCS(t *testing.T) {
	for name, source := range map[string]func(*scsMap) legacy.SCS{
		"plain": func(s *scsMap) legacy.SCS { return legacy.SCS{Store: s, Until: until} },
		"ctx":   func(s *scsMap) legacy.SCS { return legacy.SCS{Store: ctxMap{s}, Until: until} },
		"hashed": func(s *scsMap) legacy.SCS {
			sum := sha256.Sum256([]byte(token))
			s.records = map[string][]byte{base64.RawURLEncoding.EncodeToString(sum[:]): s.records[token]}
			return legacy.SCS{Store: s, Until: until, HashTokenInStore: true}
		},
	} {
		everyHome(t, func(t *testing.T, cfg runtime.Config) {
			store := newSCS(t, 10*24*time.Hour)
			s := newSite(t, withLegacy(cfg, source(store)))
			old := with("session", token)
			b := old.clone()
			s.visit(b, func(v *visitor) {
				if fieldUser.Get(v.Session) != "hubo" || fieldAccount.Get(v.Session) != 42 || !v.Permanent() || !v.AuthenticatedAt().IsZero() {
					t.Errorf("%s: got session %v", name, v)
				}
			})
			if len(b) != 1 || store.len() != 1 {
				t.Errorf("%s: the browser has cookies %v and the store %d records, want one of ours and 1 record", name, b, store.len())
			}
			s.expectAccount(old, 42) // another first request
			s.visit(b, func(v *visitor) { fieldVisits.Set(v.Session, 4) })
			s.visit(b, func(v *visitor) { v.Renew() })
			late := b.clone()
			s.visit(b, func(v *visitor) { v.LogOut() })
			if store.len() != 0 {
				t.Errorf("%s: the old record still exists after a log-out", name)
			}
			s.expectAccount(old, 0)
			if cfg.Store != nil || cfg.Revocations != nil {
				s.expectAccount(late, 0)
			}
		})
	}
}

// An imported session ends when the old one would have ended.
func TestImportEndsInTime(t *testing.T) {
	everyHome(t, func(t *testing.T, cfg runtime.Config) {
		s := newSite(t, withLegacy(cfg, legacy.SCS{Store: newSCS(t, 24*time.Hour), Until: until}))
		b := with("session", token)
		for range 23 {
			s.visit(b, func(v *visitor) { fieldNotes.Set(v.Session, []string{"seen"}) })
			s.advance(time.Hour)
		}
		s.expectAccount(b, 42)
		s.advance(time.Hour)
		s.visit(b, func(v *visitor) {
			if fieldAccount.Has(v.Session) || fieldUser.Has(v.Session) || fieldTheme.Has(v.Session) {
				t.Errorf("the session lives beyond its end: %v", v)
			}
		})
	})
}

// A failing store means 503, for a first request and for a log-out.
func TestSCSFails(t *testing.T) {
	everyHome(t, func(t *testing.T, cfg runtime.Config) {
		store := newSCS(t, 24*time.Hour)
		s := newSite(t, withLegacy(cfg, legacy.SCS{Store: store, Until: until}))
		s.expectFailures(store.fail, "session", token)
	})
}

// A foldedMap ignores the case of tokens, as some databases do.
type foldedMap struct{ *scsMap }

func (s foldedMap) Find(token string) ([]byte, bool, error) {
	return s.scsMap.Find(strings.ToLower(token))
}
func (s foldedMap) Delete(token string) error { return s.scsMap.Delete(strings.ToLower(token)) }

// All spellings of a token that the store accepts are one session: a copy does not outlive the
// log-out.
func TestSCSSpellings(t *testing.T) {
	serverHomes(t, func(t *testing.T, cfg runtime.Config) {
		store := newSCS(t, 24*time.Hour)
		store.records[strings.ToLower(token)] = store.records[token]
		s := newSite(t, withLegacy(cfg, legacy.SCS{Store: foldedMap{store}, Until: until}))
		mine, thief := with("session", token), with("session", strings.ToUpper(token))
		s.visit(mine, read)
		s.visit(thief, read)
		s.expectAccount(thief, 42)
		s.visit(mine, func(v *visitor) { v.LogOut() })
		s.expectAccount(thief, 0)
		s.expectAccount(with("session", token), 0)
		for _, other := range []string{token + " ", token + "é", " ", token + "."} {
			store.records[strings.ToLower(other)] = gobText(t, scsSession{start.Add(time.Hour), map[string]any{"account": 42}})
			s.expectAccount(with("session", other), 0)
		}
	})
}
