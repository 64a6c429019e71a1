package websocket

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	coder "github.com/coder/websocket"
	gorilla "github.com/gorilla/websocket"
	"github.com/sessiongen/sessiongen/runtime"
)

// upgrades are the ways to accept a websocket; each returns functions to read and
// write one text message.
var upgrades = []struct {
	name    string
	cookie  bool // a change before the upgrade arrives with the 101
	upgrade func(w http.ResponseWriter, r *http.Request) (read func() (string, error), write func(string) error, err error)
}{
	{"coder", true, func(w http.ResponseWriter, r *http.Request) (func() (string, error), func(string) error, error) {
		conn, err := coder.Accept(w, r, nil) // sends w.Header()
		read := func() (string, error) { _, b, err := conn.Read(r.Context()); return string(b), err }
		write := func(s string) error { return conn.Write(r.Context(), coder.MessageText, []byte(s)) }
		return read, write, err
	}},
	{"gorilla with the response's header", true, func(w http.ResponseWriter, r *http.Request) (func() (string, error), func(string) error, error) {
		return upgradeGorilla(w, r, w.Header())
	}},
	{"gorilla", false, func(w http.ResponseWriter, r *http.Request) (func() (string, error), func(string) error, error) {
		return upgradeGorilla(w, r, nil) // sends nothing of w.Header()
	}},
}

func upgradeGorilla(w http.ResponseWriter, r *http.Request, h http.Header) (func() (string, error), func(string) error, error) {
	var upgrader gorilla.Upgrader
	conn, err := upgrader.Upgrade(w, r, h)
	read := func() (string, error) { _, b, err := conn.ReadMessage(); return string(b), err }
	write := func(s string) error { return conn.WriteMessage(gorilla.TextMessage, []byte(s)) }
	return read, write, err
}

func TestUpgrade(t *testing.T) {
	for _, u := range upgrades {
		for use, change := range map[string]func(*Session){
			"untouched": nil,
			"read":      func(s *Session) { s.GetUsername() },
			"changed":   func(s *Session) { s.SetVisits(1) },
		} {
			t.Run(u.name+"/"+use, func(t *testing.T) {
				var late []runtime.Event
				keys, err := runtime.ParseKeys("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")
				if err != nil {
					t.Fatal(err)
				}
				m, err := NewSessionManager(runtime.Config{Keys: keys, OnEvent: func(_ context.Context, e runtime.Event) {
					if e.Kind == runtime.EventTooLate {
						late = append(late, e)
					}
				}})
				if err != nil {
					t.Fatal(err)
				}
				returned := make(chan struct{})
				server := httptest.NewUnstartedServer(m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					defer close(returned)
					if change != nil {
						change(SessionFrom(r.Context()))
					}
					read, write, err := u.upgrade(w, r)
					if err != nil {
						t.Error(err)
						return
					}
					text, err := read()
					if err == nil {
						s := SessionFrom(r.Context())
						err = write(text + " " + s.GetUsername())
						s.SetUsername("late")
					}
					if err != nil {
						t.Error(err)
					}
				})))
				server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
				server.Start()
				defer server.Close()

				s := m.Open(t.Context(), nil)
				s.SetUsername("hubo")
				header, err := m.Seal(s)
				lines := header["Set-Cookie"]
				if err != nil {
					t.Fatal(err)
				}
				conn, resp, err := coder.Dial(t.Context(), server.URL, &coder.DialOptions{
					HTTPHeader: http.Header{"Cookie": {pair(t, lines[0])}},
				})
				if err != nil {
					t.Fatal(err)
				}
				defer conn.CloseNow()
				if err := conn.Write(t.Context(), coder.MessageText, []byte("hello")); err != nil {
					t.Fatal(err)
				}
				if _, text, err := conn.Read(t.Context()); string(text) != "hello hubo" || err != nil {
					t.Errorf("got message %q, %v", text, err)
				}
				cookies := resp.Header["Set-Cookie"]
				if sent := len(cookies) == 1; sent != (use == "changed" && u.cookie) || len(cookies) > 1 {
					t.Errorf("the 101 response has the cookies %q", cookies)
				} else if sent && m.Open(t.Context(), []string{pair(t, cookies[0])}).GetVisits() != 1 {
					t.Errorf("the 101 response has another session: %q", cookies)
				}
				<-returned
				// A change after the connection was taken over is reported.
				if want := []runtime.Event{{Kind: runtime.EventTooLate, Field: "Username", Method: "GET", Path: "/"}}; !slices.Equal(late, want) {
					t.Errorf("got events %v, want %v", late, want)
				}
			})
		}
	}
}

// pair returns the cookie that a browser sends back for a Set-Cookie line.
func pair(t *testing.T, line string) string {
	t.Helper()
	c, err := http.ParseSetCookie(line)
	if err != nil {
		t.Fatal(err)
	}
	return c.Name + "=" + c.Value
}
