package stores_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/internal/long"
	"github.com/sessiongen/sessiongen/runtime"
)

var races = flag.Int("races", long.Of(100, 500), "how many log-outs are raced, on each store and in each mode")

// An order lets requests call their stores one at a time: when all wait, the next one is drawn.
type order struct {
	random *rand.Rand

	mu      sync.Mutex
	running int             // requests that neither wait nor have ended
	waiting []chan struct{} // by request
	trace   []byte          // which ones called
}

func newOrder(requests int, seed uint64) *order {
	return &order{random: rand.New(rand.NewPCG(seed, 0)), running: requests, waiting: make([]chan struct{}, requests)}
}

// wait waits for a request's turn.
func (o *order) wait(request int) {
	turn := make(chan struct{})
	o.mu.Lock()
	o.waiting[request] = turn
	o.proceed()
	o.mu.Unlock()
	<-turn
}

// end notes that a request has ended.
func (o *order) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.proceed()
}

func (o *order) proceed() {
	if o.running--; o.running > 0 {
		return
	}
	var ready []int
	for i, turn := range o.waiting {
		if turn != nil {
			ready = append(ready, i)
		}
	}
	if len(ready) == 0 {
		return
	}
	next := ready[o.random.IntN(len(ready))]
	close(o.waiting[next])
	o.waiting[next] = nil
	o.trace = append(o.trace, byte('A'+next))
	o.running++
}

// A race is between a log-out and other requests of the same session.
type race struct {
	nodes   []*node // those of the requests
	actions []string
	number  int // the session's
	cookie  string
	id      string
	replies []reply
}

var logOuts = []string{"destroy", "destroy, begin", "revoke", "revoke principal"}

var others = []string{"read", "set", "update", "pop", "renew", "log in"}

// draw makes a race, with the log-out first.
func draw(random *rand.Rand) *race {
	r := &race{actions: []string{logOuts[random.IntN(len(logOuts))]}}
	for range 2 {
		other := others[random.IntN(len(others))]
		if other == "log in" && r.actions[0] == "revoke principal" {
			other = "renew" // who logs in as somebody else is not that principal any more
		}
		r.actions = append(r.actions, other)
	}
	return r
}

// inTurn makes the requests in a drawn order of their calls, and returns the order.
func (r *race) inTurn(seed uint64) (trace string) {
	o := newOrder(len(r.actions), seed)
	r.run(func(request int) { o.wait(request) }, o.end)
	return string(o.trace)
}

// atOnce makes the requests in parallel. Random delays let each overtake the others.
func (r *race) atOnce() {
	r.run(func(int) { time.Sleep(rand.N(time.Millisecond)) }, func() {})
}

func (r *race) run(before func(request int), end func()) {
	r.replies = make([]reply, len(r.actions))
	for i, n := range r.nodes {
		n.store.setBefore(func() { before(i) })
	}
	var group sync.WaitGroup
	for i, action := range r.actions {
		group.Go(func() {
			r.replies[i] = r.nodes[i].send(r.cookie, action, r.number, "&id="+r.id)
			end()
		})
	}
	group.Wait()
	for _, n := range r.nodes {
		n.store.setBefore(nil)
	}
}

