package runtime_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// A name without the prefix __Host-.
const (
	plantableName  = "__Secure-session"
	plantableBadge = plantableName + "-bound"
)

var plantedKinds = []string{"offered", "proven", "ended", "forged", "none", "many"}

// badgeToPlant returns the value of a badge of a device of somebody else's.
func (w *deviceWorld) badgeToPlant(site http.Handler, kind string) string {
	w.t.Helper()
	attacker := &deviceWorld{device: newDevice(w.t, site, w.clock.now), m: w.m, clock: w.clock, log: w.log, cfg: w.cfg}
	attacker.waits = true
	attacker.expect("/other", "account 43, visits 0, bound false")
	badges := map[string]string{"offered": attacker.jar.value(plantableBadge), "none": "x"}
	attacker.register()
	badges["proven"] = attacker.jar.value(plantableBadge)
	badges["forged"] = badges["proven"][:len(badges["proven"])-4] + "AAAA"
	attacker.expect("/", "account 43, visits 0, bound true")
	attacker.expect("/logout", "account 0, visits 0, bound false")
	badges["ended"] = attacker.jar.value(plantableBadge)
	// As many as a browser has room for, each of which opens.
	badges["many"] = badges["proven"] + strings.Repeat("; "+plantableBadge+"="+badges["proven"], 170)
	if badges[kind] == "" {
		w.t.Fatalf("the site made no badge %s", kind)
	}
	return badges[kind]
}

// Subdomains can set a name without __Host-. One plants badges of its own device, which come before the browser's.
// The visitor is bound, and stays bound and logged in, as without them.
func TestDevicePlantedBadges(t *testing.T) {
	inDeviceHomes(t, func(t *testing.T, w *deviceWorld) {
		w.cfg.Name = plantableName
		w.m = newManager(t, w.cfg)
		site := deviceSite(w.m)

		var planted string
		planting := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			own := strings.Join(r.Header["Cookie"], "; ")
			r.Header["Cookie"] = []string{strings.TrimSuffix(plantableBadge+"="+planted+"; "+own, "; ")}
			site.ServeHTTP(rw, r)
		})
		for _, kind := range plantedKinds {
			planted = w.badgeToPlant(site, kind)
			w.device = newDevice(t, planting, w.clock.now)
			w.logIn()
			w.expect("/count", "account 42, visits 1, bound true")
			for range 3 {
				w.clock.advance(15 * time.Minute)
				w.expect("/", "account 42, visits 1, bound true")
			}
			if w.offers != 1 || w.ended {
				t.Errorf("%s: got %d offers, ended %v, want 1 offer and no end", kind, w.offers, w.ended)
			}
			w.expect("/logout", "account 0, visits 0, bound false")
			w.logIn()
			if t.Failed() {
				t.Fatalf("the test failed with the badge %s", kind)
			}
		}
	})
}

