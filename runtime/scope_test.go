package runtime_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// A scopeChange is a deploy that moves the session's cookie, and keeps its name.
type scopeChange struct {
	name          string
	before, after runtime.Scope
}

var scopeChanges = []scopeChange{
	{"domain added", runtime.Scope{}, runtime.Scope{Domain: "example.com"}},
	{"domain removed", runtime.Scope{Domain: "example.com"}, runtime.Scope{}},
	{"domain widened", runtime.Scope{Domain: "www.example.com"}, runtime.Scope{Domain: ".Example.com"}},
	{"path widened", runtime.Scope{Path: "/app"}, runtime.Scope{Path: "/"}},
	{"path narrowed", runtime.Scope{}, runtime.Scope{Path: "/app"}},
	{"both", runtime.Scope{Path: "/app"}, runtime.Scope{Domain: "example.com"}},
	{"partitioned", runtime.Scope{}, runtime.Scope{Partitioned: true}},
}

// eachScopeChange runs f for each change and each home. The managers that it makes have what
// remains on the server in common.
func eachScopeChange(t *testing.T, cfg runtime.Config, f func(t *testing.T, c scopeChange, home string, manager func(runtime.Scope, ...runtime.Scope) *runtime.Manager[visitor])) {
	for _, home := range []string{"cookie", "chunks", "revocations", "store"} {
		for _, c := range scopeChanges {
			t.Run(home+"/"+c.name, func(t *testing.T) {
				store := runtime.NewMemoryStore(100)
				f(t, c, home, func(s runtime.Scope, former ...runtime.Scope) *runtime.Manager[visitor] {
					cfg := cfg
					cfg.Name, cfg.Path, cfg.Domain, cfg.Partitioned, cfg.FormerScopes = "__Secure-s", s.Path, s.Domain, s.Partitioned, former
					switch home {
					case "chunks":
						cfg.MaxChunks = 4
					case "revocations":
						cfg.Revocations = store
					case "store":
						cfg.Store = store
					}
					return newManager(t, cfg)
				})
			})
		}
	}
}

func scopeJar(clock *clock) *jar {
	j := newJar(clock.now)
	j.path, j.scopes = "/app/x", true
	return j
}

// logIn begins a session, over several cookies if the home allows it.
func logIn(home string, account int64) func(*visitor) {
	return func(s *visitor) {
		fieldAccount.Set(s.Session, account)
		if home == "chunks" {
			setBlob(9000)(s)
		}
	}
}

func count(s *visitor) { fieldVisits.Set(s.Session, fieldVisits.Get(s.Session)+1) }

func logOut(s *visitor) { s.Destroy() }

// expectVisitor checks what a request finds, in one that only reads.
func (j *jar) expectVisitor(t *testing.T, m *runtime.Manager[visitor], account int64, visits int) {
	t.Helper()
	j.visit(t, m, func(s *visitor) {
		if gotAccount, got := fieldAccount.Get(s.Session), fieldVisits.Get(s.Session); gotAccount != account || got != visits {
			t.Errorf("got account %d with %d visits, want %d with %d; cookies %.300q", gotAccount, got, account, visits, j.header())
		}
		if s.IsNew() != (account == 0) {
			t.Errorf("got new %v, want %v", s.IsNew(), account == 0)
		}
	})
}

// After a change of the cookie's scope, a browser has two cookies of its name. What was saved last
// counts, and a log-out is one.
func TestScopeChange(t *testing.T) {
	clock := newClock()
	for _, permanent := range []bool{true, false} {
		cfg := runtime.Config{Time: clock.now, IdleTimeout: 24 * time.Hour, Sliding: permanent, Lifetime: 96 * time.Hour}
		eachScopeChange(t, cfg, func(t *testing.T, c scopeChange, home string, manager func(runtime.Scope, ...runtime.Scope) *runtime.Manager[visitor]) {
			before, after := manager(c.before), manager(c.after)
			j := scopeJar(clock)
			j.visit(t, before, logIn(home, 42))
			j.visit(t, before, func(s *visitor) { s.SetPermanent(permanent) })
			clock.advance(20 * time.Hour)
			j.expectVisitor(t, before, 42, 0)
			for range 2 { // the companion alone tells of the use, in a cookie behind the old one
				clock.advance(20 * time.Hour)
				j.expectVisitor(t, after, 42, 0)
			}
			visits := 0
			for range 5 {
				clock.advance(20 * time.Hour)
				j.visit(t, after, count)
				visits++
				j.expectVisitor(t, after, 42, visits)
				clock.advance(20 * time.Hour)
				j.expectVisitor(t, after, 42, visits)
			}
			// While it is rolled out, or taken back, requests meet both.
			for i := range 6 {
				clock.advance(time.Second)
				j.visit(t, []*runtime.Manager[visitor]{before, after}[i%2], count)
				visits++
				j.expectVisitor(t, after, 42, visits)
				j.expectVisitor(t, before, 42, visits)
			}
			j.visit(t, after, logOut)
			for _, later := range []time.Duration{0, time.Second, time.Minute, 30 * time.Hour} {
				clock.advance(later)
				j.expectVisitor(t, after, 0, 0)
				j.expectVisitor(t, before, 0, 0)
			}
			j.visit(t, after, logIn(home, 7))
			j.expectVisitor(t, after, 7, 0)
			j.visit(t, after, count)
			j.expectVisitor(t, after, 7, 1)
			j.visit(t, after, func(s *visitor) { s.Clear() })
			j.expectVisitor(t, after, 0, 0)
			clock.advance(100 * time.Hour) // whatever is left ends in time
			j.expectVisitor(t, after, 0, 0)
		})
	}
}

