package runtime_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

func TestParseKeys(t *testing.T) {
	// Bytes whose base64 differs between the alphabets.
	raw := bytes.Repeat([]byte{0xfb, 0xef, 0xff, 0x3e}, 8)
	for name, text := range map[string]string{
		"url":                  base64.RawURLEncoding.EncodeToString(raw),
		"url, padded":          base64.URLEncoding.EncodeToString(raw),
		"standard":             base64.RawStdEncoding.EncodeToString(raw),
		"standard, padded":     base64.StdEncoding.EncodeToString(raw),
		"a line of a file":     base64.StdEncoding.EncodeToString(raw) + "\r\n",
		"in the midst of many": keyA + " \t" + base64.URLEncoding.EncodeToString(raw) + ",\n," + keyB + ",",
	} {
		keys := parseKeys(t, text)
		own := newManager(t, runtime.Config{Keys: parseKeys(t, base64.RawURLEncoding.EncodeToString(raw))})
		cookie := sealed(t, own, func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
		if got := fieldUser.Get(newManager(t, runtime.Config{Keys: keys}).Open(t.Context(), []string{cookie}).Session); got != "hubo" {
			t.Errorf("%s: %s does not open what the same key sealed", name, text)
		}
	}
}

func TestParseKeysErrors(t *testing.T) {
	short := base64.RawURLEncoding.EncodeToString([]byte("short secret key"))
	long := base64.RawURLEncoding.EncodeToString([]byte("a secret key that is longer than 32"))
	repeated := base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte("r"), 32))
	for _, c := range []struct{ name, text, want string }{
		{"none", " \t\n,, ", "session: no keys in the text given: sessiongen key prints one"},
		{"short", short, "session: key 1 of 1 has 16 bytes, not 32: sessiongen key prints a good one"},
		{"long", long, "session: key 1 of 1 has 35 bytes, not 32: sessiongen key prints a good one"},
		{"nothing but padding", "====", "session: key 1 of 1 has 0 bytes, not 32: sessiongen key prints a good one"},
		{"repeated byte", repeated, "session: key 1 of 1 repeats one byte: sessiongen key prints a random one"},
		{"zeros", strings.Repeat("A", 43), "session: key 1 of 1 repeats one byte: sessiongen key prints a random one"},
		{"duplicate", keyA + "," + keyB + "," + keyA + "=", "session: key 3 of 3 is the same as key 1"},
		{"duplicate in two alphabets", strings.Repeat("-_", 21) + "8 " + strings.Repeat("+/", 21) + "8",
			"session: key 2 of 2 is the same as key 1"},
		{"not base64", "correct horse", "session: key 1 of 2 is not base64: sessiongen key prints a good one\n" +
			"session: key 2 of 2 has 3 bytes, not 32: sessiongen key prints a good one"},
		{"one bad character", "!" + keyA[1:], "session: key 1 of 1 is not base64: sessiongen key prints a good one"},
		{"trailing bits", keyA[:42] + "9", "session: key 1 of 1 is not base64: sessiongen key prints a good one"},
		{"hex", strings.Repeat("0123456789abcdef", 4), "session: key 1 of 1 has 48 bytes, not 32: sessiongen key prints a good one"},
		{"padding inside", keyA[:20] + "=" + keyA[20:], "session: key 1 of 1 is not base64: sessiongen key prints a good one"},
	} {
		keys, err := runtime.ParseKeys(c.text)
		if keys != (runtime.Keys{}) || err == nil {
			t.Errorf("%s: the text is accepted", c.name)
			continue
		}
		if c.name == "not base64" { // "horse" has 5 characters, which no base64 text has
			if want := "session: key 1 of 2 is not base64"; !strings.HasPrefix(err.Error(), want) && !strings.HasPrefix(err.Error(), "session: key 1 of 2 has") {
				t.Errorf("%s: got error %v", c.name, err)
			}
		} else if err.Error() != c.want {
			t.Errorf("%s: got error %v\nwant %s", c.name, err, c.want)
		}
		for word := range strings.FieldsFuncSeq(c.text, func(r rune) bool { return r == ',' || r == ' ' }) {
			for i := 0; i+6 <= len(word); i++ {
				if strings.Trim(word, "=") != "" && strings.Contains(err.Error(), word[i:i+6]) {
					t.Errorf("%s: the error shows %q, a part of the key", c.name, word[i:i+6])
				}
			}
		}
	}
	if _, err := runtime.ParseKeys(""); !errors.Is(err, runtime.ErrNoKeys) {
		t.Errorf("an empty text: got error %v, want ErrNoKeys", err)
	}
}

