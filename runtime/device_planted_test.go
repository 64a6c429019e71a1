package runtime_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// A name without __Host- can be set by subdomains: one plants badges of a device of its own, which come before the
// browser's. The visitor is bound, and stays bound and logged in, as without.
func TestDevicePlantedBadges(t *testing.T) {
	inDeviceHomes(t, func(t *testing.T, w *deviceWorld) {
		w.cfg.Name = "__Secure-session"
		const badgeName = "__Secure-session-bound"
		w.m = newManager(t, w.cfg)
		site := deviceSite(w.m)

		var planted string
		planting := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			own := strings.Join(r.Header["Cookie"], "; ")
			r.Header["Cookie"] = []string{strings.TrimSuffix(badgeName+"="+planted+"; "+own, "; ")}
			site.ServeHTTP(rw, r)
		})
		for _, kind := range []string{"offered", "proven", "ended", "forged", "none", "many"} {
			attacker := &deviceWorld{device: newDevice(t, site, w.clock.now), m: w.m, clock: w.clock, log: w.log, cfg: w.cfg}
			attacker.waits = true
			attacker.expect("/other", "account 43, visits 0, bound false")
			badges := map[string]string{"offered": attacker.jar.value(badgeName), "none": "x"}
			attacker.register()
			badges["proven"] = attacker.jar.value(badgeName)
			badges["forged"] = badges["proven"][:len(badges["proven"])-4] + "AAAA"
			attacker.expect("/", "account 43, visits 0, bound true")
			attacker.expect("/logout", "account 0, visits 0, bound false")
			badges["ended"] = attacker.jar.value(badgeName)
			// As many as a browser has room for, each of which opens.
			badges["many"] = badges["proven"] + strings.Repeat("; "+badgeName+"="+badges["proven"], 170)
			if planted = badges[kind]; planted == "" {
				t.Fatalf("no badge %s", kind)
			}

			w.device = newDevice(t, planting, w.clock.now)
			w.logIn()
			w.expect("/count", "account 42, visits 1, bound true")
			for range 3 {
				w.clock.advance(15 * time.Minute)
				w.expect("/", "account 42, visits 1, bound true")
			}
			if w.offers != 1 || w.ended {
				t.Errorf("%s: %d offers, ended %v", kind, w.offers, w.ended)
			}
			w.expect("/logout", "account 0, visits 0, bound false")
			w.logIn()
			if t.Failed() {
				t.Fatalf("planted: %s", kind)
			}
		}
	})
}

// A subdomain has the visitor's browser register a key with a challenge for a session of its own: that neither binds
// nor ends the visitor's.
func TestDevicePlantedChallenge(t *testing.T) {
	inDeviceHomes(t, func(t *testing.T, w *deviceWorld) {
		attacker := newDevice(t, w.h, w.clock.now)
		attacker.waits = true
		offer := attacker.send("GET", deviceHost+"/other", nil, true).Header.Get("Secure-Session-Registration")
		challenge := parameter(t, offer, "challenge")
		plant := func() *http.Response {
			return w.send("POST", deviceHost+"/_device/register", http.Header{
				"Secure-Session-Response": {signProof(t, newKey(t), true, challenge)}, "Sec-Fetch-Mode": {"no-cors"}}, true)
		}
		w.waits = true
		w.expect("/login", "account 42, visits 0, bound false")
		if res := plant(); res.StatusCode != http.StatusForbidden || len(res.Header["Set-Cookie"]) != 0 {
			t.Errorf("before the session is bound: %d %q", res.StatusCode, res.Header)
		}
		w.register()
		w.expect("/count", "account 42, visits 1, bound true")
		if res := plant(); res.StatusCode != http.StatusForbidden || len(res.Header["Set-Cookie"]) != 0 {
			t.Errorf("bound: %d %q", res.StatusCode, res.Header)
		}
		w.clock.advance(15 * time.Minute)
		w.expect("/", "account 42, visits 1, bound true")
	})
}
