package flask

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"
)

// describe puts a response into words: everything that a browser or a cache can see, except what checkUniform checks
// to be always the same.
func (s *side) describe(t *testing.T, label string, res *http.Response, body string, now time.Time) string {
	t.Helper()
	var b strings.Builder
	if res.StatusCode != http.StatusOK {
		fmt.Fprintf(&b, "%d, ", res.StatusCode)
	}
	if res.StatusCode < http.StatusInternalServerError {
		if values := single(t, body); values != "[]" {
			fmt.Fprintf(&b, "%s, ", values)
		}
	}
	if vary := strings.Join(res.Header["Vary"], ", "); vary != "" {
		fmt.Fprintf(&b, "Vary: %s, ", vary)
	}
	sent := false
	for _, line := range res.Header["Set-Cookie"] {
		c, err := http.ParseSetCookie(line)
		if err != nil {
			t.Fatalf("%s: %s sends %q: %v", label, s.name, line, err)
		}
		fmt.Fprintf(&b, "%s, ", describeCookie(c, now))
		if c.Name != "own" {
			sent = true
			s.checkUniform(t, label, c)
		}
	}
	usual := ""
	if sent && s.ours {
		usual = "private"
	}
	if cache := strings.Join(res.Header["Cache-Control"], ", "); cache != usual {
		fmt.Fprintf(&b, "Cache-Control: %s, ", cache)
	}
	return b.String()
}

// checkUniform checks how each side writes the lifetime, which the results leave out.
func (s *side) checkUniform(t *testing.T, label string, c *http.Cookie) {
	t.Helper()
	expires, maxAge := !c.Expires.IsZero(), c.MaxAge != 0
	if c.Value == "" && !(expires && c.Expires.Unix() == 0 && c.MaxAge == -1) {
		t.Errorf("%s: %s deletes with %s", label, s.name, c.Raw)
	}
	if c.Value != "" && s.ours && expires != maxAge {
		t.Errorf("%s: Max-Age and Expires must come together: %s", label, c.Raw)
	}
	if c.Value != "" && !s.ours && maxAge {
		t.Errorf("%s: Flask sends Max-Age: %s", label, c.Raw)
	}
}

// describeCookie names the attributes that are not the usual ones.
func describeCookie(c *http.Cookie, now time.Time) string {
	text := "sets " + c.Name
	switch {
	case c.Value == "":
		text = "deletes " + c.Name
	case tooLarge(c):
		text += " too large for browsers"
	}
	if c.Value != "" && !c.Expires.IsZero() {
		text += " for " + inWords(c.Expires.Sub(now))
		if c.MaxAge != 0 && !now.Add(time.Duration(c.MaxAge)*time.Second).Equal(c.Expires) {
			text += fmt.Sprintf(" by Expires, %d by Max-Age", c.MaxAge)
		}
	}
	var attributes []string
	if c.Path != "" {
		attributes = append(attributes, "Path="+c.Path)
	}
	if c.Domain != "" {
		attributes = append(attributes, "Domain="+c.Domain)
	}
	if c.Secure {
		attributes = append(attributes, "Secure")
	}
	if c.HttpOnly {
		attributes = append(attributes, "HttpOnly")
	}
	switch c.SameSite {
	case http.SameSiteLaxMode:
		attributes = append(attributes, "SameSite=Lax")
	case http.SameSiteStrictMode:
		attributes = append(attributes, "SameSite=Strict")
	case http.SameSiteNoneMode:
		attributes = append(attributes, "SameSite=None")
	}
	if c.Partitioned {
		attributes = append(attributes, "Partitioned")
	}
	attributes = append(attributes, c.Unparsed...)
	if usual := "Path=/; HttpOnly; SameSite=Lax"; c.Name != "own" && strings.Join(attributes, "; ") != usual {
		text += " (" + strings.Join(attributes, "; ") + ")"
	}
	return text
}

// inWords writes a time that is whole days, hours or seconds.
func inWords(d time.Duration) string {
	for _, unit := range []struct {
		name string
		size time.Duration
	}{{"day", 24 * time.Hour}, {"hour", time.Hour}, {"second", time.Second}} {
		if n := d / unit.size; d%unit.size == 0 && n > 0 {
			if n == 1 {
				return "1 " + unit.name
			}
			return fmt.Sprintf("%d %ss", n, unit.name)
		}
	}
	return d.String()
}

// single writes the JSON of a body in one form: a list of one value becomes the value.
func single(t *testing.T, body string) string {
	t.Helper()
	var values []json.RawMessage
	if err := json.Unmarshal([]byte(body), &values); err != nil {
		t.Fatalf("%q: %v", body, err)
	}
	var texts []string
	for _, raw := range values {
		var v any
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	text := "[" + strings.Join(texts, ", ") + "]"
	if len(texts) == 1 {
		text = texts[0]
	}
	for name, value := range longValues {
		text = strings.ReplaceAll(text, `"`+value+`"`, name)
	}
	return text
}

// longValues are too long to be written out. Random letters cannot be compressed to fit into a cookie, the others can.
var longValues = map[string]string{
	"RANDOM": func() string {
		const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
		r := rand.New(rand.NewPCG(1, 2))
		text := make([]byte, 5000)
		for i := range text {
			text[i] = letters[r.IntN(len(letters))]
		}
		return string(text)
	}(),
	"REPEATED": strings.Repeat("a", 5000),
}

// shows reports whether a text is readable without a key in the browser's cookies.
func shows(cookies []*http.Cookie, text string) bool {
	for _, c := range cookies {
		packed := strings.HasPrefix(c.Value, ".") // Flask's mark
		for part := range strings.SplitSeq(strings.TrimPrefix(c.Value, "."), ".") {
			raw, err := base64.RawURLEncoding.DecodeString(part)
			if err != nil {
				continue
			}
			if z, err := zlib.NewReader(bytes.NewReader(raw)); err == nil && packed {
				raw, _ = io.ReadAll(z)
			}
			if bytes.Contains(raw, []byte(text)) {
				return true
			}
		}
	}
	return false
}
