package runtime_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// The calls of the store that each kind of request makes.
func TestStoreRoundTrips(t *testing.T) {
	r := newRig(t, runtime.Config{})
	c := r.client()
	steps := []struct {
		name   string
		do     func(*visitor)
		calls  []string
		cookie bool
	}{
		{"anonymous, reads", func(s *visitor) { fieldUser.Get(s.Session) }, nil, false},
		{"begins", func(s *visitor) { fieldUser.Set(s.Session, "hubo") }, []string{"insert"}, true},
		{"untouched", func(s *visitor) {}, nil, false},
		{"reads", func(s *visitor) { fieldUser.Get(s.Session); fieldVisits.Get(s.Session) }, []string{"load"}, false},
		{"sets the same", func(s *visitor) { fieldUser.Set(s.Session, "hubo") }, []string{"load"}, false},
		{"changes", func(s *visitor) { fieldVisits.Set(s.Session, 1); fieldTheme.Set(s.Session, "dark") }, []string{"load", "replace"}, false},
		{"becomes permanent", func(s *visitor) { s.SetPermanent(true) }, []string{"load", "replace"}, true},
		{"changes while permanent", func(s *visitor) { fieldVisits.Set(s.Session, 2) }, []string{"load", "replace"}, true},
		{"is permanent no more", func(s *visitor) { s.SetPermanent(false) }, []string{"load", "replace"}, true},
		{"pops", func(s *visitor) { fieldTheme.Pop(s.Session) }, []string{"load", "replace"}, false},
		{"pops nothing", func(s *visitor) { fieldTheme.Pop(s.Session) }, []string{"load"}, false},
		// The mark that counts is read twice: when the principal is set, and once the record is there.
		{"logs in", func(s *visitor) { fieldAccount.Set(s.Session, 7) }, []string{"load", "load", "insert", "load", "replace"}, true},
		{"destroys", func(s *visitor) { s.Destroy() }, []string{"load", "replace"}, true},
		{"begins again", func(s *visitor) { fieldUser.Set(s.Session, "hubo") }, []string{"insert"}, true},
		{"empties", func(s *visitor) { s.Clear() }, []string{"load", "replace"}, true},
		{"reads what is gone", func(s *visitor) { fieldUser.Get(s.Session) }, nil, false},
		{"sets and clears", func(s *visitor) { fieldUser.Set(s.Session, "x"); fieldUser.Clear(s.Session) }, nil, false},
	}
	for _, step := range steps {
		touched := step.name != "untouched"
		w := c.visit(func(s *visitor) {
			if touched {
				step.do(s)
			}
		})
		if got := r.store.take(); fmt.Sprint(got) != fmt.Sprint(step.calls) {
			t.Errorf("%s: got calls %v, want %v", step.name, got, step.calls)
		}
		if got := len(setCookies(w)) > 0; got != step.cookie {
			t.Errorf("%s: got Set-Cookie %q, want one: %v", step.name, setCookies(w), step.cookie)
		}
	}
}

func TestStoreKeepsEverything(t *testing.T) {
	r := newRig(t, runtime.Config{})
	c := r.client()
	blob := strings.Repeat("b", 100_000)
	var id string
	c.visit(func(s *visitor) {
		fieldUser.Set(s.Session, "hubo")
		fieldBlob.Set(s.Session, []byte(blob))
		fieldCode.Set(s.Session, "123")
		s.SetPermanent(true)
		if size := s.Size(); size < 100_000*4/3 {
			t.Errorf("Size returns %d, want more", size)
		}
		id = s.ID()
	})
	if len(c.cookies["__Host-session"]) > 150 {
		t.Errorf("the cookie has %d bytes, want at most 150", len(c.cookies["__Host-session"]))
	}
	c.visit(func(s *visitor) {
		if fieldUser.Get(s.Session) != "hubo" || string(fieldBlob.Get(s.Session)) != blob || fieldCode.Get(s.Session) != "123" ||
			!s.Permanent() || s.IsNew() || s.ID() != id {
			t.Errorf("another session opens: %v", s)
		}
	})
}

