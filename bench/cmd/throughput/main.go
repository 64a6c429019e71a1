// Throughput runs wrk against a real server, in turn on a bare handler and on one that
// reads its session on each request, and prints what the session leaves of the
// bare handler's throughput. It needs the program wrk, of Debian's package wrk.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strconv"

	"github.com/sessiongen/sessiongen/bench"
	sessionruntime "github.com/sessiongen/sessiongen/runtime"
)

var (
	rounds  = flag.Int("rounds", 20, "how often each handler is measured; they take turns")
	seconds = flag.Int("seconds", 1, "how long a measurement takes")
)

// ballast is the heap of a server. Without it, the garbage collector would run all the
// time.
var ballast = make([]byte, 16<<20)

func main() {
	flag.Parse()
	keys, err := sessionruntime.ParseKeys(sessionruntime.GenerateKey())
	check(err)
	sessions, err := bench.NewSessionManager(sessionruntime.Config{Keys: keys})
	check(err)
	mux := http.NewServeMux()
	mux.HandleFunc("/bare", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "hello, hubo")
	})
	mux.Handle("/session", sessions.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "hello, "+bench.SessionFrom(r.Context()).GetUsername())
	})))

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	go func() { log.Fatal(http.Serve(listener, mux)) }()
	url, cookie := "http://"+listener.Addr().String(), visitor(sessions)

	var shares []float64
	for range *rounds {
		bare := run(url+"/bare", cookie)
		session := run(url+"/session", cookie)
		shares = append(shares, session/bare)
		fmt.Printf("bare %.0f, with a session %.0f requests a second: %.1f%%\n", bare, session, 100*session/bare)
	}
	runtime.KeepAlive(ballast)
	slices.Sort(shares)
	fmt.Printf("median of %d: %.1f%% of the bare handler's throughput\n", len(shares), 100*shares[len(shares)/2])
}

// visitor returns the Cookie header field of a browser with a session.
func visitor(sessions *bench.SessionManager) string {
	w := httptest.NewRecorder()
	sessions.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := bench.SessionFrom(r.Context())
		s.SetUserID(48213)
		s.SetUsername("hubo")
		s.SetEmail("hubo@example.org")
		s.SetRoles([]string{"editor", "author", "admin"})
		s.SetVisits(1)
	})).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	c := w.Result().Cookies()[0]
	return c.Name + "=" + c.Value
}

var (
	perSecond = regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`)
	failed    = regexp.MustCompile(`Non-2xx|Socket errors`)
)

// run returns the requests a second that wrk makes.
func run(url, cookie string) float64 {
	out, err := exec.Command("wrk", "-t1", "-c16", "-d"+strconv.Itoa(*seconds)+"s", "-H", "Cookie: "+cookie, url).CombinedOutput()
	if err != nil || failed.Match(out) {
		log.Fatalf("wrk: %v\n%s", err, bytes.TrimSpace(out))
	}
	m := perSecond.FindSubmatch(out)
	if m == nil {
		log.Fatalf("wrk printed no result:\n%s", out)
	}
	n, err := strconv.ParseFloat(string(m[1]), 64)
	check(err)
	return n
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
