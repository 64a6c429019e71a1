package runtime_test

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// A canary is looked for in everything that the package says.
type canary struct {
	text    strings.Builder
	secrets map[string]string // by what it is
}

func newCanary() *canary { return &canary{secrets: make(map[string]string)} }

// addBase64 takes a secret in base64, and the bytes that it stands for.
func (c *canary) addBase64(what, secret string) {
	raw, err := base64.RawURLEncoding.DecodeString(secret)
	if err != nil {
		panic(err)
	}
	c.add(what, secret, raw)
}

func (c *canary) add(what, secret string, raw []byte) {
	c.secrets[what] = secret
	raw = raw[len(raw)/4 : len(raw)/4*2+2] // a part of it is too much already
	c.secrets[what+", bytes"] = string(raw)
	c.secrets[what+", hex"] = hex.EncodeToString(raw)
	c.secrets[what+", HEX"] = strings.ToUpper(hex.EncodeToString(raw))
	c.secrets[what+", decimals"] = strings.Trim(fmt.Sprint(raw), "[]")
	c.secrets[what+", Go"] = strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", raw), "[]byte{"), "}")
}

// print prints values in all ways, also from within unexported fields.
func (c *canary) print(values ...any) {
	for _, v := range values {
		if err, ok := v.(error); ok {
			for ; err != nil; err = errors.Unwrap(err) {
				fmt.Fprintf(&c.text, "%s\n", err)
			}
		}
		hidden := struct{ v any }{v}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%b", "%t", "%U", "%e", "%p"} {
			fmt.Fprintf(&c.text, verb+verb+verb+verb+"\n", v, hidden, &hidden, []any{v})
		}
		slog.Info("canary", "v", v, "hidden", hidden, slog.Group("group", "v", v))
	}
}

// expectNone fails the test for each secret that a text shows. It goes over the text once: there are many secrets, and
// the texts are long.
func (c *canary) expectNone(t *testing.T, text string) {
	t.Helper()
	type begin [4]byte
	found, begins := map[string]int{}, map[begin][]string{}
	for what, secret := range c.secrets {
		b := begin([]byte(secret))
		begins[b] = append(begins[b], what)
	}
	for i := range len(text) - len(begin{}) + 1 {
		for _, what := range begins[begin{text[i], text[i+1], text[i+2], text[i+3]}] {
			if strings.HasPrefix(text[i:], c.secrets[what]) {
				found[what] = i
			}
		}
	}
	for what, i := range found {
		t.Errorf("the text shows the %s: %s", what, strings.ToValidUTF8(text[max(0, i-300):min(len(text), i+300)], "?"))
	}
}
