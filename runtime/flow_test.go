package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// A flow needs no session and begins none: it is one cookie, which is gone once it is taken.
func TestFlow(t *testing.T) {
	everyFlowSite(t, func(t *testing.T, site *flowSite, j *jar) {
		state := site.begin(j, flowSignIn, hubo)
		if got, want := j.names(), []string{"__Host-session-x-" + state[:8]}; !slices.Equal(got, want) {
			t.Errorf("got cookies %q, want %q", got, want)
		}
		site.store.expect(t)
		site.takes(j, flowSignIn, state, hubo)
		if got := j.names(); got != nil {
			t.Errorf("the cookies %q are left", got)
		}
		site.refuses(j, flowSignIn, state, runtime.RefusedNoFlow)
		site.log.expect(t)
	})
}

// A flow that begins before a log-in can be finished after it, and after a log-out too.
func TestFlowAcrossLogIns(t *testing.T) {
	everyFlowSite(t, func(t *testing.T, site *flowSite, j *jar) {
		before := site.begin(j, flowSignIn, hubo)
		j.visit(t, site.m, func(s *visitor) { fieldAccount.Set(s.Session, 7) })
		within := site.begin(j, flowSignIn, signIn{Next: "/within"})
		site.takes(j, flowSignIn, before, hubo)
		j.visit(t, site.m, func(s *visitor) { s.LogOut() })
		site.takes(j, flowSignIn, within, signIn{Next: "/within"})
		another := site.begin(j, flowSignIn, hubo)
		j.visit(t, site.m, func(s *visitor) { s.Clear(); s.Destroy() })
		j.visit(t, site.m, func(s *visitor) {
			if v, ok := flowSignIn.Take(s.Session, another); !ok || v != hubo {
				t.Errorf("Take returns %+v, %v, want %+v", v, ok, hubo)
			}
			fieldAccount.Set(s.Session, 8)
		})
		j.visit(t, site.m, func(s *visitor) {
			if got := fieldAccount.Get(s.Session); got != 8 {
				t.Errorf("logged in as %d, want 8", got)
			}
		})
	})
}

// A state is good for one flow of one browser, field, key and time, and the event says which of them was wrong.
func TestFlowRefused(t *testing.T) {
	everyFlowSite(t, func(t *testing.T, site *flowSite, j *jar) {
		state := site.begin(j, flowSignIn, hubo)
		other := site.begin(j, flowSignIn, hubo)
		damage := func(f func(value string) string) *jar {
			twin := j.twin()
			for _, c := range twin.cookies {
				c.value = f(c.value)
			}
			return twin
		}
		flip := func(at int) func(string) string {
			return func(v string) string {
				letter := "A"
				if v[at] == 'A' {
					letter = "B"
				}
				return v[:at] + letter + v[at+1:]
			}
		}
		only := func(state string, field *runtime.Flow[signIn], reason string, j *jar) {
			t.Helper()
			site.refuses(j, field, state, reason)
		}
		only(state, flowSignIn, runtime.RefusedNoFlow, newJar(site.clock.now)) // another browser
		only(strings.Repeat("A", 22), flowSignIn, runtime.RefusedNoFlow, j.twin())
		only(state[:8]+other[8:], flowSignIn, runtime.RefusedOtherFlow, j.twin())
		swapped := j.twin()
		swapped.cookies[0].name, swapped.cookies[1].name = swapped.cookies[1].name, swapped.cookies[0].name
		only(state, flowSignIn, runtime.RefusedOtherFlow, swapped)
		only(state, flowOf("Pay", "pay"), runtime.RefusedOtherField, j.twin())
		only(state, flowSignIn, runtime.RefusedForged, damage(flip(60)))
		only(state, flowSignIn, runtime.RefusedUnknownKey, damage(flip(3)))
		only(state, flowSignIn, runtime.RefusedMalformed, damage(func(v string) string { return v[1:] }))
		last := strings.IndexByte("AQgw", state[21]) // its lower four bits are none of the state's
		for _, malformed := range []string{"", "x", state[:21] + string("BRhx"[last]), state[:21], state + "A", state[:21] + "=", "=" + state[1:], strings.Repeat("é", 11), state[:7] + ";" + state[8:]} {
			only(malformed, flowSignIn, runtime.RefusedMalformed, j.twin())
		}
		site.takes(j.twin(), flowSignIn, state, hubo) // none of this has harmed it
		site.clock.advance(10*time.Minute - time.Second)
		late := j.twin()
		late.keepsAll = true
		site.clock.advance(time.Second)
		only(other, flowSignIn, runtime.RefusedExpired, late)
		only(other, flowSignIn, runtime.RefusedNoFlow, j.twin()) // the browser has let it go
	})
}

