package runtime_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/internal/long"
	"github.com/sessiongen/sessiongen/runtime"
)

// A balancer sends each request to the next of several nodes.
type balancer struct {
	nodes []string
	next  atomic.Uint64
	http.Transport
}

func (b *balancer) RoundTrip(r *http.Request) (*http.Response, error) {
	to, err := url.Parse(b.nodes[b.next.Add(1)%uint64(len(b.nodes))])
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.URL.Host = to.Host
	return b.Transport.RoundTrip(r)
}

// TestRotationUnderLoad replaces the key over and over, on four nodes one after the other, while
// clients read and change their sessions. Nobody notices.
func TestRotationUnderLoad(t *testing.T) {
	const clients = 8
	var log eventLog
	lb := &balancer{Transport: http.Transport{MaxIdleConnsPerHost: clients}}
	t.Cleanup(lb.CloseIdleConnections)
	var nodes []*runtime.Manager[visitor]
	for range 4 {
		m := newManager(t, runtime.Config{
			Insecure: true, MaxChunks: 2, Sliding: true, IdleTimeout: time.Minute, RefreshAfter: time.Second,
			OnEvent: log.record,
		})
		nodes = append(nodes, m)
		server, _ := plainServer(t, m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s := from(r)
			if r.URL.RawQuery == "add" {
				fieldVisits.Update(s.Session, func(n int) int { return n + 1 })
			}
			fmt.Fprint(w, s.ID(), " ", len(fieldBlob.Get(s.Session)), " ", fieldVisits.Get(s.Session))
		})), clients)
		lb.nodes = append(lb.nodes, server.URL)
	}

	var served [clients]atomic.Int64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			j := newJar(time.Now)
			j.insecure = true
			var id string
			size := i % 2 * 4000 // every second one has two cookies
			j.visit(t, nodes[0], func(s *visitor) { setBlob(size)(s); s.SetPermanent(i%4 < 2); id = s.ID() })
			client := &http.Client{Transport: lb}
			for n, visits := 0, 0; ; n++ {
				query := ""
				if n == 0 || n%3 == 0 && i >= clients/2 { // half of them only read
					query, visits = "?add", visits+1
				}
				status, body := j.fetch(t, client, "http://one.address/"+query)
				if want := fmt.Sprint(id, " ", size, " ", visits); status != 200 || body != want {
					t.Errorf("client %d, request %d: got %d %q, want 200, %q", i, n, status, body, want)
					return
				}
				served[i].Add(1)
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	// settle waits until every client had a request that began after now.
	settle := func() {
		for i := range served {
			for since := served[i].Load(); served[i].Load() < since+2 && !t.Failed(); {
				time.Sleep(time.Millisecond)
			}
		}
	}
	setKeys := func(text ...string) {
		for _, m := range nodes {
			if err := m.SetKeys(parseKeys(t, strings.Join(text, " "))); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Millisecond) // the nodes differ for a while
		}
	}

	old := keyA
	settle()
	for range long.Times(3, 12, 60) {
		next := runtime.GenerateKey()
		witness := sealed(t, newManager(t, runtime.Config{Insecure: true, Keys: parseKeys(t, old)}), func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
		setKeys(old, next)
		setKeys(next, old)
		settle()
		for _, m := range nodes {
			if s := m.Open(t.Context(), []string{witness}); s.IsNew() {
				t.Error("an old key does not open")
			}
		}
		log.take()
		setKeys(next)
		for _, m := range nodes {
			if s := m.Open(t.Context(), []string{witness}); !s.IsNew() {
				t.Error("a retired key opens")
			}
		}
		if refused := slices.DeleteFunc(log.take(), func(e runtime.Event) bool { return e.Kind != runtime.EventRefused }); len(refused) != len(nodes) {
			t.Errorf("got %d refusals, want %d: %v", len(refused), len(nodes), refused)
		}
		old = next
	}
	settle()
	close(stop)
	wg.Wait()
}

// Requests that are under way while a rotation is carried out lose no session.
func TestRequestsWhileKeysRotate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watchKeys(t)
		ctx, cancel := context.WithCancel(t.Context())
		var visitors sync.WaitGroup
		for range 4 {
			visitors.Go(func() {
				s := w.Open(t.Context(), nil)
				for visits := 0; ctx.Err() == nil; visits++ {
					if got := fieldVisits.Get(s.Session); got != visits {
						t.Errorf("got %d visits, want %d", got, visits)
						return
					}
					time.Sleep(50 * time.Millisecond)
					fieldVisits.Set(s.Session, visits+1)
					lines, err := setCookieLines(w.Seal(s))
					if err != nil {
						t.Error(err)
						return
					}
					s = w.Open(t.Context(), []string{pair(t, lines[0])})
				}
			})
		}
		w.after(time.Minute)
		for _, text := range []string{keyA + " " + keyB, keyB + " " + keyA, keyB} {
			write(t, w.path, text)
			w.after(keyFileInterval+keyFilePause, replaced)
		}
		cancel()
		visitors.Wait()
		w.expect(t)
	})
}
