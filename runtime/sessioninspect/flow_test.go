package sessioninspect_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/codec"
	"github.com/sessiongen/sessiongen/runtime/sessioninspect"
)

// sealFlows returns the lines of Set-Cookie header fields for flows, and their states.
func sealFlows(t *testing.T, cfg runtime.Config, paths ...string) (lines, states []string) {
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
	for _, path := range paths {
		f := &runtime.Flow[string]{Name: "SignIn", Key: "sign_in", Max: 5, TTL: 10 * time.Minute, Path: path,
			Encode: codec.EncodeString[string], Decode: codec.DecodeString[string]}
		states = append(states, f.Start(s.Session, "s3cret-verifier"))
	}
	header, err := m.Seal(s)
	if err != nil {
		t.Fatal(err)
	}
	return header.Values("Set-Cookie"), states
}

// The cookies of flows are shown with their fields and times, but neither state nor value.
func TestFlow(t *testing.T) {
	plain, states := sealFlows(t, runtime.Config{}, "")
	paths, more := sealFlows(t, runtime.Config{}, "/callback")
	shop, _ := sealFlows(t, runtime.Config{Name: "__Secure-shop"}, "")
	withSession := append(seal(t, runtime.Config{}, "hunter2hunter2"), plain...)
	pairs := func(lines ...string) string {
		var list []string
		for _, line := range lines {
			pair, _, _ := strings.Cut(line, ";")
			list = append(list, pair)
		}
		return "Cookie: theme=dark; " + strings.Join(list, "; ")
	}
	in := func(o sessioninspect.Options, lines ...string) func() *sessioninspect.Report {
		return func() *sessioninspect.Report { return inspect(t, o, lines...) }
	}
	schema := sessioninspect.Options{Values: true, Schema: []sessioninspect.SchemaField{{Name: "SignIn", Key: "sign_in"}, {Name: "Password", Key: "password"}}}
	for name, c := range map[string]struct {
		report func() *sessioninspect.Report
		kinds  string
	}{
		"with a session":        {in(schema, pairs(withSession...)), "session flow"},
		"alone":                 {in(schema, pairs(plain...)), "flow"},
		"Set-Cookie":            {in(schema, plain...), "flow"},
		"a path":                {in(schema, pairs(paths...)), "flow flow"},
		"a path, the value":     {in(schema, pairs(paths[1])), "flow"},
		"another name":          {in(schema, pairs(shop...)), "flow"},
		"the token alone":       {in(schema, valueIn(plain[0])), "flow"},
		"ended":                 {in(sessioninspect.Options{Now: time.Now().Add(time.Hour)}, pairs(plain...)), "flow expired"},
		"before it began":       {in(sessioninspect.Options{Now: time.Now().Add(-time.Hour)}, pairs(plain...)), "flow expired"},
		"forged":                {in(schema, strings.Replace(pairs(plain...), valueIn(plain[0]), damaged(valueIn(plain[0])), 1)), "flow forged"},
		"in a session's place":  {in(schema, "__Host-session="+valueIn(plain[0])), " wrong purpose"},
		"a session in a flow's": {in(schema, "__Host-session-x-AAAAAAAA="+valueIn(withSession[0])), "flow wrong purpose"},
	} {
		r := c.report()
		var kinds []string
		for _, cookie := range r.Cookies {
			kinds = append(kinds, strings.TrimRight(cookie.Kind+" "+cookie.Refused, " "))
			opened := cookie.Kind == "flow" && slices.Contains([]string{"", runtime.RefusedExpired}, cookie.Refused)
			if opened && (len(cookie.Fields) != 1 || cookie.Fields[0].Key != "sign_in" || cookie.Expires.Sub(cookie.Created.Time) != 10*time.Minute) {
				t.Errorf("%s: got cookie %+v", name, cookie)
			}
		}
		if got := strings.Join(kinds, " "); got != c.kinds {
			t.Errorf("%s: got kinds %q, want %q", name, got, c.kinds)
		}
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range append(append(states, more...), "s3cret", valueIn(plain[0]), testKey) {
			if strings.Contains(string(text), secret) {
				t.Errorf("%s: the report shows %q: %s", name, secret, text)
			}
		}
		if opens := !strings.Contains(c.kinds, "forged") && !strings.Contains(c.kinds, "purpose"); r.Opens() != opens {
			t.Errorf("%s: Opens returns %v, want %v", name, r.Opens(), opens)
		}
	}
}
