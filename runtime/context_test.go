package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// aKey is the context key of a value that is not ours.
type aKey struct{}

// Another transport has everything that Handler gives to net/http.
func TestNewContext(t *testing.T) {
	m, other := newManager(t, runtime.Config{}), newManager(t, runtime.Config{Name: "__Host-other"})
	s := m.Open(t.Context(), nil)
	ctx := m.NewContext(context.WithValue(t.Context(), aKey{}, "value"), s)
	r := httptest.NewRequest("GET", "/", nil).WithContext(ctx)
	if got := runtime.FromContext[visitor](ctx); got != s || m.Get(r) != s || ctx.Value(aKey{}) != "value" {
		t.Errorf("FromContext returns %v, and Get %v, want the session of NewContext", got, m.Get(r))
	}
	if got := other.Get(r); got == s {
		t.Error("another manager finds the session")
	}
	m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fieldUser.Set(from(r).Session, "hubo")
	})).ServeHTTP(httptest.NewRecorder(), r)
	h, err := m.Seal(s)
	if err != nil || h.Get("Vary") != "Cookie" || h.Get("Cache-Control") != "private" || len(h["Set-Cookie"]) != 1 {
		t.Fatal(h, err)
	}
	if s := m.Open(t.Context(), []string{pair(t, h.Get("Set-Cookie"))}); fieldUser.Get(s.Session) != "hubo" {
		t.Error("the saved session does not open")
	}
	if got := fmt.Sprint(m.NewContext(context.Background(), s)); got != "context.Background.WithSession" {
		t.Error(got)
	}
	mustPanic(t, func() { other.NewContext(t.Context(), s) })
}

