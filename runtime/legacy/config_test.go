package legacy_test

import (
	"context"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/codec"
	"github.com/sessiongen/sessiongen/runtime/legacy"
)

func TestConfigErrors(t *testing.T) {
	keys, err := runtime.ParseKeys(keyText)
	if err != nil {
		t.Fatal(err)
	}
	good := gorilla()
	with := func(change func(*legacy.Gorilla)) legacy.Gorilla {
		g := gorilla()
		change(&g)
		return g
	}
	for want, sources := range map[string][]runtime.LegacySource{
		"":    {good, with(func(g *legacy.Gorilla) { g.Name = "another" }), legacy.SCS{Store: newSCS(t, 1), Until: until}, legacy.Flask{Name: "f", Keys: [][]byte{{1}}, Until: until}},
		"nil": {nil, (*legacy.Gorilla)(nil)},
		"no Until: set the time from which old sessions are no longer read":     {with(func(g *legacy.Gorilla) { g.Until = time.Time{} })},
		`the name "a b" is not a cookie's`:                                      {with(func(g *legacy.Gorilla) { g.Name = "a b" })},
		`the name "" is not a cookie's`:                                         {with(func(g *legacy.Gorilla) { g.Name = "" })},
		`Path "x" must begin with / and hold no semicolon or control character`: {with(func(g *legacy.Gorilla) { g.Path = "x" })},
		`Domain "-" is not a host name`:                                         {with(func(g *legacy.Gorilla) { g.Domain = "-" })},
		"no Keys: set the keys that the old store was made with":                {with(func(g *legacy.Gorilla) { g.Keys = nil }), with(func(g *legacy.Gorilla) { g.Keys, g.Records = nil, new(recordMap) })},
		"nil Records": {with(func(g *legacy.Gorilla) { g.Records = (*recordMap)(nil) })},
		"both Dir and Records: set only one of them":               {with(func(g *legacy.Gorilla) { g.Dir, g.Records = "x", new(recordMap) })},
		"no Records: Plain describes their format":                 {with(func(g *legacy.Gorilla) { g.Plain = true })},
		"an empty Keys[2]: it must be an authentication key":       {with(func(g *legacy.Gorilla) { g.Keys = [][]byte{{1}, nil, nil} })},
		"an encryption key Keys[1] of 5 bytes: want 16, 24 or 32":  {with(func(g *legacy.Gorilla) { g.Keys = [][]byte{{1}, []byte("short")} })},
		"no Store: set the store of the old SessionManager":        {legacy.SCS{Until: until}, legacy.SCS{Store: (*scsMap)(nil), Until: until}},
		"no Keys: set Flask's SECRET_KEY and SECRET_KEY_FALLBACKS": {legacy.Flask{Until: until}},
		"an empty Keys[1]: Flask has no sessions without a key":    {legacy.Flask{Keys: [][]byte{{1}, nil}, Until: until}},
		`[1]: a second source of gorilla for the cookie "old"`:     {good, good},
	} {
		_, err := runtime.NewManager(runtime.Config{Keys: keys, Legacy: sources}, func(s runtime.Session) visitor { return visitor{s} }, fields...)
		switch {
		case want == "" && err != nil, want != "" && err == nil:
			t.Errorf("got error %v, want %q", err, want)
		case err != nil && (!strings.HasPrefix(err.Error(), "session: Config.Legacy[") || !strings.HasSuffix(err.Error(), want)):
			t.Errorf("got error %v, want %q", err, want)
		case err != nil && (strings.Contains(err.Error(), "short") || strings.Contains(err.Error(), "hhh")):
			t.Errorf("the error shows a key: %v", err)
		}
	}
}

// After Until, a source is not read, and its cookie is not deleted.
func TestUntil(t *testing.T) {
	everyHome(t, func(t *testing.T, cfg runtime.Config) {
		g := gorilla()
		g.Until, g.MaxAge = start.Add(time.Hour), -1
		s := newSite(t, withLegacy(cfg, g))
		s.expectAccount(with("old", oldCookie(t, 42)), 42)
		s.advance(time.Hour - time.Second)
		s.expectAccount(with("old", oldCookie(t, 43)), 43)
		s.advance(time.Second)
		b := with("old", oldCookie(t, 44))
		s.takeEvents()
		s.visit(b, func(v *visitor) {
			if !v.IsNew() || fieldAccount.Has(v.Session) {
				t.Errorf("the session has an old value: %v", v)
			}
			fieldVisits.Set(v.Session, 1)
		})
		if events := s.takeEvents(); len(events) != 1 || events[0].Kind != runtime.EventCreated || b["old"] == "" {
			t.Errorf("got events %v and cookies %v, want one EventCreated and the old cookie", events, b)
		}
	})
}

