package runtime

import (
	"github.com/sessiongen/sessiongen/runtime/internal/cookie"
	"github.com/sessiongen/sessiongen/runtime/internal/payload"
)

// A browser usually has one cookie of a name. It has several after a change of Config.Domain, Path
// or Partitioned, one for each scope, and a subdomain can plant more. Nothing in a request tells
// which is which. So all of them are tried, within limits, and the newest session wins, because the
// program saved it last.

// Limits for one request. Cookies that are no tokens of a key in use do not count.
const (
	maxOpens   = 16 // tokens that are decrypted
	maxFound   = 4  // authentic tokens, each of which may need a call of the store
	maxReports = 8  // refusals that are reported
)

// A search holds what remains of the limits.
type search struct {
	now                   int64
	opens, found, reports int
}

func (s *search) over() bool { return s.opens == 0 || s.found == 0 }

// find opens the session from the request's cookies. If there is none, the session is empty.
func (st *state) find(r *cookie.Received) {
	m := st.manager
	m.cookie.Find(st.from.cookies, r)
	s := search{now: m.clock.now(), opens: maxOpens, found: maxFound, reports: maxReports}
	st.openNone(r)
	accepted, candidates := "", r.Candidates()
	for i := range candidates.Len() {
		value := candidates.At(i)
		switch {
		case accepted == "":
			if refusal := st.tryValue(value, r, &s); refusal != "" {
				st.refuseCookie(refusal, &s)
				break
			}
			st.origin, accepted = returning, value
		case value != accepted:
			st.openRival(value, r, &s)
		}
		if s.over() || st.isDown() {
			break
		}
	}
	if accepted == "" && m.legacy != nil && s.found == maxFound && !st.isDown() {
		st.importOld(s.now)
	}
	switch {
	case st.origin != returning:
		st.start(s.now)
	case st.hasEnded():
		st.Reset()
		st.origin = fresh
		st.start(s.now)
	case st.isDisputed():
		st.reportDisputed()
	}
}

// openNone makes the session empty before a cookie is tried.
func (st *state) openNone(r *cookie.Received) {
	st.manager.home.prepare(st)
	st.Init(st.manager.schema)
	st.origin, st.siblings = fresh, r.Siblings
	if st.manager.deviceBound > 0 {
		st.siblings = st.siblings.Without(cookie.Badge) // the home must not delete it
	}
	if r.Any {
		st.browser = holdsCookie
	}
}

// refuseCookie discards what was read from a cookie.
func (st *state) refuseCookie(refusal string, s *search) {
	st.Reset()
	if s.reports > 0 && !st.isDown() {
		st.event(EventRefused, refusal, "")
		s.reports--
	}
}

// openRival tries another cookie after a session was opened, and keeps the newer session. A refused
// cookie no longer matters.
func (st *state) openRival(value string, r *cookie.Received, s *search) {
	st.troubled().rivals.note(st.ID())
	kept := st.opened
	st.opened = nil
	st.openNone(r)
	st.trouble = kept.trouble
	refusal := st.tryValue(value, r, s)
	rival, trouble := st.opened, st.trouble
	if refusal == "" {
		rival.origin = returning
		if newer(&rival.Metadata, &kept.Metadata) {
			kept, rival = rival, kept
		}
	}
	st.opened, st.trouble = kept, trouble
	if ends := st.manager.home.endAlso(st, rival); refusal == "" {
		trouble.rivals.add(&kept.Metadata, &rival.Metadata, ends)
	}
}

// newer reports whether a is newer than b, which came before it.
func newer(a, b *payload.Metadata) bool {
	switch {
	case a.Saved != b.Saved:
		return a.Saved > b.Saved
	case a.Authenticated != b.Authenticated:
		return a.Authenticated > b.Authenticated
	}
	return a.Created > b.Created
}

// tryValue opens the session for a cookie's value. refusal is empty if the session is valid.
func (st *state) tryValue(value string, r *cookie.Received, s *search) (refusal string) {
	chunks, first, ok := st.manager.cookie.Chunks(value)
	switch {
	case !ok:
		return RefusedMalformed
	case chunks == 1:
		refusal, _ = st.tryToken(first, r, s)
		return refusal
	}
	// If others could have planted a chunk, another combination may be right, unless the first chunk
	// is of no key in use.
	var refusals []string
	mixes := st.manager.rings.Load().session.Recognizes(first)
	for text := range r.Joins(first, chunks) {
		refusal, decrypted := st.tryToken(text, r, s)
		refusals = append(refusals, refusal)
		if !mixes || refusal != RefusedForged && refusal != RefusedMalformed {
			break
		}
		if !decrypted {
			s.opens--
		}
		if s.over() {
			break
		}
		st.Reset()
	}
	if len(refusals) == 0 {
		return RefusedMalformed
	}
	if last := refusals[len(refusals)-1]; last != RefusedForged && last != RefusedMalformed {
		return last
	}
	return refusals[0]
}

// tryToken opens the session for a token.
func (st *state) tryToken(text string, r *cookie.Received, s *search) (refusal string, decrypted bool) {
	refusal, decrypted = st.manager.home.open(st, text, r.Companions(), s.now)
	if refusal == "" && st.Expires() {
		st.boundExpiries(s.now)
		st.prune(s.now)
	}
	if decrypted {
		s.opens--
		if refusal != RefusedForged && refusal != RefusedMalformed {
			s.found--
		}
	}
	return refusal, decrypted
}

// reportDisputed reports that two builds set different principals.
func (st *state) reportDisputed() {
	st.event(EventFieldDropped, "two builds disagree about the principal", st.manager.principal.name)
}

func (st *state) isDisputed() bool {
	p := st.manager.principal
	return p != nil && st.Dropped(p.index)
}
