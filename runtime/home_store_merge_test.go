package runtime_test

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/internal/long"
	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/codec"
)

// manyFields returns a schema with n fields of the type int.
func manyFields(n int) ([]*runtime.Field[int], []runtime.AnyField) {
	var typed []*runtime.Field[int]
	var all []runtime.AnyField
	for i := range n {
		f := &runtime.Field[int]{Index: i, Name: fmt.Sprint("Field", i), Key: fmt.Sprint("f", i),
			Encode: codec.EncodeInt[int], Decode: codec.DecodeInt[int]}
		typed, all = append(typed, f), append(all, f)
	}
	return typed, all
}

// Requests that change one session at the same time, each another field.
func TestStoreConcurrentFields(t *testing.T) {
	for _, n := range []int{50, 500} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			r := newRig(t, runtime.Config{})
			typed, all := manyFields(n + 1)
			m := newManagerOf(t, runtime.Config{Store: r.store, StoreTimeout: time.Minute, OnEvent: r.log.record}, all...)
			s := m.Open(t.Context(), nil)
			typed[n].Set(s.Session, 1)
			cookie := pair(t, seal(t, m, s))
			var loaded sync.WaitGroup
			loaded.Add(n)
			together(n, func(i int) {
				s := m.Open(t.Context(), []string{cookie})
				typed[i].Get(s.Session)
				loaded.Done()
				loaded.Wait() // all have read the same record
				typed[i].Set(s.Session, i)
				if _, err := m.Seal(s); err != nil {
					t.Error(err)
				}
			})
			s = m.Open(t.Context(), []string{cookie})
			for i := range n {
				if got, ok := typed[i].Get(s.Session), typed[i].Has(s.Session); got != i || !ok {
					t.Errorf("field %d has %d, %v", i, got, ok)
				}
			}
			if slices.ContainsFunc(r.log.take(), func(e runtime.Event) bool { return e.Kind == runtime.EventOverwritten }) {
				t.Error("a change is reported as overwritten")
			}
		})
	}
}

func TestStoreConcurrentUpdates(t *testing.T) {
	n := long.Times(200, 2000, 10_000)
	r := newRig(t, runtime.Config{})
	c := r.login()
	together(n, func(int) {
		c.clone().visit(func(s *visitor) { fieldVisits.Update(s.Session, func(n int) int { return n + 1 }) })
	})
	c.visit(func(s *visitor) {
		if got := fieldVisits.Get(s.Session); got != n {
			t.Errorf("%d updates count only %d", n, got)
		}
	})
}

func TestStoreConcurrentPops(t *testing.T) {
	r := newRig(t, runtime.Config{})
	for range 10 {
		c := r.client()
		c.visit(func(s *visitor) {
			fieldUser.Set(s.Session, "hubo")
			fieldCode.Set(s.Session, "123")
		})
		var winners atomic.Int32
		var loaded sync.WaitGroup
		loaded.Add(100)
		together(100, func(i int) {
			c.clone().visit(func(s *visitor) {
				fieldCode.Get(s.Session)
				fieldTheme.Set(s.Session, fmt.Sprint(i))
				loaded.Done()
				loaded.Wait()
				switch v, ok := fieldCode.Pop(s.Session); {
				case ok && v == "123":
					winners.Add(1)
				case ok || v != "":
					t.Errorf("Pop of a popped value returns %q, %v", v, ok)
				}
			})
		})
		if got := winners.Load(); got != 1 {
			t.Fatalf("%d requests popped the value, want 1", got)
		}
		c.visit(func(s *visitor) {
			if fieldCode.Has(s.Session) || fieldUser.Get(s.Session) != "hubo" || !fieldTheme.Has(s.Session) {
				t.Errorf("after the Pops, the session has %v", s)
			}
		})
	}
}

