package runtime_test

import (
	"context"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// RevokeAll ends all earlier sessions after a store lost its records or was restored from a backup, even those that ended
// since the backup and those that know newer marks than it. docs/stores.md says when to call it.
func TestRevokeAllAfterLoss(t *testing.T) {
	revoke := map[string]func(c *client){
		"log-out":         func(c *client) { c.clone().visit(func(s *visitor) { s.Destroy() }) },
		"RevokePrincipal": func(c *client) { must(t, revokeAccount(t.Context(), c.rig.m, 7)) },
		"RevokeAll":       func(c *client) { must(t, c.rig.m.RevokeAll(t.Context())) },
	}
	for name, end := range revoke {
		for _, backup := range []string{"none", "before the first mark", "after the first mark"} {
			for _, skew := range []time.Duration{0, 5 * time.Minute, -5 * time.Minute} {
				sharing(t, func(t *testing.T, node func(string, time.Duration) *rig) {
					synctest.Test(t, func(t *testing.T) {
						first, other := node(keyA, 0), node(keyA, skew)
						kept, ended := first.loginAs(7), first.loginAs(7)
						if backup == "after the first mark" {
							must(t, revokeAccount(t.Context(), first.m, 8))
						}
						records := first.store.snapshot(t)
						end(ended)
						must(t, revokeAccount(t.Context(), other.m, 8)) // the count goes on, by another clock
						later := other.loginAs(7)
						if backup == "none" {
							clear(records)
						}
						first.store.restore(t, records)
						time.Sleep(10 * time.Minute)
						must(t, first.m.RevokeAll(t.Context()))
						for what, c := range map[string]*client{"kept": kept, "ended": ended, "later": later} {
							if c.isLoggedIn() {
								t.Errorf("%s, backup %s, clocks %v apart: %s lives", name, backup, skew, what)
							}
						}
						for _, r := range []*rig{first, other} {
							if !r.loginAs(7).isLoggedIn() {
								t.Errorf("%s, backup %s, clocks %v apart: a later log-in is dead", name, backup, skew)
							}
						}
					})
				})
			}
		}
	}
}

// restore makes the store have these records, and no others.
func (s *spyStore) restore(t testing.TB, records map[string]runtime.Record) {
	for key := range maps.Keys(s.snapshot(t)) {
		must(t, s.Store.Delete(context.Background(), key))
	}
	for key, rec := range records {
		must(t, s.Store.Insert(context.Background(), key, rec))
	}
}
