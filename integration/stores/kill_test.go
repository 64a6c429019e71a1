package stores_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/internal/long"
	"github.com/sessiongen/sessiongen/runtime"
)

var kills = flag.Int("kills", long.Of(5, 40), "how many processes are killed, on each store and in each mode")

// A process is killed while sessions are used and revoked: log-ins from before a revocation that returned are dead,
// and a live session has every acknowledged change.
func TestKilledProcess(t *testing.T) {
	each(t, func(t *testing.T, b backend) {
		t.Parallel()
		for _, revocations := range []bool{false, true} {
			t.Run(map[bool]string{false: "store", true: "cookies"}[revocations], func(t *testing.T) {
				store, where := b.open(t)
				keys := runtime.GenerateKey()
				v := &victim{
					server:   server{Backend: b.name, Where: where, Keys: keys, Revocations: revocations},
					survivor: startNode(t, store, keys, revocations),
				}
				for seed := 1; seed <= *kills && !t.Failed(); seed++ {
					v.round(t, uint64(seed))
				}
				t.Logf("%d kills, %d of them while requests were under way; %d revocations returned; %d of %d log-ins lived",
					*kills, v.cutOff, v.revoked, v.lived, v.logIns)
				if *kills >= 40 && (v.cutOff < *kills/5 || v.revoked < *kills/3 || v.lived < *kills/10 || v.lived == v.logIns) {
					t.Error("the kills are too similar")
				}
			})
		}
	})
}

// A victim is a process that is killed, beside a node that is not.
type victim struct {
	server
	survivor *node

	cutOff, revoked, logIns, lived int
}

// A round is one life of the victim. All its sessions have one principal.
type round struct {
	v      *victim
	number int // the principal

	mu       sync.Mutex
	clock    int
	logIns   []*logIn
	endings  []*ending
	cut      int // requests without an answer
	mistakes []string
}

// A logIn is a browser's session, under all of its ids.
type logIn struct {
	began, authenticated int      // before the log-in, and after the last one that was acknowledged
	id                   string   // as it was at first
	cookies              []string // the newest last
	updates, doubtful    int      // with an answer and without
	set                  []int    // fields, with an answer
	codes                map[string]bool
	inDoubt              bool // a request that moves or ends it had no answer
}

// An ending ends log-ins.
type ending struct {
	what        string
	of          *logIn // nil for all
	began, done int    // done is 0 if it had no answer
}

// round lets the victim live for a while.
func (v *victim) round(t *testing.T, seed uint64) {
	v.start(t)
	r := &round{v: v, number: int(seed)}
	random := rand.New(rand.NewPCG(seed, 1))
	for range 3 {
		if r.logIn(random) == nil {
			t.Fatalf("seed %d: no log-in succeeds", seed)
		}
	}
	if random.IntN(2) == 0 {
		v.send("", "die", 1+random.IntN(120), "")
	} else {
		process := v.cmd.Process
		time.AfterFunc(time.Duration(random.IntN(30_000))*time.Microsecond, func() { process.Kill() })
	}
	var group sync.WaitGroup
	for i := range 3 {
		group.Go(func() { r.browse(rand.New(rand.NewPCG(seed, uint64(2+i))), r.logIns[i], 4) })
	}
	group.Go(func() {
		random := rand.New(rand.NewPCG(seed, 5))
		r.browse(random, r.logIn(random), 2)
	})
	for i := range seed % 3 {
		group.Go(func() { r.revoke(rand.New(rand.NewPCG(seed, 6+i))) })
	}
	group.Wait()
	v.kill()

	v.start(t)
	for _, l := range r.logIns {
		r.check(l)
	}
	r.checkAllEnd(t)
	v.kill()
	for _, mistake := range r.mistakes {
		t.Errorf("seed %d: %s", seed, mistake)
	}
	if r.cut > 0 {
		v.cutOff++
	}
	v.logIns += len(r.logIns)
}

func (r *round) now() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clock++
	return r.clock
}

func (r *round) mistake(format string, args ...any) {
	r.mistakes = append(r.mistakes, fmt.Sprintf(format, args...))
}

// send makes a request to one of the nodes, more often to the victim.
func (r *round) send(random *rand.Rand, cookie, do string, number int, more string) (answer reply, ok bool) {
	if random.IntN(3) > 0 {
		answer = r.v.send(cookie, do, number, more)
	} else {
		answer = r.v.survivor.send(cookie, do, number, more)
	}
	ok = answer.trouble() == nil
	if !ok {
		r.mu.Lock()
		r.cut++
		r.mu.Unlock()
	}
	return answer, ok
}

// logIn begins a session. It returns nil if no browser has received it.
func (r *round) logIn(random *rand.Rand) *logIn {
	began := r.now()
	answer, ok := r.send(random, "", "begin", r.number, "")
	if !ok || len(answer.cookies) == 0 { // it was revoked meanwhile
		return nil
	}
	l := &logIn{began: began, cookies: answer.cookies, authenticated: r.now(), codes: make(map[string]bool)}
	l.id = r.v.survivor.manager.Open(context.Background(), l.cookies).ID()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.logIns = append(r.logIns, l)
	return l
}