// The results of two requests for one session, when the second saves between the first one's
// reading and saving.
func TestStoreMerge(t *testing.T) {
	add := func(n int) func(*visitor) {
		return func(s *visitor) { fieldVisits.Update(s.Session, func(v int) int { return v + n }) }
	}
	set := func(n int) func(*visitor) { return func(s *visitor) { fieldVisits.Set(s.Session, n) } }
	for _, c := range []struct {
		name          string
		first, second func(*visitor)
		want          string
		overwritten   string
	}{
		{"different fields", set(2), func(s *visitor) { fieldTheme.Set(s.Session, "dark") }, "user: hubo, visits: 2, theme: dark", ""},
		{"updates", add(2), add(3), "user: hubo, visits: 6", ""},
		{"set, then update", func(s *visitor) { set(10)(s); add(2)(s) }, add(3), "user: hubo, visits: 12", "Visits"},
		{"update over set", add(2), set(10), "user: hubo, visits: 12", ""},
		{"set over update", set(10), add(2), "user: hubo, visits: 10", "Visits"},
		{"set over set", set(10), set(20), "user: hubo, visits: 10", "Visits"},
		{"the same set", set(10), set(10), "user: hubo, visits: 10", ""},
		{"clear over set", func(s *visitor) { fieldVisits.Clear(s.Session) }, set(20), "user: hubo", "Visits"},
		{"set over clear", set(10), func(s *visitor) { fieldVisits.Clear(s.Session) }, "user: hubo, visits: 10", "Visits"},
		{"update over clear", add(5), func(s *visitor) { fieldVisits.Clear(s.Session) }, "user: hubo, visits: 5", ""},
		{"appends", func(s *visitor) { runtime.Append(s.Session, &fieldRoles, "a") }, func(s *visitor) { runtime.Append(s.Session, &fieldRoles, "b") },
			"user: hubo, visits: 1, roles: [b a]", ""},
		{"clear all, then set", func(s *visitor) { s.Clear(); fieldTheme.Set(s.Session, "dark") }, set(20), "theme: dark", ""},
		{"permanent", func(s *visitor) { s.SetPermanent(true) }, set(3), "user: hubo, visits: 3, permanent", ""},
		{"renew", func(s *visitor) { s.Renew(); fieldTheme.Set(s.Session, "dark") }, add(1), "user: hubo, visits: 2, theme: dark", ""},
		{"log in", func(s *visitor) { fieldAccount.Set(s.Session, 7) }, add(1), "user: hubo, visits: 2, account: 7", ""},
		{"pop", func(s *visitor) { fieldVisits.Pop(s.Session) }, func(s *visitor) { fieldTheme.Set(s.Session, "dark") }, "user: hubo, theme: dark", ""},
		{"pop after a change", func(s *visitor) { fieldTheme.Set(s.Session, "x"); fieldVisits.Pop(s.Session) }, add(1), "user: hubo, theme: x", ""},
		{"pop of what is popped", func(s *visitor) {
			if v, ok := fieldVisits.Pop(s.Session); ok {
				panic(v)
			}
			fieldTheme.Set(s.Session, "x")
		}, func(s *visitor) { fieldVisits.Pop(s.Session) }, "user: hubo, theme: x", ""},
		{"emptied, but not by all", func(s *visitor) { fieldUser.Clear(s.Session); fieldVisits.Clear(s.Session) },
			func(s *visitor) { fieldTheme.Set(s.Session, "dark") }, "theme: dark", ""},
		{"ended", set(5), func(s *visitor) { s.Clear() }, "", ""},
		{"destroyed", set(5), func(s *visitor) { s.Destroy() }, "", ""},
		{"destroyed, then renewed", func(s *visitor) { s.Renew() }, func(s *visitor) { s.Destroy() }, "", ""},
		{"destroyed, then logged in", func(s *visitor) { fieldAccount.Set(s.Session, 7) }, func(s *visitor) { s.Destroy() }, "", ""},
		{"destroyed, then popped", func(s *visitor) {
			if v, ok := fieldVisits.Pop(s.Session); ok {
				panic(v)
			}
		}, func(s *visitor) { s.Destroy() }, "", ""},
		{"renewed, then destroyed", func(s *visitor) { s.Destroy() }, func(s *visitor) { s.Renew() }, "", ""},
		{"renewed twice", func(s *visitor) { s.Renew() }, func(s *visitor) { s.Renew() }, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, runtime.Config{})
			one := r.client()
			one.visit(func(s *visitor) {
				fieldUser.Set(s.Session, "hubo")
				fieldVisits.Set(s.Session, 1)
			})
			two := one.clone()
			r.log.take()
			w := one.send(func(s *visitor) {
				fieldUser.Get(s.Session)
				two.visit(c.second)
				c.first(s)
			})
			if w.Code != 200 {
				t.Fatalf("got status %d, want 200; events %v", w.Code, r.log.take())
			}
			one.receive(w)
			events := r.log.take()
			one.visit(func(s *visitor) {
				got := strings.TrimSuffix(strings.TrimPrefix(s.String(), "Session{"), "}")
				if s.Permanent() {
					got += ", permanent"
				}
				if got != c.want {
					t.Errorf("got %s, want %s", got, c.want)
				}
			})
			var overwritten string
			for _, e := range events {
				if e.Kind == runtime.EventOverwritten {
					overwritten += e.Field
				}
			}
			if overwritten != c.overwritten {
				t.Errorf("got events %v, want overwritten %v", events, c.overwritten)
			}
		})
	}
}

