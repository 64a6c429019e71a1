package sessiondebug_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/codec"
	"github.com/sessiongen/sessiongen/runtime/sessiondebug"
)

// visitor is what generated code would declare for a schema.
type visitor struct{ runtime.Session }

// moody is a type whose JSON form fails, in one way or another.
type moody string

func (m moody) MarshalJSON() ([]byte, error) {
	if m == "panic" {
		panic("moody")
	}
	return nil, context.Canceled
}

var (
	token = runtime.Field[string]{Index: 0, Name: "Token", Key: "token", Secret: true,
		Encode: codec.EncodeString[string], Decode: codec.DecodeString[string]}
	code = runtime.Field[string]{Index: 1, Name: "Code", Key: "code", TTL: 10 * time.Minute,
		Encode: codec.EncodeString[string], Decode: codec.DecodeString[string]}
	mood = runtime.Field[moody]{Index: 2, Name: "Mood", Key: "mood",
		Encode: codec.EncodeString[moody], Decode: codec.DecodeString[moody]}
	long = runtime.Field[string]{Index: 3, Name: "Long", Key: "long",
		Encode: codec.EncodeString[string], Decode: codec.DecodeString[string]}
	pause = runtime.Field[time.Duration]{Index: 4, Name: "Pause", Key: "pause",
		Encode: codec.EncodeInt[time.Duration], Decode: codec.DecodeInt[time.Duration]}
	blob = runtime.Field[[]byte]{Index: 5, Name: "Blob", Key: "blob",
		Encode: codec.EncodeBytes[[]byte], Decode: codec.DecodeBytes[[]byte]}

	// Of another version.
	number = runtime.Field[int]{Index: 1, Name: "Code", Key: "code",
		Encode: codec.EncodeInt[int], Decode: codec.DecodeInt[int]}
)

func wrap(s runtime.Session) visitor { return visitor{s} }

// visit fills a session of one version, and returns the page as another version shows it.
func visit(t *testing.T, fill func(runtime.Session), one, other []runtime.AnyField) string {
	t.Helper()
	keys, err := runtime.ParseKeys(runtime.GenerateKey())
	if err != nil {
		t.Fatal(err)
	}
	cfg := runtime.Config{Keys: keys, Insecure: true, OnEvent: func(context.Context, runtime.Event) {}}
	before, err := runtime.NewManager(cfg, wrap, one...)
	if err != nil {
		t.Fatal(err)
	}
	after, err := runtime.NewManager(cfg, wrap, other...)
	if err != nil {
		t.Fatal(err)
	}
	s := before.Open(t.Context(), nil)
	fill(s.Session)
	header, err := before.Seal(s)
	if err != nil {
		t.Fatal(err)
	}
	r := request("GET")
	for _, line := range header["Set-Cookie"] {
		pair, _, _ := strings.Cut(line, ";")
		r.Header.Add("Cookie", pair)
	}
	w := httptest.NewRecorder()
	after.Handler(sessiondebug.Handler(sessiondebug.Options{})).ServeHTTP(w, r)
	return w.Body.String()
}

func TestValues(t *testing.T) {
	all := []runtime.AnyField{&token, &code, &mood, &long, &pause, &blob}
	for _, c := range []struct {
		name       string
		fill       func(runtime.Session)
		other      []runtime.AnyField
		want, hide string
	}{
		{"secret", func(s runtime.Session) { token.Set(s, "open sesame") }, all, "<em>redacted</em>", "sesame"},
		{"ttl", func(s runtime.Session) { code.Set(s, "1234") }, all, "ends in 10 minutes", ""},
		{"JSON that fails", func(s runtime.Session) { mood.Set(s, "glum") }, all, `<code class="value">glum</code>`, ""},
		{"JSON that panics", func(s runtime.Session) { mood.Set(s, "panic") }, all, "cannot be shown", ""},
		{"a long one", func(s runtime.Session) { long.Set(s, strings.Repeat("ä", 1050)) }, all, strings.Repeat("ä", 900), strings.Repeat("ä", 1001)},
		{"a duration", func(s runtime.Session) { pause.Set(s, 90*time.Second) }, all, `<code class="value">1m30s</code>`, ""},
		{"bytes", func(s runtime.Session) { blob.Set(s, []byte("hubo")) }, all, `<code>[]byte</code>`, "uint8"},
		{"of another type", func(s runtime.Session) { code.Set(s, "1234") }, []runtime.AnyField{&token, &number}, "does not decode", "1234"},
		{"of another version", func(s runtime.Session) { token.Set(s, "a"); mood.Set(s, "secret there") }, []runtime.AnyField{&token}, "Fields of another version", "there"},
		{"markup", func(s runtime.Session) { long.Set(s, "</code><script>alert(1)</script>") }, all, "&lt;script&gt;", "<script"},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := visit(t, c.fill, all, c.other)
			if !strings.Contains(body, c.want) || c.hide != "" && strings.Contains(body, c.hide) {
				t.Errorf("the page must show %q and not %q: %s", c.want, c.hide, body)
			}
		})
	}
}
