package runtime_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// A mapStore is a store that is a map.
type mapStore map[string]runtime.Store

func (m mapStore) Load(ctx context.Context, key string) (runtime.Record, error) {
	return m[""].Load(ctx, key)
}
func (m mapStore) Insert(ctx context.Context, key string, r runtime.Record) error {
	return m[""].Insert(ctx, key, r)
}
func (m mapStore) Replace(ctx context.Context, key string, version uint64, r runtime.Record) error {
	return m[""].Replace(ctx, key, version, r)
}
func (m mapStore) Delete(ctx context.Context, key string) error { return m[""].Delete(ctx, key) }
func (m mapStore) List(ctx context.Context, principal string, yield func(string, runtime.Record) bool) error {
	return m[""].List(ctx, principal, yield)
}
func (m mapStore) DeleteByPrincipal(ctx context.Context, principal string) error {
	return m[""].DeleteByPrincipal(ctx, principal)
}
func (m mapStore) DeleteAll(ctx context.Context) error { return m[""].DeleteAll(ctx) }

func TestConfigErrors(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  runtime.Config
		want string // the whole text
	}{
		{"a store that was never made", runtime.Config{Store: (*runtime.MemoryStore)(nil)},
			"session: Config.Store holds a nil *runtime.MemoryStore: make the store first, and look at its error"},
		{"revocations that were never made", runtime.Config{Revocations: mapStore(nil)},
			"session: Config.Revocations holds a nil runtime_test.mapStore: make the store first, and look at its error"},
		{"name with a space", runtime.Config{Name: "a b"},
			`session: Config.Name "a b" is not a cookie name: letters, digits and !#$%&'*+-.^_` + "`" + `|~ only (RFC 6265 section 4.1.1)`},
		{"name beyond ASCII", runtime.Config{Name: "größe"},
			`session: Config.Name "größe" is not a cookie name: letters, digits and !#$%&'*+-.^_` + "`" + `|~ only (RFC 6265 section 4.1.1)`},
		{"long name", runtime.Config{Name: strings.Repeat("n", 257)},
			"session: Config.Name has 257 bytes; at most 256 leave room for a session"},
		{"__Host- with Insecure", runtime.Config{Name: "__host-x", Insecure: true},
			"session: Config.Insecure cannot be used with a Name that begins with __Host-"},
		{"__Secure- with Insecure", runtime.Config{Name: "__SECURE-x", Insecure: true},
			"session: Config.Insecure cannot be used with a Name that begins with __Secure-"},
		{"__Host- with Domain", runtime.Config{Domain: "example.com"},
			"session: Config.Domain cannot be used with a Name that begins with __Host-: set Name, for example to __Secure-session"},
		{"__Host- with Path", runtime.Config{Path: "/app"},
			"session: Config.Path must be / with a Name that begins with __Host-: set Name, for example to __Secure-session"},
		{"relative path", runtime.Config{Name: "s", Path: "app"},
			`session: Config.Path "app" must begin with / and hold no semicolon or control character`},
		{"path that browsers ignore", runtime.Config{Name: "s", Path: "/" + strings.Repeat("x", 1024)},
			"session: Config.Path has 1025 bytes; browsers ignore more than 1024"},
		{"path that ends the attribute", runtime.Config{Name: "s", Path: "/;Domain=evil.example"},
			`session: Config.Path "/;Domain=evil.example" must begin with / and hold no semicolon or control character`},
		{"path that ends the line", runtime.Config{Name: "s", Path: "/\r\nX: y"},
			`session: Config.Path "/\r\nX: y" must begin with / and hold no semicolon or control character`},
		{"domain", runtime.Config{Name: "s", Domain: "exa mple.com"},
			`session: Config.Domain "exa mple.com" is not a host name`},
		{"domain that ends the attribute", runtime.Config{Name: "s", Domain: "a.com; HttpOnly"},
			`session: Config.Domain "a.com; HttpOnly" is not a host name`},
		{"domain with a port", runtime.Config{Name: "s", Domain: "a.com:80"},
			`session: Config.Domain "a.com:80" is not a host name`},
		{"domain with an empty label", runtime.Config{Name: "s", Domain: "a..com"},
			`session: Config.Domain "a..com" is not a host name`},
		{"domain with a long label", runtime.Config{Name: "s", Domain: strings.Repeat("a", 64) + ".com"},
			`session: Config.Domain "` + strings.Repeat("a", 64) + `.com" is not a host name`},
		{"unknown SameSite", runtime.Config{SameSite: 77},
			"session: Config.SameSite has the unknown value 77"},
		{"SameSite=None with Insecure", runtime.Config{SameSite: http.SameSiteNoneMode, Insecure: true},
			"session: Config.SameSite=None needs a secure cookie: browsers refuse it with Insecure"},
		{"Partitioned with Insecure", runtime.Config{Partitioned: true, Insecure: true},
			"session: Config.Partitioned needs a secure cookie: browsers refuse it with Insecure"},
		{"lifetime below a second", runtime.Config{Lifetime: time.Second - 1},
			"session: Config.Lifetime is 999.999999ms; it must be whole seconds, from 1s to 9600h0m0s (400 days)"},
		{"negative lifetime", runtime.Config{Lifetime: -time.Hour},
			"session: Config.Lifetime is -1h0m0s; it must be whole seconds, from 1s to 9600h0m0s (400 days)"},
		{"fraction of a second", runtime.Config{Lifetime: 1500 * time.Millisecond},
			"session: Config.Lifetime is 1.5s; it must be whole seconds, from 1s to 9600h0m0s (400 days)"},
		{"more than 400 days", runtime.Config{Lifetime: 400*day + time.Second},
			"session: Config.Lifetime is 9600h0m1s; it must be whole seconds, from 1s to 9600h0m0s (400 days)"},
		{"name with a semicolon", runtime.Config{Name: "a;b"},
			`session: Config.Name "a;b" is not a cookie name: letters, digits and !#$%&'*+-.^_` + "`" + `|~ only (RFC 6265 section 4.1.1)`},
		{"name with an equals sign", runtime.Config{Name: "a=b"},
			`session: Config.Name "a=b" is not a cookie name: letters, digits and !#$%&'*+-.^_` + "`" + `|~ only (RFC 6265 section 4.1.1)`},
		{"name that ends the line", runtime.Config{Name: "a\n"},
			`session: Config.Name "a\n" is not a cookie name: letters, digits and !#$%&'*+-.^_` + "`" + `|~ only (RFC 6265 section 4.1.1)`},
		{"__Http- with Insecure", runtime.Config{Name: "__http-x", Insecure: true},
			"session: Config.Insecure cannot be used with a Name that begins with __Http-"},
		{"negative AbsoluteTimeout", runtime.Config{AbsoluteTimeout: -time.Second},
			"session: Config.AbsoluteTimeout is -1s; it must be whole seconds, or 0 for none"},
		{"AbsoluteTimeout with a fraction", runtime.Config{AbsoluteTimeout: time.Second / 2},
			"session: Config.AbsoluteTimeout is 500ms; it must be whole seconds, or 0 for none"},
		{"negative IdleTimeout", runtime.Config{IdleTimeout: -time.Minute},
			"session: Config.IdleTimeout is -1m0s; it must be whole seconds, or 0 for none"},
		{"IdleTimeout with a fraction", runtime.Config{IdleTimeout: time.Minute + 1},
			"session: Config.IdleTimeout is 1m0.000000001s; it must be whole seconds, or 0 for none"},
		{"RefreshAfter alone", runtime.Config{RefreshAfter: time.Minute},
			"session: Config.RefreshAfter needs IdleTimeout or Sliding"},
		{"negative RefreshAfter", runtime.Config{IdleTimeout: time.Hour, RefreshAfter: -1 * time.Second},
			"session: Config.RefreshAfter is -1s; it must be whole seconds, less than the 1h0m0s that a use begins anew"},
		{"RefreshAfter with a fraction", runtime.Config{IdleTimeout: time.Hour, RefreshAfter: 1500 * time.Millisecond},
			"session: Config.RefreshAfter is 1.5s; it must be whole seconds, less than the 1h0m0s that a use begins anew"},
		{"RefreshAfter as long as IdleTimeout", runtime.Config{IdleTimeout: time.Hour, RefreshAfter: time.Hour},
			"session: Config.RefreshAfter is 1h0m0s; it must be whole seconds, less than the 1h0m0s that a use begins anew"},
		{"RefreshAfter as long as a sliding Lifetime", runtime.Config{Sliding: true, Lifetime: time.Hour, RefreshAfter: time.Hour},
			"session: Config.RefreshAfter is 1h0m0s; it must be whole seconds, less than the 1h0m0s that a use begins anew"},
		{"RefreshAfter between the two", runtime.Config{Sliding: true, Lifetime: time.Hour, IdleTimeout: 2 * time.Hour, RefreshAfter: 90 * time.Minute},
			"session: Config.RefreshAfter is 1h30m0s; it must be whole seconds, less than the 1h0m0s that a use begins anew"},
		{"RefreshAfter between the two, reversed", runtime.Config{Sliding: true, Lifetime: 2 * time.Hour, IdleTimeout: time.Hour, RefreshAfter: 90 * time.Minute},
			"session: Config.RefreshAfter is 1h30m0s; it must be whole seconds, less than the 1h0m0s that a use begins anew"},
		{"negative MaxChunks", runtime.Config{MaxChunks: -1},
			"session: Config.MaxChunks is -1; it must be from 0 to 4"},
		{"many chunks", runtime.Config{MaxChunks: 5},
			"session: Config.MaxChunks is 5; it must be from 0 to 4"},
	} {
		c.cfg.Keys = parseKeys(t, keyA)
		m, err := runtime.NewManager(c.cfg, wrap, fields...)
		if m != nil || err == nil || err.Error() != c.want {
			t.Errorf("%s: got manager %v and error\n%v\nwant\n%s", c.name, m, err, c.want)
		}
	}
}

