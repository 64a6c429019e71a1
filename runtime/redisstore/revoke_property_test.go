package redisstore_test

import (
	"flag"
	"fmt"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/sessiongen/sessiongen/internal/long"
	"github.com/sessiongen/sessiongen/internal/revoketest"
	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/redisstore"
)

var (
	plans     = flag.Int("plans", long.Of(20, 300), "how many plans of revocation are run, on each kind of server and in each mode")
	firstPlan = flag.Int("first-plan", 0, "the seed of the first one")
)

// A session authenticated before a revocation is dead once the revocation has returned. This holds in a Cluster too.
func TestRevocationProperty(t *testing.T) {
	eachKind(t, func(t *testing.T, client redis.UniversalClient) {
		var stores []runtime.Store
		for i := range 4 {
			stores = append(stores, redisstore.New(client, redisstore.Options{Prefix: fmt.Sprint("store", i, ":")}))
		}
		if wrong := revoketest.RunDrawn(stores, *firstPlan, *plans); wrong != "" {
			t.Error(wrong)
		}
	})
}

// A node whose clock is ahead harms no session of the other nodes: only the servers' clocks count.
func TestNodeAhead(t *testing.T) {
	eachKind(t, func(t *testing.T, client redis.UniversalClient) {
		store := redisstore.New(client, redisstore.Options{Prefix: "ahead:"})
		for _, revocations := range []bool{false, true} {
			for i, ahead := range revoketest.Aheads {
				if err := revoketest.Ahead(store, store, fmt.Sprintf("s%d-%v", i, revocations), revocations, ahead, nil); err != nil {
					t.Errorf("with revocations %v and a clock %v ahead: %v", revocations, ahead, err)
				}
			}
		}
	})
}
