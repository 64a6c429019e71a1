package runtime_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// expectLoggedIn checks which of the clients are logged in, by their number.
func expectLoggedIn(t testing.TB, when string, clients []*client, want ...int) {
	t.Helper()
	var in []int
	for i, c := range clients {
		if c.isLoggedIn() {
			in = append(in, i)
		}
	}
	if fmt.Sprint(in) != fmt.Sprint(want) {
		t.Errorf("%s: clients %v are logged in, want %v", when, in, want)
	}
}

// A log-in beyond Config.MaxSessions ends the oldest session of the account, and of no other.
func TestMaxSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, runtime.Config{MaxSessions: 2})
		stranger, anonymous := r.client(), r.client()
		stranger.visit(func(s *visitor) { fieldUser.Set(s.Session, "eve"); fieldAccount.Set(s.Session, 8) })
		anonymous.visit(func(s *visitor) { fieldUser.Set(s.Session, "anon") })
		var clients []*client
		logIn := func() {
			time.Sleep(time.Second)
			clients = append(clients, r.login())
		}
		logIn()
		logIn()
		expectLoggedIn(t, "two log-ins", clients, 0, 1)
		logIn()
		expectLoggedIn(t, "a third", clients, 1, 2)
		clients[1].visit(func(s *visitor) { fieldVisits.Set(s.Session, 1) })
		clients[1].visit(func(s *visitor) { s.Renew() })
		expectLoggedIn(t, "changed and renewed", clients, 1, 2)
		clients[2].visit(func(s *visitor) { s.Destroy() })
		logIn()
		expectLoggedIn(t, "one for another", clients, 1, 3)
		// A repeated log-in of the same account in its session is not a further session.
		time.Sleep(time.Second)
		clients[1].visit(func(s *visitor) { s.Authenticate() })
		expectLoggedIn(t, "again", clients, 1, 3)
		expectLoggedIn(t, "others", []*client{stranger, anonymous}, 0, 1)
		infos, err := listAccount(t.Context(), r.m, 7)
		if len(infos) != 2 || err != nil {
			t.Errorf("got %d listed sessions, %v, want 2", len(infos), err)
		}
	})
}

// A session that gets a new id just then has two records, and counts once.
func TestMaxSessionsOfMove(t *testing.T) {
	r := newRig(t, runtime.Config{MaxSessions: 3})
	clients := []*client{r.login(), r.login()}
	r.afterInsert(func() { clients = append(clients, r.login()) })
	clients[1].visit(func(s *visitor) { s.Renew() })
	r.store.set(nil, nil)
	expectLoggedIn(t, "three of three", clients, 0, 1, 2)
	clients = append(clients, r.login())
	expectLoggedIn(t, "a fourth", clients, 1, 2, 3)
}

// The session that logs in is never the one to end, however old it is.
func TestMaxSessionsOldVisit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, runtime.Config{MaxSessions: 1})
		old := r.client()
		old.visit(func(s *visitor) { fieldTheme.Set(s.Session, "dark") })
		time.Sleep(time.Hour)
		clients := []*client{r.login(), old}
		expectLoggedIn(t, "before", clients[:1], 0)
		old.visit(func(s *visitor) { fieldUser.Set(s.Session, "hubo"); fieldAccount.Set(s.Session, 7) })
		expectLoggedIn(t, "after", clients, 1)
	})
}

// The oldest session is the one with the earliest log-in, not the one with the earliest visit.
func TestMaxSessionsCountsLogIns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, runtime.Config{MaxSessions: 2})
		visitor0 := r.client()
		visitor0.visit(func(s *visitor) { fieldTheme.Set(s.Session, "dark") })
		time.Sleep(time.Hour)
		first := r.login()
		time.Sleep(time.Hour)
		visitor0.visit(func(s *visitor) { fieldUser.Set(s.Session, "hubo"); fieldAccount.Set(s.Session, 7) })
		time.Sleep(time.Hour)
		last := r.login()
		expectLoggedIn(t, "three log-ins", []*client{first, visitor0, last}, 1, 2)
	})
}

// Each account has its own limit, also when a session changes to it.
func TestMaxSessionsOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, runtime.Config{MaxSessions: 1})
		c, seven := r.client(), r.login()
		c.visit(func(s *visitor) { fieldUser.Set(s.Session, "eve"); fieldAccount.Set(s.Session, 8) })
		time.Sleep(time.Second)
		c.visit(func(s *visitor) { fieldAccount.Set(s.Session, 7); fieldUser.Set(s.Session, "hubo") })
		expectLoggedIn(t, "8 becomes 7", []*client{c, seven}, 0)
	})
}

// The last of several simultaneous log-ins is good, and no more sessions remain than are allowed.
func TestMaxSessionsAtOnce(t *testing.T) {
	for most := 1; most <= 2; most++ {
		for range 30 {
			r := newRig(t, runtime.Config{MaxSessions: most})
			clients := []*client{r.client(), r.client(), r.client()}
			together(len(clients), func(i int) {
				clients[i].visit(func(s *visitor) { fieldUser.Set(s.Session, "hubo"); fieldAccount.Set(s.Session, 7) })
			})
			living := loggedIn(clients)
			if living < 1 || living > most {
				t.Fatalf("%d sessions live, want 1 to %d", living, most)
			}
			last := r.login()
			if !last.isLoggedIn() {
				t.Fatal("the last session is dead")
			}
		}
	}
}

// While a log-in looks for older sessions, another one comes in.
func TestMaxSessionsBetween(t *testing.T) {
	r := newRig(t, runtime.Config{MaxSessions: 1})
	c, other := r.client(), r.client()
	r.meanwhile("list", func() {
		other.visit(func(s *visitor) { fieldUser.Set(s.Session, "hubo"); fieldAccount.Set(s.Session, 7) })
	})
	c.visit(func(s *visitor) { fieldUser.Set(s.Session, "hubo"); fieldAccount.Set(s.Session, 7) })
	if c.isLoggedIn() == other.isLoggedIn() {
		t.Errorf("both sessions have the same state: logged in %v", c.isLoggedIn())
	}
}
