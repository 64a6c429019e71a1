package runtime_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/internal/long"
	"github.com/sessiongen/sessiongen/runtime"
)

const devicePeriod = 10 * time.Minute

// A deviceWorld is a site of a home, with a clock, and a browser that knows of devices.
type deviceWorld struct {
	*device
	m     *runtime.Manager[visitor]
	clock *clock
	log   *eventLog
	cfg   runtime.Config
}

// inDeviceHomes runs a test in every home.
func inDeviceHomes(t *testing.T, f func(t *testing.T, w *deviceWorld)) {
	for _, home := range []string{"cookie", "revocations", "store"} {
		t.Run(home, func(t *testing.T) { f(t, newDeviceWorld(t, home, runtime.NewMemoryStore(1e5))) })
	}
}

// newDeviceWorld returns what a test of a home needs; the store is for those that have one.
func newDeviceWorld(t *testing.T, home string, store runtime.Store) *deviceWorld {
	w := &deviceWorld{clock: newClock(), log: new(eventLog)}
	w.cfg = runtime.Config{DeviceBound: devicePeriod, Time: w.clock.now, OnEvent: w.log.record}
	switch home {
	case "revocations":
		w.cfg.Revocations = store
	case "store":
		w.cfg.Store = store
	}
	w.m = newManager(t, w.cfg)
	w.device = newDevice(t, deviceSite(w.m), w.clock.now)
	return w
}

// expect checks what a page says.
func (w *deviceWorld) expect(path, want string) {
	w.t.Helper()
	if status, body := w.visit(path); status != http.StatusOK || body != want {
		w.t.Errorf("%s: got %d, %q, want 200, %q", path, status, body, want)
	}
}

// logIn logs in and has the session bound.
func (w *deviceWorld) logIn() {
	w.t.Helper()
	w.expect("/login", "account 42, visits 0, bound false")
	w.expect("/", "account 42, visits 0, bound true")
}

func (w *deviceWorld) kinds() (kinds string) {
	for _, e := range w.log.take() {
		kinds += string(e.Kind)
		if e.Reason != "" {
			kinds += " (" + e.Reason + ")"
		}
		kinds += ", "
	}
	return strings.TrimSuffix(kinds, ", ")
}

func TestDeviceLifeCycle(t *testing.T) {
	inDeviceHomes(t, func(t *testing.T, w *deviceWorld) {
		w.expect("/", "account 0, visits 0, bound false")
		if w.offers != 0 {
			t.Error("a session without a principal is offered a binding")
		}
		w.logIn()
		if got := w.kinds(); !strings.Contains(got, "bound") {
			t.Errorf("got events %s, want bound", got)
		}
		for n := range 9 {
			w.clock.advance(7 * time.Minute)
			w.expect("/count", fmt.Sprintf("account 42, visits %d, bound true", n+1))
		}
		w.expect("/renew", "account 42, visits 9, bound true")
		w.expect("/authenticate", "account 42, visits 9, bound true")
		w.clock.advance(time.Hour)
		w.expect("/", "account 42, visits 9, bound true")
		if w.offers != 1 {
			t.Errorf("got %d offers, want 1", w.offers)
		}
		w.log.take()
		w.expect("/logout", "account 0, visits 0, bound false")
		w.expect("/", "account 0, visits 0, bound false")
		w.clock.advance(2 * time.Minute)
		w.expect("/", "account 0, visits 0, bound false")
		w.proveIfBound()
		if !w.ended {
			t.Error("the binding has not ended with the session")
		}
		w.logIn()
	})
}

// proveIfBound lets the browser ask whether its binding continues.
func (w *deviceWorld) proveIfBound() {
	if w.key != nil {
		w.proveNow()
	}
}

// A browser that does not know of devices notices nothing, and is offered a binding ever more rarely.
func TestDeviceUnknownToBrowser(t *testing.T) {
	inDeviceHomes(t, func(t *testing.T, w *deviceWorld) {
		w.off = true
		w.expect("/login", "account 42, visits 0, bound false")
		for range 1000 {
			w.clock.advance(5 * time.Minute)
			w.expect("/", "account 42, visits 0, bound false")
		}
		if w.offers > 12 {
			t.Errorf("got %d offers in three days, want at most 12", w.offers)
		}
	})
}

