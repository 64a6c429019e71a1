package main

import (
	"io"
	"log"
	"net/http"
	"strconv"

	"github.com/alexedwards/scs/v2"

	"github.com/sessiongen/sessiongen/bench"
	"github.com/sessiongen/sessiongen/runtime"
)

var roles = []string{"editor", "author", "admin"}

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

func handle(f func(http.ResponseWriter, *http.Request)) http.Handler { return http.HandlerFunc(f) }

// connections is how many each library has to the server.
func connections() int { return 2 * *clients }

// sessiongen with a principal also keeps a list of each visitor's sessions, which scs
// has no counterpart of.
func sessiongen(store runtime.Store, principal bool) library {
	m := must(bench.NewSessionManager(runtime.Config{
		Keys:  must(runtime.ParseKeys(runtime.GenerateKey())),
		Store: store,
	}))
	l := library{
		name: "sessiongen",
		fill: m.Handler(handle(func(_ http.ResponseWriter, r *http.Request) {
			s := bench.SessionFrom(r.Context())
			if principal {
				s.SetUserID(48213)
			}
			s.SetUsername("hubo")
			s.SetEmail("hubo@example.org")
			s.SetRoles(roles)
			s.SetVisits(1)
		})),
		read: m.Handler(handle(func(w http.ResponseWriter, r *http.Request) {
			greet(w, bench.SessionFrom(r.Context()).GetUsername())
		})),
		change: m.Handler(handle(func(w http.ResponseWriter, r *http.Request) {
			s := bench.SessionFrom(r.Context())
			s.UpdateVisits(func(n int) int { return n + 1 })
			greet(w, s.GetUsername()+" "+strconv.Itoa(s.GetVisits()))
		})),
	}
	if principal {
		l.name += ", with a principal"
	}
	return l
}

func greet(w http.ResponseWriter, name string) {
	if name == "" {
		http.Error(w, "no session", http.StatusInternalServerError)
		return
	}
	_, _ = io.WriteString(w, "hello, "+name)
}

func scsLibrary(name string, store scs.Store) library {
	m := scs.New()
	m.Store = store
	return library{
		name: name,
		fill: m.LoadAndSave(handle(func(_ http.ResponseWriter, r *http.Request) {
			ctx := r.Context()
			m.Put(ctx, "user_id", int64(48213))
			m.Put(ctx, "username", "hubo")
			m.Put(ctx, "email", "hubo@example.org")
			m.Put(ctx, "roles", roles)
			m.Put(ctx, "visits", 1)
		})),
		read: m.LoadAndSave(handle(func(w http.ResponseWriter, r *http.Request) {
			greet(w, m.GetString(r.Context(), "username"))
		})),
		change: m.LoadAndSave(handle(func(w http.ResponseWriter, r *http.Request) {
			ctx := r.Context()
			m.Put(ctx, "visits", m.GetInt(ctx, "visits")+1)
			greet(w, m.GetString(ctx, "username")+" "+strconv.Itoa(m.GetInt(ctx, "visits")))
		})),
	}
}
