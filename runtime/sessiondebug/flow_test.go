package sessiondebug_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/internal/web"
	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/codec"
	"github.com/sessiongen/sessiongen/runtime/sessiondebug"
	"github.com/sessiongen/sessiongen/runtime/sessiontest"
)

// The page lists the flows that are under way, each once, and shows neither their states nor their values.
func TestFlows(t *testing.T) {
	m := newManager(t, runtime.Config{Insecure: true})
	flow := func(key, path string) *runtime.Flow[string] {
		return &runtime.Flow[string]{Name: key, Key: key, Max: 5, TTL: 10 * time.Minute, Path: path,
			Encode: codec.EncodeString[string], Decode: codec.DecodeString[string]}
	}
	if page := serve(m, sessiondebug.Options{}, request("GET")).Body.String(); strings.Contains(page, "Flows") {
		t.Errorf("the page lists flows without a flow: %s", page)
	}
	var states []string
	r := sessiontest.Request(t, m, request("GET"), func(s *web.Session) {
		for _, f := range []*runtime.Flow[string]{flow("sign_in", ""), flow("sign_in", ""), flow("pay", "/debug")} {
			states = append(states, f.Start(s.Session, "s3cret-verifier"))
		}
	})
	r.Header.Add("Cookie", "session-x-AAAAAAAA=garbage")
	page := serve(m, sessiondebug.Options{}, r).Body.String()
	if n, pays := strings.Count(page, "<code>sign_in</code>"), strings.Count(page, "<code>pay</code>"); n != 2 || pays != 1 || !strings.Contains(page, "in 10 minutes") {
		t.Errorf("the page lists %d sign-ins and %d payments, want 2 and 1: %s", n, pays, page)
	}
	for _, secret := range append(states, states[0][:8], "s3cret") {
		if strings.Contains(page, secret) {
			t.Errorf("the page shows %q", secret)
		}
	}
}
