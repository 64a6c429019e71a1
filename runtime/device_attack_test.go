package runtime_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// errDown is that of a store which does not answer.
var errDown = errors.New("down")

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// challengeOf asks for the challenge of a binding.
func (w *deviceWorld) challengeOf(id string) string {
	w.t.Helper()
	res := w.send("POST", deviceHost+w.refresh, http.Header{"Sec-Secure-Session-Id": {id}}, false)
	challenge, _, ok := strings.Cut(strings.TrimPrefix(res.Header.Get("Secure-Session-Challenge"), `"`), `"`)
	if res.StatusCode != http.StatusForbidden || !ok {
		w.t.Fatalf("the refresh answers %d, want 403 with a challenge", res.StatusCode)
	}
	return challenge
}

// An invalid proof gets no badge, and another challenge.
func TestDeviceRefreshAttacks(t *testing.T) {
	inDeviceHomes(t, func(t *testing.T, w *deviceWorld) {
		w.waits = true
		w.expect("/login", "account 42, visits 0, bound false")
		offer := w.register
		w.waits = false
		offer()
		w.expect("/", "account 42, visits 0, bound true")

		another := &deviceWorld{device: newDevice(t, w.h, w.clock.now), m: w.m, clock: w.clock, log: w.log, cfg: w.cfg}
		another.logIn()

		good := w.challengeOf(w.id)
		old := good
		w.clock.advance(time.Minute)
		good = w.challengeOf(w.id)
		foreign := another.challengeOf(another.id)
		another.waits = true
		another.expect("/other", "account 43, visits 0, bound false")
		badge := another.jar.value(boundName)
		for name, proof := range map[string]string{
			"another device's key":       signProof(t, another.key, false, good),
			"a key that comes along":     signProof(t, newKey(t), true, good),
			"an old challenge":           signProof(t, w.key, false, old),
			"the challenge of another":   signProof(t, w.key, false, foreign),
			"no challenge":               signProof(t, w.key, false, "x"),
			"a badge for a challenge":    signProof(t, w.key, false, badge),
			"a session for a challenge":  signProof(t, w.key, false, w.jar.value(dataName)),
			"the sealed id":              signProof(t, w.key, false, w.id[strings.IndexByte(w.id, '.')+1:]),
			"not signed":                 "a.b.c",
			"too long":                   signProof(t, w.key, false, good) + strings.Repeat("A", 1<<20),
			"the proof, with more of it": signProof(t, w.key, false, good) + ".",
		} {
			res := w.send("POST", deviceHost+w.refresh, http.Header{"Sec-Secure-Session-Id": {w.id}, "Secure-Session-Response": {proof}}, true)
			if res.StatusCode != http.StatusForbidden || res.Header.Get("Secure-Session-Challenge") == "" || len(res.Header["Set-Cookie"]) > 0 || readAll(t, res) != "" {
				t.Errorf("%s: got %d, header %q, want 403 with a new challenge and no cookie", name, res.StatusCode, res.Header)
			}
		}
		// Quoted or not, and once more when the connection has broken.
		for _, quote := range []string{"", `"`, ""} {
			res := w.send("POST", deviceHost+w.refresh, http.Header{"Sec-Secure-Session-Id": {quote + w.id + quote},
				"Secure-Session-Response": {quote + signProof(t, w.key, false, good) + quote}}, true)
			if res.StatusCode != http.StatusOK || len(res.Header["Set-Cookie"]) != 1 {
				t.Errorf("the right proof: got %d, want 200 and one cookie", res.StatusCode)
			}
		}
		for name, id := range map[string]string{
			"none": "", "a dot": ".", "not base64": "!." + w.id, "off the curve": "B" + strings.Repeat("A", 86) + w.id[87:],
			"cut": w.id[:50], "line break": "\n" + w.id, "long": w.id + strings.Repeat("A", 5000),
		} {
			res := w.send("POST", deviceHost+w.refresh, http.Header{"Sec-Secure-Session-Id": {id}}, true)
			if res.StatusCode != http.StatusForbidden || res.Header.Get("Secure-Session-Challenge") != "" || len(res.Header["Set-Cookie"]) > 0 {
				t.Errorf("the identifier is %s: got %d, header %q, want 403 without a challenge or cookie", name, res.StatusCode, res.Header)
			}
		}
		// A key that was never registered gets a badge that is good for nothing.
		thief := newKey(t)
		point, err := thief.PublicKey.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		id := encodeText(point) + w.id[strings.IndexByte(w.id, '.'):]
		res := newDevice(t, w.h, w.clock.now)
		res.key, res.id, res.refresh = thief, id, w.refresh
		res.proveNow()
		stolen := append(withoutBadge(w.steal()), res.jar.header()...)
		want := http.StatusServiceUnavailable
		if w.cfg.Revocations != nil { // the session of the badge has another id since it was bound: see TestDeviceForgottenPlanted
			want = http.StatusOK
		}
		if got := w.asThief("/", stolen); got.Code != want || strings.Contains(got.Body.String(), "42") {
			t.Errorf("the thief with another key gets %d, %s, want %d", got.Code, got.Body, want)
		}
		if got := w.asThief("/count", stolen); got.Code != http.StatusServiceUnavailable {
			t.Errorf("the thief's change with another key gets %d, %s, want 503", got.Code, got.Body)
		}
		w.expect("/", "account 42, visits 0, bound true")
	})
}

