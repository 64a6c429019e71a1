package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/internal/long"
	"github.com/sessiongen/sessiongen/runtime"
)

// An administrator's change is there on the next request of every session of that user, and of no other.
// It is no use of the session: nothing lives longer by it.
func TestUpdateBy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, runtime.Config{Lifetime: time.Hour, IdleTimeout: 30 * time.Minute})
		phone, laptop, eve := r.login(), r.login(), r.client()
		eve.visit(func(s *visitor) { fieldAccount.Set(s.Session, 8) })
		before, err := listAccount(t.Context(), r.m, 7)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Minute)
		n, err := updateAccount(t.Context(), r.m, 7, func(s *visitor) { fieldRoles.Set(s.Session, []string{"admin"}) })
		if n != 2 || err != nil {
			t.Fatalf("got %d changed sessions, %v, want 2", n, err)
		}
		if n, err := updateAccount(t.Context(), r.m, 7, func(s *visitor) { fieldRoles.Set(s.Session, []string{"admin"}) }); n != 0 || err != nil {
			t.Errorf("the same update again: got %d changed sessions, %v, want 0", n, err)
		}
		after, _ := listAccount(t.Context(), r.m, 7)
		for i, e := range after {
			if !e.LastSeen().Equal(before[i].LastSeen()) || !e.ExpiresAt().Equal(before[i].ExpiresAt()) || e.ID() != before[i].ID() {
				t.Errorf("the update changed an entry: seen %v, ends %v; before: %v, %v", e.LastSeen(), e.ExpiresAt(), before[i].LastSeen(), before[i].ExpiresAt())
			}
		}
		for i, c := range []*client{phone, laptop, eve} {
			c.visit(func(s *visitor) {
				if got := slices.Contains(fieldRoles.Get(s.Session), "admin"); got != (i < 2) {
					t.Errorf("client %d has the role: got %v, want %v", i, got, i < 2)
				}
			})
		}
	})
}

// Functions given to UpdateBy that end sessions, or do what they must not.
func TestUpdateByEnds(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(*visitor)
		lives   bool
		changed int
		err     string
	}{
		"nothing":           {func(*visitor) {}, true, 0, "<nil>"},
		"Destroy":           {func(s *visitor) { s.Destroy() }, false, 1, "<nil>"},
		"Destroy and set":   {func(s *visitor) { s.Destroy(); fieldTheme.Set(s.Session, "dark") }, false, 1, "<nil>"},
		"Clear":             {func(s *visitor) { s.Clear() }, false, 1, "<nil>"},
		"Renew":             {func(s *visitor) { s.Renew() }, true, 0, "session: only a request of its own gives a session a new id or another principal"},
		"another principal": {func(s *visitor) { fieldAccount.Set(s.Session, 8) }, true, 0, "session: only a request of its own gives a session a new id or another principal"},
		"no principal":      {func(s *visitor) { fieldAccount.Clear(s.Session) }, true, 0, "session: only a request of its own gives a session a new id or another principal"},
		"a refused value":   {func(s *visitor) { fieldUser.Set(s.Session, "longer than ten") }, true, 0, "session: value above the field's max: field User holds at most 10, got 15"},
		"Pop":               {func(s *visitor) { fieldUser.Pop(s.Session) }, false, 1, "<nil>"},
	} {
		r := newRig(t, runtime.Config{})
		browser := r.login()
		var kept *visitor
		n, err := updateAccount(t.Context(), r.m, 7, func(s *visitor) { kept = s; c.change(s) })
		if n != c.changed || fmt.Sprint(err) != c.err {
			t.Errorf("%s: got %d changed sessions, %v, want %d, %s", name, n, err, c.changed, c.err)
		}
		if lives := browser.isLoggedIn(); lives != c.lives {
			t.Errorf("%s: got alive %v, want %v", name, lives, c.lives)
		}
		if fieldVisits.Set(kept.Session, 9); kept.Err() == nil {
			t.Errorf("%s: a change after the save is not an error", name)
		}
	}
}

// A session that moves to another id during the update is changed at the new id; one that ends, or is
// no longer the account's, is not changed.
func TestUpdateByFollows(t *testing.T) {
	for name, c := range map[string]struct {
		meanwhile func(*visitor)
		changed   int
	}{
		"renewed":           {func(s *visitor) { s.Renew() }, 1},
		"changed":           {func(s *visitor) { fieldVisits.Set(s.Session, 5) }, 1},
		"destroyed":         {func(s *visitor) { s.Destroy() }, 0},
		"another principal": {func(s *visitor) { fieldAccount.Set(s.Session, 8) }, 0},
	} {
		r := newRig(t, runtime.Config{})
		browser := r.login()
		first := true
		n, err := updateAccount(t.Context(), r.m, 7, func(s *visitor) {
			if first {
				first = false
				browser.visit(c.meanwhile)
			}
			fieldTheme.Set(s.Session, "dark")
		})
		if n != c.changed || err != nil {
			t.Errorf("%s: got %d changed sessions, %v, want %d", name, n, err, c.changed)
		}
		browser.visit(func(s *visitor) {
			if got := fieldTheme.Get(s.Session) == "dark"; got != (c.changed == 1) {
				t.Errorf("%s: got dark %v, want %v", name, got, c.changed == 1)
			}
			if name == "changed" && fieldVisits.Get(s.Session) != 5 {
				t.Errorf("the request's change is lost")
			}
		})
	}
}