// A cookie of another manager, purpose or clock is not a flow.
func TestFlowOfAnotherManager(t *testing.T) {
	site := newFlowSite(t, "cookie alone", runtime.Config{})
	j := newJar(site.clock.now)
	state := site.begin(j, flowSignIn, hubo)
	for name, c := range map[string]struct {
		cfg    runtime.Config
		reason string
	}{
		"another name":             {runtime.Config{Name: "other"}, runtime.RefusedForged},
		"another key":              {runtime.Config{Keys: parseKeys(t, keyB)}, runtime.RefusedUnknownKey},
		"its key is not the first": {runtime.Config{Keys: parseKeys(t, keyB+","+keyA)}, ""},
		"its key is the last":      {runtime.Config{Keys: parseKeys(t, keyB+","+keyC+","+keyA)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			other := newFlowSite(t, "cookie alone", c.cfg)
			twin := j.twin()
			if c.cfg.Name != "" {
				twin.cookies[0].name = strings.Replace(twin.cookies[0].name, dataName, c.cfg.Name, 1)
			}
			if c.reason == "" {
				other.takes(twin, flowSignIn, state, hubo)
			} else {
				other.refuses(twin, flowSignIn, state, c.reason)
			}
		})
	}

	// A session's token is not a flow, in whatever cookie.
	j.visit(t, site.m, func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
	twin := j.twin()
	for _, c := range twin.cookies {
		c.value = j.value(dataName)
	}
	site.refuses(twin, flowSignIn, state, runtime.RefusedPurpose)

	// A clock that was a day ahead does not give a flow another day.
	site.clock.advance(24 * time.Hour)
	ahead := site.begin(j, flowSignIn, hubo)
	site.clock.advance(-24 * time.Hour)
	site.refuses(j, flowSignIn, ahead, runtime.RefusedExpired)
	site.clock.advance(4 * time.Minute)
	behind := site.begin(j, flowSignIn, hubo)
	site.clock.advance(-4 * time.Minute)
	site.takes(j, flowSignIn, behind, hubo)
}

// With a store, a state can be taken once, whoever has the cookie. Without one, a kept copy can
// take it until the flow ends.
func TestFlowOnce(t *testing.T) {
	everyFlowSite(t, func(t *testing.T, site *flowSite, j *jar) {
		state := site.begin(j, flowSignIn, hubo)
		kept := j.twin()
		if site.takes(j, flowSignIn, state, hubo); t.Name() == "TestFlowOnce/cookie_alone" {
			site.takes(kept, flowSignIn, state, hubo)
			return
		}
		if err := site.m.RevokeAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		twin := kept.twin()
		site.refuses(kept, flowSignIn, state, runtime.RefusedTaken)
		if kept.names() != nil {
			t.Errorf("the cookies %q are left", kept.names())
		}
		site.clock.advance(9 * time.Minute)
		site.refuses(twin, flowSignIn, state, runtime.RefusedTaken)

		// One of many simultaneous requests gets the value.
		state = site.begin(j, flowSignIn, hubo)
		taken := make([]bool, 8)
		twins := make([]*jar, len(taken))
		for i := range twins {
			twins[i] = j.twin()
		}
		together(len(taken), func(i int) {
			twins[i].visit(t, site.m, func(s *visitor) { _, taken[i] = flowSignIn.Take(s.Session, state) })
		})
		if n := countTrue(taken); n != 1 {
			t.Errorf("%d requests took the flow, want 1", n)
		}
	})
}

func countTrue(list []bool) (n int) {
	for _, is := range list {
		if is {
			n++
		}
	}
	return n
}

// A request can take a flow that it has begun itself, and takes each flow once.
func TestFlowWithinRequest(t *testing.T) {
	everyFlowSite(t, func(t *testing.T, site *flowSite, j *jar) {
		state := site.begin(j, flowSignIn, hubo)
		taken := make([]bool, 8)
		j.visit(t, site.m, func(s *visitor) {
			together(len(taken), func(i int) { _, taken[i] = flowSignIn.Take(s.Session, state) })
		})
		if n := countTrue(taken); n != 1 {
			t.Errorf("the flow is taken %d times, want 1", n)
		}
		site.log.take()
		j.visit(t, site.m, func(s *visitor) {
			state := flowSignIn.Start(s.Session, hubo)
			if _, ok := flowOf("Pay", "pay").Take(s.Session, state); ok {
				t.Error("a flow of another field is taken")
			}
			site.log.expect(t, runtime.Event{Kind: runtime.EventFlowRefused, Reason: runtime.RefusedOtherField, Field: "Pay"})
			if v, ok := flowSignIn.Take(s.Session, state); !ok || v != hubo {
				t.Errorf("Take returns %+v, %v, want %+v", v, ok, hubo)
			}
			if _, ok := flowSignIn.Take(s.Session, state); ok {
				t.Error("Take returns the flow twice")
			}
			site.log.expect(t, runtime.Event{Kind: runtime.EventFlowRefused, Reason: runtime.RefusedTaken, Field: "SignIn"})
		})
		if j.names() != nil {
			t.Errorf("the cookies %q are left", j.names())
		}
	})
}

// The oldest of too many flows of a field end, with an event. Each field is counted separately.
func TestFlowOldestEnds(t *testing.T) {
	everyFlowSite(t, func(t *testing.T, site *flowSite, j *jar) {
		elsewhere := site.begin(j, flowOf("Pay", "pay"), hubo)
		var states []string
		for i := range 8 {
			if i%2 == 0 {
				site.clock.advance(time.Second)
			}
			site.log.take()
			states = append(states, site.begin(j, flowSignIn, signIn{Next: fmt.Sprint(i)}))
			if i >= 5 {
				site.log.expect(t, runtime.Event{Kind: runtime.EventOverflow, Reason: "1 dropped", Field: "SignIn"})
			} else {
				site.log.expect(t)
			}
			if n := len(j.names()); n != 1+min(i+1, 5) {
				t.Errorf("got %d cookies after %d flows", n, i+1)
			}
		}
		for i, state := range states {
			if i < 3 {
				site.refuses(j, flowSignIn, state, runtime.RefusedNoFlow)
			} else {
				site.takes(j, flowSignIn, state, signIn{Next: fmt.Sprint(i)})
			}
		}
		site.takes(j, flowOf("Pay", "pay"), elsewhere, hubo)

		// Several in one request, of which some go at once; those that have ended take no place.
		var late []string
		site.begin(j, flowSignIn, hubo)
		j.visit(t, site.m, func(s *visitor) {
			for i := range 7 {
				late = append(late, flowSignIn.Start(s.Session, signIn{Next: fmt.Sprint(i)}))
			}
		})
		if n := len(j.names()); n != 5 {
			t.Errorf("got %d cookies, want 5", n)
		}
		for i, state := range late[2:] {
			site.takes(j, flowSignIn, state, signIn{Next: fmt.Sprint(i + 2)})
		}

		// A flow that had to make room has ended, even if the request still carries it.
		late = nil
		for range 5 {
			late = append(late, site.begin(j, flowSignIn, hubo))
			site.clock.advance(time.Second)
		}
		site.log.take()
		j.visit(t, site.m, func(s *visitor) {
			flowSignIn.Start(s.Session, hubo)
			flowSignIn.Start(s.Session, hubo)
			if _, ok := flowSignIn.Take(s.Session, late[1]); ok {
				t.Error("the late state is taken")
			}
		})
		overflow := runtime.Event{Kind: runtime.EventOverflow, Reason: "1 dropped", Field: "SignIn"}
		site.log.expect(t, overflow, overflow, runtime.Event{Kind: runtime.EventFlowRefused, Reason: runtime.RefusedNoFlow, Field: "SignIn"})
		for _, state := range late[2:] {
			site.takes(j, flowSignIn, state, hubo)
		}
		site.clock.advance(10 * time.Minute)

		// Flows that were taken or have ended do not count.
		late = nil
		for range 5 {
			late = append(late, site.begin(j, flowSignIn, hubo))
		}
		site.log.take()
		j.visit(t, site.m, func(s *visitor) {
			flowSignIn.Take(s.Session, late[4])
			flowSignIn.Start(s.Session, hubo)
		})
		site.log.expect(t)
		site.takes(j, flowSignIn, late[0], hubo)
		site.begin(j, flowSignIn, hubo)
		site.clock.advance(10 * time.Minute)
		j.keepsAll = true
		site.log.take()
		site.begin(j, flowSignIn, hubo)
		site.log.expect(t)
	})
}

// Flows with a path of their own are limited even at pages that do not see their cookies.
func TestFlowPath(t *testing.T) {
	everyFlowSite(t, func(t *testing.T, site *flowSite, j *jar) {
		var states []string
		for i := range 5 {
			j.path = "/login"
			states = append(states, site.begin(j, flowPay, signIn{Next: fmt.Sprint(i)}))
		}
		want := func(path string, want ...string) {
			t.Helper()
			j.path = path
			if got := j.names(); !slices.Equal(got, want) {
				t.Errorf("at %s the browser sends %q, want %q", path, got, want)
			}
		}
		var flows, begun []string
		for _, state := range states[2:] {
			flows, begun = append(flows, "__Secure-session-x-"+state[:8]), append(begun, "__Host-session-x-"+state[:8]+"-begun")
		}
		want("/login", begun...)
		want("/paid", append(flows, begun...)...)
		want("/paid/back", append(flows, begun...)...)
		for i, state := range states {
			if j.path = "/paid"; i < 2 {
				site.refuses(j, flowPay, state, runtime.RefusedNoFlow)
			} else {
				site.takes(j, flowPay, state, signIn{Next: fmt.Sprint(i)})
			}
		}
		want("/paid")
		want("/login")

		// The second cookie is no flow, wherever it is.
		state := site.begin(j, flowPay, hubo)
		token := j.value("__Host-session-x-" + state[:8] + "-begun")
		for _, name := range []string{"__Secure-session-x-", "__Host-session-x-"} {
			copied := newJar(site.clock.now)
			copied.put(&jarCookie{name: name + state[:8], value: token, domain: copied.host, path: "/", hostOnly: true})
			field := flowPay
			if name == "__Host-session-x-" {
				field = flowOf("Pay", "pay")
			}
			site.refuses(copied, field, state, runtime.RefusedOtherFlow)
		}
	})
}

// The attributes are those of the session's cookie, but for those that let the browser send it when it comes back.
func TestFlowAttributes(t *testing.T) {
	const expires = "; Max-Age=600; Expires=Wed, 02 Jan 2030 03:14:05 GMT"
	for name, c := range map[string]struct {
		cfg  runtime.Config
		flow *runtime.Flow[signIn]
		want []string // with # for a part of the state, and without values
	}{
		"usual":     {runtime.Config{}, flowSignIn, []string{"__Host-session-x-#=" + expires + "; Path=/; Secure; HttpOnly; SameSite=Lax"}},
		"strict":    {runtime.Config{SameSite: http.SameSiteStrictMode}, flowSignIn, []string{"__Host-session-x-#=" + expires + "; Path=/; Secure; HttpOnly; SameSite=Lax"}},
		"none":      {runtime.Config{SameSite: http.SameSiteNoneMode, Partitioned: true}, flowSignIn, []string{"__Host-session-x-#=" + expires + "; Path=/; Secure; HttpOnly; SameSite=None; Partitioned"}},
		"insecure":  {runtime.Config{Insecure: true}, flowSignIn, []string{"session-x-#=" + expires + "; Path=/; HttpOnly; SameSite=Lax"}},
		"elsewhere": {runtime.Config{Name: "shop", Path: "/app", Domain: "example.com"}, flowSignIn, []string{"shop-x-#=" + expires + "; Path=/app; Domain=example.com; Secure; HttpOnly; SameSite=Lax"}},
		"path": {runtime.Config{}, flowPay, []string{
			"__Host-session-x-#-begun=" + expires + "; Path=/; Secure; HttpOnly; SameSite=None",
			"__Secure-session-x-#=" + expires + "; Path=/paid; Secure; HttpOnly; SameSite=None"}},
		"path, insecure": {runtime.Config{Insecure: true}, flowPay, []string{
			"session-x-#-begun=" + expires + "; Path=/; Secure; HttpOnly; SameSite=None",
			"session-x-#=" + expires + "; Path=/paid; Secure; HttpOnly; SameSite=None"}},
		"path, in other letters": {runtime.Config{Name: "__host-session"}, flowPay, []string{
			"__host-session-x-#-begun=" + expires + "; Path=/; Secure; HttpOnly; SameSite=None",
			"__Secure-session-x-#=" + expires + "; Path=/paid; Secure; HttpOnly; SameSite=None"}},
		"the session's path": {runtime.Config{Name: "__Secure-shop", Path: "/paid"}, flowPay, []string{
			"__Secure-shop-x-#=" + expires + "; Path=/paid; Secure; HttpOnly; SameSite=None"}},
	} {
		t.Run(name, func(t *testing.T) {
			site := newFlowSite(t, "cookie alone", c.cfg)
			s := site.m.Open(t.Context(), nil)
			state := c.flow.Start(s.Session, hubo)
			lines, err := setCookieLines(site.m.Seal(s))
			if err != nil {
				t.Fatal(err)
			}
			var headers []string
			for i, line := range lines {
				headers = append(headers, pair(t, line))
				name, rest, _ := strings.Cut(line, "=")
				_, attributes, _ := strings.Cut(rest, ";")
				lines[i] = strings.Replace(name, state[:8], "#", 1) + "=;" + attributes
			}
			if !slices.Equal(lines, c.want) {
				t.Errorf("got\n%q\nwant\n%q", lines, c.want)
			}
			s = site.m.Open(t.Context(), headers)
			if v, ok := c.flow.Take(s.Session, state); !ok || v != hubo {
				t.Errorf("Take returns %+v, %v after events %v", v, ok, site.log.take())
			}
			deletions, err := setCookieLines(site.m.Seal(s))
			if err != nil || len(deletions) != len(c.want) {
				t.Errorf("got %d deletions, %v, want %d", len(deletions), err, len(c.want))
			}
			for i, line := range deletions {
				want := strings.Replace(strings.Replace(c.want[i], "#", state[:8], 1), expires, "; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT", 1)
				if line != want {
					t.Errorf("the cookie is deleted by\n%q\nwant\n%q", line, want)
				}
			}
		})
	}
}

// A cookie of more than 1024 bytes is refused, and the error names the field; TryStart leaves the
// session unchanged.
func TestFlowTooLarge(t *testing.T) {
	everyFlowSite(t, func(t *testing.T, site *flowSite, j *jar) {
		most, largest := 0, 0
		for n := range 1100 {
			s := site.m.Open(t.Context(), nil)
			state, err := flowSignIn.TryStart(s.Session, signIn{Next: strings.Repeat("n", n)})
			if err == nil {
				most = n
				lines, _ := setCookieLines(site.m.Seal(s))
				name, value, _ := strings.Cut(pair(t, lines[0]), "=")
				largest = len(name) + len(value)
				continue
			}
			if state != "" || !errors.Is(err, runtime.ErrTooLarge) || !strings.Contains(err.Error(), "SignIn") || s.Err() != nil {
				t.Fatalf("TryStart returns %q, %v, and Err %v, want ErrTooLarge and nil", state, err, s.Err())
			}
			if lines, err := setCookieLines(site.m.Seal(s)); lines != nil || err != nil {
				t.Fatalf("Seal returns %q, %v, want nothing", lines, err)
			}
		}
		if most < 640 || most > 700 || largest != 1024 {
			t.Errorf("a value of %d letters fits, in a cookie of %d bytes", most, largest)
		}
		site.log.take()
		w := site.answer(j, func(w http.ResponseWriter, s *visitor) {
			if state := flowSignIn.Start(s.Session, signIn{Next: strings.Repeat("n", most+3)}); state != "" || !errors.Is(s.Err(), runtime.ErrTooLarge) {
				t.Errorf("Start returns %q, and Err %v, want ErrTooLarge", state, s.Err())
			}
			flowSignIn.Start(s.Session, hubo)
			w.WriteHeader(303)
		})
		if w.Code != 500 || len(setCookies(w)) > 0 {
			t.Errorf("got status %d and cookies %q, want 500 and none", w.Code, setCookies(w))
		}
	})
}

// Once the response has begun, a flow neither begins nor ends: no cookie could be sent.
func TestFlowTooLate(t *testing.T) {
	everyFlowSite(t, func(t *testing.T, site *flowSite, j *jar) {
		state := site.begin(j, flowSignIn, hubo)
		for name, use := range map[string]func(*visitor) bool{
			"Start": func(s *visitor) bool { return flowSignIn.Start(s.Session, hubo) == "" },
			"Take":  func(s *visitor) bool { _, ok := flowSignIn.Take(s.Session, state); return !ok },
		} {
			site.log.take()
			site.answer(j, func(w http.ResponseWriter, s *visitor) {
				w.Write([]byte("<html>"))
				if !use(s) || !errors.Is(s.Err(), runtime.ErrTooLate) {
					t.Errorf("%s works after the response began, and Err is %v", name, s.Err())
				}
			})
			if events := site.log.take(); len(events) != 1 || events[0].Kind != runtime.EventTooLate || events[0].Field != "SignIn" {
				t.Errorf("%s: got events %v, want one EventTooLate", name, events)
			}
		}
		site.takes(j, flowSignIn, state, hubo)

		s := site.m.Open(t.Context(), j.header())
		if _, err := site.m.Seal(s); err != nil {
			t.Fatal(err)
		}
		if state := flowSignIn.Start(s.Session, hubo); state != "" || !errors.Is(s.Err(), runtime.ErrTooLate) {
			t.Errorf("Start after Seal returns %q, and Err %v, want ErrTooLate", state, s.Err())
		}
	})
}

// A session that is changed from outside of a request has no browser, and so no flows.
func TestFlowWithoutRequest(t *testing.T) {
	site := newFlowSite(t, "store", runtime.Config{})
	j := newJar(site.clock.now)
	j.visit(t, site.m, func(s *visitor) { fieldAccount.Set(s.Session, 7) })
	for name, use := range map[string]func(s *visitor){
		"Start": func(s *visitor) { flowSignIn.Start(s.Session, hubo) },
		"Take":  func(s *visitor) { flowSignIn.Take(s.Session, strings.Repeat("A", 22)) },
	} {
		if n, err := updateAccount(t.Context(), site.m, 7, use); n != 0 || err == nil || !strings.Contains(err.Error(), "only a request of its own") {
			t.Errorf("%s: got %d, %v, want an error", name, n, err)
		}
	}
}

// A handler that fails begins no flow, and ends none without a store.
func TestFlowOfPanic(t *testing.T) {
	everyFlowSite(t, func(t *testing.T, site *flowSite, j *jar) {
		state := site.begin(j, flowSignIn, hubo)
		w := site.answer(j, func(w http.ResponseWriter, s *visitor) {
			flowSignIn.Start(s.Session, hubo)
			flowSignIn.Take(s.Session, state)
			panic(http.ErrAbortHandler)
		})
		if len(setCookies(w)) > 0 {
			t.Errorf("a panic sends the cookies %q", setCookies(w))
		}
		if t.Name() == "TestFlowOfPanic/cookie_alone" {
			site.takes(j, flowSignIn, state, hubo)
		} else {
			site.refuses(j, flowSignIn, state, runtime.RefusedTaken)
		}
	})
}

// If the store fails, the visitor gets a 503 and can come back once more.
func TestFlowStoreFails(t *testing.T) {
	for _, home := range []string{"cookie", "store"} {
		t.Run(home, func(t *testing.T) {
			site := newFlowSite(t, home, runtime.Config{})
			j := newJar(site.clock.now)
			state := site.begin(j, flowSignIn, hubo)
			site.store.fail(errRefused, "insert")
			site.log.take()
			w := site.answer(j, func(w http.ResponseWriter, s *visitor) {
				for range 2 {
					if _, ok := flowSignIn.Take(s.Session, state); ok || !errors.Is(s.Err(), runtime.ErrStore) {
						t.Errorf("Take returns %v, Err %v, want false, ErrStore", ok, s.Err())
					}
				}
			})
			if w.Code != 503 || len(setCookies(w)) > 0 {
				t.Errorf("got status %d and cookies %q, want 503 and none", w.Code, setCookies(w))
			}
			failed := runtime.Event{Kind: runtime.EventStoreFailed, Reason: "insert", Field: "SignIn"}
			site.log.expect(t, failed, failed)
			site.store.set(nil, nil)
			site.takes(j, flowSignIn, state, hubo)
		})
	}
}

// Cookies that others plant beside a flow's cookie neither hide nor end the flow.
func TestFlowPlanted(t *testing.T) {
	everyFlowSite(t, func(t *testing.T, site *flowSite, j *jar) {
		state := site.begin(j, flowSignIn, hubo)
		stranger := newJar(site.clock.now)
		site.begin(stranger, flowSignIn, hubo)
		name, token := j.names()[0], stranger.cookies[0].value
		plant := func(n int, name func(i int) string, value string) []string {
			var header []string
			for i := range n {
				header = append(header, name(i)+"="+value)
			}
			return append([]string{strings.Join(header, "; ")}, j.header()...)
		}
		other := func(i int) string { return fmt.Sprintf("%s-x-%08d", dataName, i) }
		same := func(int) string { return name }
		for what, headers := range map[string][]string{
			"50 that are none":           plant(50, other, "x"),
			"50 of the same name":        plant(50, same, "x"),
			"tokens of the same name":    plant(170, same, token),
			"50 of another browser":      plant(50, other, token),
			"empty ones":                 plant(50, same, ""),
			"without a name":             {"; =; ;=x; -x-; " + dataName + "-x-=; " + dataName + "-x-", j.header()[0]},
			"doubled":                    {j.header()[0] + "; " + j.header()[0], j.header()[0]},
			"in quotes and other things": {`a="` + j.header()[0] + `"`, j.header()[0]},
		} {
			s := site.m.Open(t.Context(), headers)
			for range 4 {
				flowSignIn.Start(s.Session, hubo)
			}
			lines, err := setCookieLines(site.m.Seal(s))
			if err != nil || len(lines) != 4 {
				t.Errorf("%s: got %d Set-Cookie lines, %v, want 4", what, len(lines), err)
			}
			s = site.m.Open(t.Context(), headers)
			site.log.take()
			if v, ok := flowSignIn.Take(s.Session, state); !ok || v != hubo {
				t.Errorf("%s: Take returns %+v, %v after events %v", what, v, ok, site.log.take())
			}
			site.store.Store = runtime.NewMemoryStore(100) // which has forgotten that
		}
	})
}

// Managers of one host, and one within the other, do not meet.
func TestFlowOfTwoManagers(t *testing.T) {
	site, other := newFlowSite(t, "cookie alone", runtime.Config{}), newFlowSite(t, "store", runtime.Config{Name: "shop"})
	j := newJar(site.clock.now)
	var a, b string
	h := site.m.Handler(other.m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, b = flowSignIn.Start(site.m.Get(r).Session, hubo), flowSignIn.Start(other.m.Get(r).Session, signIn{Next: "/shop"})
	})))
	j.receive(t, setCookies(serve(h, j.header()...)))
	if len(j.names()) != 2 {
		t.Fatalf("got cookies %q, want two", j.names())
	}
	site.refuses(j, flowSignIn, b, runtime.RefusedNoFlow)
	other.refuses(j, flowSignIn, a, runtime.RefusedNoFlow)
	site.takes(j, flowSignIn, a, hubo)
	other.takes(j, flowSignIn, b, signIn{Next: "/shop"})
}

