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

// inOneStore is the number of plans that share stores. Lists and sweeps read everything in them, so that more plans
// would become ever slower.
const inOneStore = 250

// A log-in from before a revocation is dead when the revocation returns, within one process.
func TestRevocationProperty(t *testing.T) {
	t.Parallel()
	for done := 0; done < *plans && !t.Failed(); done += inOneStore {
		var stores []runtime.Store
		for range 4 {
			stores = append(stores, open(t, memstore.NewWithCleanupInterval(0)))
		}
		wrong := revoketest.RunDrawn(stores, *firstPlan+done, min(inOneStore, *plans-done))
		if wrong != "" {
			t.Error(wrong)
		}
	}
}