// Seal says only what there is to say.
func TestSealedHeader(t *testing.T) {
	m := newManager(t, runtime.Config{})
	cookie := sealed(t, m, func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
	for want, use := range map[string]func(context.Context){
		"map[]":              func(context.Context) {},
		"map[Vary:[Cookie]]": func(ctx context.Context) { runtime.FromContext[visitor](ctx) },
		"map[Cache-Control:[private] Set-Cookie:[__Host-session=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; Secure; HttpOnly; SameSite=Lax] Vary:[Cookie]]": func(ctx context.Context) {
			runtime.FromContext[visitor](ctx).Destroy()
		},
	} {
		s := m.Open(t.Context(), []string{cookie})
		use(m.NewContext(t.Context(), s))
		if h, err := m.Seal(s); err != nil || fmt.Sprint(h) != want {
			t.Errorf("Seal returns %v, %v\nwant %s", h, err, want)
		}
	}
}

// The store and events have the values of the context that Open was given.
func TestOpenHasContext(t *testing.T) {
	type key struct{}
	var of []any
	m := newManager(t, runtime.Config{OnEvent: func(ctx context.Context, _ runtime.Event) { of = append(of, ctx.Value(key{})) }})
	ctx := context.WithValue(t.Context(), key{}, "request")
	m.Open(ctx, []string{"__Host-session=garbage"}).IsNew()
	if !slices.Equal(of, []any{"request"}) {
		t.Errorf("the events have the contexts %v, want the request's", of)
	}
}

// A change after the program has saved the session itself is reported, and saving once more
// still counts.
func TestChangeAfterSaving(t *testing.T) {
	var log eventLog
	m := newManager(t, runtime.Config{OnEvent: log.record})
	save := func(s *visitor) ([]string, error) {
		w := httptest.NewRecorder()
		err := m.Save(w, httptest.NewRequest("GET", "/", nil), s)
		return setCookies(w), err
	}
	late := runtime.Event{Kind: runtime.EventTooLate, Field: "User"}
	for name, save := range map[string]func(*visitor) ([]string, error){
		"Save": save, "Seal": func(s *visitor) ([]string, error) { return setCookieLines(m.Seal(s)) },
	} {
		for _, use := range []func(*visitor){
			func(*visitor) {}, read, func(s *visitor) { fieldVisits.Set(s.Session, 1) },
		} {
			s := m.Open(t.Context(), nil)
			if use(s); s.Err() != nil {
				t.Fatal(s.Err())
			}
			if _, err := save(s); err != nil || s.Err() != nil {
				t.Fatal(err, s.Err())
			}
			fieldVisits.Get(s.Session)
			log.take()
			fieldUser.Set(s.Session, "hubo")
			if err := s.Err(); !errors.Is(err, runtime.ErrTooLate) {
				t.Errorf("%s: got Err %v, want ErrTooLate", name, err)
			}
			log.expect(t, late)
			lines, err := save(s)
			if err != nil || s.Err() != nil || len(lines) != 1 || fieldUser.Get(m.Open(t.Context(), []string{pair(t, lines[0])}).Session) != "hubo" {
				t.Errorf("%s: the second save sends %q, %v, and Err is %v", name, lines, err, s.Err())
			}
		}

		// Other errors stay.
		s := m.Open(t.Context(), nil)
		save(s)
		fieldUser.Set(s.Session, "hubo")
		fieldUser.Set(s.Session, "longer than ten bytes")
		if _, err := save(s); !errors.Is(err, runtime.ErrMax) {
			t.Errorf("%s: got error %v, want ErrMax", name, err)
		}
		// One that fails sends nothing, so that a change is not too late.
		log.take()
		s.Destroy()
		fieldUser.Set(s.Session, "hubo")
		if lines, err := save(s); err != nil || len(lines) != 1 {
			t.Errorf("%s: after Destroy, the save sends %q, %v, want a deletion", name, lines, err)
		}
		if slices.ContainsFunc(log.take(), func(e runtime.Event) bool { return e.Kind == runtime.EventTooLate }) {
			t.Errorf("%s: a failed save makes later changes too late", name)
		}
	}
}

// A change that another save includes was not too late. Any other is reported once the request has
// ended.
func TestChangeBetweenSaves(t *testing.T) {
	late := runtime.Event{Kind: runtime.EventTooLate, Field: "User"}
	visits := late
	visits.Field = "Visits"
	for _, inStore := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var log eventLog
			cfg := runtime.Config{OnEvent: log.record}
			if inStore {
				cfg.Store = runtime.NewMemoryStore(10)
			}
			m := newManager(t, cfg)
			for _, c := range []struct {
				again bool // it is saved once more
				then  bool // and changed once more
				want  []runtime.Event
			}{{false, false, []runtime.Event{late}}, {true, false, nil}, {false, true, []runtime.Event{late, visits}}, {true, true, []runtime.Event{visits}}} {
				ctx, end := context.WithCancel(t.Context())
				r := httptest.NewRequestWithContext(ctx, "GET", "/", nil)
				s := m.Get(r)
				save := func() {
					if err := m.Save(httptest.NewRecorder(), r, s); err != nil || s.Err() != nil {
						t.Errorf("Save returns %v, and Err %v, want nil", err, s.Err())
					}
				}
				save()
				fieldUser.Set(s.Session, "hubo")
				if !errors.Is(s.Err(), runtime.ErrTooLate) {
					t.Errorf("got Err %v, want ErrTooLate", s.Err())
				}
				if c.again {
					save()
				}
				if c.then {
					fieldVisits.Set(s.Session, 1)
				}
				synctest.Wait()
				if slices.ContainsFunc(log.take(), func(e runtime.Event) bool { return e.Kind == runtime.EventTooLate }) {
					t.Errorf("saving again: %v, then %v: the event comes before the request's end", c.again, c.then)
				}
				end()
				synctest.Wait()
				log.expect(t, c.want...)
			}
		})
	}
}

