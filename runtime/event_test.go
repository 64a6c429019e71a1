package runtime_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sessiongen/sessiongen/runtime"
)

// tellEvents returns the events of a request of a handler.
func tellEvents(t *testing.T, r *http.Request, use func(http.ResponseWriter, *http.Request)) (events []runtime.Event) {
	m := newManager(t, runtime.Config{OnEvent: func(_ context.Context, e runtime.Event) { events = append(events, e) }})
	m.Handler(http.HandlerFunc(use)).ServeHTTP(httptest.NewRecorder(), r)
	return events
}

func TestEventsTellOfTheRequest(t *testing.T) {
	r := httptest.NewRequest("POST", "/cart/add?secret=q", nil)
	r.Header.Set("Cookie", "__Host-session=garbage")
	got := tellEvents(t, r, func(w http.ResponseWriter, r *http.Request) {
		r.Method, r.URL.Path, r.RequestURI = "X", "/elsewhere", "/elsewhere" // a handler's own affair
		fieldUser.Set(from(r).Session, "hubo")
		w.WriteHeader(200)
		fieldToken.Set(from(r).Session, "late")
	})
	want := []runtime.Event{
		{Kind: runtime.EventRefused, Reason: runtime.RefusedMalformed},
		{Kind: runtime.EventCreated},
		{Kind: runtime.EventTooLate, Field: "Token"},
	}
	if len(got) != len(want) {
		t.Fatalf("got %d events: %+v", len(got), got)
	}
	for i, e := range want {
		if e.Method, e.Path = "POST", "/cart/add"; got[i] != e {
			t.Errorf("got event %+v, want %+v", got[i], e)
		}
	}
}

// Manager.Get knows the request without Handler, and Open does not.
func TestEventsWithoutHandler(t *testing.T) {
	var last runtime.Event
	m := newManager(t, runtime.Config{OnEvent: func(_ context.Context, e runtime.Event) { last = e }})
	r := httptest.NewRequest("GET", "/x", nil)
	r.Header.Set("Cookie", "__Host-session=garbage")
	m.Get(r).IsNew()
	if want := (runtime.Event{Kind: runtime.EventRefused, Reason: runtime.RefusedMalformed, Method: "GET", Path: "/x"}); last != want {
		t.Errorf("got event %+v, want %+v", last, want)
	}
	m.Open(t.Context(), r.Header["Cookie"]).IsNew()
	if want := (runtime.Event{Kind: runtime.EventRefused, Reason: runtime.RefusedMalformed}); last != want {
		t.Errorf("got event %+v, want %+v", last, want)
	}
}

func TestEventPaths(t *testing.T) {
	long := "/" + strings.Repeat("x", 300)
	for _, c := range []struct {
		uri, path string
		want      string
	}{
		{"/", "/", "/"},
		{"/a/b?c=d", "/a/b", "/a/b"},
		{"/?a=/b", "/", "/"},
		{"/a%2Fb%20c", "/a/b c", "/a%2Fb%20c"},
		{"//a//b", "/", "//a//b"},
		{"/a://b/c", "/", "/a://b/c"},
		{"http://user:pass@example.com/a?b=c", "/a", "/a"},
		{"https://example.com", "", ""},
		{"https://example.com?q=/a", "", ""},
		{"*", "*", "*"},
		{"example.com:443", "", "example.com:443"},
		{"", "/a b", "/a%20b"}, // a request of a test
		{long, long, long[:256]},
		{"/" + strings.Repeat("é", 200), "/", "/" + strings.Repeat("é", 127) + "?"},
		{"/\xff\xfe", "/", "/?"},
	} {
		r := &http.Request{Method: "GET", RequestURI: c.uri, URL: &url.URL{Path: c.path}, Header: http.Header{"Cookie": {"__Host-session=x"}}}
		events := tellEvents(t, r, func(w http.ResponseWriter, r *http.Request) { fieldUser.Get(from(r).Session) })
		if len(events) != 1 || events[0].Path != c.want || !utf8.ValidString(events[0].Path) {
			t.Errorf("%q: got events %+v, want the path %q", c.uri, events, c.want)
		}
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Method = strings.Repeat("M", 100)
	r.Header.Set("Cookie", "__Host-session=x")
	if events := tellEvents(t, r, func(w http.ResponseWriter, r *http.Request) { from(r).IsNew() }); events[0].Method != r.Method[:32] {
		t.Errorf("got method %q, want its first 32 bytes", events[0].Method)
	}
}

// The event of a failed save names the field.
func TestEventOfFailedSave(t *testing.T) {
	for _, store := range []runtime.Store{nil, runtime.NewMemoryStore(10)} {
		var events []runtime.Event
		m := newManager(t, runtime.Config{Store: store, OnEvent: func(_ context.Context, e runtime.Event) { events = append(events, e) }})
		for _, c := range []struct {
			use  func(*visitor)
			want runtime.Event
		}{
			{func(s *visitor) { fieldUser.Set(s.Session, "longer than ten") },
				runtime.Event{Kind: runtime.EventSaveFailed, Reason: "value above the field's max", Field: "User"}},
			{func(s *visitor) { fieldRoles.Set(s.Session, make([]string, 4)) },
				runtime.Event{Kind: runtime.EventSaveFailed, Reason: "value above the field's max", Field: "Roles"}},
			{func(s *visitor) { fieldUser.Set(s.Session, "hubo"); fieldBlob.Set(s.Session, make([]byte, 2<<20)) },
				runtime.Event{Kind: runtime.EventSaveFailed, Reason: "too large for a cookie", Field: "Blob", Largest: "Blob (2097162 bytes), User (10 bytes)"}},
		} {
			events = nil
			s := m.Open(t.Context(), nil)
			c.use(s)
			if lines, err := setCookieLines(m.Seal(s)); lines != nil || err == nil {
				t.Errorf("Seal returns %q, %v, want an error", lines, err)
			}
			if len(events) == 0 || events[len(events)-1] != c.want {
				t.Errorf("got events %+v, want %+v last", events, c.want)
			}
		}
	}
}