// All of it happens within a second.
func TestScopeChangeAtOnce(t *testing.T) {
	clock := newClock()
	eachScopeChange(t, runtime.Config{Time: clock.now}, func(t *testing.T, c scopeChange, home string, manager func(runtime.Scope, ...runtime.Scope) *runtime.Manager[visitor]) {
		before, after := manager(c.before), manager(c.after)
		j := scopeJar(clock)
		j.visit(t, before, logIn(home, 42))
		for range 3 {
			j.visit(t, after, count)
		}
		j.visit(t, after, func(s *visitor) {
			if got := fieldVisits.Get(s.Session); fieldAccount.Get(s.Session) != 42 || got < 2 {
				t.Errorf("got account %d with %d visits, want 42 with at least 2", fieldAccount.Get(s.Session), got)
			}
		})
		j.visit(t, after, logOut)
		j.expectVisitor(t, after, 0, 0)
		j.visit(t, after, logIn(home, 7))
		j.expectVisitor(t, after, 7, 0)
		j.visit(t, after, logOut)
		j.expectVisitor(t, after, 0, 0)
	})
}

// A log-out without Destroy, and one whose response fails after it.
func TestScopeChangeOtherLogOuts(t *testing.T) {
	clock := newClock()
	for name, use := range map[string]func(*visitor){
		"Clear":             func(s *visitor) { s.Clear() },
		"Destroy, and more": func(s *visitor) { s.Destroy(); fieldTheme.Set(s.Session, "dark"); fieldTheme.Clear(s.Session) },
		"Destroy, and too much": func(s *visitor) {
			s.Destroy()
			fieldUser.Set(s.Session, "longer than ten")
		},
	} {
		eachScopeChange(t, runtime.Config{Time: clock.now}, func(t *testing.T, c scopeChange, home string, manager func(runtime.Scope, ...runtime.Scope) *runtime.Manager[visitor]) {
			before, after := manager(c.before), manager(c.after)
			j := scopeJar(clock)
			j.visit(t, before, logIn(home, 42))
			j.visit(t, after, count)
			if _, err := j.try(t, after, use); (err != nil) != strings.Contains(name, "too much") {
				t.Errorf("%s: got error %v", name, err)
			}
			j.expectVisitor(t, after, 0, 0)
			j.expectVisitor(t, before, 0, 0)
		})
	}
}

