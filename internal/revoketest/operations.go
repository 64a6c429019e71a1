package revoketest

import (
	"context"
	"fmt"

	"github.com/sessiongen/sessiongen/runtime"
)

// A knownID is a session's id that somebody has read.
type knownID struct {
	id  string
	tag int
	of  *visit // the request that will give the session this id; nil if it has it
}

// observe notes which log-in a session reads as, for a request that began at a time. It returns the log-in's tag, 0 if
// there is none.
func (r *run) observe(node int, s *session, since int, atEnd bool) int {
	f := r.nodes[node].fields
	tag, account := f.tag.Get(s.Session), f.account.Get(s.Session)
	if tag == 0 {
		return 0
	}
	id := s.ID()
	r.mu.Lock()
	a := r.judge.logins[tag-1]
	if account == a.principal {
		a.seen = a.seen || atEnd
	}
	why := r.judge.why(a, since, r.nodes[node].schema != withoutPrincipal && account == a.principal)
	r.ids = append(r.ids, knownID{id, tag, nil})
	r.mu.Unlock()
	if why != "" {
		r.fault("log-in %d reads as %d on node %d after %s", tag, account, node, why)
	}
	return tag
}

// A visit is a request that is under way.
type visit struct {
	run   *run
	ctx   context.Context
	node  int
	came  int // the log-in of its cookie
	tag   int // the log-in of the session
	sent  int // when its cookie was sent, 0 if not
	after []func()
}

// request starts a request.
func (r *run) request(node int, cookie string, do func(v *visit, s *session) string) {
	name := fmt.Sprintf("request %d", r.now())
	r.mu.Lock()
	came := r.tags[cookie]
	r.mu.Unlock()
	r.start(node, name, func(ctx context.Context, t *task) {
		v := &visit{run: r, ctx: ctx, node: node, came: came}
		since := r.now()
		status, sent := r.send(ctx, node, cookie, func(s *session) int {
			v.tag = r.observe(node, s, since, false)
			was := v.tag
			what := do(v, s)
			r.log("%s: comes with %d, has %d, %s", name, came, was, what)
			pause(ctx, "response")
			return v.tag
		})
		r.log("%s: status %d, cookie sent %v", name, status, sent)
		if status == 200 {
			for _, f := range v.after {
				f()
			}
			if sent {
				r.mu.Lock()
				r.clock++
				v.sent = r.clock
				for _, a := range r.judge.logins {
					a.sent = a.sent || a.visit == v
				}
				r.mu.Unlock()
			}
		}
	})
}

// begin notes a log-in, or the beginning of a session without a principal.
func (v *visit) begin(principal int64) *login {
	r := v.run
	a := &login{principal: principal, parent: v.tag, began: r.now(), visit: v, schema: r.nodes[v.node].schema}
	if a.parent == 0 {
		a.parent = v.came
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.judge.logins = append(r.judge.logins, a)
	a.tag = len(r.judge.logins)
	return a
}

func loggingIn(principal int64) func(v *visit, s *session) string {
	return func(v *visit, s *session) string {
		r, n := v.run, v.run.nodes[v.node]
		a := v.begin(principal)
		if n.fields.account.Get(s.Session) == principal {
			s.Authenticate()
		} else {
			n.fields.account.Set(s.Session, principal)
		}
		n.fields.tag.Set(s.Session, a.tag)
		n.fields.code.Set(s.Session, "code")
		id := s.ID()
		v.tag = a.tag
		r.mu.Lock()
		r.clock++
		a.done = r.clock
		r.ids = append(r.ids, knownID{id, a.tag, v})
		r.mu.Unlock()
		return fmt.Sprintf("logs in as %d: log-in %d", principal, a.tag)
	}
}

func renewing(v *visit, s *session) string {
	s.Renew()
	if v.tag > 0 {
		id := s.ID()
		v.run.mu.Lock()
		v.run.ids = append(v.run.ids, knownID{id, v.tag, v})
		v.run.mu.Unlock()
	}
	return "renews"
}

func changing(v *visit, s *session) string {
	if v.tag == 0 {
		a := v.begin(0)
		v.run.nodes[v.node].fields.tag.Set(s.Session, a.tag)
		v.tag = a.tag
	}
	v.run.nodes[v.node].fields.visits.Update(s.Session, func(n int) int { return n + 1 })
	return "changes"
}

func popping(v *visit, s *session) string {
	v.run.nodes[v.node].fields.code.Pop(s.Session)
	return "pops"
}

func reading(*visit, *session) string { return "reads" }

func loggingOut(v *visit, s *session) string {
	s.Destroy()
	switch {
	case v.tag > 0:
		e := v.run.ending(ending{what: "a log-out", tag: v.tag})
		v.after = append(v.after, func() { v.run.ended(e) })
	case v.came > 0: // it follows the session to its new id, if it moved
		v.run.ending(ending{what: "a log-out", tag: v.came})
	}
	v.tag = 0
	return "logs out"
}

func revokingOthers(v *visit, s *session) string {
	r, n := v.run, v.run.nodes[v.node]
	if v.tag == 0 || n.schema == withoutPrincipal {
		return "reads"
	}
	principal := n.fields.account.Get(s.Session)
	if principal == 0 {
		return "reads"
	}
	e := r.ending(ending{what: "RevokeOthers", principal: principal, but: v.tag, by: v})
	err := n.manager.RevokeOthers(v.ctx, s)
	if err == nil {
		r.ended(e)
	}
	return fmt.Sprintf("revokes others: %v", err)
}

// revoke starts a call of a Revoke method.
func (r *run) revoke(node int, e ending, f func(ctx context.Context) error) {
	name := fmt.Sprintf("%s %d", e.what, r.now())
	r.start(node, name, func(ctx context.Context, _ *task) {
		noted := r.ending(e)
		err := f(ctx)
		if err == nil {
			r.ended(noted)
		}
		r.log("%s: returns %v", name, err)
	})
}

func (r *run) revokePrincipal(node int, principal int64) {
	m, account := r.nodes[node].manager, &r.nodes[node].fields.account
	if r.nodes[node].schema == withoutPrincipal {
		return
	}
	r.revoke(node, ending{what: fmt.Sprintf("RevokePrincipal(%d)", principal), principal: principal},
		func(ctx context.Context) error { return runtime.RevokeBy(ctx, m, account, principal) })
}

func (r *run) revokeAll(node int) {
	m := r.nodes[node].manager
	r.revoke(node, ending{what: "RevokeAll", all: true}, func(ctx context.Context) error { return m.RevokeAll(ctx) })
}

func (r *run) revokeID(node, which int) {
	r.mu.Lock()
	if len(r.ids) == 0 {
		r.mu.Unlock()
		return
	}
	known := r.ids[len(r.ids)-1-which%len(r.ids)]
	r.mu.Unlock()
	m := r.nodes[node].manager
	r.revoke(node, ending{what: fmt.Sprintf("RevokeID of log-in %d", known.tag), tag: known.tag, of: known.of},
		func(ctx context.Context) error { return m.RevokeID(ctx, known.id) })
}
