package runtime_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"
)

// Statuses without a body, and what net/http makes of handlers that get it wrong.
func TestStatuses(t *testing.T) {
	status := func(code int, body string) func(http.ResponseWriter, *http.Request) any {
		return func(w http.ResponseWriter, r *http.Request) any {
			w.WriteHeader(code)
			if body == "" {
				return nil
			}
			n, err := io.WriteString(w, body)
			return fmt.Sprint(n, err)
		}
	}
	all := []transaction{
		{name: "nothing", handler: func(http.ResponseWriter, *http.Request) any { return nil }},
		{name: "nothing, HEAD", handler: func(http.ResponseWriter, *http.Request) any { return nil }, request: head},
		{name: "HEAD", handler: func(w http.ResponseWriter, r *http.Request) any {
			w.Header().Set("Content-Length", "4")
			n, err := io.WriteString(w, "body")
			return fmt.Sprint(n, err)
		}, request: head},
		{name: "HEAD, streamed", handler: func(w http.ResponseWriter, r *http.Request) any {
			io.WriteString(w, "body")
			w.(http.Flusher).Flush()
			io.WriteString(w, "body")
			return nil
		}, request: head},
		{name: "twice", handler: func(w http.ResponseWriter, r *http.Request) any {
			w.WriteHeader(201)
			w.WriteHeader(202)
			return nil
		}},
		{name: "status after body", handler: func(w http.ResponseWriter, r *http.Request) any {
			io.WriteString(w, "body")
			w.WriteHeader(404)
			return nil
		}},
		{name: "informational after final", handler: func(w http.ResponseWriter, r *http.Request) any {
			w.WriteHeader(200)
			w.WriteHeader(103)
			return nil
		}},
		{name: "header after status", handler: func(w http.ResponseWriter, r *http.Request) any {
			w.Header().Set("X-Early", "1")
			w.WriteHeader(200)
			w.Header().Set("X-Late", "1")
			w.Header().Del("X-Early")
			return nil
		}},
		{name: "body longer than declared", handler: func(w http.ResponseWriter, r *http.Request) any {
			w.Header().Set("Content-Length", "2")
			n, err := io.WriteString(w, "body")
			return fmt.Sprint(n, err)
		}},
		{name: "body shorter than declared", handler: func(w http.ResponseWriter, r *http.Request) any {
			w.Header().Set("Content-Length", "20")
			io.WriteString(w, "body")
			return nil
		}},
		{name: "no Date, no Content-Type", handler: func(w http.ResponseWriter, r *http.Request) any {
			w.Header()["Date"] = nil
			w.Header()["Content-Type"] = nil
			io.WriteString(w, "<html>")
			return nil
		}},
		{name: "Connection: close", handler: func(w http.ResponseWriter, r *http.Request) any {
			w.Header().Set("Connection", "close")
			io.WriteString(w, "body")
			return nil
		}},
	}
	for _, code := range []int{200, 204, 205, 304, 404, 500, 999} {
		all = append(all,
			transaction{name: fmt.Sprint(code), handler: status(code, "")},
			transaction{name: fmt.Sprint(code, " with body"), handler: status(code, "body")},
			transaction{name: fmt.Sprint(code, ", HEAD"), handler: status(code, "body"), request: head})
	}
	for _, code := range []int{0, 99, 1000} { // net/http panics
		all = append(all, transaction{name: fmt.Sprint(code), handler: status(code, "")})
	}
	unharmed(t, all...)
}

// The answers that net/http's helpers make. Error leaves most of the header alone.
func TestHelpers(t *testing.T) {
	described := func(h http.HandlerFunc) func(http.ResponseWriter, *http.Request) any {
		return func(w http.ResponseWriter, r *http.Request) any {
			for _, name := range []string{"Content-Encoding", "Content-Length", "Etag", "Last-Modified", "X-Request-Id"} {
				w.Header().Set(name, "7")
			}
			h(w, r)
			return nil
		}
	}
	var all []transaction
	for name, h := range map[string]http.Handler{
		"Error": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Error(w, "forbidden", http.StatusForbidden) }),
		"Error twice": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, "one", http.StatusForbidden)
			http.Error(w, "two", 500)
		}),
		"NotFound":          http.NotFoundHandler(),
		"Redirect":          http.RedirectHandler("/next?a=b", http.StatusSeeOther),
		"relative Redirect": http.RedirectHandler("next", http.StatusFound),
		"another host's":    http.RedirectHandler("https://example.com/", http.StatusPermanentRedirect),
	} {
		all = append(all,
			transaction{name: name, handler: described(h.ServeHTTP)},
			transaction{name: name + ", HEAD", handler: described(h.ServeHTTP), request: head},
			transaction{name: name + ", POST", handler: described(h.ServeHTTP), request: post("name=value")})
	}
	unharmed(t, all...)
}

// Informational responses go out when they are written, with the header of the time.
func TestInformational(t *testing.T) {
	expectContinue := func(r *http.Request) {
		post("the request's body")(r)
		r.Header.Set("Expect", "100-continue")
	}
	read := func(w http.ResponseWriter, r *http.Request) any {
		body, err := io.ReadAll(r.Body)
		w.WriteHeader(201)
		w.Write(body)
		return fmt.Sprint(string(body), err)
	}
	unharmed(t,
		transaction{name: "several", handler: func(w http.ResponseWriter, r *http.Request) any {
			w.WriteHeader(http.StatusProcessing)
			for _, link := range []string{"</a.css>; rel=preload", "</b.css>; rel=preload"} {
				w.Header().Add("Link", link)
				w.WriteHeader(http.StatusEarlyHints)
			}
			w.Header().Del("Link")
			io.WriteString(w, "body")
			return nil
		}},
		transaction{name: "nothing else", handler: func(w http.ResponseWriter, r *http.Request) any {
			w.WriteHeader(http.StatusEarlyHints)
			return nil
		}},
		transaction{name: "before an error", handler: func(w http.ResponseWriter, r *http.Request) any {
			w.WriteHeader(http.StatusEarlyHints)
			http.Error(w, "sorry", http.StatusServiceUnavailable)
			return nil
		}},
		transaction{name: "before a panic", handler: func(w http.ResponseWriter, r *http.Request) any {
			w.WriteHeader(http.StatusEarlyHints)
			panic(http.ErrAbortHandler)
		}},
		transaction{name: "100 by reading", request: expectContinue, handler: read},
		transaction{name: "100 by hand", request: expectContinue, handler: func(w http.ResponseWriter, r *http.Request) any {
			w.WriteHeader(http.StatusContinue)
			return read(w, r)
		}},
		transaction{name: "no 100", request: expectContinue, handler: func(w http.ResponseWriter, r *http.Request) any {
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
			return nil
		}})
}
