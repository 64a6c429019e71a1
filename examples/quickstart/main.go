// Quickstart is Flask's classic session program: it remembers a visitor's name.
//
// It needs no set-up: its key lasts for the run, and it serves plain http. A real
// site reads its key from the environment (see runtime.ParseKeys), and leaves
// Config.Insecure alone.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/sessiondebug"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "`address` to listen on")
	flag.Parse()

	handler, err := newHandler(runtime.Config{
		Keys:     runtime.EphemeralKeys(),
		Insecure: true, // plain http
		Lifetime: 7 * 24 * time.Hour,
	})
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on http://%s\n", listener.Addr())
	fmt.Print(routes)
	log.Fatal(http.Serve(listener, handler))
}

const routes = `  /               remembers a name
  /get/           answers with it
  /delete/        forgets it
  /clear          ends the session
  /debug/session  shows the session of your browser
`

func newHandler(cfg runtime.Config) (http.Handler, error) {
	sessions, err := NewSessionManager(cfg)
	if err != nil {
		return nil, err
	}
	return sessions.Handler(http.HandlerFunc(route)), nil
}

// debug is a page for development. It answers browsers on this machine only.
var debug = sessiondebug.Handler(sessiondebug.Options{})

// route takes paths as they are: http.ServeMux would redirect /get to /get/.
func route(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/":
		set(w, r)
	case "/get/":
		get(w, r)
	case "/delete/":
		remove(w, r)
	case "/clear":
		clearAll(w, r)
	case "/debug/session":
		debug.ServeHTTP(w, r)
	default:
		http.NotFound(w, r)
	}
}

func set(w http.ResponseWriter, r *http.Request) {
	sess := SessionFrom(r.Context())
	sess.SetUsername("hubo")
	sess.SetPermanent(true)
	io.WriteString(w, "Hello World!")
}

func get(w http.ResponseWriter, r *http.Request) {
	sess := SessionFrom(r.Context())
	if !sess.HasUsername() {
		io.WriteString(w, "None")
		return
	}
	io.WriteString(w, sess.GetUsername())
}

func remove(w http.ResponseWriter, r *http.Request) {
	sess := SessionFrom(r.Context())
	logUsername("before delete", sess)
	sess.PopUsername()
	logUsername("after delete", sess)
	io.WriteString(w, "success")
}

func clearAll(w http.ResponseWriter, r *http.Request) {
	sess := SessionFrom(r.Context())
	logUsername("before clear", sess)
	sess.Clear()
	logUsername("after clear", sess)
	io.WriteString(w, "success")
}

func logUsername(when string, sess *Session) {
	if sess.HasUsername() {
		log.Printf("%s: username %q", when, sess.GetUsername())
	} else {
		log.Printf("%s: username absent", when)
	}
}