func TestDeviceRegistrationAttacks(t *testing.T) {
	inDeviceHomes(t, func(t *testing.T, w *deviceWorld) {
		w.waits = true
		w.expect("/login", "account 42, visits 0, bound false")
		offered := w.register
		_, _ = w.visit("/")
		if w.offers != 1 {
			t.Fatalf("got %d offers, want 1", w.offers)
		}
		offered()
		w.expect("/", "account 42, visits 0, bound true")
		first := w.key
		offered() // another key, for a session that is bound by now
		if w.key != first {
			t.Error("a second key was registered for the session")
		}
		challenge := w.challengeOf(w.id)
		for name, proof := range map[string]string{
			"none": "", "a challenge for a key": signProof(t, newKey(t), true, challenge), "without a key": signProof(t, newKey(t), false, challenge),
			"the session for a challenge": signProof(t, newKey(t), true, w.jar.value(dataName)),
		} {
			res := newDevice(t, w.h, w.clock.now).send("POST", deviceHost+"/_device/register", http.Header{"Secure-Session-Response": {proof}}, false)
			if res.StatusCode != http.StatusForbidden || len(res.Header) != 1 {
				t.Errorf("%s: got %d, header %q, want 403 and nothing else", name, res.StatusCode, res.Header)
			}
		}
		w.expect("/logout", "account 0, visits 0, bound false")
		w.clock.advance(time.Hour)
		w.key = nil
		w.expect("/login", "account 42, visits 0, bound false")
		offered = w.register
		w.clock.advance(time.Minute)
		if offered(); w.key != nil {
			t.Error("a key was registered a minute after the offer")
		}
	})
}

// Scripts, which can send the header fields, cannot send them as the browser does.
func TestDeviceRequestsOfScripts(t *testing.T) {
	w := newDevice(t, deviceSite(newManager(t, runtime.Config{DeviceBound: devicePeriod})), time.Now)
	for _, path := range []string{"/_device/register", "/_device/refresh"} {
		for mode, want := range map[string]int{"cors": 403, "same-origin": 403, "navigate": 403, "websocket": 403} {
			if res := w.send("POST", deviceHost+path, http.Header{"Sec-Fetch-Mode": {mode}}, false); res.StatusCode != want {
				t.Errorf("%s by %s: got %d, want %d", path, mode, res.StatusCode, want)
			}
		}
		for _, method := range []string{"GET", "PUT", "OPTIONS"} {
			if res := w.send(method, deviceHost+path, nil, false); res.StatusCode != http.StatusMethodNotAllowed || res.Header.Get("Allow") != "POST" {
				t.Errorf("%s %s: got %d, want 405 and Allow: POST", method, path, res.StatusCode)
			}
		}
	}
	off := newDevice(t, deviceSite(newManager(t, runtime.Config{})), time.Now)
	if res := off.send("POST", deviceHost+"/_device/refresh", nil, false); !strings.HasPrefix(readAll(t, res), "account") {
		t.Error("without DeviceBound, the program does not get requests for the paths")
	}
}

// A store that is down ends neither a binding nor a session.
func TestDeviceStoreDown(t *testing.T) {
	for _, home := range []string{"revocations", "store"} {
		t.Run(home, func(t *testing.T) {
			store := newSpyStore()
			w := newDeviceWorld(t, home, store)
			w.logIn()
			w.log.take()
			w.clock.advance(time.Hour)
			store.fail(errDown)
			cookies := w.jar.header()
			for range 3 {
				if status := w.proveNow(); status != http.StatusServiceUnavailable {
					t.Errorf("the refresh: got %d, want 503", status)
				}
				if status, _ := w.visit("/"); status != http.StatusServiceUnavailable {
					t.Errorf("the page: got %d, want 503", status)
				}
			}
			if got := w.jar.header(); w.ended || got[0] != cookies[0] {
				t.Errorf("got the binding ended %v and cookies %q, want the old cookies", w.ended, got)
			}
			if got := w.kinds(); !strings.Contains(got, "store failed") {
				t.Errorf("got events %s, want store failed", got)
			}
			store.set(nil, nil)
			w.expect("/count", "account 42, visits 1, bound true")
		})
	}
}

// A session that others revoke takes its binding along.
func TestDeviceRevoked(t *testing.T) {
	inDeviceHomes(t, func(t *testing.T, w *deviceWorld) {
		w.logIn()
		err := runtime.RevokeBy(t.Context(), w.m, &fieldAccount, 42)
		if w.cfg.Store == nil && w.cfg.Revocations == nil {
			if err == nil {
				t.Error("the revoked session still exists")
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		w.log.take()
		if w.proveNow(); !w.ended {
			t.Error("the binding has not ended")
		}
		if got := w.kinds(); !strings.Contains(got, "unbound (session ended)") {
			t.Errorf("got events %s, want unbound (session ended)", got)
		}
		w.expect("/", "account 0, visits 0, bound false")
		w.logIn()
	})
}

// The list of an account's sessions tells which of them are bound to a device.
func TestDeviceListed(t *testing.T) {
	inDeviceHomes(t, func(t *testing.T, w *deviceWorld) {
		if w.cfg.Store == nil {
			return // nothing lists sessions that live in cookies
		}
		serveFrom(w.h, "/login", nil) // of a browser without device binding
		w.logIn()
		list, err := listAccount(t.Context(), w.m, 42)
		if err != nil || len(list) != 2 {
			t.Fatalf("got %d sessions, %v, want 2", len(list), err)
		}
		var bound []runtime.Entry
		for _, e := range list {
			if e.DeviceBound() {
				bound = append(bound, e)
			}
		}
		if len(bound) != 1 {
			t.Fatalf("%d of 2 sessions are listed as bound, want 1", len(bound))
		}
		if err := w.m.RevokeID(t.Context(), bound[0].ID()); err != nil {
			t.Fatal(err)
		}
		w.expect("/", "account 0, visits 0, bound false")
	})
}
