package runtime_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

// A program may save a session more than once before its response begins. Each save sends
// everything that became of the flows.
func TestFlowSavedTwice(t *testing.T) {
	everyFlowSite(t, func(t *testing.T, site *flowSite, j *jar) {
		state := site.begin(j, flowSignIn, hubo)
		s := site.m.Open(t.Context(), j.header())
		flowSignIn.Take(s.Session, state)
		begun := flowPay.Start(s.Session, hubo)
		first := flowLines(t, site.m, s)
		if again := flowLines(t, site.m, s); len(first) != 3 || !slices.Equal(first, again) {
			t.Errorf("Seal returns %q, and then %q", first, again)
		}
		fieldVisits.Set(s.Session, 1)
		more := flowLines(t, site.m, s)
		if !slices.Equal(more[len(more)-3:], first) || len(more) != 4 {
			t.Errorf("with a session, Seal returns %q", more)
		}
		j.path = "/paid"
		j.receive(t, more)
		site.refuses(j, flowSignIn, state, runtime.RefusedNoFlow)
		site.takes(j, flowPay, begun, hubo)
	})
}

func flowLines(t *testing.T, m *runtime.Manager[visitor], s *visitor) []string {
	t.Helper()
	lines, err := setCookieLines(m.Seal(s))
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// Each cookie of a flow has one line in the header, the one that was saved last; a save that fails
// leaves none.
func TestFlowSavedAgain(t *testing.T) {
	site := newFlowSite(t, "cookie alone", runtime.Config{})
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
	w.Header().Set("Set-Cookie", "other=1")
	s, beside := site.m.Get(r), site.m.Get(r)
	state := flowPay.Start(s.Session, hubo)
	save := func(s *visitor, want ...string) {
		t.Helper()
		err := site.m.Save(w, r, s)
		var got []string
		for _, line := range w.Header()["Set-Cookie"] {
			name, rest, _ := strings.Cut(line, "=")
			if strings.Contains(rest, "Max-Age=0") {
				name = "-" + name
			}
			got = append(got, name)
		}
		if slices.Sort(got); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
			t.Errorf("%v: the response sends %q, want %q", err, got, want)
		}
	}
	first, second := "__Secure-session-x-"+state[:8], "__Host-session-x-"+state[:8]+"-begun"
	save(s, "other", first, second)
	save(s, "other", first, second)
	of := "__Host-session-x-" + flowSignIn.Start(beside.Session, hubo)[:8]
	save(beside, "other", first, second, of) // another session's flows are none of this one's
	fieldVisits.Set(s.Session, 1)            // too late, but for one more save
	flowPay.Take(s.Session, state)
	save(s, "other", "__Host-session", first, second, of)
	fieldUser.Set(s.Session, strings.Repeat("x", 5000))
	save(s, "other", of)
}

// The response has not begun if taking over the connection, or flushing it, turns out to be
// impossible.
func TestFlowOfResponseThatDoesNotBegin(t *testing.T) {
	everyFlowSite(t, func(t *testing.T, site *flowSite, j *jar) {
		var states []string
		h := site.m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			states = append(states, flowSignIn.Start(from(r).Session, hubo))
			if _, _, err := http.NewResponseController(w).Hijack(); err == nil {
				t.Error("Hijack succeeds")
			}
			states = append(states, flowSignIn.Start(from(r).Session, hubo))
		}))
		j.receive(t, setCookies(serve(h)))
		for _, state := range states {
			site.takes(j, flowSignIn, state, hubo)
		}
	})
}

// Nobody may ever see a prefetched page: no flow begins, makes room or is taken there. The browser does not
// keep the response.
func TestFlowInAdvance(t *testing.T) {
	everyFlowSite(t, func(t *testing.T, site *flowSite, j *jar) {
		for i, ahead := range []http.Header{{"Sec-Purpose": {"prefetch"}}, {"Sec-Purpose": {"prefetch;prerender"}}, {"Purpose": {"prefetch"}},
			{"X-Moz": {"prefetch"}}, {"X-Sec-Purpose": {"prefetch"}}, {"Sec-Purpose": {"something-else"}}, {"Sec-Fetch-Dest": {"iframe"}}} {
			counts := i >= 5 // a frame may well ask a provider in silence
			var states []string
			for range flowSignIn.Max {
				states = append(states, site.begin(j, flowSignIn, hubo))
			}
			before := j.twin()
			for name, use := range map[string]func(*visitor) bool{
				"Start":    func(s *visitor) bool { return flowSignIn.Start(s.Session, hubo) != "" },
				"TryStart": func(s *visitor) bool { _, err := flowSignIn.TryStart(s.Session, hubo); return err == nil },
				"Take":     func(s *visitor) bool { _, ok := flowSignIn.Take(s.Session, states[0]); return ok },
			} {
				site.log.take()
				site.store.take()
				h := site.m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if use(from(r)) != counts {
						t.Errorf("%v: %s works: %v, want %v", ahead, name, !counts, counts)
					}
				}))
				r := httptest.NewRequest("GET", "/", nil)
				maps.Copy(r.Header, ahead)
				r.Header["Cookie"] = before.header()
				w := httptest.NewRecorder()
				if h.ServeHTTP(w, r); counts {
					continue
				}
				inAdvance := runtime.Event{Kind: runtime.EventFlowRefused, Reason: runtime.RefusedInAdvance, Field: "SignIn"}
				site.log.expect(t, inAdvance)
				site.store.expect(t)
				if want := map[bool]int{true: 200, false: 503}[name == "TryStart"]; w.Code != want || len(setCookies(w)) > 0 {
					t.Errorf("%v: %s: got %d, cookies %q, want %d and none", ahead, name, w.Code, setCookies(w), want)
				}
			}
			if !counts {
				for _, state := range states {
					site.takes(j, flowSignIn, state, hubo)
				}
			}
			*j = *newJar(site.clock.now)
		}
	})
}
