package runtime_test

import (
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

// permanentHomes returns a function for each home that makes managers which share it.
func permanentHomes() map[string]func(t *testing.T, permanent bool) *runtime.Manager[visitor] {
	store, revocations := runtime.NewMemoryStore(100), runtime.NewMemoryStore(100)
	manager := func(cfg runtime.Config) func(*testing.T, bool) *runtime.Manager[visitor] {
		return func(t *testing.T, permanent bool) *runtime.Manager[visitor] {
			cfg.Permanent = permanent
			return newManagerOf(t, cfg, visitorFields()...)
		}
	}
	return map[string]func(*testing.T, bool) *runtime.Manager[visitor]{
		"cookie":      manager(runtime.Config{}),
		"revocations": manager(runtime.Config{Revocations: revocations}),
		"store":       manager(runtime.Config{Store: store}),
	}
}

// visitorFields are fields of which the theme is the visitor's.
func visitorFields() []runtime.AnyField {
	theme := fieldTheme
	theme.Visitor = true
	all := append([]runtime.AnyField(nil), fields...)
	all[theme.Index] = &theme
	return all
}

// lasts reports whether the browser keeps the session's cookie when it ends.
func (j *jar) lasts(t *testing.T) bool {
	t.Helper()
	for _, c := range j.cookies {
		if c.name == dataName {
			return !c.expires.IsZero()
		}
	}
	t.Error("the browser has no cookie")
	return false
}

func TestPermanentFromTheStart(t *testing.T) {
	logIn := func(s *visitor) { fieldAccount.Set(s.Session, 7); fieldTheme.Set(s.Session, "dark") }
	for _, c := range []struct {
		name  string
		visit []func(*visitor)
		want  bool
	}{
		{"set", []func(*visitor){logIn}, true},
		{"not for this one", []func(*visitor){func(s *visitor) { s.SetPermanent(false); logIn(s) }}, false},
		{"not for this one, later", []func(*visitor){logIn, func(s *visitor) { s.SetPermanent(false) }}, false},
		{"stays so", []func(*visitor){logIn, func(s *visitor) { s.SetPermanent(false) }, func(s *visitor) { fieldVisits.Set(s.Session, 1) }}, false},
		{"not while empty", []func(*visitor){func(s *visitor) { s.SetPermanent(false) }, logIn}, true},
		{"Renew", []func(*visitor){logIn, func(s *visitor) { s.Renew() }}, true},
		{"Renew of another one", []func(*visitor){func(s *visitor) { logIn(s); s.SetPermanent(false) }, func(s *visitor) { s.Renew() }}, false},
		{"another log-in", []func(*visitor){func(s *visitor) { logIn(s); s.SetPermanent(false) }, func(s *visitor) { fieldAccount.Set(s.Session, 8) }}, false},
		{"LogOut", []func(*visitor){logIn, func(s *visitor) { s.LogOut() }}, true},
		{"LogOut of another one", []func(*visitor){func(s *visitor) { logIn(s); s.SetPermanent(false) }, func(s *visitor) { s.LogOut() }}, false},
		{"Destroy, then another session", []func(*visitor){func(s *visitor) { logIn(s); s.SetPermanent(false) }, func(s *visitor) { s.Destroy(); logIn(s) }}, true},
		{"Clear, then another session", []func(*visitor){func(s *visitor) { logIn(s); s.SetPermanent(false) }, func(s *visitor) { s.Clear(); logIn(s) }}, true},
		{"emptied, then set anew", []func(*visitor){logIn, func(s *visitor) { fieldAccount.Clear(s.Session); fieldTheme.Clear(s.Session) }, logIn}, true},
	} {
		for home, manager := range permanentHomes() {
			t.Run(home+" "+c.name, func(t *testing.T) {
				clock := newClock()
				m, j := manager(t, true), newJar(clock.now)
				for _, visit := range c.visit {
					j.visit(t, m, visit)
				}
				if got := j.lasts(t); got != c.want {
					t.Errorf("the cookie outlives the browser: got %v, want %v", got, c.want)
				}
				j.visit(t, m, func(s *visitor) {
					if s.Permanent() != c.want || s.IsNew() {
						t.Errorf("got permanent %v, new %v", s.Permanent(), s.IsNew())
					}
				})
			})
		}
	}
}

// A new session can be permanent before anything is set; nothing is sent for it.
func TestPermanentWhileEmpty(t *testing.T) {
	for home, manager := range permanentHomes() {
		m, j := manager(t, true), newJar(newClock().now)
		for what, use := range map[string]func(*visitor){
			"read":    read,
			"Clear":   func(s *visitor) { s.Clear() },
			"Destroy": func(s *visitor) { s.Destroy() },
		} {
			sent := j.visit(t, m, func(s *visitor) {
				use(s)
				if !s.Permanent() || !s.IsNew() || what != "Destroy" && s.Modified() {
					t.Errorf("%s, %s: got permanent %v, new %v, modified %v", home, what, s.Permanent(), s.IsNew(), s.Modified())
				}
			})
			if sent != "" {
				t.Errorf("%s, %s: got cookie %s, want none", home, what, sent)
			}
		}
	}
}

// Sessions that browsers have stay as they are when the setting changes, until they end.
func TestPermanentSwitched(t *testing.T) {
	for home, manager := range permanentHomes() {
		for _, before := range []bool{false, true} {
			j := newJar(newClock().now)
			j.visit(t, manager(t, before), func(s *visitor) { fieldAccount.Set(s.Session, 7); fieldTheme.Set(s.Session, "dark") })
			m := manager(t, !before)
			for what, use := range map[string]func(*visitor){
				"changed":    func(s *visitor) { fieldVisits.Set(s.Session, fieldVisits.Get(s.Session)+1) },
				"renewed":    func(s *visitor) { s.Renew() },
				"logged out": func(s *visitor) { s.LogOut() },
			} {
				j.visit(t, m, use)
				if j.lasts(t) != before {
					t.Errorf("%s, was %v, %s: the cookie outlives the browser: got %v", home, before, what, !before)
				}
			}
			j.visit(t, m, func(s *visitor) { s.Clear(); fieldVisits.Set(s.Session, 1) })
			if j.lasts(t) == before {
				t.Errorf("%s, was %v, cleared: the cookie outlives the browser: got %v", home, before, before)
			}
		}
	}
}