// browse makes the requests of one browser, one after the other.
func (r *round) browse(random *rand.Rand, l *logIn, requests int) {
	if l == nil {
		return
	}
	for range requests {
		r.use(random, l)
	}
}

func (r *round) use(random *rand.Rand, l *logIn) {
	do := []string{"set", "set", "update", "update", "pop", "renew", "authenticate", "destroy"}[random.IntN(8)]
	number := random.IntN(manyFields)
	e := &ending{what: "a log-out", of: l, began: r.now()}
	if do == "destroy" {
		r.mu.Lock()
		r.endings = append(r.endings, e)
		r.mu.Unlock()
	}
	answer, ok := r.send(random, l.cookies[len(l.cookies)-1], do, number, "")
	done := r.now()
	if ok && answer.had != markOf(r.number) {
		return // it had ended before
	}
	moves := do == "renew" || do == "authenticate"
	switch {
	case !ok && do == "update":
		l.doubtful++
	case !ok:
		l.inDoubt = l.inDoubt || moves
	case do == "destroy":
		e.done = done
	case do == "update":
		l.updates++
	case do == "set":
		l.set = append(l.set, number)
	case do == "authenticate":
		l.authenticated = done
	case do == "pop" && answer.body != "":
		if l.codes[answer.body] {
			r.mu.Lock()
			r.mistake("%s was taken twice", answer.body)
			r.mu.Unlock()
		}
		l.codes[answer.body] = true
	}
	if ok {
		l.cookies = append(l.cookies, answer.cookies...)
	}
}

// revoke makes one call of a Revoke method.
func (r *round) revoke(random *rand.Rand) {
	e := &ending{what: []string{"revoke principal", "revoke all", "revoke"}[random.IntN(3)]}
	more := ""
	r.mu.Lock()
	if e.what == "revoke" {
		e.of = r.logIns[random.IntN(len(r.logIns))]
		more = "&id=" + e.of.id
	}
	r.endings = append(r.endings, e)
	r.mu.Unlock()
	time.Sleep(time.Duration(random.IntN(3000)) * time.Microsecond)
	e.began = r.now()
	if _, ok := r.send(random, "", e.what, r.number, more); ok {
		e.done = r.now()
		r.mu.Lock()
		r.v.revoked++
		r.mu.Unlock()
	}
}

// A sender is a node, wherever it runs.
type sender interface {
	send(cookie, do string, number int, more string) reply
}

// check judges a log-in after the kill, on both nodes.
func (r *round) check(l *logIn) {
	mustEnd, mayEnd := "", l.inDoubt
	for _, e := range r.endings {
		if e.of != nil && e.of != l {
			continue
		}
		mayEnd = mayEnd || e.done == 0 || e.done > l.began
		if e.done > 0 && l.authenticated < e.began {
			mustEnd = e.what
		}
	}
	for _, node := range []sender{r.v, r.v.survivor} {
		newest := false
		for i, cookie := range l.cookies {
			answer := node.send(cookie, "have", 0, "")
			if err := answer.trouble(); err != nil {
				r.mistake("after the kill: %v", err)
			}
			lives := answer.had == markOf(r.number)
			if lives && mustEnd != "" {
				r.mistake("it lives after %s", mustEnd)
			}
			if i == len(l.cookies)-1 && lives {
				newest = true
				r.checkChanges(l, answer.body)
			}
		}
		if newest && node == sender(r.v) {
			r.v.lived++
		}
		if !newest && !mayEnd {
			r.mistake("it is gone, and nothing has ended it")
		}
	}
}

// checkChanges looks for a log-in's changes in its session.
func (r *round) checkChanges(l *logIn, have string) {
	numbers := strings.Fields(have)
	if visits, _ := strconv.Atoi(numbers[0]); visits < l.updates || visits > l.updates+l.doubtful {
		r.mistake("%d visits, of %d with an answer and %d without", visits, l.updates, l.doubtful)
	}
	for _, number := range l.set {
		if !slices.Contains(numbers[1:], fmt.Sprint(number)) {
			r.mistake("field %d is lost", number)
		}
	}
}

// checkAllEnd revokes the principal: nothing is left, not even of requests that were cut off.
func (r *round) checkAllEnd(t *testing.T) {
	if err := r.v.send("", "revoke principal", r.number, "").trouble(); err != nil {
		r.mistake("revoking in the end: %v", err)
	}
	for _, l := range r.logIns {
		for _, cookie := range l.cookies {
			if r.v.survivor.send(cookie, "have", 0, "").had != "" {
				r.mistake("it lives in the end")
			}
		}
	}
	if r.v.Revocations {
		return
	}
	asIs := func(e runtime.Entry) runtime.Entry { return e }
	for _, err := range runtime.ListBy(t.Context(), r.v.survivor.manager, &fieldUser, int64(r.number), asIs) {
		r.mistake("a session is left in the end, error %v", err)
	}
}
