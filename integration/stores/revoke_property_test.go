package stores_test

import (
	"errors"
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/internal/long"
	"github.com/sessiongen/sessiongen/internal/revoketest"
	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/sqlstore"
)

var (
	plans     = flag.Int("plans", long.Of(40, 300), "how many plans of revocation are run, on each store and in each mode")
	firstPlan = flag.Int("first-plan", 0, "the seed of the first one")
)

// A log-in from before a revocation is dead when the revocation returns, whatever two nodes do in parallel and
// whenever one is killed.
func TestRevocationProperty(t *testing.T) {
	each(t, func(t *testing.T, b backend) {
		t.Parallel()
		var stores []runtime.Store
		for range 4 {
			store, _ := b.open(t)
			stores = append(stores, store)
		}
		if wrong := revoketest.RunDrawn(stores, *firstPlan, *plans); wrong != "" {
			t.Error(wrong)
		}
	})
}

// A node whose clock is up to an hour ahead takes nothing from the others when it purges the store, lists, changes or
// revokes: neither sessions that have expired only by its own clock, nor the records that say that others have ended.
func TestNodeAhead(t *testing.T) {
	each(t, func(t *testing.T, b backend) {
		t.Parallel()
		first, where := b.open(t)
		for _, revocations := range []bool{false, true} {
			for i, ahead := range revoketest.Aheads {
				second, purge := first, func() error { return nil }
				if first, ok := first.(*sqlstore.Store); ok {
					other, db, err := b.reopenDB(where)
					if err != nil {
						t.Fatal(err)
					}
					defer db.Close()
					opts := sqlstore.Options{Time: func() time.Time { return time.Now().Add(ahead) }}
					if b.name != "SQLite" {
						opts.Table = where
					}
					if other, err = sqlstore.New(db, b.dialect, opts); err != nil {
						t.Fatal(err)
					}
					second = other
					purge = func() error {
						_, err := other.(*sqlstore.Store).Purge(t.Context())
						_, own := first.Purge(t.Context())
						return errors.Join(err, own)
					}
				}
				name := fmt.Sprintf("s%d-%v", i, revocations)
				if err := revoketest.Ahead(first, second, name, revocations, ahead, purge); err != nil {
					t.Errorf("with revocations %v and a clock %v ahead: %v", revocations, ahead, err)
				}
			}
		}
	})
}
