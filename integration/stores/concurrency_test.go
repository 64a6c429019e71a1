package stores_test

import (
	"flag"
	"fmt"
	"testing"

	"github.com/sessiongen/sessiongen/internal/long"
	"github.com/sessiongen/sessiongen/runtime"
)

var updates = flag.Int("updates", long.Of(2000, 10_000), "how many requests add one to the same number from several processes; a fifth of it from one")

const processes = 4

// crowd makes many requests to one session, in one process or in several that share the clients, and returns the
// resulting session. The first request of each client waits until all have loaded the session, so that all but one of
// them are late.
func crowd(t *testing.T, b backend, separate bool, j job) (*visitor, outcome) {
	t.Helper()
	store, where := b.open(t)
	n := startNode(t, store, runtime.GenerateKey(), false)
	j.Backend, j.Where, j.Keys, j.Cookie = b.name, where, n.keys, n.login(t, 1)
	j.Gates = max(j.Gates, 1)
	var out outcome
	if separate {
		out = inProcesses(t, j.split(processes)...)
	} else {
		out = j.do(store, func() {})
	}
	for _, failure := range out.Failures[:min(5, len(out.Failures))] {
		t.Error(failure)
	}
	if len(out.Failures) > 0 {
		t.Fatalf("%d requests failed", len(out.Failures))
	}
	t.Logf("%d clients with %d requests each: %d conflicts, %d reloads", j.Clients, j.Requests, out.Conflicts, out.Reloads)
	// Requests of one process queue after the first conflict.
	if out.Conflicts < int64(j.Gates) || out.Reloads < int64(j.Gates*(j.Clients-1)) {
		t.Error("the requests did not run at the same time")
	}
	return n.manager.Open(t.Context(), []string{j.Cookie}), out
}

// split shares the clients of a job between processes.
func (j job) split(processes int) (jobs []job) {
	done := 0
	for i := range processes {
		share := j
		share.Clients = (j.Clients - done) / (processes - i)
		share.First += done * j.ByClient
		jobs = append(jobs, share)
		done += share.Clients
	}
	return jobs
}

// crowds runs a test with all requests in one process, and in several, on each store.
func crowds(t *testing.T, test func(t *testing.T, b backend, separate bool)) {
	each(t, func(t *testing.T, b backend) {
		t.Parallel()
		t.Run("one process", func(t *testing.T) { test(t, b, false) })
		t.Run(fmt.Sprint(processes, " processes"), func(t *testing.T) { test(t, b, true) })
	})
}

// Parallel requests that each change another field of one session lose nothing.
func TestEveryChangeIsKept(t *testing.T) {
	crowds(t, func(t *testing.T, b backend, separate bool) {
		for _, requests := range []int{50, manyFields} {
			s, _ := crowd(t, b, separate, job{Do: "set", Clients: requests, Requests: 1, ByClient: 1})
			for i, f := range fieldMany {
				want := i + 1
				if i >= requests {
					want = 0
				}
				if got := f.Get(s.Session); got != want {
					t.Errorf("after %d requests, field %d is %d, want %d", requests, i, got, want)
				}
			}
		}
	})
}

func TestEveryUpdateCounts(t *testing.T) {
	total := *updates
	if testing.Short() {
		total = min(total, 1000)
	}
	crowds(t, func(t *testing.T, b backend, separate bool) {
		const clients = 40
		requests := total / clients
		if !separate {
			requests = max(requests/5, 1000/clients)
		}
		s, _ := crowd(t, b, separate, job{Do: "update", Clients: clients, Requests: requests})
		if got, want := fieldVisits.Get(s.Session), clients*requests; got != want {
			t.Errorf("%d increments count %d", want, got)
		}
	})
}

// Exactly one of many requests that pop a field gets it.
func TestOnePopGetsIt(t *testing.T) {
	crowds(t, func(t *testing.T, b backend, separate bool) {
		s, out := crowd(t, b, separate, job{Do: "pop", Clients: 100, Requests: manyCodes, Gates: manyCodes, ByRequest: 1})
		for i, f := range fieldCodes {
			if got := out.Bodies[codeOf(i)]; got != 1 {
				t.Errorf("round %d: %d requests popped the value, want 1", i, got)
			}
			if f.Has(s.Session) {
				t.Errorf("round %d: the popped value is still stored", i)
			}
		}
		if len(out.Bodies) != manyCodes {
			t.Errorf("got popped values %v", out.Bodies)
		}
	})
}
