package runtime_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// Data given to a store reveals nothing.
func TestStoreLearnsNothing(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		r := newRig(t)
		c := r.client()
		var ids []string
		c.visit(func(s *visitor) {
			fieldUser.Set(s.Session, "PLAINTEXT")
			fieldToken.Set(s.Session, "PLAINTEXT2")
			fieldAccount.Set(s.Session, 0x4142434445464748)
			ids = append(ids, s.ID())
		})
		c.visit(func(s *visitor) { s.Renew(); ids = append(ids, s.ID()) })
		c.visit(func(s *visitor) { fieldVisits.Set(s.Session, 9); fieldUser.Pop(s.Session) })
		cookie := c.cookies["__Host-session"]
		c.visit(func(s *visitor) { s.Destroy() })
		if err := revokeAccount(t.Context(), r.m, 0x4142434445464748); err != nil {
			t.Fatal(err)
		}
		var dump strings.Builder
		n := 0
		for key, rec := range r.store.keys {
			n++
			raw, _ := base64.RawURLEncoding.DecodeString(string(rec.Data))
			dump.WriteString(key + " " + rec.Principal + " " + string(rec.Data) + " " + string(raw) + "\n")
		}
		secrets := []string{"PLAINTEXT", "ABCDEFGH", cookie}
		for _, id := range ids {
			raw, err := base64.RawURLEncoding.DecodeString(id)
			if err != nil {
				t.Fatal(err)
			}
			secrets = append(secrets, id, string(raw))
		}
		if n < 2 {
			t.Errorf("the store has %d records, want at least 2", n)
		}
		for _, secret := range secrets {
			if strings.Contains(dump.String(), secret) {
				t.Errorf("the store's contents show %q", secret)
			}
		}
	})
}

// A gossip is a store that fails, and tells all that it was told.
type gossip struct {
	runtime.Store
	fails  bool
	panics bool
}

const gossiped = "the store was told"

func (g *gossip) tell(args ...any) error {
	switch err := fmt.Errorf("%s: %v", gossiped, args); {
	case g.panics:
		panic(err)
	case g.fails:
		return err
	}
	return nil
}

func (g *gossip) Load(ctx context.Context, key string) (runtime.Record, error) {
	r, err := g.Store.Load(ctx, key)
	if told := g.tell(key, r, err); told != nil {
		return r, told
	}
	return r, err
}

func (g *gossip) Insert(ctx context.Context, key string, r runtime.Record) error {
	if err := g.tell(key, r); err != nil {
		return err
	}
	return g.Store.Insert(ctx, key, r)
}

func (g *gossip) Replace(ctx context.Context, key string, version uint64, r runtime.Record) error {
	if err := g.tell(key, version, r); err != nil {
		return err
	}
	return g.Store.Replace(ctx, key, version, r)
}

func (g *gossip) Delete(ctx context.Context, key string) error {
	return errors.Join(g.tell(key), g.Store.Delete(ctx, key))
}

func (g *gossip) List(ctx context.Context, principal string, yield func(string, runtime.Record) bool) error {
	told := g.tell(principal)
	err := g.Store.List(ctx, principal, func(key string, r runtime.Record) bool {
		told = errors.Join(told, g.tell(key, r))
		return yield(key, r)
	})
	return errors.Join(told, err)
}

func (g *gossip) DeleteByPrincipal(ctx context.Context, principal string) error {
	return errors.Join(g.tell(principal), g.Store.DeleteByPrincipal(ctx, principal))
}

func (g *gossip) DeleteAll(ctx context.Context) error {
	return errors.Join(g.tell(), g.Store.DeleteAll(ctx))
}

