package legacy_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/gob"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/codec"
)

// visitor is what generated code would declare for the schema below.
type visitor struct{ runtime.Session }

var (
	fieldUser = runtime.Field[string]{Index: 0, Name: "User", Key: "user", Was: []string{"username"},
		Encode: codec.EncodeString[string], Decode: codec.DecodeString[string]}
	fieldAccount = runtime.Field[int64]{Index: 1, Name: "Account", Key: "account", Principal: true,
		Encode: codec.EncodeInt[int64], Decode: codec.DecodeInt[int64]}
	fieldVisits = runtime.Field[int]{Index: 2, Name: "Visits", Key: "visits",
		Encode: codec.EncodeInt[int], Decode: codec.DecodeInt[int]}
	fieldTheme = runtime.Field[string]{Index: 3, Name: "Theme", Key: "theme", Visitor: true, Max: 10,
		Encode: codec.EncodeString[string], Decode: codec.DecodeString[string]}
	fieldNotes = runtime.Field[[]string]{Index: 4, Name: "Notes", Key: "_flash",
		Encode: func(e *codec.Encoder, v []string) { codec.EncodeSlice(e, v, codec.EncodeString[string]) },
		Decode: func(d *codec.Decoder) []string { return codec.DecodeSlice[[]string](d, codec.DecodeString[string]) }}
)

var fields = []runtime.AnyField{&fieldUser, &fieldAccount, &fieldVisits, &fieldTheme, &fieldNotes}

const keyText = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

var (
	hashKey  = bytes.Repeat([]byte("h"), 32)
	blockKey = bytes.Repeat([]byte("b"), 32)
	start    = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	until    = start.Add(60 * 24 * time.Hour)
)

// A site is a program that has moved to sessiongen, with a clock.
type site struct {
	t       *testing.T
	m       *runtime.Manager[visitor]
	handler http.Handler
	mu      sync.Mutex
	now     time.Time
	events  []runtime.Event
}

type actionKey struct{}

func newSite(t *testing.T, cfg runtime.Config) *site {
	t.Helper()
	s := &site{t: t, now: start}
	s.configure(cfg)
	return s
}

func (s *site) configure(cfg runtime.Config) {
	s.t.Helper()
	var err error
	if cfg.Keys, err = runtime.ParseKeys(keyText); err != nil {
		s.t.Fatal(err)
	}
	cfg.Time = func() time.Time {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.now
	}
	cfg.OnEvent = func(_ context.Context, e runtime.Event) {
		e.Method, e.Path = "", ""
		s.mu.Lock()
		defer s.mu.Unlock()
		s.events = append(s.events, e)
	}
	if s.m, err = runtime.NewManager(cfg, func(s runtime.Session) visitor { return visitor{s} }, fields...); err != nil {
		s.t.Fatal(err)
	}
	s.handler = s.m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Context().Value(actionKey{}).(func(*visitor))(runtime.FromContext[visitor](r.Context()))
	}))
}

func (s *site) advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

func (s *site) takeEvents() []runtime.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	events := s.events
	s.events = nil
	return events
}

// A browser has cookies, by name.
type browser map[string]string

func with(name, value string) browser { return browser{name: value} }

func (b browser) clone() browser {
	c := browser{}
	for name, value := range b {
		c[name] = value
	}
	return c
}

// send makes a request. The browser does not get the response.
func (s *site) send(b browser, do func(*visitor)) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "/", nil)
	r = r.WithContext(context.WithValue(r.Context(), actionKey{}, do))
	for name, value := range b {
		r.Header.Add("Cookie", name+"="+value)
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w
}

func (b browser) receive(w *httptest.ResponseRecorder) {
	for _, c := range w.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(b, c.Name)
		} else {
			b[c.Name] = c.Value
		}
	}
}

// visit makes a request that must succeed.
func (s *site) visit(b browser, do func(*visitor)) *httptest.ResponseRecorder {
	s.t.Helper()
	w := s.send(b, do)
	if w.Code != 200 {
		s.t.Errorf("got status %d, want 200; events %v", w.Code, s.takeEvents())
	}
	b.receive(w)
	return w
}