// A response with a flow is for one browser only, and one that looked for a flow varies with the
// cookie.
func TestFlowAndCaches(t *testing.T) {
	everyFlowSite(t, func(t *testing.T, site *flowSite, j *jar) {
		for name, use := range map[string]func(*visitor){
			"begun":   func(s *visitor) { flowSignIn.Start(s.Session, hubo) },
			"refused": func(s *visitor) { flowSignIn.Take(s.Session, strings.Repeat("A", 22)) },
		} {
			s := site.m.Open(t.Context(), nil)
			use(s)
			header, err := site.m.Seal(s)
			if err != nil || header.Get("Vary") != "Cookie" || (header.Get("Cache-Control") == "private") != (name == "begun") {
				t.Errorf("%s: got header %v, %v", name, header, err)
			}
		}
	})
}

// Events, errors and printed sessions show nothing of a flow except its field.
func TestFlowSecrets(t *testing.T) {
	site := newFlowSite(t, "store", runtime.Config{})
	log := captureLog(t)
	var events []string
	m := newManager(t, runtime.Config{Store: site.store, OnEvent: func(_ context.Context, e runtime.Event) { events = append(events, fmt.Sprintf("%+v", e)) }})
	s := m.Open(t.Context(), nil)
	state := flowSignIn.Start(s.Session, hubo)
	flowSignIn.Take(s.Session, state)
	flowSignIn.Take(s.Session, state)
	_, err := flowSignIn.TryStart(s.Session, signIn{Next: "s3cret-next" + strings.Repeat("n", 1000)})
	lines, _ := setCookieLines(m.Seal(s))
	text := fmt.Sprintf("%v %+v %#v %v %+v %s %s", s, s, *s, err, err, events, log)
	for _, secret := range append(lines, state, state[:8], "s3cret") {
		if strings.Contains(text, secret) {
			t.Errorf("the secret %q is shown in %s", secret, text)
		}
	}
	if len(events) == 0 {
		t.Error("there is no event")
	}
}

