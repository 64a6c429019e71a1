package sessioninspect_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/tokentest"
	"github.com/sessiongen/sessiongen/runtime/sessioninspect"
)

// TestKit: what is said of the tokens of every file of testdata/tokens is what becomes of them.
func TestKit(t *testing.T) {
	entries, err := os.ReadDir(kitDir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) < 500 {
		t.Errorf("got %d files, want at least 500", len(entries))
	}
	for _, entry := range entries {
		if entry.Name() == "README.md" {
			continue
		}
		t.Run(entry.Name(), func(t *testing.T) { testFile(t, readKit(t, entry.Name())) })
	}
}

var kitDir = filepath.Join("..", "..", "testdata", "tokens")

func readKit(t *testing.T, name string) *tokentest.File {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(kitDir, name))
	if err != nil {
		t.Fatal(err)
	}
	f, err := tokentest.ParseFile(string(data))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return f
}

func testFile(t *testing.T, f *tokentest.File) {
	r, err := sessioninspect.Inspect(f.Headers, optionsOf(f))
	if err != nil {
		if f.Session != nil || f.Refused != nil && len(f.Headers) > 0 {
			t.Fatal(err)
		}
		return
	}
	if f.Flow != nil {
		testFlow(t, f, r)
		return
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range secretsOf(f) {
		if strings.Contains(string(text), secret) {
			t.Errorf("the report shows %q: %s", secret, text)
		}
	}
	refused, current := verdict(r)
	if !slices.Equal(refused, f.Refused) {
		t.Errorf("got refusals %q, want %q", refused, f.Refused)
	}
	if (current != nil) != (f.Session != nil) {
		t.Fatalf("got accepted %v, want %v", current != nil, f.Session != nil)
	}
	if current != nil {
		testSession(t, f, current)
	}
}

func optionsOf(f *tokentest.File) sessioninspect.Options {
	var keys []string
	for _, master := range f.Masters {
		keys = append(keys, base64.RawURLEncoding.EncodeToString(master))
	}
	second := func(n int64) time.Duration { return time.Duration(n) * time.Second }
	return sessioninspect.Options{
		Keys: strings.Join(keys, " "), Name: f.Cookie, MaxChunks: max(f.Chunks, 1), Now: time.Unix(f.Time, 0),
		Lifetime: second(f.Lifetime), IdleTimeout: second(f.Idle), AbsoluteTimeout: second(f.Absolute), Sliding: f.Sliding,
	}
}

// verdict returns the refusals that a program reports, and the session that it takes.
func verdict(r *sessioninspect.Report) (refused []string, current *sessioninspect.Cookie) {
	accepted := false
	for i, c := range r.Cookies {
		if c.Kind == "companion" {
			continue
		}
		if accepted = accepted || c.Refused == ""; !accepted && len(refused) < 8 {
			refused = append(refused, c.Refused)
		}
		if c.Current {
			current = &r.Cookies[i]
		}
	}
	return refused, current
}

// secretsOf returns the keys, in two forms, the tokens, and the values that are long enough to be none by accident.
func secretsOf(f *tokentest.File) (secrets []string) {
	for _, master := range f.Masters {
		secrets = append(secrets, base64.RawURLEncoding.EncodeToString(master), hex.EncodeToString(master))
	}
	for _, header := range f.Headers {
		for pair := range strings.SplitSeq(header, ";") {
			if _, value, _ := strings.Cut(pair, "="); len(value) > 40 {
				secrets = append(secrets, value)
			}
		}
	}
	if f.Session != nil {
		for _, field := range f.Fields {
			if len(field.Value) > 4 {
				secrets = append(secrets, string(field.Value[1:]), base64.StdEncoding.EncodeToString(field.Value[1:]))
			}
		}
	}
	return secrets
}

func testSession(t *testing.T, f *tokentest.File, c *sessioninspect.Cookie) {
	if c.Kind != "session" || c.ID != base64.RawURLEncoding.EncodeToString(f.ID[:]) {
		t.Errorf("got %s %s, want the session and its id", c.Kind, c.ID)
	}
	var authenticated int64
	if c.Authenticated != nil {
		authenticated = c.Authenticated.Unix()
	}
	got := [...]int64{c.Created.Unix(), c.Saved.Unix(), c.Expires.Unix(), authenticated, int64(c.Flags)}
	want := [...]int64{f.Created, f.Seen, f.Expires, f.Authenticated, int64(f.Flags)}
	if got != want {
		t.Errorf("got created, saved, expires, authenticated, flags %v, want %v", got, want)
	}
	if c.Permanent != (f.Flags&tokentest.Permanent != 0) {
		t.Errorf("got permanent %v, want %v", c.Permanent, !c.Permanent)
	}
	if f.Used != f.Seen && (c.LastUsed == nil || c.LastUsed.Unix() != f.Used) {
		t.Errorf("got last used %v, want %d", c.LastUsed, f.Used)
	}
	if c.Key == nil || c.Key.Of != len(f.Masters) || c.Key.Number == 0 || (c.Key.Number > 1 || c.WrongTimes) != f.Reseal {
		t.Errorf("got key %+v", c.Key)
	}
	if f.Was == nil {
		testFields(t, f, c.Fields)
	}
}

// testFields: those that have not ended are there, and none shows its value.
func testFields(t *testing.T, f *tokentest.File, fields []sessioninspect.Field) {
	var got, want []string
	for _, field := range fields {
		if field.Value != nil || field.Redacted == "" || field.Type == "" {
			t.Errorf("got field %+v, want it redacted", field)
		}
		if field.Expires == nil || field.Expires.Unix() > f.Time {
			got = append(got, field.Key)
		}
	}
	for _, field := range f.Fields {
		want = append(want, field.Key)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got fields %q, want %q", got, want)
	}
}

// testFlow: what is said of a flow's token is why a program refuses it, unless it is not the one that is looked for.
func testFlow(t *testing.T, f *tokentest.File, r *sessioninspect.Report) {
	c := r.Cookies[0]
	if f.Value != nil {
		c = r.Cookies[len(r.Cookies)-1] // what comes before it is refused
	} else if i := slices.IndexFunc(r.Cookies, func(c sessioninspect.Cookie) bool { return c.Refused != "" }); f.Flow.Path != "" && i >= 0 {
		c = r.Cookies[i] // of two
	}
	if c.Kind != "flow" {
		t.Fatalf("got cookie %+v, want a flow", c)
	}
	want := ""
	if f.Refused != nil && !slices.Contains([]string{tokentest.OtherFlow, tokentest.OtherField, tokentest.NoFlow}, f.Refused[0]) {
		want = f.Refused[0]
	}
	if badState := len(f.Flow.State) != 22 || strings.Contains(f.Flow.State, "="); badState {
		want = ""
	}
	if c.Refused != want {
		t.Errorf("got refusal %q, want %q", c.Refused, want)
	}
}
