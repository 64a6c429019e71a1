package revoketest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

var skews = []time.Duration{0, 0, time.Minute, -time.Minute, 5 * time.Minute, -5 * time.Minute, 30 * time.Minute, -30 * time.Minute}

func (p Plan) skew(node int) time.Duration { return skews[int(p.Skews[node])%len(skews)] }

// A Bench is where plans run.
type Bench struct {
	Store  runtime.Store
	Name   string                                          // of the cookie; consecutive plans on one store have different names
	Settle func(stands func() bool, moved <-chan struct{}) // waits until the goroutine that may have moved stands still
	Sleep  func()                                          // lets goroutines go on that wait for something other than a step
}

// RunDrawn runs this many plans, beginning with the first seed, on all stores at once, once with sessions in the store
// and once in cookies. It returns the faults of the plans that failed first. The stores are for stores that do more
// than memory does; they are empty, of one kind, and share nothing.
func RunDrawn(stores []runtime.Store, first, plans int) (wrong string) {
	var group sync.WaitGroup
	faults := make([]string, len(stores))
	for lane, store := range stores {
		group.Go(func() {
			for seed := first + lane; seed < first+plans && faults[lane] == ""; seed += len(stores) {
				faults[lane] = runSeed(store, uint64(seed))
			}
		})
	}
	group.Wait()
	return strings.Join(slices.DeleteFunc(faults, func(s string) bool { return s == "" }), "\n\n")
}

func runSeed(store runtime.Store, seed uint64) (wrong string) {
	next := rand.New(rand.NewPCG(seed, 2))
	plan := Random(func() uint8 { return uint8(next.Uint32()) }, 60)
	for _, plan.Revocations = range []bool{false, true} {
		name := fmt.Sprintf("plan%d.%v", seed, plan.Revocations)
		wrong := Run(Bench{store, name, waitFor, func() { time.Sleep(time.Millisecond) }}, plan)
		if wrong != "" {
			return fmt.Sprintf("seed %d: %s", seed, wrong)
		}
	}
	return ""
}

// waitFor waits until a running operation waits again, unless it waits for another one.
func waitFor(stands func() bool, moved <-chan struct{}) {
	timer := time.NewTimer(longestCall)
	defer timer.Stop()
	for !stands() {
		select {
		case <-moved:
		case <-timer.C:
			return
		}
	}
}

// longestCall is the longest time for a call of a store on this machine.
const longestCall = 100 * time.Millisecond

// Run runs a plan and returns its faults with the history before them; "" if there are none.
func Run(b Bench, p Plan) (wrong string) {
	r := &run{bench: b, plan: p, tags: make(map[string]int)}
	for i := range r.nodes {
		r.nodes[i] = r.newNode(i)
	}
	for _, m := range p.Moves {
		r.move(m)
	}
	r.finish()
	r.probe()
	if len(r.wrong) == 0 {
		return ""
	}
	return strings.Join(append([]string{p.String()}, append(r.history, r.wrong...)...), "\n")
}

// run is one run of a plan.
type run struct {
	killed bool // a process was killed, so that the visitors of its requests may be logged out
	bench  Bench
	plan   Plan
	nodes  [2]*node
	tasks  []*task

	mu      sync.Mutex
	clock   int // counts events
	cookies []string
	tags    map[string]int // by cookie: the log-in that it had when it was sent
	ids     []knownID
	judge   judge
	history []string
	wrong   []string
}

// A node is one process.
type node struct {
	schema  schema
	ring    ring
	fields  *schemaFields
	manager *runtime.Manager[session]
	handler http.Handler
}

func (r *run) newNode(i int) *node {
	n := &node{schema: schema(r.plan.Schemas[i] % uint8(schemas))}
	n.fields = newFields(n.schema)
	ring := ringBoth
	switch {
	case r.plan.Rotates && r.nodes[i] != nil: // it was killed
		ring = r.nodes[i].ring
	case r.plan.Rotates, r.plan.Swap && i == 1:
		ring = ringOldFirst
	}
	n.ring = ring
	skew := r.plan.skew(i)
	cfg := runtime.Config{
		Keys: ring.keys(), Insecure: true, Name: r.bench.Name, StoreTimeout: time.Hour,
		Time:    func() time.Time { return time.Now().Add(skew) },
		OnEvent: func(context.Context, runtime.Event) {},
	}
	if r.plan.Revocations {
		cfg.Revocations = stepped{r.bench.Store}
	} else {
		cfg.Store = stepped{r.bench.Store}
	}
	var err error
	n.manager, err = runtime.NewManager(cfg, func(s runtime.Session) session { return session{s} }, n.fields.all()...)
	if err != nil {
		panic(err)
	}
	n.handler = n.manager.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		r.Context().Value(handlerKey{}).(func(*session))(runtime.FromContext[session](r.Context()))
	}))
	return n
}

type handlerKey struct{}

func (r *run) log(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clock++
	r.history = append(r.history, fmt.Sprintf("%4d  ", r.clock)+fmt.Sprintf(format, args...))
}