// The deletion of the old cookie has the attributes of the old cookie.
func TestDeletion(t *testing.T) {
	for _, c := range []struct {
		cfg  runtime.Config
		set  func(*legacy.Gorilla)
		want string
	}{
		{runtime.Config{}, func(g *legacy.Gorilla) {}, "old=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; Secure; HttpOnly; SameSite=Lax"},
		{runtime.Config{Insecure: true}, func(g *legacy.Gorilla) { g.Path, g.Domain = "/app", ".example.com" },
			"old=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/app; Domain=example.com; HttpOnly; SameSite=Lax"},
		{runtime.Config{SameSite: http.SameSiteNoneMode}, func(g *legacy.Gorilla) {},
			"old=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; Secure; HttpOnly; SameSite=None"},
		{runtime.Config{}, func(g *legacy.Gorilla) { g.Partitioned = true },
			"old=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; Secure; HttpOnly; SameSite=None; Partitioned"},
		{runtime.Config{Name: "old", Partitioned: true, SameSite: http.SameSiteNoneMode}, func(g *legacy.Gorilla) {},
			"old=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; Secure; HttpOnly; SameSite=None"},
		{runtime.Config{Name: "old", Partitioned: true, SameSite: http.SameSiteNoneMode}, func(g *legacy.Gorilla) { g.Partitioned = true }, ""},
		// Our cookie replaces the old one.
		{runtime.Config{Name: "old"}, func(g *legacy.Gorilla) {}, ""},
		{runtime.Config{Name: "old"}, func(g *legacy.Gorilla) { g.Path = "/app" },
			"old=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/app; Secure; HttpOnly; SameSite=Lax"},
	} {
		for what, use := range map[string]func(*visitor){"import": read, "log-out": func(v *visitor) { v.Destroy() }} {
			g := gorilla()
			c.set(&g)
			s := newSite(t, withLegacy(c.cfg, g))
			lines := s.send(with("old", oldCookie(t, 42)), use).Header()["Set-Cookie"]
			deletions := slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return !strings.HasPrefix(line, "old=; ") })
			if what == "log-out" && c.cfg.Name == "old" && len(deletions) > 0 { // the first deletes our own cookie
				deletions = deletions[1:]
			}
			if got := strings.Join(deletions, "\n"); got != c.want {
				t.Errorf("%s: got deletions %q, want %q", what, got, c.want)
			}
		}
	}
}

// An old session that does not fit into a cookie is available to the request, and the old cookie stays.
func TestTooLarge(t *testing.T) {
	s := newSite(t, withLegacy(homes["cookie"](), legacy.SCS{Store: &scsMap{records: map[string][]byte{
		token: gobText(t, scsSession{start.Add(time.Hour), map[string]any{"account": 42, "user": strings.Repeat("x", 5000)}}),
	}}, Until: until}))
	b := with("session", token)
	for range 2 {
		s.visit(b, func(v *visitor) {
			if fieldAccount.Get(v.Session) != 42 {
				t.Errorf("the session has lost its account: %v", v)
			}
		})
		if len(b) != 1 || b["session"] == "" {
			t.Errorf("the browser has cookies %v, want the old one", b)
		}
	}
	if w := s.send(b, func(v *visitor) { fieldVisits.Set(v.Session, 1) }); w.Code != 500 {
		t.Errorf("a change got status %d, want 500", w.Code)
	}
}

// An old cookie does not log in a visitor whose new session has ended.
func TestEndedHereIsNoImport(t *testing.T) {
	everyHome(t, func(t *testing.T, cfg runtime.Config) {
		cfg.IdleTimeout = time.Hour
		s := newSite(t, withLegacy(cfg, gorilla()))
		b := with("old", oldCookie(t, 42))
		s.visit(b, read)
		b["old"] = oldCookie(t, 42)
		s.expectAccount(b, 42)
		s.advance(2 * time.Hour)
		s.expectAccount(b, 0)
	})
}

