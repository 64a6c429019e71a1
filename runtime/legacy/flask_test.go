package legacy_test

import (
	"bytes"
	"compress/zlib"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/legacy"
)

// flaskCookie signs JSON as Flask does. integration/legacy has tests with the real one.
func flaskCookie(key string, at time.Time, text string, compress bool) string {
	payload := []byte(text)
	prefix := ""
	if compress {
		var b bytes.Buffer
		z := zlib.NewWriter(&b)
		z.Write(payload)
		z.Close()
		payload, prefix = b.Bytes(), "."
	}
	var date [8]byte
	binary.BigEndian.PutUint64(date[:], uint64(at.Unix()))
	enc := base64.RawURLEncoding
	signed := prefix + enc.EncodeToString(payload) + "." + enc.EncodeToString(bytes.TrimLeft(date[:], "\x00"))
	derived := hmac.New(sha1.New, []byte(key))
	derived.Write([]byte("cookie-session"))
	mac := hmac.New(sha1.New, derived.Sum(nil))
	mac.Write([]byte(signed))
	return signed + "." + enc.EncodeToString(mac.Sum(nil))
}

const flaskText = `{"_permanent":true,"username":"hubo","account":42,"visits":3.0,"theme":{" m":"dark"},"_flash":{" t":["a","b"]}}`

func TestFlask(t *testing.T) {
	for name, value := range map[string]string{
		"plain":      flaskCookie("new", start.Add(-time.Hour), flaskText, false),
		"compressed": flaskCookie("new", start.Add(-time.Hour), flaskText, true),
		"older key":  flaskCookie("older", start.Add(-30*24*time.Hour), flaskText, true),
	} {
		everyHome(t, func(t *testing.T, cfg runtime.Config) {
			s := newSite(t, withLegacy(cfg, legacy.Flask{Keys: [][]byte{[]byte("new"), []byte("older")}, Until: until}))
			b := with("session", value)
			old := b.clone()
			s.visit(b, func(v *visitor) {
				if fieldUser.Get(v.Session) != "hubo" || fieldAccount.Get(v.Session) != 42 || fieldVisits.Get(v.Session) != 3 ||
					fieldTheme.Get(v.Session) != "dark" || strings.Join(fieldNotes.Get(v.Session), " ") != "a b" || !v.Permanent() {
					t.Errorf("%s: got session %v", name, v)
				}
			})
			s.visit(b, func(v *visitor) { v.Destroy() })
			if cfg.Store != nil || cfg.Revocations != nil {
				s.expectAccount(old, 0)
			}
			s.expectAccount(b, 0)
		})
	}
}

func TestFlaskRefused(t *testing.T) {
	bomb := `{"username":"` + strings.Repeat("a", 1<<20) + `"}`
	for name, value := range map[string]string{
		"expired":     flaskCookie("new", start.Add(-31*24*time.Hour-time.Second), flaskText, false),
		"another key": flaskCookie("another", start, flaskText, false),
		"a bomb":      flaskCookie("new", start, bomb, true),
		"deep":        flaskCookie("new", start, `{"username":`+strings.Repeat("[", 100)+strings.Repeat("]", 100)+`}`, false),
		"no object":   flaskCookie("new", start, `["username"]`, false),
		"no JSON":     flaskCookie("new", start, `{"username":"hubo"`, false),
		"no zlib":     flaskCookie("new", start, "", false)[:0] + "." + flaskCookie("new", start, flaskText, false),
		"no parts":    "x",
		"empty parts": "..",
	} {
		s := newSite(t, withLegacy(homes["cookie"](), legacy.Flask{Keys: [][]byte{[]byte("new")}, Until: until}))
		s.visit(with("session", value), func(v *visitor) {
			if !v.IsNew() || fieldUser.Has(v.Session) {
				t.Errorf("%s: got session %v, want an empty one", name, v)
			}
		})
		if events := s.takeEvents(); len(events) != 1 || events[0].Kind != runtime.EventImportRefused {
			t.Errorf("%s: got events %v, want one refusal", name, events)
		}
	}
}