// The event comes at once if nothing tells when the request ends.
func TestChangeAfterSavingForEver(t *testing.T) {
	var log eventLog
	m := newManager(t, runtime.Config{OnEvent: log.record})
	r := httptest.NewRequestWithContext(context.Background(), "GET", "/", nil)
	s := m.Get(r)
	if err := m.Save(httptest.NewRecorder(), r, s); err != nil {
		t.Fatal(err)
	}
	fieldUser.Set(s.Session, "hubo")
	log.expect(t, runtime.Event{Kind: runtime.EventTooLate, Field: "User"})
}

// Save and Seal inside Handler do not have the last word.
func TestSaveWithinHandler(t *testing.T) {
	var log eventLog
	m := newManager(t, runtime.Config{OnEvent: log.record})
	w := serve(m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := m.Get(r)
		for i, save := range []func(){func() { m.Save(w, r, s) }, func() { m.Seal(s) }} {
			fieldVisits.Set(s.Session, i+1)
			save()
		}
		fieldVisits.Set(s.Session, 7)
		if s.Err() != nil {
			t.Error(s.Err())
		}
	})))
	if lines := setCookies(w); len(lines) != 1 || fieldVisits.Get(m.Open(t.Context(), []string{pair(t, lines[0])}).Session) != 7 {
		t.Errorf("the response sends %q, want the saved session", lines)
	}
	log.expect(t, runtime.Event{Kind: runtime.EventCreated})
}

// The contexts of gin and fiber, and of fasthttp, implement context.Context.
type (
	ginContext struct {
		context.Context
		Request *http.Request
	}
	baseContext  = context.Context
	fiberContext struct {
		baseContext
		ctx context.Context
	}
	fasthttpContext struct {
		context.Context
		values map[any]any
	}
	goneContext struct{ baseContext }
)

func (c *fiberContext) Context() context.Context { return c.ctx }
func (c *goneContext) Context() context.Context  { panic("released") }
func (c *fasthttpContext) VisitUserValuesAll(visit func(any, any)) {
	for k, v := range c.values {
		visit(k, v)
	}
}

// The panic of a From function tells whether the middleware is missing, or another context is to
// be passed.
func TestWrongContext(t *testing.T) {
	m := newManager(t, runtime.Config{})
	with := m.NewContext(t.Context(), m.Open(t.Context(), nil))
	without, plain := t.Context(), context.Background()
	request := func(ctx context.Context) *http.Request { return httptest.NewRequest("GET", "/", nil).WithContext(ctx) }
	const missing = "session: the request did not pass the session middleware: wrap the program's handler in Manager.Handler, outside the handler that asks for the session"
	for name, c := range map[string]struct {
		ctx  context.Context
		want string
	}{
		"plain":        {plain, missing},
		"gin":          {&ginContext{plain, request(with)}, "session: a *runtime_test.ginContext does not have the session: pass the request's context, which is its Request.Context()"},
		"gin without":  {&ginContext{plain, request(without)}, missing},
		"gin, unset":   {&ginContext{plain, nil}, missing},
		"fiber":        {&fiberContext{plain, with}, "session: a *runtime_test.fiberContext does not have the session: pass the request's context, which is its Context()"},
		"fiber, unset": {&fiberContext{plain, nil}, missing},
		"fasthttp":     {&fasthttpContext{plain, map[any]any{"x": 1, "ctx": with}}, "session: a *runtime_test.fasthttpContext does not have the session: pass the request's context, which is fiber's Context(), or UserContext() in its version 2"},
		"no values":    {&fasthttpContext{plain, nil}, missing},
		"gone":         {&goneContext{plain}, missing},
	} {
		derived, cancel := context.WithTimeout(context.WithValue(c.ctx, aKey{}, "value"), time.Hour)
		defer cancel()
		for _, ctx := range []context.Context{c.ctx, derived} {
			got := mustPanic(t, func() { runtime.FromContext[visitor](ctx) })
			if got != c.want {
				t.Errorf("%s: got %s\nwant %s", name, got, c.want)
			}
			if strings.Contains(got, "value") {
				t.Errorf("%s: the message shows a value of the context", name)
			}
		}
	}
}
