package revoketest

// A login is an authentication, or the beginning of a session without a principal.
type login struct {
	tag         int
	principal   int64
	parent      int // the log-in that the session had before
	began, done int
	visit       *visit
	schema      schema
	sent        bool // the browser has got a cookie
	seen        bool // a cookie reads as this log-in at the end
}

// An ending ends log-ins: it is a revocation or a log-out.
type ending struct {
	what        string
	all         bool
	principal   int64  // whose log-ins end, 0 if it is not about a principal
	but         int    // the log-in that is spared
	tag         int    // the one log-in that ends, 0 if it is not about one
	by          *visit // the request whose log-in is spared, and lost if it cannot be saved; nil if there is none
	of          *visit // the request that gives the log-in the revoked id, nil if it had it before
	began, done int    // done is 0 until it has returned
}

// A judge knows the rule.
type judge struct {
	logins  []*login
	endings []*ending
}

func (r *run) ending(e ending) *ending {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clock++
	e.began = r.clock
	r.judge.endings = append(r.judge.endings, &e)
	return &e
}

func (r *run) ended(e *ending) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clock++
	e.done = r.clock
}

// why returns the ending that should have ended a log-in for a request that began at a time, "" if there is none. A
// build that does not know a session's principal cannot know that the principal was revoked.
func (j *judge) why(a *login, since int, asPrincipal bool) string {
	if a.principal == 0 { // nothing is promised about it
		return ""
	}
	for _, e := range j.endings {
		if e.done == 0 || e.done > since || a.done == 0 || a.done > e.began || e.of != nil && (e.of.sent == 0 || e.of.sent > since) {
			continue
		}
		if e.all || e.tag == a.tag || asPrincipal && e.principal == a.principal && e.but != a.tag {
			return e.what
		}
	}
	return ""
}

// missing returns the log-ins that are dead although nothing has ended them.
func (j *judge) missing() (all []*login) {
	for _, a := range j.logins {
		if a.principal > 0 && a.sent && !a.seen && !j.mayBeDead(a) {
			all = append(all, a)
		}
	}
	return all
}

// mayBeDead reports whether something may have ended a log-in.
func (j *judge) mayBeDead(a *login) bool {
	for _, b := range j.logins {
		// Another log-in replaced it, or a build without authentication did.
		if b.parent == a.tag || b.tag == a.tag && b.schema != withPrincipal {
			return true
		}
	}
	for _, e := range j.endings {
		if e.done > 0 && e.done < a.began {
			continue
		}
		spared := e.but == a.tag && e.done > 0 && e.by != nil && e.by.sent > 0
		if e.all || e.principal == a.principal && !spared || e.tag > 0 && j.descends(a, e.tag) {
			return true
		}
	}
	return false
}

// descends reports whether a log-in was in the session of another one.
func (j *judge) descends(a *login, tag int) bool {
	for {
		if a.tag == tag {
			return true
		}
		if a.parent == 0 {
			return false
		}
		a = j.logins[a.parent-1]
	}
}
