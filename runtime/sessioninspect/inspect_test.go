package sessioninspect_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/codec"
	"github.com/sessiongen/sessiongen/runtime/sessioninspect"
)

var testKey = base64.RawURLEncoding.EncodeToString([]byte("a key of thirty-two bytes, of it"))

type session struct{ runtime.Session }

var password = &runtime.Field[string]{Name: "Password", Key: "password", Encode: codec.EncodeString[string], Decode: codec.DecodeString[string]}

// seal returns the lines of Set-Cookie header fields for a session with a password.
func seal(t *testing.T, cfg runtime.Config, value string) []string {
	t.Helper()
	var err error
	if cfg.Keys, err = runtime.ParseKeys(testKey); err != nil {
		t.Fatal(err)
	}
	m, err := runtime.NewManager(cfg, func(s runtime.Session) session { return session{s} }, password)
	if err != nil {
		t.Fatal(err)
	}
	s := m.Open(t.Context(), nil)
	password.Set(s.Session, value)
	header, err := m.Seal(s)
	if err != nil {
		t.Fatal(err)
	}
	return header.Values("Set-Cookie")
}

func inspect(t *testing.T, o sessioninspect.Options, lines ...string) *sessioninspect.Report {
	t.Helper()
	o.Keys = testKey
	r, err := sessioninspect.Inspect(lines, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func valueIn(line string) string {
	pair, _, _ := strings.Cut(line, ";")
	_, value, _ := strings.Cut(pair, "=")
	return value
}

// TestStoreID: with a store, the cookie says no more than the id.
func TestStoreID(t *testing.T) {
	lines := seal(t, runtime.Config{Store: runtime.NewMemoryStore(10)}, "hunter2hunter2")
	c := inspect(t, sessioninspect.Options{}, lines...).Cookies[0]
	if c.Kind != "store id" || len(c.ID) != 22 || c.Refused != "" || c.Created != nil || c.Key == nil || c.Key.Number != 1 {
		t.Errorf("got cookie %+v", c)
	}
}

// TestForms: whatever form the input has, the session is found under the name that it has.
func TestForms(t *testing.T) {
	line := seal(t, runtime.Config{}, "hunter2hunter2")[0]
	other := seal(t, runtime.Config{Name: "shop"}, "hunter2hunter2")[0]
	pair, _, _ := strings.Cut(other, ";")
	for name, c := range map[string]struct {
		lines []string
		name  string
		want  string
	}{
		"Set-Cookie":               {[]string{"set-cookie: " + line + "\r"}, "", "__Host-session"},
		"value of Set-Cookie":      {[]string{"", line, ""}, "", "__Host-session"},
		"token":                    {[]string{valueIn(line)}, "", "__Host-session"},
		"another name":             {[]string{other}, "", "shop"},
		"another name, of many":    {[]string{"Cookie: a=b; " + pair + "; c=d"}, "", "shop"},
		"token of another name":    {[]string{valueIn(other)}, "shop", "shop"},
		"a name, and others":       {[]string{"Cookie: " + pair + "; " + line}, "shop", "shop"},
		"no name, and two of ours": {[]string{"Cookie: " + pair + "; " + line}, "", "__Host-session"},
	} {
		r := inspect(t, sessioninspect.Options{Name: c.name}, c.lines...)
		if got := r.Cookies[0]; got.Name != c.want || !got.Current || got.ID == "" || len(got.Fields) != 1 {
			t.Errorf("%s: got cookie %+v", name, got)
		}
	}
}

// TestCompanion: the last use is shown with the session, and by itself.
func TestCompanion(t *testing.T) {
	f := readKit(t, "seen-idle-before")
	o := optionsOf(f)
	r, err := sessioninspect.Inspect(f.Headers, o)
	if err != nil {
		t.Fatal(err)
	}
	companion := r.Cookies[len(r.Cookies)-1]
	if companion.Kind != "companion" || companion.LastUsed.Unix() != f.Used || companion.ID != r.Cookies[0].ID {
		t.Errorf("got companion %+v", companion)
	}
	for pair := range strings.SplitSeq(f.Headers[0], "; ") {
		if name, token, _ := strings.Cut(pair, "="); strings.HasSuffix(name, "-seen") {
			r, err := sessioninspect.Inspect([]string{token}, o)
			if err != nil || !r.Opens() || r.Cookies[0].Kind != "companion" {
				t.Errorf("for a companion's token alone: got %+v, %v", r, err)
			}
		}
	}
}

// TestRedaction: a value is in the report if it is asked for and the schema, if there is one, has it and
// does not call it secret.
func TestRedaction(t *testing.T) {
	const value = "hunter2hunter2"
	line := seal(t, runtime.Config{}, value)[0]
	of := func(key string, secret bool, was ...string) []sessioninspect.SchemaField {
		return []sessioninspect.SchemaField{{Name: "Password", Key: key, Secret: secret, Was: was}}
	}
	for name, c := range map[string]struct {
		o     sessioninspect.Options
		shown bool
	}{
		"not asked for":       {sessioninspect.Options{}, false},
		"no schema":           {sessioninspect.Options{Values: true}, true},
		"in the schema":       {sessioninspect.Options{Values: true, Schema: of("password", false)}, true},
		"not asked, a schema": {sessioninspect.Options{Schema: of("password", false)}, false},
		"secret":              {sessioninspect.Options{Values: true, Schema: of("password", true)}, false},
		"secret, older key":   {sessioninspect.Options{Values: true, Schema: of("pw", true, "password")}, false},
		"older key":           {sessioninspect.Options{Values: true, Schema: of("pw", false, "password")}, true},
		"not in the schema":   {sessioninspect.Options{Values: true, Schema: of("pw", false)}, false},
		"secret in one of two": {sessioninspect.Options{Values: true,
			Schema: append(of("password", true), of("password", false)...)}, false},
	} {
		text, err := json.Marshal(inspect(t, c.o, line))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(text), value); got != c.shown {
			t.Errorf("%s: the value is shown: got %v, want %v: %s", name, got, c.shown, text)
		}
		if strings.Contains(string(text), testKey) || strings.Contains(string(text), valueIn(line)) {
			t.Errorf("%s: the report shows the key or the token: %s", name, text)
		}
	}
}

// TestNothing: without a session's cookie, or a key, there is an error that shows nothing of the input.
func TestNothing(t *testing.T) {
	line := seal(t, runtime.Config{}, "hunter2hunter2")[0]
	for name, c := range map[string]struct{ keys, line string }{
		"empty":          {testKey, ""},
		"words":          {testKey, "secret-word and others"},
		"no value":       {testKey, "__Host-session="},
		"no key":         {"", line},
		"not a key":      {"secret-word", line},
		"key of a token": {valueIn(line), line},
	} {
		_, err := sessioninspect.Inspect([]string{c.line}, sessioninspect.Options{Keys: c.keys})
		if err == nil || strings.Contains(err.Error(), "secret-word") || strings.Contains(err.Error(), valueIn(line)) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
	padded := inspect(t, sessioninspect.Options{}, valueIn(line)+"==")
	if text, _ := json.Marshal(padded); padded.Opens() || strings.Contains(string(text), valueIn(line)) {
		t.Errorf("a padded token: got report %s", text)
	}
}