func TestTooManyKeys(t *testing.T) {
	var words []string
	for range 65 {
		words = append(words, runtime.GenerateKey())
	}
	_, err := runtime.NewManager(runtime.Config{Keys: parseKeys(t, strings.Join(words, " "))}, wrap, fields...)
	if err == nil || err.Error() != "session: 65 keys, want at most 64" {
		t.Error(err)
	}
	newManager(t, runtime.Config{Keys: parseKeys(t, strings.Join(words[:64], " "))})
}

func TestGenerateKey(t *testing.T) {
	seen := make(map[string]bool)
	for range 100 {
		text := runtime.GenerateKey()
		if raw, err := base64.RawURLEncoding.DecodeString(text); len(text) != 43 || len(raw) != 32 || err != nil {
			t.Fatalf("GenerateKey returns %d characters, %d bytes, %v, want 43 and 32", len(text), len(raw), err)
		}
		if seen[text] {
			t.Fatal("GenerateKey returns the same key twice")
		}
		seen[text] = true
		parseKeys(t, text)
	}
}

func TestEphemeralKeys(t *testing.T) {
	log := captureLog(t)
	one := newManager(t, runtime.Config{Keys: runtime.EphemeralKeys()})
	two := newManager(t, runtime.Config{Keys: runtime.EphemeralKeys()})
	if got := strings.Count(log.String(), `"level":"WARN"`); got != 2 {
		t.Errorf("got %d warnings, want 2:\n%s", got, log)
	}
	if !strings.Contains(log.String(), "sessions end with this process") {
		t.Errorf("the log does not say what an ephemeral key means:\n%s", log)
	}
	cookie := sealed(t, one, func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
	if s := two.Open(t.Context(), []string{cookie}); fieldUser.Has(s.Session) {
		t.Error("two calls of EphemeralKeys return the same key")
	}
	if s := one.Open(t.Context(), []string{cookie}); !fieldUser.Has(s.Session) {
		t.Error("an ephemeral key does not open what it sealed")
	}
}

// Keys must not be seen by whoever prints them, or something that holds them.
func TestKeysPrintRedacted(t *testing.T) {
	type app struct {
		cfg     runtime.Config
		keys    runtime.Keys
		pointer *runtime.Keys
		Any     any
	}
	text := keyA + " " + keyB
	keys := parseKeys(t, text)
	log := captureLog(t)
	slog.Info("x", "keys", keys, "pointer", &keys, "config", runtime.Config{Keys: keys},
		"app", app{runtime.Config{Keys: keys}, keys, &keys, keys})
	if !strings.Contains(log.String(), "Keys(2, REDACTED)") {
		t.Errorf("slog prints %s", log)
	}
	all := log.String()
	for _, v := range []any{keys, &keys, runtime.Config{Keys: keys}, &runtime.Config{Keys: keys},
		app{runtime.Config{Keys: keys}, keys, &keys, keys}, &app{runtime.Config{Keys: keys}, keys, &keys, keys},
		[]runtime.Keys{keys}, map[string]runtime.Keys{"k": keys}, newManager(t, runtime.Config{Keys: keys})} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%b", "%c", "%p", "%T", "%10.3v"} {
			all += fmt.Sprintf(verb, v) + "\n"
		}
	}
	if got := fmt.Sprintf("%v %+v %#v %s %q %x", keys, keys, keys, keys, keys, keys); strings.Count(got, "Keys(2, REDACTED)") != 6 {
		t.Errorf("fmt prints %s", got)
	}
	if got := fmt.Sprint(runtime.Keys{}); got != "Keys(0, REDACTED)" {
		t.Errorf("empty Keys print as %s", got)
	}
	for word := range strings.FieldsSeq(text) {
		noKey(t, all, word)
	}
}
