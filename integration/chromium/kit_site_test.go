package chromium

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

// site is a server at every host name that ends in ".test".
type site struct {
	*http.ServeMux
	sessions     *SessionManager
	scheme, port string
}

// newSite serves over https, unless the configuration is for plain http. Events that
// an ordinary visit does not cause fail the test, unless it has an OnEvent of its own.
func newSite(t *testing.T, cfg runtime.Config) site {
	t.Helper()
	if cfg.OnEvent == nil {
		cfg.OnEvent = func(_ context.Context, e runtime.Event) {
			switch e.Kind {
			case runtime.EventCreated, runtime.EventRenewed, runtime.EventDestroyed:
			default:
				t.Errorf("unexpected event %+v", e)
			}
		}
	}
	var err error
	if cfg.Keys, err = runtime.ParseKeys(runtime.GenerateKey()); err != nil {
		t.Fatal(err)
	}
	s := site{ServeMux: http.NewServeMux(), scheme: "https"}
	if s.sessions, err = NewSessionManager(cfg); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(s.sessions.Handler(s))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // connections that the browser opens ahead and drops
	if cfg.Insecure {
		s.scheme = "http"
		server.Start()
	} else {
		server.EnableHTTP2 = true
		server.StartTLS()
	}
	t.Cleanup(server.Close)
	s.port = server.URL[strings.LastIndexByte(server.URL, ':')+1:]

	s.page("/login", func(v *Session) { v.SetUsername("hubo") })
	s.page("/permanent", func(v *Session) { v.SetUsername("hubo"); v.SetPermanent(true) })
	s.page("/read", func(v *Session) {})
	s.page("/clear", func(v *Session) { v.Clear() })
	s.page("/destroy", func(v *Session) { v.Destroy() })
	s.raw("/blank")
	s.HandleFunc("/note", func(w http.ResponseWriter, r *http.Request) {
		v := SessionFrom(r.Context())
		n, err := strconv.Atoi(r.FormValue("n"))
		if err != nil {
			t.Error(err)
		}
		v.SetNote(strings.Repeat("x", n))
		io.WriteString(w, text(v))
	})
	s.Handle("/app/", http.StripPrefix("/app", s))
	return s
}

// at returns the address of a page of the site.
func (s site) at(host, path string) string { return s.scheme + "://" + host + ":" + s.port + path }

// page makes f answer at a path, with a page that shows the session.
func (s site) page(path string, f func(*Session)) {
	s.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
		v := SessionFrom(r.Context())
		f(v)
		io.WriteString(w, text(v))
	})
}

// text is the name and the length of the note, as far as they are set.
func text(v *Session) string {
	var words []string
	if v.HasUsername() {
		words = append(words, v.GetUsername())
	}
	if v.HasNote() {
		words = append(words, strconv.Itoa(len(v.GetNote())))
	}
	return strings.Join(words, " ")
}

// raw makes a path send cookies of the test's own, past sessiongen: what the browser
// does with wrong ones shows that it looks at ours.
func (s site) raw(path string, setCookies ...string) {
	s.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Set-Cookie"] = setCookies
	})
}
