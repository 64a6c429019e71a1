package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/sessiongen/sessiongen/internal/web"
	"github.com/sessiongen/sessiongen/runtime"
)

// The schema marks UserID as the principal: setting it logs the visitor in. The session keeps
// its fields and gets a new id, so that an id from before the log-in is worth nothing.
func Example_logIn() {
	keys, err := runtime.ParseKeys(runtime.GenerateKey())
	if err != nil {
		log.Fatal(err)
	}
	sessions, err := web.NewSessionManager(runtime.Config{Keys: keys})
	if err != nil {
		log.Fatal(err)
	}

	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		sess := web.SessionFrom(r.Context())
		sess.UpdateVisits(func(n int) int { return n + 1 })
		fmt.Fprintf(w, "visit %d by user %d", sess.GetVisits(), sess.GetUserID())
	})
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		sess := web.SessionFrom(r.Context()) // the password is right
		before := sess.ID()
		sess.SetUserID(42)
		sess.Authenticate()     // also if it was user 42 before
		sess.SetPermanent(true) // it outlives the browser
		fmt.Fprintf(w, "new id: %t, visits: %d", sess.ID() != before, sess.GetVisits())
	})
	mux.HandleFunc("POST /promote", func(w http.ResponseWriter, r *http.Request) {
		sess := web.SessionFrom(r.Context())
		before := sess.ID()
		sess.SetRoles([]string{"admin"})
		sess.Renew() // the rights change, the user does not
		recent := time.Since(sess.AuthenticatedAt()) < 10*time.Minute
		fmt.Fprintf(w, "new id: %t, recent log-in: %t", sess.ID() != before, recent)
	})
	mux.HandleFunc("POST /logout", func(w http.ResponseWriter, r *http.Request) {
		web.SessionFrom(r.Context()).Destroy()
		fmt.Fprint(w, "bye")
	})
	server := newServer(sessions.Handler(mux))
	defer server.Close()

	visitor := newVisitor(server)
	fmt.Println(visitor.get("/"))
	fmt.Println(visitor.post("/login"))
	fmt.Println(visitor.post("/promote"))
	fmt.Println(visitor.get("/"))
	fmt.Println(visitor.post("/logout"))
	fmt.Println(visitor.get("/"))
	// Output:
	// visit 1 by user 0
	// new id: true, visits: 1
	// new id: true, recent log-in: true
	// visit 2 by user 42
	// bye
	// visit 1 by user 0
}

// RevokeByUserID, of the generated manager, logs a user out everywhere. It needs Config.Store or
// Config.Revocations.
func ExampleManager_revokeByUserID() {
	keys, err := runtime.ParseKeys(runtime.GenerateKey())
	if err != nil {
		log.Fatal(err)
	}
	sessions, err := web.NewSessionManager(runtime.Config{
		Keys:  keys,
		Store: runtime.NewMemoryStore(100_000),
	})
	if err != nil {
		log.Fatal(err)
	}

	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "user %d", web.SessionFrom(r.Context()).GetUserID())
	})
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		web.SessionFrom(r.Context()).SetUserID(42)
	})
	server := newServer(sessions.Handler(mux))
	defer server.Close()

	phone, laptop := newVisitor(server), newVisitor(server)
	phone.post("/login")
	laptop.post("/login")
	fmt.Println(phone.get("/"), "and", laptop.get("/"))

	if err := sessions.RevokeByUserID(context.Background(), 42); err != nil {
		log.Fatal(err)
	}
	fmt.Println(phone.get("/"), "and", laptop.get("/"))
	// Output:
	// user 42 and user 42
	// user 0 and user 0
}

// RevokeOthers logs out a user's other devices, and keeps the session that asks for it.
func ExampleManager_RevokeOthers() {
	keys, err := runtime.ParseKeys(runtime.GenerateKey())
	if err != nil {
		log.Fatal(err)
	}
	sessions, err := web.NewSessionManager(runtime.Config{Keys: keys, Store: runtime.NewMemoryStore(100_000)})
	if err != nil {
		log.Fatal(err)
	}

	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "user %d", web.SessionFrom(r.Context()).GetUserID())
	})
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		web.SessionFrom(r.Context()).SetUserID(42)
	})
	mux.HandleFunc("POST /password", func(w http.ResponseWriter, r *http.Request) {
		// The new password is stored.
		if err := sessions.RevokeOthers(r.Context(), web.SessionFrom(r.Context())); err != nil {
			http.Error(w, "try again", http.StatusServiceUnavailable)
		}
	})
	server := newServer(sessions.Handler(mux))
	defer server.Close()

	phone, laptop := newVisitor(server), newVisitor(server)
	phone.post("/login")
	laptop.post("/login")
	phone.post("/password")
	fmt.Println(phone.get("/"), "and", laptop.get("/"))
	// Output: user 42 and user 0
}

// Check tells a handler that goes on for long, such as an event stream, whether its session still counts.
func ExampleManager_Check() {
	keys, err := runtime.ParseKeys(runtime.GenerateKey())
	if err != nil {
		log.Fatal(err)
	}
	sessions, err := web.NewSessionManager(runtime.Config{Keys: keys, Store: runtime.NewMemoryStore(100_000)})
	if err != nil {
		log.Fatal(err)
	}

	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		web.SessionFrom(r.Context()).SetUserID(42)
	})
	mux.HandleFunc("GET /events", func(w http.ResponseWriter, r *http.Request) {
		sess := web.SessionFrom(r.Context())
		user := sess.GetUserID()
		for n := range 3 {
			if errors.Is(sessions.Check(r.Context(), sess), runtime.ErrEnded) {
				fmt.Fprintln(w, "bye")
				return
			}
			fmt.Fprintf(w, "event %d for user %d\n", n, user)
			if n == 1 { // somebody logs the user out
				if err := sessions.RevokeByUserID(r.Context(), user); err != nil {
					log.Print(err)
				}
			}
		}
	})
	server := newServer(sessions.Handler(mux))
	defer server.Close()

	visitor := newVisitor(server)
	visitor.post("/login")
	fmt.Print(visitor.get("/events"))
	// Output:
	// event 0 for user 42
	// event 1 for user 42
	// bye
}