// A copied cookie is good until the period ends, and only with the badge.
func TestDeviceCopiedJar(t *testing.T) {
	inDeviceHomes(t, func(t *testing.T, w *deviceWorld) {
		w.expect("/login", "account 42, visits 0, bound false")
		before := withoutBadge(w.steal())
		w.expect("/", "account 42, visits 0, bound true")
		stolen := w.steal()
		w.clock.advance(devicePeriod - time.Second)
		if res := w.asThief("/", stolen); res.Body.String() != "account 42, visits 0, bound true" {
			t.Errorf("before the period ends: the thief gets %d, %s, want the session", res.Code, res.Body)
		}
		w.clock.advance(time.Second)
		w.log.take()
		for _, path := range []string{"/", "/count", "/logout", "/clear", "/login", "/other", "/renew", "/pay"} {
			for range 20 {
				res := w.asThief(path, stolen)
				if res.Code != http.StatusServiceUnavailable || strings.Contains(res.Body.String(), "42") || len(setCookies(res)) != 1 {
					t.Fatalf("%s: got %d, %s, cookies %q, want 503 and one cookie", path, res.Code, res.Body, setCookies(res))
				}
				// An invalid badge is deleted, so that a browser with the key proves it.
				if !strings.HasPrefix(setCookies(res)[0], boundName+"=; Max-Age=0;") {
					t.Fatalf("%s: got cookies %q, want the badge's deletion", path, setCookies(res))
				}
				w.asThief(path, withoutBadge(stolen)) // see TestDeviceForgotten
			}
			if got := w.kinds(); !strings.HasPrefix(got, "refused (unproven), refused (unproven)") || strings.Contains(got, "destroyed") {
				t.Errorf("%s: got events %.200s", path, got)
			}
		}
		w.expect("/count", "account 42, visits 1, bound true")

		res := w.asThief("/", before)
		alive := strings.Contains(res.Body.String(), "42")
		if wantAlive := w.cfg.Store == nil && w.cfg.Revocations == nil; alive != wantAlive {
			t.Errorf("a copy from before the binding: got %d, %s, want alive %v", res.Code, res.Body, wantAlive)
		}
		w.expect("/", "account 42, visits 1, bound true")
	})
}

// A browser that knows nothing of the binding, as it has lost its key or is a thief's, meets an empty session.
// It can show a page, log in and log out; whatever else would change the session is refused. The session itself
// stays, and so does what the browser has of it.
func TestDeviceForgotten(t *testing.T) {
	const empty, down = "account 0, visits 0, bound false", "Service Unavailable\n"
	fetch, skipped := http.Header{"Sec-Fetch-Dest": {"empty"}}, http.Header{"Secure-Session-Skipped": {"quota_exceeded"}}
	for _, c := range []struct {
		path   string
		header http.Header
		body   string
		lines  int
	}{
		{"/", nil, empty, 0},
		{"/", http.Header{"Sec-Fetch-Dest": {"document"}}, empty, 0},
		{"/", fetch, down, 0},
		{"/", skipped, down, 0},
		{"/", http.Header{"Sec-Purpose": {"prefetch"}}, down, 0},
		{"/untouched", fetch, "untouched", 0},
		{"/count", nil, down, 0},
		{"/renew", nil, down, 0},
		{"/pay", nil, down, 0},
		{"/login", skipped, down, 0},
		{"/logout", skipped, down, 0},
		{"/login", fetch, "account 42, visits 0, bound false", 2},
		{"/other", nil, "account 43, visits 0, bound false", 2},
		{"/logout", fetch, empty, 1},
		{"/clear", nil, empty, 1},
	} {
		t.Run(fmt.Sprint(c.path[1:], c.header), func(t *testing.T) {
			inDeviceHomes(t, func(t *testing.T, w *deviceWorld) {
				w.logIn()
				w.expect("/count", "account 42, visits 1, bound true")
				w.clock.advance(devicePeriod)
				lost := newDevice(t, w.h, w.clock.now)
				for _, pair := range strings.Split(withoutBadge(w.steal())[0], "; ") {
					if err := lost.jar.store(pair + "; Path=/; Secure"); err != nil {
						t.Fatal(err)
					}
				}
				w.log.take()
				res := lost.send("GET", deviceHost+c.path, c.header, true)
				if body := readAll(t, res); body != c.body || len(res.Header["Set-Cookie"]) != c.lines {
					t.Errorf("got %d, %s, cookies %q, want %s and %d", res.StatusCode, body, res.Header["Set-Cookie"], c.body, c.lines)
				}
				if got := w.kinds(); c.path != "/untouched" && !strings.HasPrefix(got, "refused (unproven)") || strings.Contains(got, "destroyed") {
					t.Errorf("got events %s", got)
				}
				if c.path == "/login" && c.lines > 0 {
					lost.answerOffer(c.path, res)
					if status, body := lost.visit("/"); body != "account 42, visits 0, bound true" {
						t.Errorf("after the log-in: got %d, %s", status, body)
					}
				}
				w.expect("/", "account 42, visits 1, bound true")
			})
		})
	}
}

// A request sent before the session was bound may arrive a moment later, and does not mean that the
// key is lost.
func TestDeviceNotForgottenYet(t *testing.T) {
	inDeviceHomes(t, func(t *testing.T, w *deviceWorld) {
		w.logIn()
		for _, c := range []struct {
			later time.Duration
			want  int
		}{{0, http.StatusServiceUnavailable}, {59 * time.Second, http.StatusServiceUnavailable}, {time.Second, http.StatusOK}} {
			w.clock.advance(c.later)
			if res := w.asThief("/", withoutBadge(w.steal())); res.Code != c.want {
				t.Errorf("%v later: got status %d, want %d", c.later, res.Code, c.want)
			}
		}
	})
}

