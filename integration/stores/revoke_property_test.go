package stores_test

import (
	"flag"
	"testing"

	"github.com/sessiongen/sessiongen/internal/long"
	"github.com/sessiongen/sessiongen/internal/revoketest"
	"github.com/sessiongen/sessiongen/runtime"
)

var (
	plans     = flag.Int("plans", long.Of(40, 300), "how many plans of revocation are run, on each store and in each mode")
	firstPlan = flag.Int("first-plan", 0, "the seed of the first one")
)

// What was authenticated before a revocation is dead once that has returned, whatever two nodes do
// beside it and whenever one is killed.
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
