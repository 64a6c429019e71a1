package runtime_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/codec"
)

// A signIn is what the page knows that a flow comes back to.
type signIn struct{ Next, Verifier string }

func encodeSignIn(e *codec.Encoder, v signIn) {
	e.MapLen(2)
	e.Key("Next")
	codec.EncodeString(e, v.Next)
	e.Key("Verifier")
	codec.EncodeString(e, v.Verifier)
}

func decodeSignIn(d *codec.Decoder) (v signIn) {
	for n := d.MapLen(); n > 0; n-- {
		switch string(d.Key()) {
		case "Next":
			v.Next = codec.DecodeString[string](d)
		case "Verifier":
			v.Verifier = codec.DecodeString[string](d)
		default:
			d.Skip()
		}
	}
	return v
}

func flowOf(name, key string) *runtime.Flow[signIn] {
	return &runtime.Flow[signIn]{Name: name, Key: key, Max: 5, TTL: 10 * time.Minute, Encode: encodeSignIn, Decode: decodeSignIn}
}

// flowSignIn is as usual; flowPay comes back to a path of its own, by a form of another site.
var (
	flowSignIn = flowOf("SignIn", "sign_in")
	flowPay    = func() *runtime.Flow[signIn] {
		f := flowOf("Pay", "pay")
		f.Max, f.Path, f.CrossSite = 3, "/paid", true
		return f
	}()
	hubo = signIn{"/cart", "s3cret-verifier"}
)

// A flowSite is a manager with a clock and events.
type flowSite struct {
	*rig
	clock *clock
}

var flowHomes = []string{"cookie alone", "cookie", "store"}

// newFlowSite returns a site whose sessions live in the home of a name.
func newFlowSite(t testing.TB, home string, cfg runtime.Config) *flowSite {
	s := &flowSite{&rig{t: t, store: newSpyStore()}, newClock()}
	cfg.Time = s.clock.now
	switch home {
	case "cookie":
		cfg.Revocations = s.store
	case "store":
		cfg.Store = s.store
	}
	s.start(cfg)
	return s
}

func everyFlowSite(t *testing.T, f func(t *testing.T, site *flowSite, j *jar)) {
	for _, home := range flowHomes {
		t.Run(home, func(t *testing.T) {
			site := newFlowSite(t, home, runtime.Config{})
			f(t, site, newJar(site.clock.now))
		})
	}
}

// begin begins a flow with one request.
func (s *flowSite) begin(j *jar, f *runtime.Flow[signIn], v signIn) (state string) {
	s.t.Helper()
	j.visit(s.t, s.m, func(v2 *visitor) { state = f.Start(v2.Session, v) })
	if len(state) != 22 {
		s.t.Fatalf("Start returns the state %q, want 22 characters", state)
	}
	return state
}

// refuses takes a flow with one request, and it must be refused for a reason.
func (s *flowSite) refuses(j *jar, f *runtime.Flow[signIn], state, reason string) {
	s.t.Helper()
	s.log.take()
	j.visit(s.t, s.m, func(v *visitor) {
		if v, ok := f.Take(v.Session, state); ok || v != (signIn{}) {
			s.t.Errorf("Take returns %+v, want a refusal: %q", v, reason)
		}
	})
	s.log.expect(s.t, runtime.Event{Kind: runtime.EventFlowRefused, Reason: reason, Field: f.Name})
}

// takes takes a flow with one request, and it must be good.
func (s *flowSite) takes(j *jar, f *runtime.Flow[signIn], state string, want signIn) {
	s.t.Helper()
	s.log.take()
	j.visit(s.t, s.m, func(v *visitor) {
		if v, ok := f.Take(v.Session, state); !ok || v != want {
			s.t.Errorf("Take returns %+v, %v, want %+v", v, ok, want)
		}
	})
	s.log.expect(s.t)
}

// answer runs one request through the site's handler, and the jar keeps what is set.
func (s *flowSite) answer(j *jar, handle func(http.ResponseWriter, *visitor)) *httptest.ResponseRecorder {
	s.t.Helper()
	h := s.m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handle(w, from(r)) }))
	r := httptest.NewRequest("GET", j.path, nil)
	r.Header["Cookie"] = j.header()
	w := httptest.NewRecorder()
	func() {
		defer func() { recover() }()
		h.ServeHTTP(w, r)
	}()
	j.receive(s.t, setCookies(w))
	return w
}

// names returns the names of the cookies that a jar sends.
func (j *jar) names() (names []string) {
	for _, header := range j.header() {
		for pair := range strings.SplitSeq(header, "; ") {
			name, _, _ := strings.Cut(pair, "=")
			names = append(names, name)
		}
	}
	return names
}

// twin returns a jar with the same cookies.
func (j *jar) twin() *jar {
	twin := newJar(j.now)
	twin.path = j.path
	for _, c := range j.cookies {
		same := *c
		twin.cookies = append(twin.cookies, &same)
	}
	return twin
}
