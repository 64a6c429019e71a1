package sessioninspect_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/sessioninspect"
)

// TestBounds: what a program does not try because too much came before it, is not tried either.
func TestBounds(t *testing.T) {
	for _, c := range []struct {
		file, suffix string
		plant        func(value string) string // a cookie that does not count, in front of the good one
		most         int                       // of them that a program passes over
	}{
		{"seen-idle-before", "-seen", damaged, 199},
		{"chunks-two", "-2", func(string) string { return "!" }, 15},
	} {
		f := readKit(t, c.file)
		o := optionsOf(f)
		name := f.Cookie + c.suffix
		_, value, _ := strings.Cut(strings.Join(f.Headers, "; "), name+"=")
		value, _, _ = strings.Cut(value, ";")
		for n := range c.most + 4 {
			headers := append(slices.Repeat([]string{name + "=" + c.plant(value)}, n), f.Headers...)
			want, accepted := program(t, o, headers)
			if accepted != (n <= c.most) {
				t.Errorf("%s: with %d planted, the session opens: %v", c.file, n, accepted)
			}
			r, err := sessioninspect.Inspect(headers, o)
			if err != nil {
				t.Fatal(err)
			}
			got, current := verdict(r)
			if !slices.Equal(got, want) || (current != nil) != accepted {
				t.Errorf("%s, %d planted: got refusals %q, want %q", c.file, n, got, want)
			}
		}
	}
}

// program returns what a program refuses of a request, and whether there is a session.
func program(t *testing.T, o sessioninspect.Options, headers []string) (refused []string, accepted bool) {
	t.Helper()
	keys, err := runtime.ParseKeys(o.Keys)
	if err != nil {
		t.Fatal(err)
	}
	m, err := runtime.NewManager(runtime.Config{
		Keys: keys, Name: o.Name, MaxChunks: o.MaxChunks, Time: func() time.Time { return o.Now },
		Lifetime: o.Lifetime, IdleTimeout: o.IdleTimeout, AbsoluteTimeout: o.AbsoluteTimeout, Sliding: o.Sliding,
		OnEvent: func(_ context.Context, e runtime.Event) {
			if e.Kind == runtime.EventRefused {
				refused = append(refused, e.Reason)
			}
		},
	}, func(s runtime.Session) session { return session{s} }, password)
	if err != nil {
		t.Fatal(err)
	}
	isNew := m.Open(t.Context(), headers).IsNew()
	return refused, !isNew
}

// damaged returns a token that is forged.
func damaged(token string) string {
	at := len(token) - 5
	other := "A"
	if token[at] == 'A' {
		other = "B"
	}
	return token[:at] + other + token[at+1:]
}