// Nothing shows a secret with a store either. Errors and events show no value at all, and
// events and the log not even what the store said.
func TestCanaryOnTheServer(t *testing.T) {
	if testing.Short() {
		t.Skip("this test prints much")
	}
	log := captureLog(t)
	c, said := newCanary(), newCanary()
	const token, token2 = "c4nary-t0ken-v4lue", "an0ther-s3cret-c4nary"
	const account = 918273645546372819
	one, two := runtime.GenerateKey(), runtime.GenerateKey()
	c.addBase64("key", one)
	c.addBase64("second key", two)
	c.add("secret field", token, []byte(token))
	c.add("new secret field", token2, []byte(token2))
	said.add("field", "hubolatus", []byte("hubolatus"))
	said.secrets["principal"] = strconv.FormatInt(account, 10)
	said.secrets["principal, hex"] = strconv.FormatInt(account, 16)
	var events strings.Builder
	fails := func(errs ...error) {
		t.Helper()
		for _, err := range errs {
			if !errors.Is(err, runtime.ErrStore) || !strings.Contains(err.Error(), gossiped) {
				t.Errorf("got error %v, want ErrStore with the store's text", err)
			}
			said.print(err)
		}
	}

	onEvent := func(_ context.Context, e runtime.Event) {
		said.print(e)
		fmt.Fprintf(&events, "%+v\n", e)
	}
	for _, observer := range []func(context.Context, runtime.Event){onEvent, nil} {
		for _, inStore := range []bool{true, false} {
			store := &gossip{Store: runtime.NewMemoryStore(100)}
			cfg := runtime.Config{Keys: parseKeys(t, one+" "+two), OnEvent: observer, IdleTimeout: time.Hour,
				ErrorHandler: func(_ http.ResponseWriter, _ *http.Request, err error) { fails(err) }}
			if inStore {
				cfg.Store = store
			} else {
				cfg.Revocations = store
			}
			m, err := runtime.NewManager(cfg, wrap, fields...)
			if err != nil {
				t.Fatal(err)
			}
			everything := func(s *visitor) {
				t.Helper()
				c.print(*s, s, struct{ s any }{s.Session})
				said.print(s.Err())
			}
			sent := func(lines []string) {
				t.Helper()
				for _, line := range lines {
					if _, value, _ := strings.Cut(pair(t, line), "="); value != "" {
						c.addBase64(fmt.Sprint("token ", len(c.secrets)), value)
					}
				}
			}
			id := func(s *visitor) { c.addBase64("id "+s.ID(), s.ID()) }

			s := m.Open(t.Context(), nil)
			fieldToken.Set(s.Session, token)
			fieldUser.Set(s.Session, "hubolatus")
			fieldAccount.Set(s.Session, account)
			everything(s)
			lines, err := setCookieLines(m.Seal(s))
			if err != nil {
				t.Fatal(err)
			}
			id(s)
			sent(lines)
			everything(s)
			cookie := pair(t, lines[0])

			actions := map[string]func(*visitor){
				"read":    func(s *visitor) { fieldToken.Get(s.Session) },
				"set":     func(s *visitor) { fieldToken.Set(s.Session, token2) },
				"pop":     func(s *visitor) { fieldToken.Pop(s.Session) },
				"renew":   func(s *visitor) { s.Renew() },
				"log in":  func(s *visitor) { fieldAccount.Set(s.Session, account+1) },
				"destroy": func(s *visitor) { s.Destroy() },
				"too late, overwritten": func(s *visitor) {
					fieldToken.Set(s.Session, token2)
					other := m.Open(t.Context(), []string{cookie})
					fieldToken.Set(other.Session, token+token2)
					lines, err := setCookieLines(m.Seal(other))
					sent(lines)
					said.print(err)
				},
			}
			h := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				c.print(r.Context())
				s := from(r)
				actions[r.URL.Query().Get("do")](s)
				id(s)
				everything(s)
				c.print(r.Context(), struct{ w http.ResponseWriter }{w})
				if store.panics {
					return
				}
				w.WriteHeader(http.StatusOK)
				fieldToken.Clear(s.Session)
				everything(s)
			}))
			request := func(do, cookie string) *httptest.ResponseRecorder {
				r := httptest.NewRequest("GET", "/?do="+strings.ReplaceAll(do, " ", "+"), nil)
				r.Header.Set("Cookie", cookie)
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				return w
			}
			panics := func(f func()) {
				defer func() { said.print(recover()) }()
				f()
			}
			for do := range actions {
				// A session of its own, which may end.
				s := m.Open(t.Context(), nil)
				fieldToken.Set(s.Session, token)
				fieldUser.Set(s.Session, "hubolatus")
				fieldAccount.Set(s.Session, account)
				cookie = pair(t, seal(t, m, s))
				id(s)
				c.addBase64("token of "+do, strings.TrimPrefix(cookie, dataName+"="))
				store.fails = true
				request(do, cookie)
				store.fails, store.panics = false, true
				panics(func() { request(do, cookie) })
				store.panics = false
				w := request(do, cookie)
				sent(setCookies(w))
				request(do, cookie+"AA")
				// Calls that fail after the session was loaded.
				if s := m.Open(t.Context(), []string{cookie}); fieldUser.Has(s.Session) {
					everything(s)
					store.fails = true
					fieldVisits.Set(s.Session, 1)
					actions[do](s)
					id(s)
					s.Renew()
					lines, err := setCookieLines(m.Seal(s))
					if lines != nil {
						t.Errorf("%s: got cookies %q, want none", do, lines)
					}
					fails(err)
					store.fails = false
					everything(s)
				}
			}

			store.fails = true
			fails(m.RevokeID(t.Context(), s.ID()), revokeAccount(t.Context(), m, account), m.RevokeAll(t.Context()))
			if inStore {
				_, err := listAccount(t.Context(), m, account)
				fails(err)
			}
			store.fails = false
			said.print(m.RevokeID(t.Context(), token))
			if err := errors.Join(m.RevokeID(t.Context(), s.ID()), revokeAccount(t.Context(), m, account), m.RevokeAll(t.Context())); err != nil {
				t.Error(err)
			}

			c.print(cfg, &cfg, m, store, store.Store)

			// The default handler of errors.
			cfg.ErrorHandler = nil
			h = newManager(t, cfg).Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { from(r).Renew() }))
			store.fails = true
			w := request("", cookie)
			if w.Code != http.StatusServiceUnavailable {
				t.Errorf("got status %d, want 503", w.Code)
			}
			fmt.Fprintln(&events, w.Body, w.Header())
		}
	}

	for line := range strings.Lines(log.String()) {
		var entry struct{ Msg string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(entry.Msg, "session: ") {
			events.WriteString(line)
		}
	}
	if strings.Contains(events.String(), gossiped) {
		t.Error("an event, the log or a response shows the store's text")
	}
	for _, seen := range []string{"store failed", "revoked", "forged", "unknown id", "too late", "overwritten", "Service Unavailable", `"reason":"load"`} {
		if !strings.Contains(events.String(), seen) {
			t.Errorf("the events do not show %q", seen)
		}
	}
	all := c.text.String() + said.text.String() + log.String()
	if !strings.Contains(all, "hubolatus") || !strings.Contains(all, "REDACTED") || !strings.Contains(all, gossiped) || len(c.secrets) < 100 {
		t.Error("the canary misses texts that are printed")
	}
	c.expectNone(t, all)
	said.expectNone(t, said.text.String()+events.String())
}