// now is the time of the next event: later than all before.
func (r *run) now() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clock++
	return r.clock
}

func (r *run) fault(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wrong = append(r.wrong, "WRONG "+fmt.Sprintf(format, args...))
}

func (r *run) settle(t *task) {
	r.bench.Settle(func() bool { return t.waits() || t.ended() }, t.moved)
}

// finish lets all tasks end.
func (r *run) finish() {
	if r.plan.LastFirst {
		slices.Reverse(r.tasks)
	}
	for range 100_000 {
		r.tasks = slices.DeleteFunc(r.tasks, (*task).ended)
		if len(r.tasks) == 0 {
			return
		}
		if i := slices.IndexFunc(r.tasks, (*task).waits); i >= 0 {
			r.step(r.tasks[i])
		} else {
			r.bench.Sleep()
		}
	}
	r.fault("%d operations do not end", len(r.tasks))
}

// move makes one move of a plan.
func (r *run) move(m Move) {
	r.tasks = slices.DeleteFunc(r.tasks, (*task).ended)
	waiting := slices.DeleteFunc(slices.Clone(r.tasks), func(t *task) bool { return !t.waits() })
	do := int(m.Do) % 32
	if len(waiting) > 0 && (do < 18 || len(waiting) >= 6) {
		t := waiting[int(m.Whom)%len(waiting)]
		steps := 1 + int(m.More)%4
		if steps == 4 { // to its end, unless it must wait for another operation
			steps = 100
		}
		for range steps {
			if t.waits() {
				r.step(t)
			}
		}
		return
	}
	node := int(m.Node) % 2
	switch {
	case do == 31:
		r.crash(node)
		return
	case do >= 29 && r.plan.Rotates:
		r.rotate(node)
		return
	}
	cookie := ""
	if i := int(m.Whom) % (len(r.cookies) + 1); i < len(r.cookies) {
		cookie = r.cookies[len(r.cookies)-1-i]
	}
	principal := int64(m.More%2 + 1)
	switch do % 13 {
	case 0, 1:
		r.request(node, cookie, loggingIn(principal))
	case 2:
		r.request(node, cookie, renewing)
	case 3:
		r.request(node, cookie, changing)
	case 4:
		r.request(node, cookie, popping)
	case 5:
		r.request(node, cookie, loggingOut)
	case 6, 7:
		r.revokePrincipal(node, principal)
	case 8:
		r.revokeAll(node)
	case 9:
		r.revokeID(node, int(m.Whom))
	case 10:
		r.request(node, cookie, revokingOthers)
	case 11:
		r.request(node, cookie, reading)
	case 12:
		r.request(node, "", loggingIn(principal))
	}
}

// crash kills a process, and starts a new one.
func (r *run) crash(node int) {
	r.log("node %d is killed", node)
	r.killed = true
	killed := slices.DeleteFunc(slices.Clone(r.tasks), func(t *task) bool { return t.node != node })
	for _, t := range killed {
		t.kill()
	}
	for _, t := range killed { // they may have waited for each other
		r.settleKilled(t)
	}
	r.nodes[node] = r.newNode(node)
}

func (r *run) settleKilled(t *task) {
	for range 1000 {
		if t.ended() {
			return
		}
		r.bench.Settle(t.ended, t.moved)
		if !t.ended() {
			t.kill()
			r.bench.Sleep()
		}
	}
	r.fault("%s does not end", t.name)
}

// probe reads every cookie that ever existed, at the end.
func (r *run) probe() {
	for i := range r.nodes {
		for _, cookie := range slices.Clone(r.cookies) {
			since := r.now()
			r.send(context.Background(), i, cookie, func(s *session) int { return r.observe(i, s, since, true) })
		}
	}
	r.mu.Lock()
	missing := r.judge.missing()
	r.mu.Unlock()
	if r.nodes[0].schema != r.nodes[1].schema || r.killed || r.plan.Rotates {
		// Builds that do not know each other's log-ins, processes that are killed during a move, and missing keys may
		// end too many sessions, but never too few.
		missing = nil
	}
	for _, a := range missing {
		r.fault("log-in %d of %d is dead, and nothing has ended it", a.tag, a.principal)
	}
}

// send makes a request. Its handler returns the log-in of the session. The cookies that it sets are known from then
// on.
func (r *run) send(ctx context.Context, node int, cookie string, handle func(*session) int) (status int, sent bool) {
	tag := 0
	request := httptest.NewRequest("GET", "/", nil)
	request = request.WithContext(context.WithValue(ctx, handlerKey{}, func(s *session) { tag = handle(s) }))
	if cookie != "" {
		request.Header.Set("Cookie", cookie)
	}
	w := httptest.NewRecorder()
	r.nodes[node].handler.ServeHTTP(w, request)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range w.Result().Cookies() {
		if c.MaxAge < 0 || c.Value == "" {
			continue
		}
		sent = true
		if text := c.Name + "=" + c.Value; !slices.Contains(r.cookies, text) {
			r.cookies = append(r.cookies, text)
			r.tags[text] = tag
		}
	}
	return w.Code, sent
}