func TestConfigErrorsAreJoined(t *testing.T) {
	_, err := runtime.NewManager(runtime.Config{
		Name: "__Host-\x00", Domain: "-", Path: "x", SameSite: 9, Partitioned: true, Insecure: true, Lifetime: 1,
		AbsoluteTimeout: -1, IdleTimeout: -1, RefreshAfter: 1, MaxChunks: 9,
	}, wrap, &fieldVisits) // its index is not 0
	if !errors.Is(err, runtime.ErrNoKeys) {
		t.Errorf("got error %v, want ErrNoKeys", err)
	}
	want := []string{
		"session: no keys: set Config.Keys with ParseKeys, or with EphemeralKeys for a first run",
		`session: Config.Name "__Host-\x00" is not`,
		"session: Config.Insecure cannot", "session: Config.Domain cannot", "session: Config.Path must",
		`session: Config.Path "x" must`, `session: Config.Domain "-" is not`, "session: Config.SameSite has",
		"session: Config.Partitioned needs", "session: Config.MaxChunks is 9", "session: Config.Lifetime is 1ns",
		"session: Config.AbsoluteTimeout is -1ns", "session: Config.IdleTimeout is -1ns", "session: Config.RefreshAfter needs",
		"session: the generated fields are inconsistent: run go generate",
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(want) {
		t.Fatalf("got %d errors, want %d:\n%v", len(lines), len(want), err)
	}
	for i, line := range lines {
		if !strings.HasPrefix(line, want[i]) {
			t.Errorf("got error %s\nwant %s", line, want[i])
		}
	}
}

func TestInconsistentFields(t *testing.T) {
	twin := fieldVisits
	twin.Key = "user"
	was := fieldVisits
	was.Was = []string{"user"}
	for name, second := range map[string]*runtime.Field[int]{"key": &twin, "was": &was} {
		_, err := runtime.NewManager(runtime.Config{Keys: parseKeys(t, keyA)}, wrap, &fieldUser, second)
		if err == nil || !strings.HasSuffix(err.Error(), `run go generate: key "user" twice`) {
			t.Errorf("%s: got error %v, want a duplicate key", name, err)
		}
	}
}

func TestCookieAttributes(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  runtime.Config
		want http.Cookie
	}{
		{"defaults", runtime.Config{},
			http.Cookie{Name: "__Host-session", Path: "/", Secure: true, SameSite: http.SameSiteLaxMode}},
		{"Insecure", runtime.Config{Insecure: true},
			http.Cookie{Name: "session", Path: "/", SameSite: http.SameSiteLaxMode}},
		{"Name", runtime.Config{Name: "__Secure-~!#$%&'*+-.^_`|"},
			http.Cookie{Name: "__Secure-~!#$%&'*+-.^_`|", Path: "/", Secure: true, SameSite: http.SameSiteLaxMode}},
		{"Path and Domain", runtime.Config{Name: "s", Path: "/a b/c", Domain: "Sub.example.com"},
			http.Cookie{Name: "s", Path: "/a b/c", Domain: "Sub.example.com", Secure: true, SameSite: http.SameSiteLaxMode}},
		{"Domain with a dot", runtime.Config{Name: "s", Domain: ".example.com"},
			http.Cookie{Name: "s", Path: "/", Domain: "example.com", Secure: true, SameSite: http.SameSiteLaxMode}},
		{"Lax", runtime.Config{SameSite: http.SameSiteLaxMode},
			http.Cookie{Name: "__Host-session", Path: "/", Secure: true, SameSite: http.SameSiteLaxMode}},
		{"default mode", runtime.Config{SameSite: http.SameSiteDefaultMode},
			http.Cookie{Name: "__Host-session", Path: "/", Secure: true, SameSite: http.SameSiteLaxMode}},
		{"Strict", runtime.Config{SameSite: http.SameSiteStrictMode},
			http.Cookie{Name: "__Host-session", Path: "/", Secure: true, SameSite: http.SameSiteStrictMode}},
		{"None", runtime.Config{SameSite: http.SameSiteNoneMode},
			http.Cookie{Name: "__Host-session", Path: "/", Secure: true, SameSite: http.SameSiteNoneMode}},
		{"Partitioned", runtime.Config{Partitioned: true},
			http.Cookie{Name: "__Host-session", Path: "/", Secure: true, SameSite: http.SameSiteLaxMode, Partitioned: true}},
		{"longest name", runtime.Config{Name: strings.Repeat("n", 256)},
			http.Cookie{Name: strings.Repeat("n", 256), Path: "/", Secure: true, SameSite: http.SameSiteLaxMode}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newManager(t, c.cfg)
			s := m.Open(t.Context(), nil)
			fieldUser.Set(s.Session, "hubo")
			set := parseCookie(t, seal(t, m, s))
			s = m.Open(t.Context(), []string{set.Name + "=" + set.Value})
			fieldUser.Clear(s.Session)
			deleted := parseCookie(t, seal(t, m, s))
			if deleted.Value != "" || deleted.MaxAge != -1 || deleted.Expires.Unix() != 0 {
				t.Errorf("the cookie is not deleted by %s", deleted.Raw)
			}
			for what, got := range map[string]*http.Cookie{"set": set, "deleted": deleted} {
				want := c.want
				want.HttpOnly = true // always
				clean := *got
				clean.Raw, clean.RawExpires, clean.Value, clean.MaxAge, clean.Expires = "", "", "", 0, time.Time{}
				if clean.String() != want.String() || clean.Partitioned != want.Partitioned || len(got.Unparsed) > 0 {
					t.Errorf("%s: got %s\nwant %s", what, got.Raw, want.String())
				}
			}
			if set.Value == "" || set.MaxAge != 0 || set.RawExpires != "" {
				t.Errorf("the cookie does not end with the browser's session: %s", set.Raw)
			}
		})
	}
}