// A function of Update may read the session when it runs again, and its result may be refused.
func TestStoreUpdateRunsAgain(t *testing.T) {
	r := newRig(t, runtime.Config{})
	c := r.login()
	runs := 0
	r.meanwhile("replace", func() {
		c.clone().visit(func(s *visitor) { fieldVisits.Set(s.Session, 10); fieldTheme.Set(s.Session, "dark") })
	})
	c.visit(func(s *visitor) {
		fieldUser.Update(s.Session, func(old string) string {
			runs++
			return fmt.Sprint(old, fieldVisits.Get(s.Session), fieldTheme.Get(s.Session))
		})
	})
	c.visit(func(s *visitor) {
		if got := fieldUser.Get(s.Session); got != "hubo10dark" || runs != 2 {
			t.Errorf("got %s after %d runs, want hubo10dark after 2", got, runs)
		}
	})
	r.meanwhile("replace", func() {
		c.clone().visit(func(s *visitor) { fieldUser.Set(s.Session, "0123456789") })
	})
	if w := c.send(func(s *visitor) {
		fieldUser.Update(s.Session, func(old string) string { return map[bool]string{true: "fine", false: old + old}[old == "hubo10dark"] })
	}); w.Code != 500 {
		t.Errorf("got status %d, want 500", w.Code)
	}
	c.visit(func(s *visitor) {
		if got := fieldUser.Get(s.Session); got != "0123456789" {
			t.Errorf("the saved field is %s, want 0123456789", got)
		}
	})
	// A panic in the function leaves the session unlocked.
	r.meanwhile("replace", func() { c.clone().visit(func(s *visitor) { fieldUser.Set(s.Session, "x") }) })
	mustPanic(t, func() {
		c.send(func(s *visitor) { fieldUser.Update(s.Session, func(old string) string { return old[:10][1:] }) })
	})
	c.visit(func(s *visitor) { fieldUser.Set(s.Session, "y") })
}

// Fields of other builds are merged too.
func TestStoreMergesUnknownFields(t *testing.T) {
	r := newRig(t, runtime.Config{})
	typed, all := manyFields(3)
	newer := newManagerOf(t, runtime.Config{Store: r.store}, all...)
	older := newManagerOf(t, runtime.Config{Store: r.store}, all[:1]...)
	s := newer.Open(t.Context(), nil)
	typed[1].Set(s.Session, 1)
	cookie := pair(t, seal(t, newer, s))
	a, b := older.Open(t.Context(), []string{cookie}), newer.Open(t.Context(), []string{cookie})
	typed[0].Set(a.Session, 5)
	typed[2].Set(b.Session, 2)
	seal(t, newer, b)
	seal(t, older, a)
	s = newer.Open(t.Context(), []string{cookie})
	if typed[0].Get(s.Session) != 5 || typed[1].Get(s.Session) != 1 || typed[2].Get(s.Session) != 2 {
		t.Errorf("the merged session is %v", s)
	}
}

// Saving several times within one request.
func TestStoreSavesAgain(t *testing.T) {
	r := newRig(t, runtime.Config{})
	s := r.m.Open(t.Context(), nil)
	var line string
	for i := range 3 {
		fieldVisits.Update(s.Session, func(n int) int { return n + 1 })
		line = seal(t, r.m, s)
		other := r.m.Open(t.Context(), []string{pair(t, line)})
		fieldRoles.Set(other.Session, []string{fmt.Sprint(i)})
		fieldVisits.Update(other.Session, func(n int) int { return n + 10 })
		if _, err := r.m.Seal(other); err != nil {
			t.Fatal(err)
		}
	}
	seal(t, r.m, s)
	w := httptest.NewRecorder()
	if err := r.m.Save(w, httptest.NewRequest("GET", "/", nil), s); err != nil || len(setCookies(w)) != 1 {
		t.Errorf("Save returns %v and sends %v, want one cookie", err, setCookies(w))
	}
	s = r.m.Open(t.Context(), []string{pair(t, line)})
	if fieldVisits.Get(s.Session) != 33 || fieldRoles.Get(s.Session)[0] != "2" {
		t.Errorf("got session %v", s)
	}
}

// A Set that the same request makes while an Update runs again still counts as the later change.
func TestServerLostSet(t *testing.T) {
	r := newRig(t, runtime.Config{})
	c := r.login()
	other := c.clone()
	r.meanwhile("replace", func() { other.visit(func(s *visitor) { fieldVisits.Set(s.Session, 5) }) })
	c.visit(func(s *visitor) {
		runs := 0
		fieldVisits.Update(s.Session, func(n int) int {
			if runs++; runs == 2 {
				done := make(chan bool)
				go func() { fieldTheme.Set(s.Session, "b"); close(done) }()
				<-done
			}
			return n + 1
		})
		fieldTheme.Set(s.Session, "a")
		fieldUser.Pop(s.Session)
		if got := fieldTheme.Get(s.Session); got != "b" {
			t.Errorf("after Set(b): got %q", got)
		}
	})
	c.visit(func(s *visitor) {
		if got := fieldTheme.Get(s.Session); got != "b" {
			t.Errorf("the stored field is %q, want b", got)
		}
	})
}
