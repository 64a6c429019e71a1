package runtime_test

import (
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

// A subdomain can set a cookie for the whole domain and any path, but none with the prefix __Host-. So it can plant
// the first cookie of a flow of its own, but not the second, and the flow does not count without it.
func TestFlowPlantedByPath(t *testing.T) {
	everyFlowSite(t, func(t *testing.T, site *flowSite, victim *jar) {
		eve := newJar(site.clock.now)
		eve.path = "/paid"
		state := site.begin(eve, flowPay, signIn{Next: "/eve"})
		first, second := "__Secure-session-x-"+state[:8], "__Host-session-x-"+state[:8]+"-begun"
		plant := func(line string) error {
			victim.host, victim.path = "shop.example.com", "/"
			defer func() { victim.host, victim.path = "www.example.com", "/paid" }()
			return victim.store(line + "; Domain=example.com; Secure")
		}
		for _, line := range []string{
			first + "=" + eve.value(first) + "; Path=/paid",
			first + "=" + eve.value(first) + "; Path=/paid/longer",
			first + "-begun=" + eve.value(second) + "; Path=/",
			"session-x-" + state[:8] + "-begun=" + eve.value(second) + "; Path=/",
		} {
			if err := plant(line); err != nil {
				t.Fatal(err)
			}
		}
		if plant(second+"="+eve.value(second)+"; Path=/") == nil {
			t.Fatal("the jar accepts a cookie with the prefix __Host- from a subdomain")
		}
		site.refuses(victim, flowPay, state, runtime.RefusedNoFlow)
		own := site.begin(victim, flowPay, hubo) // whose second cookie is of another state
		site.refuses(victim, flowPay, state, runtime.RefusedNoFlow)
		site.takes(victim, flowPay, own, hubo)
		site.takes(eve, flowPay, state, signIn{Next: "/eve"})
	})
}

// The second cookie is bound to the state and the field, and good for as long as the first one.
func TestFlowSecondCookie(t *testing.T) {
	site := newFlowSite(t, "cookie alone", runtime.Config{})
	j := newJar(site.clock.now)
	j.path = "/paid"
	state, other := site.begin(j, flowPay, hubo), site.begin(j, flowPay, hubo)
	first, second := "__Secure-session-x-"+state[:8], "__Host-session-x-"+state[:8]+"-begun"
	for name, c := range map[string]struct{ value, reason string }{
		"none":             {"", runtime.RefusedNoFlow},
		"of another state": {j.value("__Host-session-x-" + other[:8] + "-begun"), runtime.RefusedOtherFlow},
		"the first one":    {j.value(first), runtime.RefusedOtherFlow},
		"no token":         {"x", runtime.RefusedMalformed},
		"forged":           {j.value(second)[:60] + strings.Repeat("A", len(j.value(second))-60), runtime.RefusedForged},
		"as it was":        {j.value(second), ""},
	} {
		t.Run(name, func(t *testing.T) {
			headers := []string{first + "=" + j.value(first) + "; " + second + "=" + c.value}
			s := site.m.Open(t.Context(), headers)
			site.log.take()
			if _, ok := flowPay.Take(s.Session, state); ok != (c.reason == "") {
				t.Errorf("Take returns %v, want %v", ok, c.reason == "")
			}
			if c.reason != "" {
				site.log.expect(t, runtime.Event{Kind: runtime.EventFlowRefused, Reason: c.reason, Field: "Pay"})
			}
		})
	}
}

// Where the session's cookie is not sent, the second one is not either, and cannot be asked for.
func TestFlowPathElsewhere(t *testing.T) {
	for path, want := range map[string]struct{ path, reason string }{
		"/":      {"/paid", runtime.RefusedNoFlow},
		"/shop":  {"/shop/paid", runtime.RefusedNoFlow},
		"/shop/": {"/shop/paid", runtime.RefusedNoFlow},
		"/sho":   {"/shop/paid", ""},
		"/app":   {"/paid", ""},
		"/paid/": {"/paid", ""},
	} {
		field := flowOf("Pay", "pay")
		field.Path = want.path
		site := newFlowSite(t, "cookie alone", runtime.Config{Name: "shop", Path: path})
		j := newJar(site.clock.now)
		state := site.begin(j, field, hubo)
		without := newJar(site.clock.now)
		for _, c := range j.cookies {
			if !strings.HasSuffix(c.name, "-begun") {
				without.put(c)
			}
		}
		j.path, without.path = want.path, want.path
		if want.reason == "" {
			site.takes(without, field, state, hubo)
		} else {
			site.refuses(without, field, state, want.reason)
			site.takes(j, field, state, hubo)
		}
	}
}