func TestLifetimeBounds(t *testing.T) {
	for _, lifetime := range []time.Duration{0, time.Second, 7 * day, 400 * day} {
		m := newManager(t, runtime.Config{Lifetime: lifetime})
		if lifetime == 0 {
			lifetime = 31 * day // the default
		}
		s := m.Open(t.Context(), nil)
		fieldUser.Set(s.Session, "hubo")
		s.SetPermanent(true)
		c := parseCookie(t, seal(t, m, s))
		if got := time.Duration(c.MaxAge) * time.Second; got != lifetime {
			t.Errorf("got Max-Age %v, want %v", got, lifetime)
		}
		if off := time.Until(c.Expires) - lifetime; off < -3*time.Second || off > time.Second {
			t.Errorf("Expires is off by %v", off)
		}
	}
}

// A name or path that a cookie cannot carry is refused, whatever the byte; an accepted
// one passes through a browser.
func TestConfigBytes(t *testing.T) {
	for b := range 256 {
		for _, text := range []string{string([]byte{byte(b)}), string([]byte{'x', byte(b), 'y'})} {
			for _, cfg := range []runtime.Config{{Name: text}, {Name: "s", Path: "/" + text}, {Name: "s", Domain: text + ".example"}} {
				cfg.Keys, cfg.MaxChunks, cfg.IdleTimeout = parseKeys(t, keyA), 2, time.Hour
				clock := newClock()
				cfg.Time = clock.now
				m, err := runtime.NewManager(cfg, wrap, fields...)
				field := "Config.Name"
				switch {
				case cfg.Path != "":
					field = "Config.Path"
				case cfg.Domain != "":
					field = "Config.Domain"
				}
				if err != nil {
					if !strings.Contains(err.Error(), field) || strings.ContainsAny(err.Error(), "\x00\r\n\x7f") {
						t.Errorf("%+q: got error %v, want one that names %s and shows no control character", text, err, field)
					}
					continue
				}
				j := newJar(clock.now)
				if cfg.Path != "" {
					j.path = strings.TrimRight(cfg.Path, " ")
				}
				if cfg.Domain != "" {
					j.host = strings.ToLower(strings.TrimPrefix(cfg.Domain, "."))
				}
				j.visit(t, m, setBlob(5000))
				clock.advance(30 * time.Minute)
				j.visit(t, m, func(s *visitor) {
					if s.IsNew() {
						t.Errorf("%+q as %s: the browser lost the session", text, field)
					}
				})
				j.visit(t, m, func(s *visitor) { s.Destroy() })
				if j.header() != nil {
					t.Errorf("%+q as %s: the browser keeps the session", text, field)
				}
			}
		}
	}
}