func TestStoreTooLarge(t *testing.T) {
	r := newRig(t, runtime.Config{})
	c := r.login()
	var err error
	w := c.send(func(s *visitor) {
		fieldBlob.Set(s.Session, make([]byte, 1<<20))
		_, err = r.m.Seal(s)
	})
	if w.Code != 500 || !errors.Is(err, runtime.ErrTooLarge) ||
		!strings.HasPrefix(err.Error(), "session: too large for a record: 13982") || !strings.Contains(err.Error(), "the largest fields are Blob (10485") {
		t.Errorf("got status %d, error %v, want 500 and ErrTooLarge", w.Code, err)
	}
	c.visit(func(s *visitor) {
		if fieldUser.Get(s.Session) != "hubo" || fieldBlob.Has(s.Session) {
			t.Error("the session that is too large was stored")
		}
		fieldBlob.Set(s.Session, make([]byte, 750_000))
	})
}

// An id that the store does not know is an empty session, and never becomes a session's.
func TestStoreUnknownID(t *testing.T) {
	r := newRig(t, runtime.Config{})
	c := r.login()
	var id string
	c.visit(func(s *visitor) { id = s.ID() })
	if err := r.store.DeleteAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.store.take()
	w := c.visit(func(s *visitor) {
		if !s.IsNew() || fieldUser.Has(s.Session) || s.ID() == id {
			t.Error("an unknown id is adopted")
		}
	})
	if len(setCookies(w)) > 0 {
		t.Error("a request that sets nothing sends a cookie")
	}
	r.store.expect(t, "load")
	r.log.expect(t, runtime.Event{Kind: runtime.EventRefused, Reason: runtime.RefusedUnknownID})
	c.visit(func(s *visitor) { fieldUser.Set(s.Session, "eve") })
	c.visit(func(s *visitor) {
		if s.ID() == id || fieldUser.Get(s.Session) != "eve" {
			t.Error("an unknown id is adopted for a new session")
		}
	})
}

