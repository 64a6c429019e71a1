package runtime_test

import (
	"fmt"
	"log"
	"net/http"
	"sync"

	"github.com/sessiongen/sessiongen/internal/web"
	"github.com/sessiongen/sessiongen/runtime"
)

// With a store the accessors stay the same. Requests that change the session at the same time
// lose nothing.
func ExampleNewMemoryStore() {
	keys, err := runtime.ParseKeys(runtime.GenerateKey())
	if err != nil {
		log.Fatal(err)
	}
	store := runtime.NewMemoryStore(100_000)
	sessions, err := web.NewSessionManager(runtime.Config{Keys: keys, Store: store})
	if err != nil {
		log.Fatal(err)
	}

	server := newServer(sessions.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sess := web.SessionFrom(r.Context())
		sess.UpdateVisits(func(n int) int { return n + 1 })
		fmt.Fprintf(w, "visit %d", sess.GetVisits())
	})))
	defer server.Close()

	visitor := newVisitor(server)
	visitor.get("/")
	var requests sync.WaitGroup
	for range 10 {
		requests.Go(func() { visitor.get("/") })
	}
	requests.Wait()
	fmt.Println(visitor.get("/"))
	fmt.Println("sessions:", store.Len())
	// Output:
	// visit 12
	// sessions: 1
}
