package runtime_test

import (
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// Pop after Append takes what is stored along with what was appended, and one request of
// many gets it.
func TestAppendAndPop(t *testing.T) {
	for name, stored := range map[string][]string{"nothing": nil, "something": {"stored"}} {
		for when, meanwhile := range map[string]func(*visitor) []string{
			"Append": func(s *visitor) []string { runtime.Append(s.Session, &fieldRoles, "theirs"); return nil },
			"Append and Pop": func(s *visitor) []string {
				runtime.Append(s.Session, &fieldRoles, "theirs")
				all, _ := fieldRoles.Pop(s.Session)
				return all
			},
			"Pop": func(s *visitor) []string { all, _ := fieldRoles.Pop(s.Session); return all },
		} {
			r := newRig(t, runtime.Config{})
			c := r.login()
			want := []string{"mine"}
			for _, role := range stored {
				want = append(want, role)
				c.visit(func(s *visitor) { runtime.Append(s.Session, &fieldRoles, role) })
			}
			if when != "Pop" {
				want = append(want, "theirs")
			}
			other := c.clone()
			var got []string
			c.visit(func(s *visitor) {
				runtime.Append(s.Session, &fieldRoles, "mine")
				other.visit(func(s *visitor) { got = append(got, meanwhile(s)...) })
				mine, ok := fieldRoles.Pop(s.Session)
				if got = append(got, mine...); !ok || fieldRoles.Has(s.Session) {
					t.Errorf("%s, %s: Pop returns %v, %v", name, when, mine, ok)
				}
			})
			c.visit(func(s *visitor) { got = append(got, fieldRoles.Get(s.Session)...) })
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%s, %s: got %v, want %v", name, when, got, want)
			}
		}
	}
}

// Pop after Update returns what the function makes of the value that it takes.
func TestUpdateAndPop(t *testing.T) {
	r := newRig(t, runtime.Config{})
	c := r.login()
	c.visit(func(s *visitor) { fieldVisits.Set(s.Session, 1) })
	other := c.clone()
	c.visit(func(s *visitor) {
		fieldVisits.Update(s.Session, func(n int) int { return n * 10 })
		other.visit(func(s *visitor) { fieldVisits.Set(s.Session, 2) })
		if n, ok := fieldVisits.Pop(s.Session); n != 20 || !ok {
			t.Errorf("Pop returns %d, %v, want 20, true", n, ok)
		}
	})
	c.visit(func(s *visitor) {
		if fieldVisits.Has(s.Session) {
			t.Error("the popped value is still stored")
		}
	})
}

// A session that turns out to be gone has no values, not even what was just appended.
func TestAppendAndPopOfLost(t *testing.T) {
	r := newRig(t, runtime.Config{})
	c := r.login()
	other := c.clone()
	c.visit(func(s *visitor) {
		fieldTheme.Set(s.Session, "dark")
		runtime.Append(s.Session, &fieldRoles, "first")
		if _, err := r.m.Seal(s); err != nil {
			t.Error(err)
		}
		runtime.Append(s.Session, &fieldRoles, "second")
		other.visit(func(s *visitor) { s.Destroy() })
		if roles, ok := fieldRoles.Pop(s.Session); ok {
			t.Errorf("Pop of a lost session returns %v", roles)
		}
	})
}

// whileAgain lets another goroutine do something while a function given to Update runs for the
// second time, because another request was faster, and returns what was answered.
func whileAgain(t *testing.T, r *rig, c *client, do func(*visitor), then func(*visitor)) (status int) {
	t.Helper()
	other := c.clone()
	w := c.send(func(s *visitor) {
		n, running, goOn := 0, make(chan bool), make(chan bool)
		fieldVisits.Update(s.Session, func(visits int) int {
			if n++; n == 2 {
				close(running)
				<-goOn
			}
			return visits + 1
		})
		other.visit(func(s *visitor) { fieldUser.Set(s.Session, "other") })
		go func() {
			<-running
			do(s)
			close(goOn)
		}()
		then(s)
	})
	c.receive(w)
	return w.Code
}

// A change that comes too late is reported. Earlier changes are kept.
func TestLateChangeWhileSaving(t *testing.T) {
	r := newRig(t, runtime.Config{})
	c := r.login()
	code := whileAgain(t, r, c, func(s *visitor) { fieldTheme.Set(s.Session, "dark") }, func(*visitor) {})
	if got := r.log.take(); code != 200 || !slices.Contains(got, runtime.Event{Kind: runtime.EventTooLate, Field: "Theme"}) {
		t.Errorf("got status %d, events %v, want 200 and EventTooLate", code, got)
	}
	c.visit(func(s *visitor) {
		if n := fieldVisits.Get(s.Session); n != 1 {
			t.Errorf("got %d visits, want 1", n)
		}
	})
}

