package runtime_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

func TestCanary(t *testing.T) {
	if testing.Short() {
		t.Skip("this test prints much")
	}
	log := captureLog(t)
	c := newCanary()
	const token, token2 = "c4nary-t0ken-v4lue", "an0ther-s3cret-c4nary"
	one, two := runtime.GenerateKey(), runtime.GenerateKey()
	c.addBase64("key", one)
	c.addBase64("second key", two)
	c.add("secret field", token, []byte(token))
	c.add("new secret field", token2, []byte(token2))

	onEvent := func(_ context.Context, e runtime.Event) { c.print(e) }
	for _, events := range []func(context.Context, runtime.Event){onEvent, nil} {
		clock := newClock()
		cfg := runtime.Config{Keys: parseKeys(t, one+" "+two), OnEvent: events,
			Sliding: true, IdleTimeout: time.Hour, MaxChunks: 4, Time: clock.now}
		m, err := runtime.NewManager(cfg, wrap, fields...)
		if err != nil {
			t.Fatal(err)
		}
		s := m.Open(t.Context(), nil)
		fieldToken.Set(s.Session, token)
		fieldUser.Set(s.Session, "hubo")
		line := seal(t, m, s)
		cookie := pair(t, line)
		_, value, _ := strings.Cut(cookie, "=")
		c.addBase64("id", s.ID())
		c.addBase64("token", value)
		forged := cookie[:len(cookie)-4] + "AAAA"

		// Everything that can be held, before and after use.
		type app struct {
			cfg     runtime.Config
			keys    runtime.Keys
			session visitor
			pointer *visitor
			manager *runtime.Manager[visitor]
		}
		everything := func(s *visitor) {
			c.print(cfg, &cfg, cfg.Keys, &cfg.Keys, m, *s, s, s.Session, s.Err(),
				app{cfg, cfg.Keys, *s, s, m}, &app{cfg, cfg.Keys, *s, s, m}, []visitor{*s}, map[string]*visitor{"s": s})
		}
		c.print(app{session: *m.Open(t.Context(), []string{cookie})}, &app{session: *m.Open(t.Context(), []string{cookie})}) // not opened before
		everything(s)

		// The other cookies of a session: its companion, and its chunks.
		clock.advance(30 * time.Minute)
		s = m.Open(t.Context(), []string{cookie})
		everything(s)
		companion := pair(t, seal(t, m, s))
		c.addBase64("companion", strings.TrimPrefix(companion, seenName+"="))
		everything(s)
		large := newJar(clock.now)
		large.visit(t, m, func(s *visitor) {
			setBlob(8000)(s)
			fieldToken.Set(s.Session, token)
			c.addBase64("id of the large session", s.ID())
			everything(s)
		})
		var chunks []string
		for i, chunk := range strings.Split(large.header()[0], "; ") {
			_, value, _ := strings.Cut(chunk, "=")
			c.secrets[fmt.Sprint("chunk ", i+1)] = value[10:60]
			chunks = append(chunks, chunk)
		}
		swapped := dataName + strings.TrimPrefix(companion, seenName) + "; " + seenName + strings.TrimPrefix(cookie, dataName)
		for _, header := range []string{cookie + "; " + companion, swapped, companion, strings.Join(chunks, "; "),
			strings.Join(chunks[:2], "; "), strings.Join(chunks, "; ") + "AAAA", seenName + "=" + token + "; " + dataName + "-2=" + token + "; " + cookie} {
			s := m.Open(t.Context(), []string{header})
			c.print(app{session: *s}, &app{session: *s}) // not opened before
			everything(s)
			lines, err := setCookieLines(m.Seal(s))
			c.print(err)
			everything(s)
			for _, line := range lines {
				c.addBase64("sent for "+header, strings.TrimPrefix(pair(t, line), seenName+"="))
			}
		}
		for _, header := range []string{cookie, forged, "__Host-session=" + token, forged + "; " + cookie} {
			everything(m.Open(t.Context(), []string{header}))
		}

		// Several cookies that open, and a log-out that leaves an empty session in place of one.
		s = m.Open(t.Context(), []string{cookie, sealed(t, m, func(s *visitor) { fieldToken.Set(s.Session, token) })})
		everything(s)
		s.Destroy()
		everything(s)
		c.addBase64("empty session", strings.TrimPrefix(pair(t, seal(t, m, s)), dataName+"="))
		everything(s)

		// Errors, of each kind.
		for _, err := range []func(*visitor){
			func(s *visitor) { fieldUser.Set(s.Session, token) },
			func(s *visitor) { fieldToken.Set(s.Session, strings.Repeat(token2, 700)) },
			func(s *visitor) { fieldScores.Set(s.Session, map[string]int{token: 1, token2: 2, "x": 3}) },
		} {
			s := m.Open(t.Context(), []string{cookie})
			err(s)
			lines, failed := setCookieLines(m.Seal(s))
			if failed == nil || lines != nil {
				t.Error("the refused value is not an error")
			}
			c.print(failed, s.Err())
		}
		secret, open := moodyField(true), moodyField(false)
		for _, f := range []*runtime.Field[moody]{&secret, &open} {
			m := newManagerOf(t, cfg, f)
			s := m.Open(t.Context(), nil)
			f.Set(s.Session, "fail")
			_, err := m.Seal(s)
			c.print(err, s.Err(), m, s)
		}
		wrongType := fieldVisits
		wrongType.Index, wrongType.Key = 0, "token"
		s = newManagerOf(t, cfg, &wrongType).Open(t.Context(), []string{cookie})
		wrongType.Get(s.Session)
		everything(s)
		_, err = runtime.ParseKeys(one + "," + one + " " + two[1:] + " " + two + "x " + token + " !" + one)
		c.print(err)
		c.print(m.SetKeys(runtime.Keys{}))

		// The same inside a request: the context, the request and the writer.
		for _, header := range []string{cookie, forged, "", cookie + "; " + companion, strings.Join(chunks, "; ")} {
			var w http.ResponseWriter = httptest.NewRecorder()
			if events == nil {
				w = plain{&calls{header: http.Header{}}}
			}
			r := httptest.NewRequest("GET", "/canary?token="+token+"&cookie="+value, nil) // events have the path alone
			r.Header["Cookie"] = []string{header, forged}
			m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				s := from(r)
				ctx, cancel := context.WithCancel(context.WithValue(r.Context(), new(int), "v"))
				defer cancel()
				c.print(r.Context(), ctx, s)
				fieldToken.Set(s.Session, token2)
				s.Renew()
				c.addBase64("renewed id", s.ID())
				w.WriteHeader(200)
				lines := w.Header()["Set-Cookie"]
				if len(lines) == 1 {
					c.addBase64("sent token "+header, strings.TrimPrefix(pair(t, lines[0]), "__Host-session="))
				}
				for i, line := range lines {
					_, value, _ := strings.Cut(pair(t, line), "=")
					c.secrets[fmt.Sprint("sent chunk ", i+1, " for ", header)] = value[10:60]
				}
				c.print(r.Context(), ctx, s, struct{ w http.ResponseWriter }{w})
				if events == nil {
					c.print(w)
				}
				fieldToken.Clear(s.Session)
				c.print(s.Err(), s)
			})).ServeHTTP(w, r)
		}
		c.print(mustPanic(t, func() { m.Seal(newManager(t, cfg).Open(t.Context(), []string{cookie})) }))
	}

	all := c.text.String() + log.String()
	if !strings.Contains(all, "hubo") || !strings.Contains(all, "REDACTED") || !strings.Contains(all, "forged") ||
		!strings.Contains(all, "wrong purpose") || !strings.Contains(all, "/canary") || !strings.Contains(all, "Token (") || len(c.secrets) < 60 {
		t.Error("the canary misses texts that are printed")
	}
	c.expectNone(t, all)
}
