package frameworks

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/sessiongen/sessiongen/integration/frameworks/check"
)

func TestNetHTTP(t *testing.T) {
	check.Run(t, check.Framework{Name: "net/http", Start: startNetHTTP})
}

func TestChi(t *testing.T) {
	check.Run(t, check.Framework{Name: "chi", Start: startChi})
}

// serve serves a handler until the test ends.
func serve(t *testing.T, h http.Handler) check.Client {
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.Start()
	t.Cleanup(srv.Close)
	return check.HTTP(srv.URL)
}

func startNetHTTP(t *testing.T, s check.Site) check.Client {
	mux := http.NewServeMux()
	page := http.HandlerFunc(answer)
	for _, path := range check.Paths {
		mux.Handle(path, page)
	}
	var h http.Handler = mux
	switch s.Scope {
	case check.Route:
		mux.Handle(check.GroupPath, s.Sessions.Handler(page))
	case check.Group:
		group := http.NewServeMux()
		group.Handle(check.GroupPath, page)
		mux.Handle("/group/", s.Sessions.Handler(group))
	case check.All:
		h = s.Sessions.Handler(mux)
	}
	if s.Recover {
		h = middleware.Recoverer(h)
	}
	return serve(t, logged(s.Log, h))
}

func startChi(t *testing.T, s check.Site) check.Client {
	r := chi.NewRouter()
	r.Use(func(next http.Handler) http.Handler { return logged(s.Log, next) })
	if s.Recover {
		r.Use(middleware.Recoverer)
	}
	switch s.Scope {
	case check.All:
		r.Use(s.Sessions.Handler)
	case check.Group:
		r.Route("/group", func(r chi.Router) {
			r.Use(s.Sessions.Handler)
			r.HandleFunc("/cart", answer)
		})
	case check.Route:
		r.With(s.Sessions.Handler).HandleFunc(check.GroupPath, answer)
	}
	for _, path := range check.Paths {
		r.HandleFunc(path, answer)
	}
	return serve(t, r)
}

// logged is an access log.
func logged(log func(int), next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		counted := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		next.ServeHTTP(counted, r)
		status := counted.Status()
		if status == 0 {
			status = http.StatusOK
		}
		log(status)
	})
}

// answer is the handler of every route.
func answer(w http.ResponseWriter, r *http.Request) {
	a := check.Do(r.Context(), r.URL.Path, r.FormValue("arg"))
	switch {
	case a.Err != nil:
		status, body := check.HandleError(r.Context(), a.Err)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	case a.Location != "":
		http.Redirect(w, r, a.Location, a.Status)
	case a.Chunks != nil:
		_, _ = io.WriteString(w, a.Chunks[0])
		w.(http.Flusher).Flush()
		a.Between()
		_, _ = io.WriteString(w, a.Chunks[1])
	case a.Status == 0:
		check.Echo(w, r)
	case a.Body == "":
		w.WriteHeader(a.Status)
	default:
		_, _ = io.WriteString(w, a.Body)
	}
}