// A session that was destroyed meanwhile stays destroyed.
func TestDestroyWhileAgain(t *testing.T) {
	r := newRig(t, runtime.Config{})
	c := r.login()
	c.visit(func(s *visitor) { fieldToken.Set(s.Session, "x") })
	code := whileAgain(t, r, c, func(s *visitor) { s.Destroy() }, func(s *visitor) {
		fieldToken.Pop(s.Session)
		if s.String() != "Session{}" {
			t.Errorf("after Destroy: got %v", s)
		}
	})
	if code != 200 || len(c.cookies) > 0 {
		t.Errorf("got status %d, and %d cookies in the browser, want 200 and none", code, len(c.cookies))
	}
}

// Pop writes the record, which is being written: it fails, and the event says why.
func TestPopWhileAgain(t *testing.T) {
	if testing.Short() {
		t.Skip("this test sleeps")
	}
	r := newRig(t, runtime.Config{})
	c := r.login()
	code := whileAgain(t, r, c, func(s *visitor) { fieldUser.Pop(s.Session) }, func(*visitor) {})
	want := runtime.Event{Kind: runtime.EventSaveFailed, Reason: "Pop, or saving, while a function given to Update runs again"}
	if got := r.log.take(); code != 500 || !slices.Contains(got, want) {
		t.Errorf("got status %d, events %v, want 500 and %v", code, got, want)
	}
}

// A Pop in another goroutine waits until the function that runs again is done, and gets the value.
func TestPopWaitsWhileAgain(t *testing.T) {
	r := newRig(t, runtime.Config{})
	c := r.login()
	c.visit(func(s *visitor) { fieldToken.Set(s.Session, "once"); fieldTheme.Set(s.Session, "flash") })
	other := c.clone()
	c.visit(func(s *visitor) {
		calls, again := 0, make(chan bool)
		fieldVisits.Update(s.Session, func(n int) int {
			if calls++; calls == 2 {
				close(again)
				time.Sleep(100 * time.Millisecond)
			}
			return n + 1
		})
		other.visit(func(s *visitor) { fieldVisits.Set(s.Session, 5) })
		var both sync.WaitGroup
		both.Go(func() {
			if theme, ok := fieldTheme.Pop(s.Session); !ok || theme != "flash" {
				t.Errorf("the first Pop returns %q, want flash", theme)
			}
		})
		both.Go(func() {
			<-again
			if token, ok := fieldToken.Pop(s.Session); !ok || token != "once" {
				t.Errorf("the second Pop returns %q, want once", token)
			}
		})
		both.Wait()
		if err := s.Err(); err != nil {
			t.Error(err)
		}
	})
	c.visit(func(s *visitor) {
		if n := fieldVisits.Get(s.Session); n != 6 || fieldToken.Has(s.Session) || fieldTheme.Has(s.Session) {
			t.Errorf("got %d visits in %v, want 6 and nothing popped", n, s)
		}
	})
}

// A function given to Update that uses the session gets an error, and does not wait for itself for
// long.
func TestServerPopInUpdate(t *testing.T) {
	if testing.Short() {
		t.Skip("this test sleeps")
	}
	r := newRig(t, runtime.Config{})
	c := r.login()
	other := c.clone()
	r.meanwhile("replace", func() {
		other.visit(func(s *visitor) { fieldVisits.Set(s.Session, 5); fieldTheme.Set(s.Session, "x") })
	})
	done := make(chan int, 1)
	go func() {
		done <- c.send(func(s *visitor) {
			fieldVisits.Update(s.Session, func(n int) int { fieldTheme.Pop(s.Session); return n + 1 })
		}).Code
	}()
	select {
	case code := <-done:
		if code != http.StatusInternalServerError {
			t.Error(code)
		}
	case <-time.After(2 * time.Second):
		t.Error("Pop within Update deadlocks")
	}
}

// Pop alone is a save like any other.
func TestServerPopMaxAge(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	r := newRig(t, runtime.Config{Lifetime: time.Hour, Time: func() time.Time { return now }})
	c := r.client()
	c.visit(func(s *visitor) {
		fieldUser.Set(s.Session, "hubo")
		fieldTheme.Set(s.Session, "x")
		s.SetPermanent(true)
	})
	now = now.Add(30 * time.Minute)
	w := c.visit(func(s *visitor) { fieldTheme.Pop(s.Session) })
	cookies := w.Result().Cookies()
	if len(cookies) != 1 || cookies[0].MaxAge != 3600 {
		t.Errorf("got cookies %v, want one with max-age 3600", cookies)
	}
}
