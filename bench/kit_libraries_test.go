package bench

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/http/httptest"

	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"
	gorilla "github.com/gorilla/sessions"

	sessionruntime "github.com/sessiongen/sessiongen/runtime"
)

// A library keeps the session in handlers that do what the cases say.
type library struct {
	name                                string
	fill, untouched, read, readAndWrite http.Handler
}

// sink keeps the compiler from leaving out what is read.
var sink string

func handle(f func(http.ResponseWriter, *http.Request)) http.Handler { return http.HandlerFunc(f) }

var untouched = handle(func(http.ResponseWriter, *http.Request) {})

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// config is the recommended set-up; the sessions live in the store, unless that is nil.
func config(store sessionruntime.Store) sessionruntime.Config {
	keys := must(sessionruntime.ParseKeys(sessionruntime.GenerateKey()))
	return sessionruntime.Config{Keys: keys, Store: store}
}

func memoryStore() sessionruntime.Store { return sessionruntime.NewMemoryStore(1000) }

func newManager(store sessionruntime.Store) *SessionManager {
	return must(NewSessionManager(config(store)))
}

func fillSession(s *Session) {
	s.SetUserID(userID)
	s.SetUsername(username)
	s.SetEmail(email)
	s.SetRoles(roles)
	s.SetLoginAt(loginAt)
	s.SetVisits(1)
}

func sessiongenCookie() library { return sessiongen("sessiongen", nil) }

func sessiongenMemory() library { return sessiongen("sessiongen, memory store", memoryStore()) }

func sessiongen(name string, store sessionruntime.Store) library {
	m := newManager(store)
	return library{
		name:      name,
		fill:      m.Handler(handle(func(_ http.ResponseWriter, r *http.Request) { fillSession(SessionFrom(r.Context())) })),
		untouched: m.Handler(untouched),
		read: m.Handler(handle(func(_ http.ResponseWriter, r *http.Request) {
			sink = SessionFrom(r.Context()).GetUsername()
		})),
		readAndWrite: m.Handler(handle(func(_ http.ResponseWriter, r *http.Request) {
			s := SessionFrom(r.Context())
			sink = s.GetUsername()
			s.SetVisits(s.GetVisits() + 1)
		})),
	}
}

// sessiongenWithoutMiddleware calls Get and Save itself, as the programs of
// gorilla/sessions do: what a session costs, without what a middleware does.
func sessiongenWithoutMiddleware() library {
	m := newManager(nil)
	return library{
		name: "sessiongen, Get and Save",
		fill: handle(func(w http.ResponseWriter, r *http.Request) {
			s := m.Get(r)
			fillSession(s)
			must(0, m.Save(w, r, s))
		}),
		untouched: untouched,
		read: handle(func(_ http.ResponseWriter, r *http.Request) {
			sink = m.Get(r).GetUsername()
		}),
		readAndWrite: handle(func(w http.ResponseWriter, r *http.Request) {
			s := m.Get(r)
			sink = s.GetUsername()
			s.SetVisits(s.GetVisits() + 1)
			must(0, m.Save(w, r, s))
		}),
	}
}

// gorillaStore is gorilla/sessions with its CookieStore, authenticated and
// encrypted. A handler that does not touch the session does not call it at all. It
// keeps a session in the request that it belongs to, so each one gets a fresh copy.
func gorillaStore(values []value) library {
	const name = "session"
	store := gorilla.NewCookieStore(random(64), random(32))
	return library{
		name: "gorilla/sessions",
		fill: handle(func(w http.ResponseWriter, r *http.Request) {
			s := must(store.Get(r, name))
			for _, v := range values {
				s.Values[v.key] = v.value
			}
			must(0, s.Save(r, w))
		}),
		untouched: untouched,
		read: handle(func(_ http.ResponseWriter, r *http.Request) {
			r = r.WithContext(context.Background())
			sink = must(store.Get(r, name)).Values["username"].(string)
		}),
		readAndWrite: handle(func(w http.ResponseWriter, r *http.Request) {
			r = r.WithContext(context.Background())
			s := must(store.Get(r, name))
			sink = s.Values["username"].(string)
			s.Values["visits"] = s.Values["visits"].(int) + 1
			must(0, s.Save(r, w))
		}),
	}
}