// A record is valid for its own id only, and tokens of other kinds are not ids.
func TestStoreBindsRecords(t *testing.T) {
	r := newRig(t, runtime.Config{})
	one, two := r.login(), r.client()
	two.visit(func(s *visitor) { fieldUser.Set(s.Session, "eve") })
	records := r.store.snapshot(t)
	if len(records) != 2 {
		t.Fatalf("the store has %d records, want 2", len(records))
	}
	var keys []string
	for key := range records {
		keys = append(keys, key)
	}
	for i, key := range keys {
		other := records[keys[1-i]]
		if err := r.store.Store.Replace(t.Context(), key, records[key].Version, other); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []*client{one, two} {
		if w := c.send(func(s *visitor) { fieldUser.Get(s.Session) }); w.Code != 503 {
			t.Errorf("got status %d, want 503", w.Code)
		}
	}
	r.log.take()
	for name, value := range map[string]string{
		"record": string(records[keys[0]].Data),
		"cookie": strings.TrimPrefix(sealed(t, newManager(t, runtime.Config{}), func(s *visitor) { fieldUser.Set(s.Session, "x") }), "__Host-session="),
	} {
		c := r.client()
		c.cookies["__Host-session"] = value
		c.visit(func(s *visitor) {
			if !s.IsNew() {
				t.Errorf("%s: the token is accepted as an id", name)
			}
		})
		r.log.expect(t, runtime.Event{Kind: runtime.EventRefused, Reason: runtime.RefusedPurpose})
	}
}

func TestStoreKeyRotation(t *testing.T) {
	r := newRig(t, runtime.Config{})
	c := r.login()
	old := c.clone()
	r.m.SetKeys(parseKeys(t, keyB+" "+keyA))
	w := c.visit(func(s *visitor) { fieldUser.Get(s.Session) })
	if len(setCookies(w)) != 1 {
		t.Error("the cookie was not sealed under the new key")
	}
	// A token sealed under the older key may have missed a revocation.
	r.store.expect(t, "load", "load", "replace")
	// The record came to be under another hash of its principal. So who loads it next looks at the marks.
	c.visit(func(s *visitor) { fieldUser.Get(s.Session) })
	r.store.expect(t, "load", "load", "replace")
	c.visit(func(s *visitor) { fieldUser.Get(s.Session) })
	r.store.expect(t, "load")
	r.m.SetKeys(parseKeys(t, keyB))
	c.visit(func(s *visitor) {
		if fieldUser.Get(s.Session) != "hubo" {
			t.Error("the session is lost with the old key")
		}
		if infos, err := listAccount(t.Context(), r.m, 7); len(infos) != 1 || err != nil {
			t.Errorf("the list has %v, %v, want 1 session", infos, err)
		}
	})
	old.visit(func(s *visitor) {
		if !s.IsNew() {
			t.Error("the retired key still opens")
		}
	})
}

func TestStoreTimes(t *testing.T) {
	for _, c := range []struct {
		name      string
		cfg       runtime.Config
		permanent bool
		use       time.Duration // between two uses
		lives     bool          // after 20 of them
	}{
		{"lifetime", runtime.Config{Lifetime: time.Hour}, true, 10 * time.Minute, false},
		{"sliding", runtime.Config{Lifetime: time.Hour, Sliding: true}, true, 10 * time.Minute, true},
		{"sliding, not permanent", runtime.Config{Lifetime: time.Hour, Sliding: true}, false, 10 * time.Minute, false},
		{"idle, used", runtime.Config{IdleTimeout: time.Hour}, false, 10 * time.Minute, true},
		{"idle, not used", runtime.Config{IdleTimeout: time.Hour}, false, time.Hour, false},
		{"absolute", runtime.Config{IdleTimeout: time.Hour, AbsoluteTimeout: 2 * time.Hour}, false, 10 * time.Minute, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, c.cfg)
				visitor1 := r.client()
				visitor1.visit(func(s *visitor) {
					fieldUser.Set(s.Session, "hubo")
					s.SetPermanent(c.permanent)
				})
				for range 20 {
					time.Sleep(c.use)
					visitor1.visit(func(s *visitor) { fieldUser.Get(s.Session) })
				}
				if len(visitor1.cookies) > 1 {
					t.Errorf("the browser has cookies %v, want one", visitor1.cookies)
				}
				visitor1.visit(func(s *visitor) {
					if got := fieldUser.Get(s.Session) == "hubo"; got != c.lives {
						t.Errorf("got alive %v, want %v", got, c.lives)
					}
				})
				time.Sleep(32 * 24 * time.Hour)
				if n := r.store.Store.(*runtime.MemoryStore).Len(); n != 0 {
					t.Errorf("%d records are left, want none", n)
				}
			})
		})
	}
}

// A use is recorded once it is due, and no more often.
func TestStoreTouches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, runtime.Config{IdleTimeout: time.Hour, RefreshAfter: 10 * time.Minute})
		c := r.login()
		read := func(s *visitor) { fieldUser.Get(s.Session) }
		time.Sleep(9 * time.Minute)
		c.visit(read)
		r.store.expect(t, "load")
		time.Sleep(time.Minute)
		if w := c.visit(read); len(setCookies(w)) > 0 {
			t.Error("a touch sends a cookie")
		}
		r.store.expect(t, "load", "replace")
		c.visit(read)
		r.store.expect(t, "load")
		// A change in between wins, and the touch is not tried again.
		time.Sleep(10 * time.Minute)
		other := c.clone()
		r.meanwhile("replace", func() { other.visit(func(s *visitor) { fieldVisits.Set(s.Session, 5) }) })
		c.visit(read)
		r.store.expect(t, "load", "replace", "load", "replace")
		c.visit(func(s *visitor) {
			if fieldVisits.Get(s.Session) != 5 {
				t.Error("a touch overwrites a change")
			}
		})
	})
}

func TestStoreAnonymousRequests(t *testing.T) {
	r := newRig(t, runtime.Config{})
	for range 10_000 {
		r.client().visit(func(s *visitor) {
			fieldUser.Get(s.Session)
			fieldCode.Pop(s.Session)
			s.ID()
			s.Clear()
			s.Destroy()
		})
	}
	r.store.expect(t)
}
