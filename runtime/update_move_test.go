package runtime_test

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

// makeAdmin updates the sessions of the account that clients log in to, and returns how many.
func (r *rig) makeAdmin(then func()) (n int) {
	n, err := updateAccount(r.t.Context(), r.m, 7, func(s *visitor) {
		fieldRoles.Set(s.Session, append(fieldRoles.Get(s.Session), "admin"))
		then()
	})
	if err != nil {
		r.t.Error(err)
	}
	return n
}

// moveAndCount gives a session a new id, and counts that.
func moveAndCount(s *visitor) {
	s.Renew()
	fieldVisits.Update(s.Session, func(n int) int { return n + 1 })
}

// afterInsert lets a function run once, when a record was inserted.
func (r *rig) afterInsert(f func()) {
	done := false
	r.store.set(nil, func(call, _ string) error {
		if call == "insert" && !done {
			done = true
			f()
		}
		return nil
	})
}

// A request inserts the record under a new id, and then cannot give up the old one, since that was changed
// meanwhile. Who lists the account's sessions just then finds both. Whatever they do, the request succeeds, and
// each session is changed once.
func TestUpdateByWhileMoving(t *testing.T) {
	for meanwhile, lives := range map[string]bool{ // u: updated, v: visited, m: moved, r: revoked, d: destroyed by an update
		"u": true, "v": true, "m": true, "vu": true, "uv": true, "mu": true, "um": true, "uvuvu": true,
		"r": false, "d": false, "ur": false, "vr": false, "ud": false, "vd": false,
	} {
		t.Run(meanwhile, func(t *testing.T) {
			r := newRig(t, runtime.Config{})
			browser := r.login()
			beside, updates := browser.clone(), 0
			act := map[rune]func(){
				'u': func() {
					updates++
					if n := r.makeAdmin(func() {}); n != 1 {
						t.Errorf("got %d changed sessions, want 1", n)
					}
				},
				'v': func() { beside.visit(func(s *visitor) { fieldToken.Set(s.Session, fieldToken.Get(s.Session)+"v") }) },
				'm': func() { beside.visit(func(s *visitor) { s.Renew() }) },
				'r': func() { must(t, r.m.RevokeAll(t.Context())) },
				'd': func() { updateAccount(t.Context(), r.m, 7, func(s *visitor) { s.Destroy() }) },
			}
			r.afterInsert(func() {
				for _, what := range meanwhile {
					act[what]()
				}
			})
			if browser.visit(moveAndCount); slices.Contains([]string{"m", "mu", "um"}, meanwhile) {
				browser = beside // which was faster, so that nothing of the other request counts
			}
			r.store.set(nil, nil)
			browser.visit(func(s *visitor) {
				in, roles, visits := fieldAccount.Get(s.Session) == 7, fieldRoles.Get(s.Session), fieldVisits.Get(s.Session)
				if in != lives || lives && !slices.Equal(roles, slices.Repeat([]string{"admin"}, updates)) || lives && browser != beside && visits != 1 {
					t.Errorf("got logged in %v; %d updates give roles %q; %d visits", in, updates, roles, visits)
				}
			})
			want := 0
			if lives {
				want = 1
			}
			if all, err := listAccount(t.Context(), r.m, 7); err != nil || len(all) != want {
				t.Errorf("%d sessions are left, %v", len(all), err)
			}
		})
	}
}

// The same before the update saves the session, and before it has listed all.
func TestUpdateByOfMove(t *testing.T) {
	for round := range 20 { // the store lists in any order
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			r := newRig(t, runtime.Config{})
			browser := r.login()
			inserted, goOn, answered := make(chan bool), make(chan bool), make(chan *httptest.ResponseRecorder)
			r.afterInsert(func() { inserted <- true; <-goOn })
			go func() { answered <- browser.send(moveAndCount) }()
			<-inserted
			runs := 0
			n := r.makeAdmin(func() {
				if runs++; runs == 1 {
					goOn <- true
					browser.receive(<-answered)
				}
			})
			if n != 1 || runs != 2 {
				t.Errorf("got %d changed sessions in %d calls, want 1 in 2", n, runs)
			}
			browser.visit(func(s *visitor) {
				if got := fieldRoles.Get(s.Session); !slices.Equal(got, []string{"admin"}) || fieldVisits.Get(s.Session) != 1 {
					t.Errorf("got roles %q, %d visits", got, fieldVisits.Get(s.Session))
				}
			})
		})
	}
}

// A log-in under way when the account is updated succeeds: the session that it leaves is not known to be the
// account's.
func TestUpdateByOfLogIn(t *testing.T) {
	r := newRig(t, runtime.Config{})
	browser := r.client()
	browser.visit(func(s *visitor) { fieldTheme.Set(s.Session, "dark") })
	beside := browser.clone()
	r.afterInsert(func() {
		r.makeAdmin(func() {})
		beside.visit(func(s *visitor) { fieldTheme.Set(s.Session, "light") })
	})
	browser.visit(func(s *visitor) { fieldAccount.Set(s.Session, 7) })
	r.store.set(nil, nil)
	browser.visit(func(s *visitor) {
		if fieldAccount.Get(s.Session) != 7 || fieldTheme.Get(s.Session) != "light" {
			t.Errorf("got account %d, theme %q, want 7, light", fieldAccount.Get(s.Session), fieldTheme.Get(s.Session))
		}
	})
	if all, err := listAccount(t.Context(), r.m, 7); err != nil || len(all) != 1 {
		t.Errorf("got %d sessions, %v, want 1", len(all), err)
	}
}