// The caller's deadline counts, and the result says what was done until then.
func TestUpdateByDeadline(t *testing.T) {
	r := newRig(t, runtime.Config{})
	for range 5 {
		r.login()
	}
	ctx, cancel := context.WithCancel(t.Context())
	n, err := updateAccount(ctx, r.m, 7, func(s *visitor) { fieldVisits.Set(s.Session, 1); cancel() })
	if n != 1 || !errors.Is(err, context.Canceled) {
		t.Errorf("got %d changed sessions, %v, want 1, context.Canceled", n, err)
	}
	if list, err := listAccount(ctx, r.m, 7); len(list) > 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("got %d listed sessions, %v, want 0, context.Canceled", len(list), err)
	}
}

// A damaged record does not keep the others from being changed.
func TestUpdateByPastDamage(t *testing.T) {
	r := newRig(t, runtime.Config{})
	r.login()
	for key, rec := range r.store.snapshot(t) {
		rec.Data = rec.Data[:len(rec.Data)-1]
		if err := r.store.Replace(t.Context(), key, rec.Version, rec); err != nil {
			t.Fatal(err)
		}
	}
	r.login()
	r.login()
	n, err := updateAccount(t.Context(), r.m, 7, func(s *visitor) { fieldVisits.Set(s.Session, 1) })
	if n != 2 || !errors.Is(err, runtime.ErrStore) {
		t.Errorf("got %d changed sessions, %v, want 2, ErrStore", n, err)
	}
	if list, err := listAccount(t.Context(), r.m, 7); len(list) != 2 || !errors.Is(err, runtime.ErrStore) {
		t.Errorf("got %d listed sessions, %v, want 2, ErrStore", len(list), err)
	}
}

// Sessions of one account with traffic: every one is changed, none logged out, and nothing lost.
func TestUpdateByWithTraffic(t *testing.T) {
	sessions := long.Times(100, 300, 10_000)
	r := newRig(t, runtime.Config{Store: runtime.NewMemoryStore(100_000)})
	browsers := make([]*client, sessions)
	for i := range browsers {
		browsers[i] = r.login()
	}
	counts := make([]int, sessions)
	stop := make(chan struct{})
	var all sync.WaitGroup
	for w := range 4 {
		all.Go(func() {
			for i := w; ; i += 4 {
				select {
				case <-stop:
					return
				default:
				}
				n := i % sessions
				browsers[n].visit(func(s *visitor) { fieldVisits.Update(s.Session, func(n int) int { return n + 1 }) })
				counts[n]++
				if i%7 == 0 {
					browsers[n].visit(func(s *visitor) { s.Renew() })
				}
			}
		})
	}
	n, err := updateAccount(t.Context(), r.m, 7, func(s *visitor) {
		fieldRoles.Set(s.Session, append(fieldRoles.Get(s.Session), "admin"))
	})
	close(stop)
	all.Wait()
	if err != nil {
		t.Error(err)
	}
	changed := 0
	for i, c := range browsers {
		c.visit(func(s *visitor) {
			if fieldAccount.Get(s.Session) != 7 || fieldVisits.Get(s.Session) != counts[i] {
				t.Errorf("browser %d: got account %d, %d of %d visits", i, fieldAccount.Get(s.Session), fieldVisits.Get(s.Session), counts[i])
			}
			if slices.Equal(fieldRoles.Get(s.Session), []string{"admin"}) {
				changed++
			}
		})
	}
	if n != sessions || changed != sessions {
		t.Errorf("got %d changed sessions, and %d with the change, want %d", n, changed, sessions)
	}
}

// A session is followed to its new id however long the others take.
func TestUpdateByTakesLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, runtime.Config{})
		browsers := []*client{r.login(), r.login(), r.login(), r.login()}
		runs := 0
		n, err := updateAccount(t.Context(), r.m, 7, func(s *visitor) {
			if runs++; runs == 1 {
				for _, b := range browsers {
					b.visit(func(other *visitor) {
						if other.ID() != s.ID() {
							other.Renew()
						}
					})
				}
			}
			time.Sleep(40 * time.Minute)
			fieldVisits.Update(s.Session, func(n int) int { return n + 1 })
		})
		if n != len(browsers) || err != nil {
			t.Errorf("got %d changed sessions, %v, want all", n, err)
		}
		for i, b := range browsers {
			b.visit(func(s *visitor) {
				if fieldVisits.Get(s.Session) != 1 || fieldAccount.Get(s.Session) != 7 {
					t.Errorf("session %d was changed %d times, want once", i, fieldVisits.Get(s.Session))
				}
			})
		}
	})
}
