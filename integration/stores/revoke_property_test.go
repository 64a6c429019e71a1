package stores_test

import (
	"flag"
	"testing"

	"github.com/sessiongen/sessiongen/internal/long"
	"github.com/sessiongen/sessiongen/internal/revoketest"
)

var plans = flag.Int("plans", long.Of(60, 1000), "how many plans of revocation are run, on each store")

// What was authenticated before a revocation is dead once that has returned, whatever two nodes do
// beside it and whenever one is killed.
func TestRevocationProperty(t *testing.T) {
	each(t, func(t *testing.T, b backend) {
		store, _ := b.open(t)
		if wrong := revoketest.RunDrawn(store, *plans); wrong != "" {
			t.Error(wrong)
		}
	})
}