func TestStoreConfigErrors(t *testing.T) {
	store := newSpyStore()
	_, err := runtime.NewManager(runtime.Config{Keys: parseKeys(t, keyA), Store: store, Revocations: store, MaxChunks: 2,
		StoreTimeout: -1, RevocationCache: -1}, wrap, fields...)
	want := []string{
		"session: Config.Revocations is for sessions in cookies: those of a Store are revoked in it",
		"session: Config.MaxChunks is for sessions in cookies, without a Store",
		"session: Config.StoreTimeout is -1ns; it must not be negative",
		"session: Config.RevocationCache is -1ns; it must not be negative",
	}
	if err == nil || err.Error() != strings.Join(want, "\n") {
		t.Errorf("got error %v\nwant %s", err, strings.Join(want, "\\n"))
	}
	_, err = runtime.NewManager(runtime.Config{Keys: parseKeys(t, keyA), Revocations: runtime.NewMemoryStore(1), RevocationCache: time.Hour + 1}, wrap, fields...)
	if want := "session: Config.RevocationCache is 1h0m0.000000001s; it must be at most 1h0m0s"; err == nil || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
	_, err = runtime.NewManager(runtime.Config{Keys: parseKeys(t, keyA), RevocationCache: 1}, wrap, fields...)
	if want := "session: Config.RevocationCache needs Revocations"; err == nil || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
	if errors.Is(err, runtime.ErrStore) {
		t.Error("a wrong Config is an ErrStore")
	}
}
