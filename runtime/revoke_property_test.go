package runtime_test

import (
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/sessiongen/sessiongen/internal/revoketest"
	"github.com/sessiongen/sessiongen/runtime"
)

func drawPlan(revocations bool) *rapid.Generator[revoketest.Plan] {
	small := rapid.Uint8()
	return rapid.Custom(func(t *rapid.T) revoketest.Plan {
		p := revoketest.Plan{
			Revocations: revocations,
			Schemas:     [2]uint8{0, rapid.Uint8Range(0, 2).Draw(t, "schema")},
			Skews:       [2]uint8{rapid.Uint8Range(0, 7).Draw(t, "skew 0"), rapid.Uint8Range(0, 7).Draw(t, "skew 1")},
			Swap:        rapid.Bool().Draw(t, "other order of keys"),
			Rotates:     rapid.Bool().Draw(t, "a key goes and comes back"),
			LastFirst:   rapid.Bool().Draw(t, "the last one first"),
		}
		for range rapid.IntRange(1, 60).Draw(t, "moves") {
			p.Moves = append(p.Moves, revoketest.Move{Do: small.Draw(t, "do"), Node: rapid.Uint8Range(0, 1).Draw(t, "node"),
				Whom: rapid.Uint8Range(0, 15).Draw(t, "whom"), More: rapid.Uint8Range(0, 15).Draw(t, "more")})
		}
		return p
	})
}

// A session authenticated before a revocation is dead once the revocation has returned, whatever
// runs in parallel.
func TestRevocationProperty(t *testing.T) {
	for name, revocations := range map[string]bool{"store": false, "cookie": true} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				p := drawPlan(revocations).Draw(rt, "plan")
				wrong := ""
				synctest.Test(t, func(*testing.T) {
					wrong = revoketest.Run(revoketest.Bench{
						Store:  runtime.NewMemoryStore(1e5),
						Settle: func(func() bool, <-chan struct{}) { synctest.Wait() },
						Sleep:  func() { time.Sleep(time.Millisecond) },
					}, p)
				})
				if wrong != "" {
					rt.Fatal(wrong)
				}
			})
		})
	}
}