// The old cookie, whose scope is in Config.FormerScopes, is deleted with the first one that is set
// or deleted.
func TestFormerScopes(t *testing.T) {
	clock := newClock()
	cfg := runtime.Config{Time: clock.now, IdleTimeout: 24 * time.Hour}
	eachScopeChange(t, cfg, func(t *testing.T, c scopeChange, home string, manager func(runtime.Scope, ...runtime.Scope) *runtime.Manager[visitor]) {
		before, without, after := manager(c.before), manager(c.after), manager(c.after, c.before)
		own := func(j *jar) (scopes []string) {
			for _, cookie := range j.cookies {
				if cookie.name == "__Secure-s" {
					scopes = append(scopes, fmt.Sprint(cookie.domain, cookie.hostOnly, cookie.path, cookie.partitioned))
				}
			}
			return scopes
		}
		begin := func() *jar {
			j := scopeJar(clock)
			j.visit(t, before, logIn(home, 42))
			clock.advance(13 * time.Hour)
			j.visit(t, before, read) // sends the companion
			clock.advance(time.Second)
			return j
		}

		// The first thing is a log-out.
		j := begin()
		j.visit(t, after, logOut)
		if len(j.cookies) > 0 {
			t.Errorf("after a log-out, the browser has %.300q", j.header())
		}

		// The first thing is a log-in, which sends the cookie in each home.
		j = begin()
		old := own(j)
		j.visit(t, after, logIn(home, 7))
		if now := own(j); len(now) != 1 || slices.Equal(now, old) {
			t.Errorf("got scopes %q after %q, want one new scope", now, old)
		}
		j.expectVisitor(t, after, 7, 0)
		j.visit(t, after, logOut)
		if len(j.cookies) > 0 {
			t.Errorf("after a log-in and a log-out, the browser has %.300q", j.header())
		}

		// The browser has both cookies, as the scope was named too late.
		j = begin()
		j.visit(t, without, logIn(home, 7))
		if got := len(own(j)); got != 2 {
			t.Fatalf("got %d cookies, want 2", got)
		}
		both := scopeJar(clock)
		both.cookies = slices.Clone(j.cookies)
		j.visit(t, after, logOut)
		if len(j.cookies) > 0 {
			t.Errorf("after a log-out of both, the browser has %.300q", j.header())
		}
		if home == "cookie" || home == "chunks" {
			both.visit(t, after, count)
			if got := len(own(both)); got != 1 {
				t.Errorf("got %d cookies, want 1", got)
			}
			both.expectVisitor(t, after, 7, 1)
		}

		// A visitor who had none is not sent a deletion, nor is one who only reads.
		if got := scopeJar(clock).visit(t, after, func(s *visitor) { fieldUser.Set(s.Session, "new") }); got != "__Secure-s" {
			t.Errorf("a new visitor gets %q", got)
		}
		j = begin()
		if got := j.visit(t, after, read); got != "" {
			t.Errorf("a visitor who reads gets %q", got)
		}
	})
}

// A visitor who was planted the session of another is not left with it by a log-out.
func TestLogOutOfPlantedSession(t *testing.T) {
	clock := newClock()
	eachScopeChange(t, runtime.Config{Time: clock.now}, func(t *testing.T, c scopeChange, home string, manager func(runtime.Scope, ...runtime.Scope) *runtime.Manager[visitor]) {
		m, planter := manager(c.after), manager(c.before)
		j, attacker := scopeJar(clock), scopeJar(clock)
		attacker.visit(t, planter, logIn(home, 666))
		clock.advance(time.Second)
		j.visit(t, m, logIn(home, 42))
		j.cookies = append(j.cookies, attacker.cookies...)
		j.expectVisitor(t, m, 42, 0)
		clock.advance(time.Second)
		j.visit(t, m, count)
		j.expectVisitor(t, m, 42, 1)
		j.visit(t, m, logOut)
		j.expectVisitor(t, m, 0, 0)
	})
}

func TestFormerScopesErrors(t *testing.T) {
	for _, c := range []struct {
		cfg  runtime.Config
		want string // "" for none
	}{
		{runtime.Config{Name: "s", Domain: "example.com", FormerScopes: []runtime.Scope{{}, {Path: "/app"}, {Domain: "www.example.com"}}}, ""},
		{runtime.Config{FormerScopes: []runtime.Scope{{Partitioned: true}}}, ""},
		{runtime.Config{Name: "s", FormerScopes: []runtime.Scope{{Path: "/a"}, {}}}, "session: Config.FormerScopes[1] is the scope that the cookie has now: remove it"},
		{runtime.Config{Name: "s", FormerScopes: []runtime.Scope{{Path: "/"}}}, "session: Config.FormerScopes[0] is the scope that the cookie has now: remove it"},
		{runtime.Config{Name: "s", Domain: ".Example.com", FormerScopes: []runtime.Scope{{Domain: "example.COM"}}}, "session: Config.FormerScopes[0] is the scope that the cookie has now: remove it"},
		{runtime.Config{Name: "s", FormerScopes: []runtime.Scope{{Path: "app"}}}, `session: Config.FormerScopes[0].Path "app" must begin with / and hold no semicolon or control character`},
		{runtime.Config{Name: "s", FormerScopes: []runtime.Scope{{Domain: "a b"}}}, `session: Config.FormerScopes[0].Domain "a b" is not a host name`},
		{runtime.Config{Insecure: true, FormerScopes: []runtime.Scope{{Partitioned: true}}}, "session: Config.FormerScopes[0].Partitioned needs a secure cookie: browsers refuse it with Insecure"},
		{runtime.Config{FormerScopes: []runtime.Scope{{Path: "/app"}}}, "session: Config.FormerScopes[0] is of no cookie whose Name begins with __Host-: those have no Domain, and the Path /"},
	} {
		c.cfg.Keys = parseKeys(t, keyA)
		_, err := runtime.NewManager(c.cfg, wrap, fields...)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%+v: got error %q, want %q", c.cfg.FormerScopes, got, c.want)
		}
	}
}
