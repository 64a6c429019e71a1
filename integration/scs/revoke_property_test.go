package scs

import (
	"flag"
	"testing"

	"github.com/alexedwards/scs/v2/memstore"

	"github.com/sessiongen/sessiongen/internal/long"
	"github.com/sessiongen/sessiongen/internal/revoketest"
	"github.com/sessiongen/sessiongen/runtime"
)

var (
	plans     = flag.Int("plans", long.Of(40, 300), "how many plans of revocation are run, in each mode")
	firstPlan = flag.Int("first-plan", 0, "the seed of the first one")
)

// What was authenticated before a revocation is dead once that has returned, within one process.
func TestRevocationProperty(t *testing.T) {
	t.Parallel()
	var stores []runtime.Store
	for range 4 {
		stores = append(stores, open(t, memstore.NewWithCleanupInterval(0)))
	}
	if wrong := revoketest.RunDrawn(stores, *firstPlan, *plans); wrong != "" {
		t.Error(wrong)
	}
}
