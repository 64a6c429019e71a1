package runtime_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// This follows docs/keys.md for a rotation over several nodes: at each step, one node after
// the other gets new keys, while visitors go from any node to any other.
func TestRotationOverNodes(t *testing.T) {
	const a, b = keyA, keyB
	for _, c := range []struct {
		name  string
		steps []string
		lost  string // the steps at which a session is refused, and why
	}{
		{"add, promote, retire", []string{a, a + " " + b, b + " " + a, b}, ""},
		{"promote at once", []string{a, b + " " + a, b}, "1 unknown key"},
		{"add, then retire at once", []string{a, a + " " + b, b}, "2 unknown key"},
		{"replace", []string{a, b}, "1 unknown key"},
	} {
		refused := map[string]bool{}
		step := 0
		var log eventLog
		nodes := make([]*runtime.Manager[visitor], 3)
		for i := range nodes {
			nodes[i] = newManager(t, runtime.Config{OnEvent: log.record}) // with keyA
		}
		// Every node seals a session, and every other gets it before it seals one itself.
		visit := func() {
			for _, first := range nodes {
				cookie := sealed(t, first, func(s *visitor) { fieldVisits.Set(s.Session, 1) })
				for _, next := range nodes {
					s := next.Open(t.Context(), []string{cookie})
					fieldVisits.Update(s.Session, func(n int) int { return n + 1 })
					cookie = pair(t, seal(t, next, s))
				}
			}
			for _, e := range log.take() {
				if e.Kind == runtime.EventRefused {
					refused[fmt.Sprint(step, " ", e.Reason)] = true
				}
			}
		}
		for step = range c.steps {
			for _, node := range nodes {
				must(t, node.SetKeys(parseKeys(t, c.steps[step])))
				visit()
			}
		}
		if c.lost == "" && len(refused) > 0 || c.lost != "" && (len(refused) != 1 || !refused[c.lost]) {
			t.Errorf("%s: sessions are lost at %v, want %q", c.name, refused, c.lost)
		}
	}
}

// When a key may be retired: once the shortest of the session's times has passed since
// it last sealed. By then, what it sealed has ended or is sealed anew.
func TestRetirementOfKeys(t *testing.T) {
	const wait = 4 * day
	for _, cfg := range []runtime.Config{
		{Lifetime: wait},
		{Lifetime: wait, Sliding: true},
		{Lifetime: 30 * day, AbsoluteTimeout: wait},
		{Lifetime: 30 * day, IdleTimeout: wait},
		{Lifetime: 30 * day, Sliding: true, IdleTimeout: 5 * day, AbsoluteTimeout: wait},
	} {
		synctest.Test(t, func(t *testing.T) {
			var seldom, often visitorCookies
			old := newManager(t, cfg)
			for _, cookies := range []*visitorCookies{&seldom, &often} {
				cookies.visit(t, old, func(s *visitor) {
					fieldUser.Set(s.Session, "hubo")
					s.SetPermanent(true)
				})
			}
			cfg.Keys = parseKeys(t, keyB+" "+keyA)
			promoted := newManager(t, cfg)
			cfg.Keys = parseKeys(t, keyB)
			retired := newManager(t, cfg)
			for range 3 {
				time.Sleep(day)
				often.visit(t, promoted, func(s *visitor) { fieldUser.Get(s.Session) })
			}
			time.Sleep(day - time.Second)
			if seldom.open(promoted).IsNew() || !seldom.open(retired).IsNew() {
				t.Errorf("%+v: no session is lost if the key is retired a second early", cfg)
			}
			if often.open(promoted).IsNew() || often.open(retired).IsNew() {
				t.Errorf("%+v: a session in use was not sealed under the new key", cfg)
			}
			time.Sleep(time.Second)
			if !seldom.open(promoted).IsNew() {
				t.Errorf("%+v: an unused session outlives the old key", cfg)
			}
			if often.open(promoted).IsNew() != often.open(retired).IsNew() {
				t.Errorf("%+v: a session in use is lost", cfg)
			}
		})
	}
}

// visitorCookies are what a browser holds, by name.
type visitorCookies map[string]string

func (c *visitorCookies) open(m *runtime.Manager[visitor]) *visitor {
	var pairs []string
	for name, value := range *c {
		pairs = append(pairs, name+"="+value)
	}
	return m.Open(context.Background(), []string{strings.Join(pairs, "; ")})
}

func (c *visitorCookies) visit(t *testing.T, m *runtime.Manager[visitor], use func(*visitor)) {
	t.Helper()
	s := c.open(m)
	use(s)
	lines, err := setCookieLines(m.Seal(s))
	must(t, err)
	for _, line := range lines {
		set := parseCookie(t, line)
		if *c == nil {
			*c = visitorCookies{}
		}
		(*c)[set.Name] = set.Value
	}
}
