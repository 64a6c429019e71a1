package runtime_test

import (
	"fmt"
	"log"
	"net/http"

	"github.com/sessiongen/sessiongen/internal/web"
	"github.com/sessiongen/sessiongen/runtime"
)

// A handler takes the session from the request's context. What it sets is saved before the
// first byte of the response is sent.
func ExampleManager_Handler() {
	keys, err := runtime.ParseKeys(runtime.GenerateKey()) // a program reads its own from the environment
	if err != nil {
		log.Fatal(err)
	}
	sessions, err := web.NewSessionManager(runtime.Config{Keys: keys})
	if err != nil {
		log.Fatal(err)
	}

	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		sess := web.SessionFrom(r.Context())
		sess.UpdateVisits(func(n int) int { return n + 1 })
		fmt.Fprintf(w, "visit %d", sess.GetVisits())
	})
	server := newServer(sessions.Handler(mux))
	defer server.Close()

	visitor := newVisitor(server)
	fmt.Println(visitor.get("/"))
	fmt.Println(visitor.get("/"))
	fmt.Println(newVisitor(server).get("/")) // somebody else
	// Output:
	// visit 1
	// visit 2
	// visit 1
}
