package runtime_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// Any change to a cookie makes it worthless; the visitor is not told why.
func TestTamperedCookies(t *testing.T) {
	var log eventLog
	m := newManager(t, runtime.Config{OnEvent: log.record})
	h := site(m)
	cookie := sealed(t, m, func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
	other := sealed(t, newManager(t, runtime.Config{Name: "other"}), func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
	stranger := sealed(t, newManager(t, runtime.Config{Keys: parseKeys(t, keyB)}), func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
	const head = len("__Host-session=")
	change := func(i int) string {
		b := []byte(cookie)
		if b[i]++; b[i] != 'B' && !strings.Contains("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", string(b[i])) {
			b[i] = 'A'
		}
		return string(b)
	}
	cases := []struct{ name, cookie, reason string }{
		{"suite", change(head), runtime.RefusedMalformed},
		{"key id", change(head + 3), runtime.RefusedUnknownKey},
		{"nonce prefix", change(head + 10), runtime.RefusedForged},
		{"nonce", change(head + 30), runtime.RefusedForged},
		{"ciphertext", change(head + 60), runtime.RefusedForged},
		{"tag", change(len(cookie) - 5), runtime.RefusedForged},
		{"other name's", "__Host-session=" + strings.TrimPrefix(other, "other="), runtime.RefusedForged},
		{"other key's", stranger, runtime.RefusedUnknownKey},
		{"cut short", cookie[:len(cookie)-4], runtime.RefusedForged},
		{"longer", cookie + "AAAA", runtime.RefusedForged},
		{"padded", cookie + "=", runtime.RefusedMalformed},
		{"quoted", `__Host-session="` + cookie[head:] + `"`, runtime.RefusedMalformed},
		{"percent-encoded", strings.Replace(cookie, cookie[head:head+1], fmt.Sprintf("%%%X", cookie[head]), 1), runtime.RefusedMalformed},
		{"garbage", "__Host-session=\x00\xff'\"<script>", runtime.RefusedMalformed},
		{"short", "__Host-session=A", runtime.RefusedMalformed},
	}
	log.take()
	for _, c := range cases {
		for path, body := range map[string]string{"/get": "", "/set": "set"} {
			r, _ := http.NewRequest("GET", path, nil)
			r.Header["Cookie"] = []string{c.cookie}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != 200 || w.Body.String() != body {
				t.Errorf("%s: got status %d, body %q, want 200 and %q", c.name, w.Code, w.Body, body)
			}
			if got := len(setCookies(w)); got != len(body)/3 {
				t.Errorf("%s: %s sends %d cookies", c.name, path, got)
			}
			for name := range w.Header() {
				if !slices.Contains([]string{"Set-Cookie", "Vary", "Cache-Control", "Content-Type"}, name) {
					t.Errorf("%s: the response has a header field %s", c.name, name)
				}
			}
			want := []runtime.Event{{Kind: runtime.EventRefused, Reason: c.reason}}
			if body != "" {
				want = append(want, runtime.Event{Kind: runtime.EventCreated})
			}
			log.expect(t, want...)
		}
	}
	for i := head; i < len(cookie); i++ {
		if s := m.Open(t.Context(), []string{change(i)}); !s.IsNew() || fieldUser.Has(s.Session) {
			t.Errorf("the cookie opens with character %d changed", i)
		}
	}
}

// TestHostileRequests counts what a request can make a server decrypt, by its events:
// only what was decrypted is forged, or malformed although it is a token.
func TestHostileRequests(t *testing.T) {
	clock := newClock()
	var log eventLog
	m := newManager(t, runtime.Config{MaxChunks: 4, IdleTimeout: time.Hour, Time: clock.now, OnEvent: log.record})
	j := newJar(clock.now)
	j.visit(t, m, func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
	clock.advance(50 * time.Minute)
	j.visit(t, m, read)
	good, companion := dataName+"="+j.value(dataName), seenName+"="+j.value(seenName)
	forged := good[:len(good)-4] + "AAAA"
	broken := craft(t, []byte{0xc0}) // a token, but of no session
	garbage := dataName + "=x"
	clock.advance(50 * time.Minute) // so that the companion alone keeps it alive
	repeat := func(cookie string, n int) string { return strings.Repeat(cookie+"; ", n) }
	hundred := func(cookie string, at int) string { return repeat(cookie, at) + good + "; " + repeat(cookie, 99-at) }
	const alive, lost = true, false
	cases := []struct {
		name   string
		header string
		want   bool
		opens  int // of those refused and reported, which are eight at most
	}{
		{"good", good, alive, 0},
		{"forgeries", repeat(forged, 100), lost, 8},
		{"tokens of nothing", repeat(broken, 100), lost, 8},
		{"a forgery and tokens of nothing", forged + "; " + repeat(broken, 99), lost, 8},
		{"1 MiB of forgeries", repeat(forged, 1<<20/(len(forged)+2)), lost, 8},
		{"3001 cookies, first", good + "; " + repeat("a=b", 3000), alive, 0},
		{"3001 cookies, last", repeat("a=b", 3000) + good, alive, 0},
		{"3001 of its names", repeat(garbage, 3000) + good, lost, 0},
		{"3001 chunks", repeat(dataName+"-2=x", 3000) + good, alive, 0},
		{"3001 counts", repeat(dataName+"=4.x", 3000) + good, lost, 0},
		{"a cookie of 1 MiB", dataName + "=" + strings.Repeat("A", 1<<20), lost, 0},
		{"chunks of 1 MiB", dataName + "=2." + strings.Repeat("A", 1<<19) + "; " + dataName + "-2=" + strings.Repeat("A", 1<<19), lost, 0},
		{"forged chunks of 1 MiB", dataName + "=2." + forged[len(dataName)+1:] + "; " + dataName + "-2=" + strings.Repeat("A", 1<<19), lost, 0},
		{"names of 1 MiB", strings.Repeat(dataName, 1<<20/len(dataName)), lost, 0},
		{"dashes of 1 MiB", dataName + strings.Repeat("-", 1<<20), lost, 0},
	}
	for at, want := range map[int]bool{0: alive, 1: alive, 2: alive, 15: alive, 16: lost, 50: lost, 99: lost} {
		cases = append(cases, struct {
			name   string
			header string
			want   bool
			opens  int
		}{fmt.Sprint("100 forgeries, the good one at ", at), hundred(forged, at), want, min(at, 8)})
	}
	for at, want := range map[int]bool{0: alive, 1: alive, 7: alive, 8: alive, 99: alive} {
		cases = append(cases, struct {
			name   string
			header string
			want   bool
			opens  int
		}{fmt.Sprint("100 of garbage, the good one at ", at), hundred(garbage, at), want, 0})
	}
	for _, c := range cases {
		for _, headers := range [][]string{
			{companion + "; " + c.header}, {c.header + "; " + companion}, append(strings.Split(c.header, "; "), companion),
		} {
			log.take()
			s := m.Open(t.Context(), headers)
			if got := !s.IsNew(); got != c.want || got != (fieldUser.Get(s.Session) == "hubo") {
				t.Errorf("%s: got alive %v, want %v", c.name, got, c.want)
			}
			events := log.take()
			opens := 0
			for _, e := range events {
				if e.Reason == runtime.RefusedForged || e.Reason == runtime.RefusedMalformed && strings.Contains(c.name, "tokens of nothing") {
					opens++
				}
			}
			if opens != c.opens || len(events) > 8 {
				t.Errorf("%s: got %d tokens opened, want %d; and %d events, want at most 8", c.name, opens, c.opens, len(events))
			}
			fieldUser.Set(s.Session, "new")
			lines, err := setCookieLines(m.Seal(s))
			if err != nil {
				t.Errorf("%s: Seal returns %v", c.name, err)
			}
			newJar(clock.now).receive(t, lines)
		}
	}
}

// The same through a server, up to about the largest header that it takes.
func TestHostileRequestsToServer(t *testing.T) {
	b := newBrowser(t, site(newManager(t, runtime.Config{MaxChunks: 4, IdleTimeout: time.Hour})))
	b.get("/set")
	own := b.cookies()[0]
	for _, c := range []struct {
		header, body string
	}{
		{own, "hubo"},
		{strings.Repeat("a=b; ", 2900) + own, "hubo"},
		{dataName + "=" + strings.Repeat("A", 900_000), ""},
		{strings.Repeat(dataName+"=2.; "+dataName+"-2; ", 10_000), ""},
		{strings.Repeat("a=b; ", 1<<20/5-100) + own, "hubo"},
	} {
		r, err := http.NewRequest("GET", b.server.URL+"/get", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header["Cookie"] = []string{c.header}
		b.client.Jar = nil
		resp, body := b.do(r)
		if resp.StatusCode != 200 || body != c.body || len(resp.Header["Set-Cookie"]) > 0 {
			t.Errorf("%.60q of %d bytes: got %s, %.60q, cookies %q", c.header, len(c.header), resp.Status, body, resp.Header["Set-Cookie"])
		}
	}
}

// A subdomain, or a script, plants cookies of a name without __Host-, for a longer path, so that the browser sends them first.
// They do not log the visitor out.
func TestPlantedCookies(t *testing.T) {
	const name = "__Secure-app"
	clock := newClock()
	for _, cfg := range []runtime.Config{{}, {MaxChunks: 4}, {IdleTimeout: 10 * time.Minute}} {
		cfg.Name, cfg.Domain, cfg.Time = name, "example.com", clock.now
		m := newManager(t, cfg)
		attacker, victim := newJar(clock.now), newJar(clock.now)
		for _, j := range []*jar{attacker, victim} {
			j.visit(t, m, func(s *visitor) {
				fieldUser.Set(s.Session, "hubo")
				if cfg.MaxChunks > 0 {
					fieldBlob.Set(s.Session, make([]byte, 5000))
				}
			})
		}
		if cfg.IdleTimeout > 0 {
			clock.advance(8 * time.Minute)
			attacker.visit(t, m, read)
			victim.visit(t, m, read)
			clock.advance(5 * time.Minute)
		}
		own := attacker.value(name)
		other := "A"
		if own[60] == 'A' {
			other = "B"
		}
		forged := name + "=" + own[:60] + other + own[61:] // with the id of the key
		for what, planted := range map[string]string{
			"nothing":               "",
			"two forged ones":       strings.Repeat(forged+"; ", 2),
			"eight forged ones":     strings.Repeat(forged+"; ", 8),
			"eight junk ones":       strings.Repeat(name+"=junk; ", 8),
			"one junk second chunk": name + "-2=junk; ",
			"a junk companion":      name + "-seen=junk; ",
			"eight companions":      strings.Repeat(name+"-seen="+attacker.value(name+"-seen")+"; ", 8),
			"170 companions":        strings.Repeat(name+"-seen="+attacker.value(name+"-seen")+"; ", 170),
			"all of them":           strings.Repeat(forged+"; "+name+"=junk; "+name+"-2=junk; "+name+"-seen=junk; ", 3),
		} {
			s := m.Open(t.Context(), []string{planted + strings.Join(victim.header(), "; ")})
			if fieldUser.Get(s.Session) != "hubo" {
				t.Errorf("%d chunks, idle timeout %v: %s log the visitor out", cfg.MaxChunks, cfg.IdleTimeout, what)
			}
		}
	}
}
