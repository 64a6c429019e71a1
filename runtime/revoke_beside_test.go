package runtime_test

import (
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// No cookie is worth anything after another node ended the session, even if the keys change too: whatever the request
// does, and before whichever of its calls of the store that happens.
func TestNothingOutlives(t *testing.T) {
	if testing.Short() {
		t.Skip("this test repeats much")
	}
	const a, b = keyA, keyB
	actions := map[string]func(r *rig, s *visitor){
		"reads":           func(_ *rig, s *visitor) { fieldUser.Get(s.Session) },
		"sets":            func(_ *rig, s *visitor) { fieldVisits.Set(s.Session, 1) },
		"updates":         func(_ *rig, s *visitor) { fieldVisits.Update(s.Session, func(n int) int { return n + 1 }) },
		"pops":            func(_ *rig, s *visitor) { fieldToken.Pop(s.Session) },
		"becomes lasting": func(_ *rig, s *visitor) { s.SetPermanent(true) },
		"renews":          func(_ *rig, s *visitor) { fieldUser.Get(s.Session); s.Renew() },
		"proves":          func(_ *rig, s *visitor) { fieldUser.Get(s.Session); runtime.Prove(s.Session, &fieldProof) },
		"revokes others":  func(r *rig, s *visitor) { _ = r.m.RevokeOthers(r.t.Context(), s) },
		"revokes itself":  func(r *rig, s *visitor) { _ = r.m.RevokeID(r.t.Context(), s.ID()) },
		"logs out":        func(_ *rig, s *visitor) { fieldUser.Get(s.Session); s.LogOut() },
		"is changed from outside": func(r *rig, s *visitor) {
			_, _ = updateAccount(r.t.Context(), r.m, 7, func(s *visitor) { fieldVisits.Set(s.Session, 2) })
		},
		"is ended from outside": func(r *rig, s *visitor) {
			_, _ = updateAccount(r.t.Context(), r.m, 7, func(s *visitor) { s.Destroy() })
		},
		"is checked": func(r *rig, s *visitor) { fieldUser.Get(s.Session); _ = r.m.Check(r.t.Context(), s) },
	}
	ends := map[string]func(r *rig, c *client, id string) error{"log-out": func(_ *rig, c *client, _ string) error {
		c.send(func(s *visitor) { s.LogOut() })
		return nil
	}}
	for name, revoke := range nodesRevoke {
		ends[name] = func(r *rig, _ *client, id string) error { return revoke(r, id) }
	}
	for action, do := range actions {
		for end, revoke := range ends {
			for _, rings := range [][2]string{{a, a}, {a + " " + b, b + " " + a}, {b + " " + a, b}} {
				for did, before := true, 0; did; before++ {
					did = false
					sharingBubble(t, func(t *testing.T, node func(string, time.Duration) *rig) {
						first, second := node(rings[0], 0), node(rings[0], 0)
						c, id := first.loginAs(7), ""
						c.visit(func(s *visitor) { id = s.ID(); fieldToken.Set(s.Session, "once") })
						old := c.clone()
						interfered := first.store.interfere(before, func() {
							must(t, revoke(second, old.on(second), id))
							first.setKeys(rings[1])
							second.setKeys(rings[1])
						}, func() { c.receive(c.send(func(s *visitor) { do(first, s) })) })
						if !interfered {
							return
						}
						did = true
						for what, cookies := range map[string]*client{"its cookie": c, "the older cookie": old} {
							for _, r := range []*rig{first, second} {
								if cookies.on(r).isLoggedIn() {
									t.Errorf("%s before call %d of a request that %s, with %d keys then: %s lives", end, before, action, len(rings[1])/len(a), what)
								}
							}
						}
					})
				}
			}
		}
	}
}
