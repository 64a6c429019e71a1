package runtime_test

import (
	"bytes"
	"encoding/base64"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/codec"
	"github.com/sessiongen/sessiongen/runtime/internal/tokentest"
)

// The kit: files of one token each, with what becomes of it. They are frozen, so that a
// build that reads one otherwise is known to misread the sessions in browsers, and
// other implementations can be held to them. README.md beside them has the formats.

var update = flag.Bool("update", false, "write the files of testdata/tokens anew")

var kitDir = filepath.Join("..", "testdata", "tokens")

// TestKitFiles: the directory holds what makeKit makes, and nothing else.
func TestKitFiles(t *testing.T) {
	kit := makeKit(t)
	if len(kit.names) < 150 {
		t.Errorf("got %d files, want at least 150", len(kit.names))
	}
	if *update {
		for _, name := range kitNames(t) {
			if err := os.Remove(filepath.Join(kitDir, name)); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range kit.names {
			if err := os.WriteFile(filepath.Join(kitDir, name), []byte(kit.files[name].String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got, want := kitNames(t), slices.Sorted(slices.Values(kit.names)); !slices.Equal(got, want) {
		t.Fatalf("the directory has\n%q, want\n%q", got, want)
	}
	inputs := make(map[string]string)
	for _, name := range kit.names {
		f := readKit(t, name)
		if f.String() != kit.files[name].String() {
			t.Errorf("the file %s differs from the test's", name)
		}
		f.Comment = ""
		if other, ok := inputs[f.String()]; ok {
			t.Errorf("the files %s and %s are equal", other, name)
		}
		inputs[f.String()] = name
	}
}

// kitNames returns the names of the kit's files.
func kitNames(t testing.TB) (names []string) {
	entries, err := os.ReadDir(kitDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.Name() != "README.md" {
			names = append(names, entry.Name())
		}
	}
	return names
}

func readKit(t testing.TB, name string) *tokentest.File {
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

// TestKitReference: the second implementation agrees with every file.
func TestKitReference(t *testing.T) {
	for _, name := range kitNames(t) {
		f := readKit(t, name)
		if got := f.Settings.Open(f.Headers); got.String() != f.Outcome.String() {
			t.Errorf("%s (%s): the reference says\n%swant\n%s", name, f.Comment, &got, &f.Outcome)
		}
	}
}

// TestKit: the runtime agrees with every file, whether it knows the fields or not.
func TestKit(t *testing.T) {
	names := kitNames(t)
	if len(names) < 150 {
		t.Errorf("got %d files, want at least 150", len(names))
	}
	for _, name := range names {
		f := readKit(t, name)
		if f.Flow != nil || isReserved(t, f) {
			continue
		}
		all := []string{"user", "visits", "roles", "code", "value"}
		if f.Session != nil {
			for _, field := range f.Fields {
				if !slices.Contains(all, field.Key) {
					all = append(all, field.Key)
				}
			}
		}
		all = slices.DeleteFunc(all, func(key string) bool { return slices.Contains(f.Was, key) })
		reversed := slices.Clone(all)
		slices.Reverse(reversed)
		for schema, keys := range map[string][]string{"no field": nil, "all fields": all, "all fields in reverse": reversed} {
			if got := openKit(t, f, keys); got.String() != f.Outcome.String() {
				t.Errorf("%s (%s), of a schema with %s: got\n%swant\n%s", name, f.Comment, schema, &got, &f.Outcome)
			}
		}
	}
}

// TestKitHandler: a handler has the session that a file says.
func TestKitHandler(t *testing.T) {
	for _, name := range kitNames(t) {
		f := readKit(t, name)
		if f.Flow != nil || isReserved(t, f) {
			continue
		}
		var log eventLog
		m := newManagerOf(t, kitConfig(t, f, &log))
		w := serve(m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s := from(r)
			if s.IsNew() != (f.Session == nil) {
				t.Errorf("%s: got new %v, want %v", name, s.IsNew(), f.Session == nil)
			}
			if f.Session != nil && s.ID() != base64.RawURLEncoding.EncodeToString(f.ID[:]) {
				t.Errorf("%s: got another id", name)
			}
			w.Write([]byte("hello"))
		})), f.Headers...)
		if w.Code != http.StatusOK || w.Body.String() != "hello" {
			t.Errorf("%s: got status %d, body %q, want 200, hello", name, w.Code, w.Body)
		}
		if got := refusals(log.take()); !slices.Equal(got, f.Refused) {
			t.Errorf("%s: got refusals %q, want %q", name, got, f.Refused)
		}
		if f.Session == nil && len(setCookies(w)) > 0 {
			t.Errorf("%s: got cookies %q, want none", name, setCookies(w))
		}
	}
}

// isReserved reports whether a file is about a cookie whose name the runtime keeps for the other
// cookies of a session, and refuses. Such a token is one all the same.
func isReserved(t testing.TB, f *tokentest.File) bool {
	if !strings.HasSuffix(f.Cookie, "-seen") {
		return false
	}
	var log eventLog
	if _, err := runtime.NewManager(kitConfig(t, f, &log), wrap, fields...); err == nil {
		t.Errorf("a manager accepts the name %s", f.Cookie)
	}
	return true
}

func kitConfig(t testing.TB, f *tokentest.File, log *eventLog) runtime.Config {
	var keys []string
	for _, master := range f.Masters {
		keys = append(keys, base64.RawURLEncoding.EncodeToString(master))
	}
	return runtime.Config{
		Keys:            parseKeys(t, strings.Join(keys, ",")),
		Name:            f.Cookie,
		Lifetime:        time.Duration(f.Lifetime) * time.Second,
		IdleTimeout:     time.Duration(f.Idle) * time.Second,
		AbsoluteTimeout: time.Duration(f.Absolute) * time.Second,
		Sliding:         f.Sliding,
		MaxChunks:       f.Chunks,
		Time:            func() time.Time { return time.Unix(f.Time, 0) },
		OnEvent:         log.record,
	}
}

func refusals(events []runtime.Event) (reasons []string) {
	for _, e := range events {
		if e.Kind == runtime.EventRefused {
			reasons = append(reasons, e.Reason)
		}
	}
	return reasons
}

// openKit opens the cookies of a file with a manager whose schema has these keys, and
// says what became of them. What the runtime does not tell is taken from what it
// saves after a change.
func openKit(t testing.TB, f *tokentest.File, keys []string) (out tokentest.Outcome) {
	var log eventLog
	m := newManagerOf(t, kitConfig(t, f, &log), opaqueFields(keys, f.Was)...)
	s := m.Open(t.Context(), f.Headers)
	isNew := s.IsNew()
	out.Refused = refusals(log.take())
	if isNew {
		if lines, err := setCookieLines(m.Seal(s)); len(lines) > 0 || err != nil || s.Size() > 0 {
			t.Errorf("%s: an empty session is saved as %q, %v", f.Comment, lines, err)
		}
		return out
	}
	id, err := base64.RawURLEncoding.DecodeString(s.ID())
	if err != nil || len(id) != 16 {
		t.Fatalf("the id %s does not have 16 bytes", s.ID())
	}
	got := &tokentest.Session{ID: [16]byte(id), Created: s.CreatedAt().Unix(), Expires: s.ExpiresAt().Unix()}
	out.Session = got
	if at := s.AuthenticatedAt(); !at.IsZero() {
		got.Authenticated = at.Unix()
	}
	if _, err := m.Seal(s); err != nil {
		t.Errorf("%s: Seal returns %v", f.Comment, err)
	}
	got.Reseal = slices.Contains(log.take(), runtime.Event{Kind: runtime.EventResealed})

	permanent := s.Permanent()
	s.SetPermanent(!permanent)
	lines, err := setCookieLines(m.Seal(s))
	if err != nil {
		t.Errorf("%s: the saved token does not parse: %v", f.Comment, err)
		return out
	}
	if f.Session == nil {
		return out // it should not have been accepted
	}
	// These only show in when the session expires.
	got.Seen, got.Used = f.Seen, f.Used
	if len(f.Fields) == 0 {
		if len(lines) == 0 || !strings.HasPrefix(lines[0], f.Cookie+"=;") {
			t.Errorf("%s: got cookies %q, want a deletion", f.Comment, lines)
		}
		got.Flags, got.Later = f.Flags, f.Later
		return out
	}
	settings := f.Settings
	settings.Expired = true // or what should have been dropped would be dropped now
	saved := settings.Open([]string{jarOf(lines)})
	if saved.Session == nil || saved.ID != got.ID || saved.Created != got.Created || saved.Authenticated != got.Authenticated ||
		saved.Seen != max(f.Time, f.Created) {
		t.Errorf("%s: the session is saved as\n%s", f.Comment, &saved)
		return out
	}
	got.Flags, got.Later, got.Fields = saved.Flags^tokentest.Permanent, saved.Later, saved.Fields
	if (got.Flags&tokentest.Permanent != 0) != permanent {
		t.Errorf("%s: the cookie is permanent: %v, and the saved session says the opposite", f.Comment, permanent)
	}
	return out
}

// opaqueFields returns fields with these keys, whose values are never decoded, and one that
// has older keys.
func opaqueFields(keys, was []string) (fields []runtime.AnyField) {
	add := func(key string, was ...string) {
		fields = append(fields, &runtime.Field[[]byte]{Index: len(fields), Name: "F", Key: key, Was: was,
			Encode: codec.EncodeBytes[[]byte], Decode: codec.DecodeBytes[[]byte]})
	}
	for _, key := range keys {
		add(key)
	}
	if was != nil {
		add(was[0], was[1:]...)
	}
	return fields
}

// jar returns the Cookie header field of a browser that was sent these Set-Cookie
// lines.
func jarOf(lines []string) string {
	var b bytes.Buffer
	for _, line := range lines {
		pair, _, _ := strings.Cut(line, ";")
		if !strings.HasSuffix(pair, "=") {
			b.WriteString(pair + "; ")
		}
	}
	return b.String()
}