// An old session that becomes too large for a record when its fields are encoded is refused, and the visitor has an
// empty session.
func TestTooLargeForRecord(t *testing.T) {
	type length int // encoded as a string of this length
	long := runtime.Field[length]{Name: "Visits", Key: "visits",
		Encode: func(e *codec.Encoder, n length) { codec.EncodeString(e, strings.Repeat("x", int(n))) },
		Decode: func(d *codec.Decoder) length { return length(len(codec.DecodeString[string](d))) }}
	keys, err := runtime.ParseKeys(keyText)
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, runtime.Config{})
	var events []runtime.EventKind
	cfg := withLegacy(runtime.Config{Keys: keys, Store: runtime.NewMemoryStore(10), Time: func() time.Time { return s.now },
		OnEvent: func(_ context.Context, e runtime.Event) { events = append(events, e.Kind) }}, gorilla())
	m, err := runtime.NewManager(cfg, func(s runtime.Session) visitor { return visitor{s} }, &long)
	if err != nil {
		t.Fatal(err)
	}
	cookie := secure(t, "old", hashKey, blockKey, start.Add(-time.Hour), gobText(t, map[any]any{"visits": 2 << 20}))
	v := m.Open(t.Context(), []string{"old=" + cookie})
	if long.Has(v.Session) || !v.IsNew() {
		t.Error("the old session was taken over")
	}
	if h, err := m.Seal(v); err != nil || h["Set-Cookie"] != nil || !slices.Equal(events, []runtime.EventKind{runtime.EventTooLarge, runtime.EventImportRefused}) {
		t.Errorf("Seal returns %v, %v after events %v, want no cookie and EventTooLarge, EventImportRefused", h, err, events)
	}
}

// If a value does not fit its field, only that field is lost.
func TestOneBadValue(t *testing.T) {
	everyHome(t, func(t *testing.T, cfg runtime.Config) {
		s := newSite(t, withLegacy(cfg, gorilla()))
		value := secure(t, "old", hashKey, blockKey, start, gobText(t, map[any]any{
			"user": 7, "account": int8(42), "visits": 1 << 30, "theme": strings.Repeat("x", 11), "_flash": []any{"a", "b"},
		}))
		s.visit(with("old", value), func(v *visitor) {
			if fieldUser.Has(v.Session) || fieldTheme.Has(v.Session) || fieldAccount.Get(v.Session) != 42 || fieldVisits.Get(v.Session) != 1<<30 || len(fieldNotes.Get(v.Session)) != 2 {
				t.Errorf("got session %v", v)
			}
		})
		var dropped []string
		for _, e := range s.takeEvents() {
			if e.Kind == runtime.EventFieldDropped {
				dropped = append(dropped, e.Field)
			}
		}
		if strings.Join(dropped, " ") != "User Theme" {
			t.Errorf("dropped %v, want User and Theme", dropped)
		}
	})
}

// An old session without any key that the program knows is not taken over, and its cookie stays.
func TestNothingKnown(t *testing.T) {
	everyHome(t, func(t *testing.T, cfg runtime.Config) {
		s := newSite(t, withLegacy(cfg, gorilla()))
		b := with("old", secure(t, "old", hashKey, blockKey, start, gobText(t, map[any]any{"other": 7})))
		s.visit(b, func(v *visitor) {
			if !v.IsNew() {
				t.Error("the old session was taken over")
			}
		})
		if len(b) != 1 || len(s.takeEvents()) > 0 {
			t.Errorf("the browser has cookies %v, want the old one and no event", b)
		}
	})
}

// Programs link gob only if they import this package.
func TestLinksGob(t *testing.T) {
	for pkg, want := range map[string]bool{"..": false, ".": true} {
		out, err := exec.Command("go", "list", "-deps", pkg).Output()
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.Contains(strings.Fields(string(out)), "encoding/gob"); got != want {
			t.Errorf("package %s links encoding/gob: got %v, want %v", pkg, got, want)
		}
	}
}
