// Stores measures requests with sessions in Redis and PostgreSQL: sessiongen beside
// alexedwards/scs, with both of its stores for each, on the same server in the same run.
// The requests are made in this process, so that what is measured is the session. It
// prints requests a second, and the medians of the rounds' ratios.
//
//	.ci/databases sh -c 'cd bench/cmd/stores && go run .'
package main

import (
	"flag"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

var (
	clients = flag.Int("clients", 16, "how many visitors make requests at once")
	rounds  = flag.Int("rounds", 21, "how often each library is measured; they take turns")
	seconds = flag.Float64("seconds", 0.4, "how long a measurement takes")
)

// A library keeps the same session in handlers that do the same.
type library struct {
	name               string
	fill, read, change http.Handler
}

// A server keeps the sessions of all its libraries.
type server struct {
	name        string
	url         *string // empty if it is to be left out
	ours, peers func(url string) []library
}

var servers = []server{
	{"Redis", flag.String("redis", os.Getenv("SESSIONGEN_REDIS"), "URL of the Redis server"), ourRedis, scsRedis},
	{"PostgreSQL", flag.String("postgres", os.Getenv("SESSIONGEN_POSTGRES"), "URL of the PostgreSQL server"), ourPostgres, scsPostgres},
}

func main() {
	flag.Parse()
	measured := 0
	for _, s := range servers {
		if *s.url != "" {
			s.compare()
			measured++
		}
	}
	if measured == 0 {
		log.Fatal("no server: set -redis and -postgres, or run this by .ci/databases")
	}
}

func (s server) compare() {
	ours, peers := s.ours(*s.url), s.peers(*s.url)
	libraries := append(slices.Clip(ours), peers...)
	for _, what := range []string{"read", "change"} {
		perSecond := make([][]float64, len(libraries))
		for range *rounds {
			for i, l := range libraries {
				handler := l.read
				if what == "change" {
					handler = l.change
				}
				perSecond[i] = append(perSecond[i], measure(l.fill, handler))
			}
		}
		for i, l := range libraries {
			line := fmt.Sprintf("%-11s %-7s %-28s %6.0f requests a second", s.name, what, l.name, median(perSecond[i]))
			for j, peer := range peers {
				if i < len(ours) {
					line += fmt.Sprintf("  %.2f of %s", ratio(perSecond[i], perSecond[len(ours)+j]), peer.name)
				}
			}
			fmt.Println(line)
		}
	}
}

// measure returns the requests a second that all visitors make together.
func measure(fill, handler http.Handler) float64 {
	var count atomic.Int64
	var stop atomic.Bool
	var wg sync.WaitGroup
	start := time.Now()
	for range *clients {
		cookie := cookieOf(serve(fill, ""))
		wg.Go(func() {
			for !stop.Load() {
				if w := serve(handler, cookie); w.Code != http.StatusOK {
					log.Fatalf("status %d: %s", w.Code, w.Body)
				}
				count.Add(1)
			}
		})
	}
	time.Sleep(time.Duration(*seconds * float64(time.Second)))
	stop.Store(true)
	wg.Wait()
	return float64(count.Load()) / time.Since(start).Seconds()
}

func serve(h http.Handler, cookie string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "/", nil)
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func cookieOf(w *httptest.ResponseRecorder) string {
	c := w.Result().Cookies()[0]
	return c.Name + "=" + c.Value
}

func median(all []float64) float64 {
	return slices.Sorted(slices.Values(all))[len(all)/2]
}

// ratio returns the median of the ratios of the rounds.
func ratio(a, b []float64) float64 {
	ratios := make([]float64, len(a))
	for i := range a {
		ratios[i] = a[i] / b[i]
	}
	return median(ratios)
}