// account returns the account that is logged in, 0 for none.
func (s *site) account(b browser) (id int64) {
	s.t.Helper()
	s.visit(b.clone(), func(v *visitor) { id = fieldAccount.Get(v.Session) })
	return id
}

// expectAccount checks which account is logged in. It does not change the browser.
func (s *site) expectAccount(b browser, want int64) {
	s.t.Helper()
	if got := s.account(b); got != want {
		s.t.Errorf("logged in as %d, want %d; events %v", got, want, s.takeEvents())
	}
}

func read(v *visitor) { fieldUser.Get(v.Session) }

// homes has a function for each home that returns a new one.
var homes = map[string]func() runtime.Config{
	"cookie":      func() runtime.Config { return runtime.Config{} },
	"revocations": func() runtime.Config { return runtime.Config{Revocations: runtime.NewMemoryStore(1e5)} },
	"store":       func() runtime.Config { return runtime.Config{Store: runtime.NewMemoryStore(1e5)} },
}

func everyHome(t *testing.T, f func(t *testing.T, cfg runtime.Config)) {
	for _, name := range []string{"cookie", "revocations", "store"} {
		t.Run(name, func(t *testing.T) { f(t, homes[name]()) })
	}
}

// serverHomes runs a test with the homes in which a log-out is final.
func serverHomes(t *testing.T, f func(t *testing.T, cfg runtime.Config)) {
	for _, name := range []string{"revocations", "store"} {
		t.Run(name, func(t *testing.T) { f(t, homes[name]()) })
	}
}

func gobText(t testing.TB, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// secure seals a value as gorilla/securecookie does. integration/legacy has tests with the real one.
func secure(t testing.TB, name string, hashKey, blockKey []byte, at time.Time, value []byte) string {
	t.Helper()
	if blockKey != nil {
		block, err := aes.NewCipher(blockKey)
		if err != nil {
			t.Fatal(err)
		}
		iv := make([]byte, block.BlockSize())
		rand.Read(iv)
		sealed := slices.Clone(value)
		cipher.NewCTR(block, iv).XORKeyStream(sealed, sealed)
		value = append(iv, sealed...)
	}
	signed := fmt.Sprintf("%d|%s", at.Unix(), base64.URLEncoding.EncodeToString(value))
	mac := hmac.New(sha256.New, hashKey)
	mac.Write([]byte(name + "|" + signed))
	return base64.URLEncoding.EncodeToString(append([]byte(signed+"|"), mac.Sum(nil)...))
}

// oldCookie returns a cookie of gorilla's CookieStore that is logged in to an account.
func oldCookie(t testing.TB, account int64) string {
	t.Helper()
	return secure(t, "old", hashKey, blockKey, start.Add(-time.Hour), gobText(t, map[any]any{
		"username": "hubo", "account": int(account), "visits": int64(3), "theme": "dark", "other": 1.5,
	}))
}

// expectFailures checks that, while the old store fails, a first request and a log-out get a 503, and other requests
// succeed.
func (s *site) expectFailures(fail func(error), name, value string) {
	s.t.Helper()
	b := with(name, value)
	expect503 := func(do func(*visitor)) {
		s.t.Helper()
		if w := s.send(b, do); w.Code != 503 || w.Header()["Set-Cookie"] != nil {
			s.t.Errorf("got status %d and cookies %q, want 503 and none", w.Code, w.Header()["Set-Cookie"])
		}
	}
	logOut := func(v *visitor) { v.Destroy() }

	fail(errors.New("connection refused"))
	expect503(read)
	fail(nil)
	s.visit(b, read)
	fail(errors.New("connection refused"))
	s.expectAccount(b, 42) // the old store is no longer asked
	expect503(logOut)
	fail(nil)
	s.visit(b, logOut)
	s.expectAccount(b, 0)
	s.expectAccount(with(name, value), 0)
}