// Anybody can begin flows and take them. That fills no store for those who are logged in.
func TestFlowFlood(t *testing.T) {
	const most = 20
	for _, home := range []string{"cookie", "store"} {
		t.Run(home, func(t *testing.T) {
			clock, memory := newClock(), runtime.NewMemoryStore(most)
			cfg := runtime.Config{Time: clock.now, Store: memory}
			if home == "cookie" {
				cfg.Store, cfg.Revocations = nil, memory
			}
			site := &flowSite{&rig{t: t}, clock}
			site.start(cfg)
			user := newJar(clock.now)
			user.visit(t, site.m, func(v *visitor) { fieldAccount.Set(v.Session, 7) })
			for range 3 * most {
				stranger := newJar(clock.now)
				site.takes(stranger, flowSignIn, site.begin(stranger, flowSignIn, hubo), hubo)
			}
			copied := user.twin()
			user.visit(t, site.m, func(v *visitor) {
				if fieldAccount.Get(v.Session) != 7 {
					t.Error("the flood logs the visitor out")
				}
				v.LogOut()
			})
			copied.visit(t, site.m, func(v *visitor) {
				if fieldAccount.Has(v.Session) {
					t.Error("the log-out does not count")
				}
			})
		})
	}
}

// Another site can have a browser load a part of its page from here, as often as it likes. That begins
// nothing, and so takes the place of no flow.
func TestFlowOfAnotherSite(t *testing.T) {
	for _, test := range []struct {
		site, mode string
		begins     bool
	}{
		{"cross-site", "no-cors", false},
		{"cross-site", "cors", false},
		{"cross-site", "navigate", true},
		{"same-site", "no-cors", true},
		{"same-origin", "cors", true},
		{"none", "navigate", true},
		{"", "", true},
	} {
		site := newFlowSite(t, "cookie alone", runtime.Config{})
		h := site.m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if state, err := flowPay.TryStart(from(r).Session, hubo); (err == nil) != test.begins || (state != "") != test.begins {
				t.Errorf("%q %q: TryStart returns %q, %v, want success %v", test.site, test.mode, state, err, test.begins)
			}
		}))
		r := httptest.NewRequest("GET", "/", nil)
		for name, value := range map[string]string{"Sec-Fetch-Site": test.site, "Sec-Fetch-Mode": test.mode} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if n := len(setCookies(w)); (n > 0) != test.begins {
			t.Errorf("%q %q: got %d cookies, want some: %v", test.site, test.mode, n, test.begins)
		}
	}
}
