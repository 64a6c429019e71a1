package sessiontest_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	goruntime "runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/internal/web"
	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/sessiontest"
)

// newManager returns a manager with keys of its own unless cfg has some.
func newManager(t testing.TB, cfg runtime.Config) *web.SessionManager {
	t.Helper()
	if cfg.Keys == (runtime.Keys{}) {
		keys, err := runtime.ParseKeys(runtime.GenerateKey())
		if err != nil {
			t.Fatal(err)
		}
		cfg.Keys = keys
	}
	m, err := web.NewSessionManager(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func hubo(s *web.Session) { s.SetUsername("hubo") }

// site is a handler. The path says what it does with the session.
func site(w http.ResponseWriter, r *http.Request) {
	s := web.SessionFrom(r.Context())
	http.SetCookie(w, &http.Cookie{Name: "theme", Value: "dark"})
	switch r.URL.Path {
	case "/login":
		s.SetUserID(7)
	case "/visit":
		s.UpdateVisits(func(n int) int { return n + 1 })
	case "/fill":
		for range 100 {
			s.AppendRoles(strings.Repeat("r", 60))
		}
	case "/logout":
		s.Destroy()
	}
	fmt.Fprintf(w, "%s, %d", s.GetUsername(), s.GetVisits())
}

// do returns the site's response to a request.
func do(m *web.SessionManager, r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	m.Handler(http.HandlerFunc(site)).ServeHTTP(w, r)
	return w.Result()
}

func get(path string) *http.Request { return httptest.NewRequest("GET", path, nil) }

func TestRequest(t *testing.T) {
	m := newManager(t, runtime.Config{})
	r := get("/")
	r.AddCookie(&http.Cookie{Name: "theme", Value: "dark"})
	if sessiontest.Request(t, m, r, hubo) != r {
		t.Error("Request returns another request")
	}
	if _, err := r.Cookie("theme"); err != nil || m.Get(r).GetUsername() != "hubo" {
		t.Errorf("the request has header %q, want the theme and the session", r.Header)
	}
	// A second call changes the session of the first.
	id := m.Get(r).ID()
	sessiontest.Request(t, m, r, func(s *web.Session) { s.SetVisits(3) })
	if s := m.Get(r); s.GetUsername() != "hubo" || s.GetVisits() != 3 || s.ID() != id || len(r.Cookies()) != 2 {
		t.Errorf("the request has session %v in %q", s, r.Header)
	}
	sessiontest.Request(t, m, r, func(*web.Session) {})
	if s := m.Get(r); s.GetVisits() != 3 || len(r.Cookies()) != 2 {
		t.Errorf("after an empty change, the request has session %v in %q", s, r.Header)
	}
	sessiontest.Request(t, m, r, func(s *web.Session) { s.Clear() })
	if got := r.Header.Get("Cookie"); got != "theme=dark" || !m.Get(r).IsNew() {
		t.Errorf("after Clear, the request has cookies %q, want the theme alone", got)
	}
	if r = sessiontest.Request(t, m, get("/"), func(*web.Session) {}); len(r.Header) > 0 {
		t.Errorf("Request without a session sets header %q", r.Header)
	}
}

// A session of several cookies is added to a request, and replaced in it, as a whole.
func TestRequestWithChunks(t *testing.T) {
	m := newManager(t, runtime.Config{MaxChunks: 3})
	r := sessiontest.Request(t, m, get("/"), func(s *web.Session) {
		for range 100 {
			s.AppendRoles(strings.Repeat("r", 60))
		}
	})
	if n := len(r.Cookies()); n != 3 || len(m.Get(r).GetRoles()) != 100 {
		t.Errorf("the request has %d cookies with %d roles", n, len(m.Get(r).GetRoles()))
	}
	sessiontest.Request(t, m, r, func(s *web.Session) { s.SetRoles([]string{"r"}) })
	if n := len(r.Cookies()); n != 1 || len(m.Get(r).GetRoles()) != 1 {
		t.Errorf("after a change, the request has %d cookies with %d roles", n, len(m.Get(r).GetRoles()))
	}
	if s := sessiontest.Session(t, m, do(m, get("/fill"))); len(s.GetRoles()) != 100 {
		t.Errorf("the response has a session with %d roles", len(s.GetRoles()))
	}
}

// Cookies work in a client's jar, with https or without.
func TestCookies(t *testing.T) {
	for _, insecure := range []bool{false, true} {
		m := newManager(t, runtime.Config{Insecure: insecure})
		server := httptest.NewUnstartedServer(m.Handler(http.HandlerFunc(site)))
		if insecure {
			server.Start()
		} else {
			server.StartTLS()
		}
		defer server.Close()
		u, err := url.Parse(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		client := server.Client()
		client.Jar, _ = cookiejar.New(nil)
		client.Jar.SetCookies(u, sessiontest.Cookies(t, m, hubo))
		for i := range 3 {
			res, err := client.Get(server.URL + "/visit")
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			if want := fmt.Sprintf("hubo, %d", i+1); string(body) != want || err != nil {
				t.Errorf("got response %q, %v; want %q", body, err, want)
			}
			if s := sessiontest.Session(t, m, res); s.GetVisits() != i+1 {
				t.Errorf("the response has session %v", s)
			}
		}
	}
}

func TestResponses(t *testing.T) {
	m := newManager(t, runtime.Config{})
	for path, want := range map[string]struct{ deleted, unchanged bool }{
		"/":       {false, true},
		"/login":  {false, false},
		"/logout": {true, false},
	} {
		res := do(m, sessiontest.Request(t, m, get(path), hubo))
		deleted, unchanged := sessiontest.Deleted(m, res), sessiontest.Unchanged(m, res)
		if deleted != want.deleted || unchanged != want.unchanged {
			t.Errorf("%s: got deleted %v, unchanged %v, want %v, %v", path, deleted, unchanged, want.deleted, want.unchanged)
		}
		if !deleted && !unchanged {
			if s := sessiontest.Session(t, m, res); s.GetUsername() != "hubo" || s.GetUserID() != 7 {
				t.Errorf("%s: the response has session %v", path, s)
			}
		}
	}
	other := newManager(t, runtime.Config{Name: "__Host-other"})
	for _, path := range []string{"/login", "/logout"} {
		res := do(other, sessiontest.Request(t, other, get(path), hubo))
		if !sessiontest.Unchanged(m, res) || sessiontest.Deleted(m, res) {
			t.Errorf("%s: another manager's cookie is taken for the manager's own", path)
		}
	}
	if res := do(m, get("/logout")); !sessiontest.Unchanged(m, res) {
		t.Error("a log-out without a session is not Unchanged")
	}
}

// A browser keeps the last cookie of each name.
func TestLastCookieCounts(t *testing.T) {
	m := newManager(t, runtime.Config{})
	r := sessiontest.Request(t, m, get("/login"), hubo)
	in, out := do(m, r), do(m, sessiontest.Request(t, m, get("/logout"), hubo))
	both := func(first, second *http.Response) *http.Response {
		return &http.Response{Header: http.Header{"Set-Cookie": slices.Concat(first.Header["Set-Cookie"], second.Header["Set-Cookie"])}}
	}
	if !sessiontest.Deleted(m, both(in, out)) || sessiontest.Deleted(m, both(out, in)) {
		t.Error("Deleted does not judge by the last cookie")
	}
	if s := sessiontest.Session(t, m, both(out, in)); s.GetUserID() != 7 {
		t.Errorf("Session does not read the last cookie: %v", s)
	}
	if next := sessiontest.Follow(r, both(in, out), get("/")); !m.Get(next).IsNew() || len(next.Cookies()) != 1 {
		t.Errorf("Follow does not keep the last cookie: %q", next.Header)
	}
}

func TestFollow(t *testing.T) {
	m := newManager(t, runtime.Config{})
	r := sessiontest.Request(t, m, get("/visit"), hubo)
	for i := range 5 {
		res := do(m, r)
		next := get("/visit")
		if i%2 == 0 {
			next = get("/") // does not change the session, so the former cookie remains
		}
		next.AddCookie(&http.Cookie{Name: "own", Value: fmt.Sprint(i)})
		if sessiontest.Follow(r, res, next) != next {
			t.Error("Follow returns another request")
		}
		if own := next.CookiesNamed("own"); len(own) != 1 || own[0].Value != fmt.Sprint(i) {
			t.Errorf("the request's own cookie is %v", own)
		}
		if s := m.Get(next); s.GetUsername() != "hubo" || s.GetVisits() != i/2+1 {
			t.Errorf("after %d requests, the session is %v", i+1, s)
		}
		if theme, err := next.Cookie("theme"); err != nil || theme.Value != "dark" {
			t.Errorf("the site's other cookie: got error %v", err)
		}
		r = next
	}
	r.URL.Path = "/logout"
	if next := sessiontest.Follow(r, do(m, r), get("/")); !m.Get(next).IsNew() || strings.Contains(next.Header.Get("Cookie"), "session") {
		t.Errorf("after the log-out, the request has header %q", next.Header)
	}
}

// Other cookies of a site expire as well.
func TestFollowExpires(t *testing.T) {
	before := get("/")
	before.Header["Cookie"] = []string{"a=1;b=2", " c=3 ; d=4", "e=5", ""}
	w := httptest.NewRecorder()
	for _, c := range []http.Cookie{
		{Name: "a", MaxAge: -1},
		{Name: "b", Expires: time.Unix(1, 0)},
		{Name: "c", Value: "6", MaxAge: 60, Expires: time.Unix(1, 0)},
		{Name: "d", Value: "7", Expires: time.Now().Add(time.Hour)},
		{Name: "f", Value: "8 9", Quoted: true},
	} {
		http.SetCookie(w, &c)
	}
	next := sessiontest.Follow(before, w.Result(), get("/"))
	if got := next.Header["Cookie"]; !slices.Equal(got, []string{`e=5; c=6; d=7; f="8 9"`}) {
		t.Errorf("the following request has cookies %q", got)
	}
	if len(before.Header["Cookie"]) != 4 {
		t.Errorf("Follow changed the request before to %q", before.Header)
	}
}

// A session with an idle timeout has two cookies.
func TestIdleTimeout(t *testing.T) {
	clock := sessiontest.NewClock(time.Date(2020, 2, 29, 12, 0, 0, 0, time.UTC))
	m := newManager(t, runtime.Config{IdleTimeout: time.Hour, Time: clock.Now})
	r := sessiontest.Request(t, m, get("/"), func(s *web.Session) {
		hubo(s)
		s.SetPermanent(true)
	})
	for range 10 {
		clock.Advance(50 * time.Minute)
		res := do(m, r)
		if !sessiontest.Unchanged(m, res) || len(res.Cookies()) != 2 {
			t.Errorf("a read sends the cookies %q", res.Header["Set-Cookie"])
		}
		r = sessiontest.Follow(r, res, get("/"))
	}
	if s := m.Get(r); s.GetUsername() != "hubo" {
		t.Error("a session in use ended")
	}
	clock.Advance(time.Hour)
	if s := m.Get(r); !s.IsNew() {
		t.Error("an idle session did not end")
	}
	clock.Advance(-time.Hour)
	if s := m.Get(r); s.IsNew() {
		t.Error("the clock did not go back")
	}
}

// Config.OnEvent is called for what handlers do, and for nothing else.
func TestContext(t *testing.T) {
	type mine struct{}
	for name, cfg := range map[string]runtime.Config{
		"cookie":  {},
		"chunks":  {MaxChunks: 3},
		"idle":    {IdleTimeout: time.Hour},
		"store":   {Store: runtime.NewMemoryStore(100)},
		"revoked": {Revocations: runtime.NewMemoryStore(100)},
	} {
		t.Run(name, func(t *testing.T) {
			events := 0
			cfg.OnEvent = func(_ context.Context, e runtime.Event) { events++ }
			m := newManager(t, cfg)
			ctx := sessiontest.Context(t, m, func(s *web.Session) {
				hubo(s)
				s.SetUserID(7)
				if cfg.MaxChunks > 0 {
					s.SetRoles([]string{strings.Repeat("r", 5000)})
				}
			})
			s := web.SessionFrom(ctx)
			if s.GetUsername() != "hubo" || s.GetUserID() != 7 || s.IsNew() || s.Modified() || events != 0 {
				t.Errorf("got session %v, new %v, modified %v, after %d events", s, s.IsNew(), s.Modified(), events)
			}
			s.SetVisits(3)
			if inner := context.WithValue(ctx, mine{}, 1); web.SessionFrom(inner).GetVisits() != 3 {
				t.Error("a derived context has another session")
			}
			if err := m.Check(ctx, s); err != nil {
				t.Errorf("Check rejects the session: %v", err)
			}
		})
	}
	m := newManager(t, runtime.Config{})
	if s := web.SessionFrom(sessiontest.Context(t, m, func(*web.Session) {})); !s.IsNew() || s.HasUsername() {
		t.Errorf("without a change, the session is %v, want an empty one", s)
	}
}

// A context ends with its test, as requests do with their handlers.
func TestContextEnds(t *testing.T) {
	var ctx context.Context
	t.Run("inner", func(t *testing.T) { ctx = sessiontest.Context(t, newManager(t, runtime.Config{}), hubo) })
	if ctx.Err() == nil {
		t.Error("the context does not end with its test")
	}
	if web.SessionFrom(ctx).GetUsername() != "hubo" {
		t.Error("the context has lost its session")
	}
}

func TestKeys(t *testing.T) {
	var log strings.Builder
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(usual) })
	one := newManager(t, runtime.Config{Keys: sessiontest.Keys(t)})
	two := newManager(t, runtime.Config{Keys: sessiontest.Keys(t)})
	if r := sessiontest.Request(t, one, get("/"), hubo); two.Get(r).GetUsername() != "hubo" {
		t.Error("the second manager does not open the sessions of the first")
	}
	if log.Len() > 0 {
		t.Errorf("Keys logs %s", log.String())
	}
}

var usual = slog.Default()

func TestEvents(t *testing.T) {
	var events []runtime.EventKind
	m := newManager(t, runtime.Config{OnEvent: func(_ context.Context, e runtime.Event) { events = append(events, e.Kind) }})
	fake := &fakeT{TB: t}
	for _, path := range []string{"/", "/login", "/logout"} {
		res := do(m, sessiontest.Request(t, m, get(path), hubo))
		sessiontest.Deleted(m, res)
		sessiontest.Unchanged(m, res)
		fake.run(func() { sessiontest.Session(fake, m, res) })
	}
	sessiontest.Cookies(t, m, hubo)
	r := get("/")
	r.AddCookie(&http.Cookie{Name: "__Host-session", Value: "garbage"})
	sessiontest.Request(t, m, r, hubo)
	if want := []runtime.EventKind{runtime.EventRenewed, runtime.EventDestroyed}; !slices.Equal(events, want) {
		t.Errorf("events %q, want %q", events, want)
	}
}

// A fakeT keeps the message of a failed test, and its line.
type fakeT struct {
	testing.TB
	text    string
	helpers map[string]bool
}

func (f *fakeT) Helper() {
	pc, _, _, _ := goruntime.Caller(1)
	f.helpers[goruntime.FuncForPC(pc).Name()] = true
}

func (f *fakeT) Fatalf(format string, args ...any) {
	f.text = fmt.Sprintf(format, args...)
	// All callers up to the test must be helpers, so that the test's line is named.
	pcs := make([]uintptr, 10)
	frames := goruntime.CallersFrames(pcs[:goruntime.Callers(2, pcs)])
	for {
		frame, more := frames.Next()
		if !more || strings.Contains(frame.Function, "sessiontest_test.") {
			break
		}
		if !f.helpers[frame.Function] {
			f.text += "; no helper: " + frame.Function
		}
	}
	goruntime.Goexit()
}

// run runs a test that may fail, and returns its message.
func (f *fakeT) run(test func()) string {
	f.text, f.helpers = "", map[string]bool{}
	var wg sync.WaitGroup
	wg.Go(test)
	wg.Wait()
	return f.text
}

func TestFailures(t *testing.T) {
	clock := sessiontest.NewClock(time.Now())
	m := newManager(t, runtime.Config{Lifetime: time.Hour, Time: clock.Now})
	stranger := newManager(t, runtime.Config{})
	fake := &fakeT{TB: t}
	session := func(res *http.Response) func() {
		return func() { sessiontest.Session(fake, m, res) }
	}
	const hint = ": does the handler change the session, and is it within Manager.Handler?"
	for _, c := range []struct {
		name string
		test func()
		want string
	}{
		{"nothing set", session(httptest.NewRecorder().Result()), "the response sets no cookie" + hint},
		{"another cookie set", session(do(m, get("/"))), "the response sets no session cookie, only theme" + hint},
		{"deleted", session(do(m, sessiontest.Request(t, m, get("/logout"), hubo))), "the response deletes the session cookie __Host-session"},
		{"another key", session(do(stranger, get("/visit"))),
			"the session cookie __Host-session does not open: unknown key: has the handler's manager the same Keys and Time?"},
		{"too old", func() {
			res := do(m, get("/visit"))
			clock.Advance(time.Hour)
			session(res)()
		}, "the session cookie __Host-session does not open: expired: has the handler's manager the same Keys and Time?"},
		{"request", func() {
			sessiontest.Request(fake, m, get("/"), func(s *web.Session) { s.SetUsername(strings.Repeat("x", 65)) })
		}, "the session cannot be sent: session: value above the field's max: field Username holds at most 64, got 65"},
		{"cookies", func() {
			sessiontest.Cookies(fake, m, func(s *web.Session) { s.SetRoles([]string{strings.Repeat("x", 5000)}) })
		}, "the session cannot be sent: session: too large for a cookie: 6793 bytes, 4096 allowed; the largest fields are Roles (5010 bytes)"},
		{"context", func() {
			sessiontest.Context(fake, m, func(s *web.Session) { s.SetUsername(strings.Repeat("x", 65)) })
		}, "the session cannot be sent: session: value above the field's max: field Username holds at most 64, got 65"},
		{"none", func() { sessiontest.Session(fake, m, do(m, get("/visit"))) }, ""},
	} {
		want := c.want
		if want != "" {
			want = "sessiontest: " + want
		}
		if got := fake.run(c.test); got != want {
			t.Errorf("%s: %s\nwant %s", c.name, got, want)
		}
	}
}

func TestClock(t *testing.T) {
	start := time.Now()
	clock := sessiontest.NewClock(start)
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			for range 100 {
				clock.Advance(time.Second)
				clock.Now()
			}
		})
	}
	wg.Wait()
	if got := clock.Now().Sub(start); got != 1000*time.Second {
		t.Errorf("a thousand seconds moved the clock by %v", got)
	}
}

// The documentation of Clock recommends synctest without Config.Time.
func TestSynctest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newManager(t, runtime.Config{Lifetime: time.Hour})
		r := sessiontest.Request(t, m, get("/"), hubo)
		time.Sleep(time.Hour - time.Second)
		if m.Get(r).IsNew() {
			t.Error("the session ended early")
		}
		time.Sleep(time.Second)
		if !m.Get(r).IsNew() {
			t.Error("the session did not end")
		}
	})
}