func scsMemstore(values []value) library {
	m := scs.New()
	m.Store = memstore.NewWithCleanupInterval(0)
	return library{
		name: "scs/memstore",
		fill: m.LoadAndSave(handle(func(_ http.ResponseWriter, r *http.Request) {
			ctx := r.Context()
			for _, v := range values {
				m.Put(ctx, v.key, v.value)
			}
		})),
		untouched: m.LoadAndSave(untouched),
		read: m.LoadAndSave(handle(func(_ http.ResponseWriter, r *http.Request) {
			sink = m.GetString(r.Context(), "username")
		})),
		readAndWrite: m.LoadAndSave(handle(func(_ http.ResponseWriter, r *http.Request) {
			ctx := r.Context()
			sink = m.GetString(ctx, "username")
			m.Put(ctx, "visits", m.GetInt(ctx, "visits")+1)
		})),
	}
}

// accessors are operations on one loaded session.
type accessors struct {
	library string
	list    []accessor
}

type accessor struct {
	name string
	op   func()
}

func (a accessors) find(name string) func() {
	for _, accessor := range a.list {
		if accessor.name == name {
			return accessor.op
		}
	}
	return nil
}

// sinkInt is sink for integers.
var sinkInt int

func sessiongenAccessors() accessors {
	s := newManager(nil).Open(context.Background(), nil)
	fillSession(s)
	n := 0
	return accessors{"sessiongen", []accessor{
		{"get string", func() { sink = s.GetUsername() }},
		{"get int", func() { sinkInt = s.GetVisits() }},
		{"set int", func() { n++; s.SetVisits(n) }},
		{"set same int", func() { s.SetUserID(userID) }},
		{"set same string", func() { s.SetUsername(username) }},
	}}
}

func scsAccessors() accessors {
	m := scs.New()
	m.Store = memstore.NewWithCleanupInterval(0)
	ctx := must(m.Load(context.Background(), ""))
	m.Put(ctx, "username", username)
	m.Put(ctx, "visits", 1)
	n := 0
	return accessors{"scs/memstore", []accessor{
		{"get string", func() { sink = m.GetString(ctx, "username") }},
		{"get int", func() { sinkInt = m.GetInt(ctx, "visits") }},
		{"set int", func() { n++; m.Put(ctx, "visits", n) }},
		{"set same string", func() { m.Put(ctx, "username", username) }},
	}}
}

// A floor is what no encrypted cookie can do without: AES-256-GCM with a ready key over
// as many bytes as sessiongen's cookie holds, and base64. It makes no request.
//
// It is written as the standard library has it written: what it makes is in memory of its
// own, as each request needs it. The other floor uses the same memory again and
// again, which no library can do for sessions that outlive the call.
type floor struct {
	aead       cipher.AEAD
	nonce      []byte
	plaintext  []byte
	text       string
	reused     []byte // the text
	raw, plain []byte
}

func newFloor(textLength int) *floor {
	f := &floor{aead: must(cipher.NewGCM(must(aes.NewCipher(random(32)))))}
	f.nonce = make([]byte, f.aead.NonceSize())
	f.plaintext = random(base64.RawURLEncoding.DecodedLen(textLength) - len(f.nonce) - f.aead.Overhead())
	f.reused = make([]byte, 0, textLength)
	f.raw = make([]byte, 0, textLength)
	f.plain = make([]byte, 0, textLength)
	f.seal()
	f.sealReusing()
	return f
}

func (f *floor) open() {
	raw := must(base64.RawURLEncoding.DecodeString(f.text))
	n := f.aead.NonceSize()
	f.check(must(f.aead.Open(nil, raw[:n], raw[n:], nil)))
}

func (f *floor) seal() {
	nonce := make([]byte, f.aead.NonceSize())
	rand.Read(nonce)
	f.text = base64.RawURLEncoding.EncodeToString(f.aead.Seal(nonce, nonce, f.plaintext, nil))
}

func (f *floor) openReusing() {
	raw := must(base64.RawURLEncoding.AppendDecode(f.raw, f.reused))
	n := len(f.nonce)
	f.check(must(f.aead.Open(f.plain, raw[:n], raw[n:], nil)))
}

func (f *floor) sealReusing() {
	rand.Read(f.nonce)
	raw := f.aead.Seal(append(f.raw, f.nonce...), f.nonce, f.plaintext, nil)
	f.reused = base64.RawURLEncoding.AppendEncode(f.reused[:0], raw)
}

func (f *floor) check(plaintext []byte) {
	if !bytes.Equal(plaintext, f.plaintext) {
		panic("the floor gives way")
	}
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// cookie returns the Cookie header field of a browser after the response of h.
func cookie(h http.Handler) string {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	c := w.Result().Cookies()[0]
	return c.Name + "=" + c.Value
}