// check returns the faults after a race.
func (r *race) check(ctx context.Context, inStore bool) (wrong []string) {
	probe := func(cookie, whose string, dead bool) {
		reply := r.nodes[0].send(cookie, "read", 0, "")
		switch err := reply.trouble(); {
		case err != nil:
			wrong = append(wrong, err.Error())
		case dead && reply.body != "", strings.Contains(reply.body, markOf(r.number)):
			wrong = append(wrong, fmt.Sprintf("%s cookie opens %s", whose, reply.body))
		}
	}
	probe(r.cookie, "the old", true)
	moved := true
	for i, reply := range r.replies {
		if err := reply.trouble(); err != nil {
			wrong = append(wrong, fmt.Sprintf("%s: %v", r.actions[i], err))
		}
		// A request that found no session did not save the old one.
		began := reply.had == "" || r.actions[i] == "destroy, begin"
		for _, cookie := range reply.cookies {
			probe(cookie, "the "+r.actions[i]+"'s", !began)
		}
		if began && r.actions[i] == "log in" {
			moved = false
		}
	}
	if inStore {
		for _, principal := range []int64{int64(r.number), int64(-r.number)} {
			if principal < 0 && !moved {
				continue
			}
			asIs := func(e runtime.Entry) runtime.Entry { return e }
			for _, err := range runtime.ListBy(ctx, r.nodes[0].manager, &fieldUser, principal, asIs) {
				wrong = append(wrong, fmt.Sprintf("a session of %d, error %v", principal, err))
			}
		}
	}
	return wrong
}

// A tally counts what happened in races.
type tally struct {
	mu          sync.Mutex
	orders      map[string]int // of the calls
	early, late int            // requests that met the session, or did not
	issued      int            // cookies of those that did
}

func (c *tally) add(r *race, trace string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if trace != "" {
		c.orders[trace]++
	}
	for _, reply := range r.replies[1:] {
		if reply.had == "" {
			c.late++
		} else {
			c.early++
			c.issued += len(reply.cookies)
		}
	}
}

// However a log-out and other requests meet, the session is dead afterwards.
func TestLoggedOutStaysOut(t *testing.T) {
	runs := *races
	if testing.Short() {
		runs = min(runs, 100)
	}
	each(t, func(t *testing.T, b backend) {
		t.Parallel()
		for _, mode := range []string{"store", "cookies"} {
			t.Run(mode, func(t *testing.T) { raceOut(t, b, mode == "store", runs) })
		}
	})
}

func raceOut(t *testing.T, b backend, inStore bool, runs int) {
	store, _ := b.open(t)
	keys := runtime.GenerateKey()
	count := tally{orders: make(map[string]int)}
	gone, conflicts := 0, int64(0)
	const lanes = 4
	var group sync.WaitGroup
	var all []*node
	for lane := range lanes {
		nodes := make([]*node, 3)
		for i := range nodes {
			nodes[i] = startNode(t, store, keys, !inStore)
		}
		all = append(all, nodes...)
		group.Go(func() {
			for number := lane + 1; number <= runs && !t.Failed(); number += lanes {
				seed := uint64(number)
				r := draw(rand.New(rand.NewPCG(seed, 1)))
				r.number = number
				first := nodes[0].send("", "begin", number, "")
				if err := first.trouble(); err != nil || len(first.cookies) != 1 {
					t.Errorf("the log-in sets cookies %q, error %v", first.cookies, err)
					return
				}
				r.cookie = first.cookies[0]
				r.id = nodes[0].manager.Open(t.Context(), first.cookies).ID()
				trace := ""
				if number/lanes%2 == 0 {
					r.nodes = nodes
					trace = r.inTurn(seed)
				} else {
					r.nodes = slices.Repeat(nodes[:1], len(r.actions)) // in one process they queue
					r.atOnce()
				}
				count.add(r, trace)
				for _, wrong := range r.check(t.Context(), inStore) {
					t.Errorf("race %d, %q in order %q: %s", number, r.actions, trace, wrong)
				}
			}
		})
	}
	group.Wait()
	for _, n := range all {
		gone += n.happened(runtime.EventGone)
		conflicts += n.store.conflicts.Load()
	}
	t.Logf("%d races, %d orders of calls, %d requests before and %d after the log-out, %d cookies, %d gone, %d conflicts",
		runs, len(count.orders), count.early, count.late, count.issued, gone, conflicts)
	if len(count.orders) < runs/20 || count.early < runs/20 || count.late < runs/20 || count.issued == 0 {
		t.Error("the races are too similar")
	}
	if inStore && (gone == 0 || conflicts == 0) {
		t.Error("no request ran beside the log-out")
	}
}
