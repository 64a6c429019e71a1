package runtime_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

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
			s := m.Open(headers)
			if got := !s.IsNew(); got != c.want || got != (fieldUser.Get(s.Session) == "hubo") {
				t.Errorf("%s: alive %v", c.name, got)
			}
			events := log.take()
			opens := 0
			for _, e := range events {
				if e.Reason == runtime.RefusedForged || e.Reason == runtime.RefusedMalformed && strings.Contains(c.name, "tokens of nothing") {
					opens++
				}
			}
			if opens != c.opens || len(events) > 8 {
				t.Errorf("%s: %d opened, want %d; %d events", c.name, opens, c.opens, len(events))
			}
			fieldUser.Set(s.Session, "new")
			lines, err := m.Seal(s)
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
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
			t.Errorf("%.60q of %d bytes: %s, %.60q, %q", c.header, len(c.header), resp.Status, body, resp.Header["Set-Cookie"])
		}
	}
}

// FuzzCompanionAndChunks: what comes beside a session's own cookie neither puts its end
// off nor hides it, and without that cookie nothing opens. The fuzzer has no companion
// that opens.
func FuzzCompanionAndChunks(f *testing.F) {
	clock := newClock()
	m := newManager(f, runtime.Config{Name: "s", MaxChunks: 4, IdleTimeout: time.Hour, Time: clock.now})
	j := newJar(clock.now)
	j.visit(f, m, func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
	own := j.header()[0]
	stranger := newJar(clock.now)
	stranger.visit(f, newManager(f, runtime.Config{Name: "s", MaxChunks: 4, Keys: parseKeys(f, keyB)}), setBlob(9000))
	chunks := stranger.header()[0]
	end := clock.now().Add(time.Hour)
	seen := sealText(f, keyB, "s-seen", "seen", make([]byte, 24))
	for _, header := range []string{
		"", "s-seen=", "s-seen=x", "s-seen=" + seen, "s-seen=" + own[2:], "s=" + seen, chunks,
		"s=2.A; s-2=A", "s=3.; s-2=A; s-3=", "s=4.x; s-2; s-3; s-4", "s=9.x", "s=0.", "s=1.x", "s=2", "s=.", "s-2=" + own[2:],
		strings.Repeat("s=2.x; s-2=y; ", 10), "s=2." + seen[:40] + "; s-2=" + seen[40:],
	} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		s := m.Open([]string{own, header})
		if s.IsNew() || fieldUser.Get(s.Session) != "hubo" || !s.ExpiresAt().Equal(end) {
			t.Fatalf("with %q: new %v, %v, until %v", header, s.IsNew(), s, s.ExpiresAt())
		}
		if lines, err := m.Seal(s); len(lines) > 0 || err != nil {
			t.Fatalf("with %q: sent %q, %v", header, lines, err)
		}
		s = m.Open([]string{header})
		if !s.IsNew() || fieldUser.Has(s.Session) || s.Size() != 0 {
			t.Fatalf("%q opened as %v", header, s)
		}
		// A new session takes the place of whatever was there.
		after := newJar(clock.now)
		for pair := range strings.SplitSeq(header, ";") {
			if name, _, ok := strings.Cut(pair, "="); ok && strings.HasPrefix(strings.Trim(name, " \t"), "s") {
				after.store(strings.Trim(pair, " \t"))
			}
		}
		after.visit(t, m, func(s *visitor) { setBlob(len(header) % 100 * 100)(s) })
		after.visit(t, m, func(s *visitor) {
			if got := len(fieldBlob.Get(s.Session)); got != len(header)%100*100 {
				t.Fatalf("after %q: saved %d bytes", header, got)
			}
		})
	})
}
