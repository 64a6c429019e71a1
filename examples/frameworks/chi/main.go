// This program is one log-in with chi.
package main

import (
	"fmt"
	"io"
	"log"
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/sessiongen/sessiongen/runtime"
)

//go:generate go tool sessiongen

// session is what the site remembers about a visitor.
type session struct {
	Username string `session:"username,max=64,principal"`
	Visits   int    `session:"visits"`
}

// greet counts a visit of somebody who has logged in.
func greet(sess *Session) string {
	if !sess.HasUsername() {
		return "Hello, stranger."
	}
	sess.UpdateVisits(func(n int) int { return n + 1 })
	return fmt.Sprintf("Hello, %s. Visit %d.", sess.GetUsername(), sess.GetVisits())
}

func main() {
	handler, err := newHandler()
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe("localhost:8080", handler))
}

func newHandler() (http.Handler, error) {
	sessions, err := NewSessionManager(runtime.Config{
		Keys:     runtime.EphemeralKeys(), // for a first run; see docs/keys.md
		Insecure: true,                    // plain http, on your own machine
	})
	if err != nil {
		return nil, err
	}
	router := chi.NewRouter()
	router.Use(middleware.Logger, middleware.Recoverer, sessions.Handler)
	router.Get("/", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, greet(SessionFrom(r.Context())))
	})
	router.Post("/login", func(w http.ResponseWriter, r *http.Request) {
		SessionFrom(r.Context()).SetUsername(r.FormValue("name"))
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	router.Post("/logout", func(w http.ResponseWriter, r *http.Request) {
		SessionFrom(r.Context()).Destroy()
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	return router, nil
}