func TestDeviceOtherPrincipal(t *testing.T) {
	inDeviceHomes(t, func(t *testing.T, w *deviceWorld) {
		w.logIn()
		first, id := w.key, w.id
		w.expect("/other", "account 43, visits 0, bound false")
		w.expect("/", "account 43, visits 0, bound true")
		if w.key == first || w.offers != 2 {
			t.Errorf("the other principal has the same binding after %d offers", w.offers)
		}
		second, secondID := w.key, w.id
		w.key, w.id = first, id
		if w.proveNow(); !w.ended {
			t.Error("the first binding has not ended")
		}
		w.key, w.id = second, secondID
		w.clock.advance(time.Hour)
		w.expect("/", "account 43, visits 0, bound true")
	})
}

// RequireProof has the browser prove its key, once.
func TestRequireProof(t *testing.T) {
	inDeviceHomes(t, func(t *testing.T, w *deviceWorld) {
		w.expect("/pay", "paid")
		w.logIn()
		w.expect("/pay?a=b", "paid")
		w.clock.advance(2 * time.Minute)
		badge := w.jar.value(boundName)
		w.expect("/pay?a=b", "paid")
		if w.jar.value(boundName) == badge {
			t.Error("the browser did not prove the key again")
		}
		w.clock.advance(2 * time.Minute)
		stolen := w.steal()
		if res := w.asThief("/pay", stolen); res.Code != http.StatusTemporaryRedirect || res.Header().Get("Location") != "?" {
			t.Errorf("the thief: got %d, Location %q, want a redirect to the same page", res.Code, res.Header().Get("Location"))
		}
		w.expect("/pay", "paid")
	})
}

// Several nodes share only the keys, which are rotated meanwhile, and the store.
func TestDeviceNodesAndRotation(t *testing.T) {
	inDeviceHomes(t, func(t *testing.T, w *deviceWorld) {
		other := newManager(t, w.cfg)
		nodes := []http.Handler{w.h, deviceSite(other)}
		n := 0
		w.device.h = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			n++
			nodes[n%2].ServeHTTP(rw, r)
		})
		w.logIn()
		for _, keys := range []string{keyA + "," + keyB, keyB + "," + keyA, keyB, keyC + "," + keyB, keyC} {
			if err := w.m.SetKeys(parseKeys(t, keys)); err != nil {
				t.Fatal(err)
			}
			if err := other.SetKeys(parseKeys(t, keys)); err != nil {
				t.Fatal(err)
			}
			w.clock.advance(15 * time.Minute)
			w.expect("/", "account 42, visits 0, bound true")
		}
		if w.offers != 1 {
			t.Errorf("got %d offers, want 1", w.offers)
		}
	})
}

// Registration, which sets the badge alone, and pages that change the session cross each other: neither is lost.
func TestDeviceRegistrationBesidePages(t *testing.T) {
	inDeviceHomes(t, func(t *testing.T, w *deviceWorld) {
		for n := range long.Times(20, 200, 3_000) {
			w.device = newDevice(t, w.h, w.clock.now)
			w.waits = true
			w.expect("/login", "account 42, visits 0, bound false")
			register := w.register
			together(2, func(i int) {
				if i == 0 {
					register()
				} else {
					w.expectCount()
				}
			})
			w.expect("/", "account 42, visits 1, bound true")
			if w.offers != 1 || t.Failed() {
				t.Fatalf("run %d: got %d offers, want 1", n, w.offers)
			}
		}
	})
}

// expectCount changes the session, whether it is bound by then or not.
func (w *deviceWorld) expectCount() {
	res := w.send("GET", deviceHost+"/count", nil, true)
	if body := readAll(w.t, res); !strings.HasPrefix(body, "account 42, visits 1, bound ") {
		w.t.Errorf("got %d, %s, want the session with its count", res.StatusCode, body)
	}
}

// A session stays bound to the key that was first, though a request under way would bind it to another one.
func TestDeviceFirstStays(t *testing.T) {
	inDeviceHomes(t, func(t *testing.T, w *deviceWorld) {
		if w.cfg.Store == nil {
			return // requests do not see what others have saved
		}
		w.waits = true
		offer := w.send("GET", deviceHost+"/login", nil, true)
		slow := newDevice(t, nil, w.clock.now)
		slow.h = w.m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			fieldVisits.Set(from(r).Session, 1)
			w.register()
			w.expect("/", "account 42, visits 0, bound true")
		}))
		slow.waits, slow.jar = true, w.jar.twin()
		w.answerOffer("/login", offer)
		slow.answerOffer("/login", offer)
		register := slow.register
		page := slow.h
		slow.h = w.h
		register()
		slow.h = page
		slow.visit("/")
		w.expect("/", "account 42, visits 1, bound true")
		w.clock.advance(devicePeriod)
		w.expect("/", "account 42, visits 1, bound true")
		slow.h = w.h
		if status, body := slow.visit("/"); body != "account 0, visits 0, bound false" {
			t.Errorf("the other device: got %d, %s, want no account", status, body)
		}
	})
}