// A browser that has lost its key can log in again though a subdomain plants badges, which the site cannot delete.
func TestDeviceForgottenPlanted(t *testing.T) {
	const empty = "account 0, visits 0, bound false"
	for _, kind := range plantedKinds {
		t.Run(kind, func(t *testing.T) {
			inDeviceHomes(t, func(t *testing.T, w *deviceWorld) {
				w.cfg.Name = plantableName
				w.m = newManager(t, w.cfg)
				w.device = newDevice(t, deviceSite(w.m), w.clock.now)
				w.logIn()
				w.expect("/count", "account 42, visits 1, bound true")
				planted := plantableBadge + "=" + w.badgeToPlant(w.h, kind)

				lost := newDevice(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
					r.Header["Cookie"] = append([]string{planted}, r.Header["Cookie"]...)
					w.h.ServeHTTP(rw, r)
				}), w.clock.now)
				for _, pair := range strings.Split(w.steal()[0], "; ") {
					if strings.HasPrefix(pair, plantableBadge+"=") {
						continue
					}
					if err := lost.jar.store(pair + "; Path=/; Secure"); err != nil {
						t.Fatal(err)
					}
				}
				check := func(path string, header http.Header, status int, body string) {
					t.Helper()
					if res := lost.send("GET", deviceHost+path, header, true); res.StatusCode != status || readAll(t, res) != body && body != "" {
						t.Errorf("%s %v: got %d, want %d %s", path, header, res.StatusCode, status, body)
					}
				}
				w.clock.advance(59 * time.Second)
				check("/", nil, http.StatusServiceUnavailable, "")
				w.clock.advance(devicePeriod)
				check("/", nil, http.StatusOK, empty)
				check("/count", nil, http.StatusServiceUnavailable, "")
				check("/pay", nil, http.StatusServiceUnavailable, "")
				check("/", http.Header{"Sec-Fetch-Dest": {"empty"}}, http.StatusServiceUnavailable, "")
				check("/login", http.Header{"Secure-Session-Skipped": {"quota_exceeded"}}, http.StatusServiceUnavailable, "")
				w.expect("/", "account 42, visits 1, bound true") // where the key is

				again := &deviceWorld{device: lost, m: w.m, clock: w.clock, log: w.log, cfg: w.cfg}
				again.logIn()
				again.expect("/count", "account 42, visits 1, bound true")
				w.clock.advance(15 * time.Minute)
				again.expect("/", "account 42, visits 1, bound true")
				again.expect("/logout", empty)
				again.expect("/", empty)
			})
		})
	}
}

// Any response deletes a planted badge in the place of the browser's own, and the browser proves
// its key.
func TestDeviceForeignBadge(t *testing.T) {
	for _, kind := range []string{"offered", "proven", "ended", "forged", "none"} {
		for path, lines := range map[string]int{"/": 1, "/count": 1, "/pay": 1, "/untouched": 0} {
			t.Run(kind+path, func(t *testing.T) {
				inDeviceHomes(t, func(t *testing.T, w *deviceWorld) {
					w.cfg.Name = plantableName
					w.m = newManager(t, w.cfg)
					w.device = newDevice(t, deviceSite(w.m), w.clock.now)
					w.logIn()
					w.clock.advance(devicePeriod)
					if err := w.jar.store(plantableBadge + "=" + w.badgeToPlant(w.h, kind) + "; Path=/; Secure"); err != nil {
						t.Fatal(err)
					}
					res := w.send("GET", deviceHost+path, nil, true)
					if body := readAll(t, res); strings.Contains(body, "42") || len(res.Header["Set-Cookie"]) != lines || res.Header["Location"] != nil {
						t.Errorf("got %d, %s, cookies %q", res.StatusCode, body, res.Header["Set-Cookie"])
					}
					if gone := w.jar.value(plantableBadge) == ""; gone != (lines > 0) {
						t.Errorf("the badge is removed: got %t, want %t", gone, lines > 0)
					}
					w.visit("/")
					w.expect("/count", "account 42, visits 1, bound true")
					if w.ended || w.offers != 1 {
						t.Errorf("got ended %t, %d offers, want no end and 1 offer", w.ended, w.offers)
					}
				})
			})
		}
	}
}

// A subdomain makes the visitor's browser register a key with a challenge for the subdomain's own session: that
// neither binds nor ends the visitor's.
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
			t.Errorf("before the session is bound: got %d, header %q, want 403 without a cookie", res.StatusCode, res.Header)
		}
		w.register()
		w.expect("/count", "account 42, visits 1, bound true")
		if res := plant(); res.StatusCode != http.StatusForbidden || len(res.Header["Set-Cookie"]) != 0 {
			t.Errorf("when the session is bound: got %d, header %q, want 403 without a cookie", res.StatusCode, res.Header)
		}
		w.clock.advance(15 * time.Minute)
		w.expect("/", "account 42, visits 1, bound true")
	})
}
