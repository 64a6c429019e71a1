package runtime_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

// goneAfter answers a request that takes a flow, whose visitor has gone once a call of the store was made; "" is
// for before the handler looks. It returns whether the flow was taken.
func (s *flowSite) goneAfter(j *jar, call, state string) (ok bool) {
	ctx, leave := context.WithCancel(s.t.Context())
	defer leave()
	s.store.set(nil, func(made, _ string) error {
		if made == call {
			leave()
		}
		return nil
	})
	h := s.m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if call == "" {
			leave()
		}
		_, ok = flowSignIn.Take(from(r).Session, state)
		if err := from(r).Err(); err != nil {
			s.t.Errorf("got Err %v, want nil", err)
		}
	}))
	r := httptest.NewRequestWithContext(ctx, "GET", "/", nil)
	r.Header["Cookie"] = j.header()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if call == "" || call == "insert" {
		if cookies := setCookies(w); cookies != nil {
			s.t.Errorf("the response to a visitor who has gone sends %q", cookies)
		}
	}
	s.store.set(nil, nil)
	return ok
}

// A visitor who has gone before they got anything may come back for it.
func TestFlowGone(t *testing.T) {
	everyFlowSite(t, func(t *testing.T, site *flowSite, j *jar) {
		gone := runtime.Event{Kind: runtime.EventFlowRefused, Reason: runtime.RefusedGone, Field: "SignIn"}
		state := site.begin(j, flowSignIn, hubo)
		site.log.take()
		site.store.take()
		if site.goneAfter(j, "", state) {
			t.Error("a visitor who has gone takes the flow")
		}
		site.log.expect(t, gone)
		site.store.expect(t)
		site.takes(j.twin(), flowSignIn, state, hubo)

		if t.Name() == "TestFlowGone/cookie_alone" {
			return
		}
		state = site.begin(j, flowSignIn, hubo)
		site.log.take()
		site.store.take()
		if site.goneAfter(j, "insert", state) {
			t.Error("a visitor who goes during the insert takes the flow")
		}
		site.log.expect(t, gone)
		if calls := site.store.take(); !slices.Equal(calls, []string{"insert", "load", "delete"}) {
			t.Errorf("got calls %q, want insert, load and delete", calls)
		}
		twin := j.twin()
		site.takes(j, flowSignIn, state, hubo)
		site.refuses(twin, flowSignIn, state, runtime.RefusedTaken)

		// If that fails too, there is an event: the flow is lost.
		state = site.begin(j, flowSignIn, hubo)
		site.log.take()
		site.store.set(func(_ context.Context, call, _ string) error {
			if call == "insert" {
				return nil
			}
			return errRefused
		}, nil)
		r := httptest.NewRequest("GET", "/", nil)
		ctx, leave := context.WithCancel(r.Context())
		site.store.after = func(string, string) error { leave(); return nil }
		r.Header["Cookie"] = j.header()
		site.m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			flowSignIn.Take(from(r).Session, state)
		})).ServeHTTP(httptest.NewRecorder(), r.WithContext(ctx))
		lost := gone
		lost.Kind, lost.Reason = runtime.EventStoreFailed, "delete"
		site.log.expect(t, lost, gone)
	})
}

// A session outside of any request has no visitor who could leave.
func TestFlowGoneWithoutRequest(t *testing.T) {
	everyFlowSite(t, func(t *testing.T, site *flowSite, j *jar) {
		state := site.begin(j, flowSignIn, hubo)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, ok := flowSignIn.Take(site.m.Open(ctx, j.header()).Session, state); !ok {
			t.Error("the flow is not taken without a request")
		}
	})
}

// A store that did not answer may have taken the flow all the same, although nobody got the value. Whoever took the
// flow before keeps it.
func TestFlowUnanswered(t *testing.T) {
	for _, home := range []string{"cookie", "store"} {
		t.Run(home, func(t *testing.T) {
			site := newFlowSite(t, home, runtime.Config{})
			j := newJar(site.clock.now)
			fails := func(before func(context.Context, string, string) error, after func(string, string) error, state string) {
				t.Helper()
				site.store.set(before, after)
				s := site.m.Open(t.Context(), j.header())
				if _, ok := flowSignIn.Take(s.Session, state); ok || !errors.Is(s.Err(), runtime.ErrStore) {
					t.Errorf("Take returns %v, Err %v, want false, ErrStore", ok, s.Err())
				}
				site.store.set(nil, nil)
			}
			lostAnswer := func(call, _ string) error {
				if call == "insert" {
					return errRefused
				}
				return nil
			}
			state := site.begin(j, flowSignIn, hubo)
			fails(nil, lostAnswer, state)
			twin := j.twin()
			site.takes(twin, flowSignIn, state, hubo)

			fails(func(_ context.Context, call, _ string) error { return lostAnswer(call, "") }, nil, state)
			site.refuses(j, flowSignIn, state, runtime.RefusedTaken)
		})
	}
}

// A flow is lost if its request ends before the response. Each such flow is reported.
func TestFlowBeginsInVain(t *testing.T) {
	gone := func(field string) runtime.Event {
		return runtime.Event{Kind: runtime.EventGone, Reason: runtime.GoneRequest, Field: field}
	}
	for _, c := range []struct {
		name string
		do   func(v *visitor, state string)
		want []runtime.Event
	}{
		{"one", func(v *visitor, _ string) { flowSignIn.Start(v.Session, hubo) }, []runtime.Event{gone("SignIn")}},
		{"two, beside a session", func(v *visitor, _ string) {
			flowSignIn.Start(v.Session, hubo)
			flowPay.Start(v.Session, hubo)
			fieldUser.Set(v.Session, "hubo")
		}, []runtime.Event{gone("SignIn"), gone("Pay"), gone("")}},
		{"one that is taken at once", func(v *visitor, _ string) { flowSignIn.Take(v.Session, flowSignIn.Start(v.Session, hubo)) }, nil},
		{"one that began before", func(v *visitor, state string) { flowSignIn.Take(v.Session, state) }, nil},
	} {
		everyFlowSite(t, func(t *testing.T, site *flowSite, j *jar) {
			for _, panics := range []bool{false, true} {
				state := site.begin(j, flowSignIn, hubo)
				site.log.take()
				ctx, leave := context.WithCancel(t.Context())
				r := httptest.NewRequestWithContext(ctx, "GET", "/", nil)
				r.Header["Cookie"] = j.header()
				func() {
					defer func() { recover() }()
					site.m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						c.do(from(r), state)
						if panics {
							panic("the handler")
						}
						leave()
					})).ServeHTTP(httptest.NewRecorder(), r)
				}()
				want := c.want
				if panics {
					want = nil
				}
				if got := site.log.take(); !slices.Equal(got, want) {
					t.Errorf("%s, panics %v: got events %v, want %v", c.name, panics, got, want)
				}
				leave()
			}
		})
	}
}
