package runtime_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/internal/long"
	"github.com/sessiongen/sessiongen/runtime"
)

// TestReadersKeepTheWrite: of fifty requests at once, from one browser, one changes the
// session. The others are due to renew the time of the last use, and must not undo it.
func TestReadersKeepTheWrite(t *testing.T) {
	const requests = 50
	rounds := long.Times(50, 200, 1000)
	clock := newClock()
	m := newManager(t, runtime.Config{
		Insecure: true, MaxChunks: 2, Sliding: true, Lifetime: time.Hour, IdleTimeout: time.Minute, RefreshAfter: time.Second, Time: clock.now,
	})
	var companions atomic.Int64
	h := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := from(r)
		if n, err := strconv.Atoi(r.URL.RawQuery); err == nil {
			fieldVisits.Set(s.Session, n)
		}
		fmt.Fprint(w, fieldVisits.Get(s.Session))
		if strings.HasPrefix(strings.Join(w.Header()["Set-Cookie"], ""), "session-seen=") {
			companions.Add(1)
		}
	}))
	server, network := plainServer(t, h, requests)
	local := &http.Client{Transport: inProcess{h}}
	for _, size := range []int{100, 4000} { // in one cookie, and in two
		j := newJar(clock.now)
		j.insecure = true
		j.visit(t, m, func(s *visitor) { setBlob(size)(s); s.SetPermanent(true) })
		for round := range rounds / 2 {
			clock.advance(10 * time.Second)
			client := local
			if round%10 == 0 {
				client = network
			}
			last := fmt.Sprint(round - 1)
			if round == 0 {
				last = "0"
			}
			together(requests, func(i int) {
				url, want := server.URL, []string{last, fmt.Sprint(round)}
				if i == round%requests {
					url, want[0] = url+"/?"+want[1], want[1]
				}
				if status, body := j.fetch(t, client, url); status != 200 || body != want[0] && body != want[1] {
					t.Errorf("round %d: got %d %q", round, status, body)
				}
			})
			if _, body := j.fetch(t, client, server.URL); body != fmt.Sprint(round) || t.Failed() {
				t.Fatalf("round %d: the write is lost: got %q", round, body)
			}
		}
	}
	// Each round has readers that are due: those which began before the write was kept.
	if got := companions.Load(); got < int64(rounds) {
		t.Errorf("got %d companions in %d rounds", got, rounds)
	}
}
