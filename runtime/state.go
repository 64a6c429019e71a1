package runtime

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/cookie"
	"github.com/sessiongen/sessiongen/runtime/internal/payload"
)

// state is a session within one request. It is opened on first use.
type state struct {
	manager *manager
	ctx     context.Context // of the request, for events
	from    *incoming       // nil for what is revoked from outside; a pointer, which fmt does not follow

	asked   atomic.Bool // the handler has the session, used or not
	mu      sync.Mutex  // for all that follows
	answer  answer
	*opened // may be nil before it is open
}

// incoming is what a session needs of its request.
type incoming struct {
	cookies []string      // the Cookie header fields, as they were before a handler could change them
	request *http.Request // the server's, of which a handler has a copy; nil for other transports
}

// opened holds all of a session once it is used.
type opened struct {
	payload.Contents
	used int64 // when it was last used before, as far as known, in Unix seconds

	origin   origin
	edits    edits
	news     news
	browser  holding
	siblings cookie.Siblings // those that the browser has

	key        uint8 // the key under which the cookie opened, 0 for the newest
	oldUse     bool  // the companion is to be sealed anew, because of its key or its time
	wrongTimes bool  // its times were noted by a clock that is wrong
	loggedOut  bool  // it was cleared or destroyed, which must not fail for what follows

	binding binding
	badge   badgeKind // that the browser has
	stray   bool      // it has one that does not do, of another key or an earlier time; without it, it proves the key
	offers  uint8     // how often it was offered to bind the session
	proved  int64     // when its device last did, in Unix seconds; 0 for never

	trouble *trouble // nil as long as there is none

	// What the homes note of a session. Each is for the home of that name alone.
	stored    *storedSession
	revocable *revocableSession
}

// trouble holds what few requests have. Not all of it is trouble.
type trouble struct {
	err     error              // the first thing that went wrong
	next    error              // the first thing after a change that came too late, which saving once more takes back
	down    error              // the store could not tell what the session is: nothing is sent
	events  []Event            // to be reported once mu is free
	unsaved []string           // what changed since the program saved the session
	taken   []taking           // what a page may show
	shown   bool               // a page shows some of it
	rivals  rivals             // the other sessions that the browser's cookies lead to
	endings []ending           // old sessions of another library that end with this one
	flows   *flows             // nil as long as none begins or ends
	device  payload.Thumbprint // of the key whose binding ends
	offer   string             // the header field that offers to bind the session
}

// ask notes that the handler has the session.
func (st *state) ask() {
	if !st.asked.Load() { // the cheaper one
		st.asked.Store(true)
	}
}

func (st *state) isOpen() bool { return st.opened != nil && st.origin != unopened }

// lock locks the session and opens it if this is its first use.
func (st *state) lock() {
	st.mu.Lock()
	if !st.isOpen() {
		st.firstUse()
	}
}

func (st *state) firstUse() {
	opened := false
	defer func() {
		if !opened { // Config.Time, or a store, has panicked
			st.fallDown(errPanicked)
			st.mu.Unlock()
		}
	}()
	var r cookie.Received
	st.find(&r)
	if st.manager.deviceBound > 0 && !st.isDown() {
		st.meetDevice(&r)
	}
	opened = true
}

// unlock also reports what happened meanwhile: a program's OnEvent may well use
// the session.
func (st *state) unlock() {
	if st.trouble == nil || len(st.trouble.events) == 0 {
		st.mu.Unlock()
		return
	}
	events := st.trouble.events
	st.trouble.events = nil
	st.mu.Unlock()
	for _, e := range events {
		st.manager.report(st.ctx, e)
	}
}

func (st *state) troubled() *trouble {
	if st.trouble == nil {
		st.trouble = new(trouble)
	}
	return st.trouble
}

func (st *state) event(kind EventKind, reason, field string) {
	st.note(Event{Kind: kind, Reason: reason, Field: field})
}

// eventTooLarge reports that a session does not fit.
func (st *state) eventTooLarge(size int) {
	first, all := st.manager.largest(&st.Contents)
	st.note(Event{Kind: EventTooLarge, Reason: fmt.Sprintf("%d bytes", size), Field: first, Largest: all})
}

// eventSaveFailed reports why a save failed.
func (st *state) eventSaveFailed(err error) {
	e := Event{Kind: EventSaveFailed, Reason: reason(err)}
	if about := (*fieldError)(nil); errors.As(err, &about) {
		e.Field = about.field
	}
	if errors.Is(err, ErrTooLarge) {
		e.Field, e.Largest = st.manager.largest(&st.Contents)
	}
	st.note(e)
}

// note keeps an event until it can be reported.
func (st *state) note(e Event) {
	if st.from != nil && st.from.request != nil {
		e.Method, e.Path = describe(st.from.request)
	}
	t := st.troubled()
	t.events = append(t.events, e)
}

// fail keeps the first error.
func (st *state) fail(err error) {
	switch t := st.troubled(); {
	case t.err == nil:
		t.err = err
	case t.next == nil && errors.Is(t.err, ErrTooLate) && !errors.Is(err, ErrTooLate):
		t.next = err
	}
}

// bypassed reports that the handler has written past the response writer that it was given, so that
// the cookies come too late.
func (st *state) bypassed() {
	st.mu.Lock()
	defer st.unlock()
	st.fail(ErrTooLate)
	st.event(EventTooLate, "the handler wrote past the response writer of Manager.Handler: with gin, use ginsession.Middleware", "")
}

// resume takes back that the program has saved the session, as it does so once more.
func (st *state) resume() {
	st.answer = answerByHand
	t := st.trouble
	if t == nil {
		return
	}
	t.unsaved = nil
	if errors.Is(t.err, ErrTooLate) {
		t.err, t.next = t.next, nil
	}
}

// refuse keeps the error of a value that was not taken.
func (st *state) refuse(err error) {
	st.lock()
	st.fail(err)
	st.unlock()
}

// failure is the first error.
func (st *state) failure() error {
	if st.trouble == nil {
		return nil
	}
	return st.trouble.err
}

// fallDown makes the session one of which nothing is known.
func (st *state) fallDown(err error) {
	st.fail(err)
	st.trouble.down = err
}

// isDown reports whether nothing is known of the session.
func (st *state) isDown() bool { return st.trouble != nil && st.trouble.down != nil }

// hasExpired reports whether the session would be refused now.
func (st *state) hasExpired() bool {
	expires, _ := st.manager.expiry(&st.Metadata, st.used, st.now())
	return st.now() >= expires
}

// prune removes what has ended by now. If that is the principal, what was theirs goes too.
func (st *state) prune(now int64) {
	p := st.manager.principal
	owned := p != nil && st.Holds(p.index)
	st.Prune(now)
	if owned && !st.Holds(p.index) {
		st.clearOwned()
	}
}

// boundExpiries makes fields end that were set by a clock which is wrong, as if they were set now.
func (st *state) boundExpiries(now int64) {
	for i, f := range st.manager.fields {
		if latest := now + int64(f.ttl/time.Second); f.ttl > 0 && st.Expiry(i) > latest+payload.ClockTolerance {
			st.SetExpiry(i, latest)
		}
	}
}

// start makes an empty session one that begins now.
func (st *state) start(now int64) {
	st.Created, st.Saved, st.used = now, now, now
	st.SetPermanent(st.manager.permanent)
}

func (st *state) now() int64 { return st.manager.clock.now() }

// oldKey reports whether the cookie opened under a key that is not the newest.
func (st *state) oldKey() bool { return st.key > 0 }

func (st *state) modified() bool { return st.edits != unchanged }

// reopen takes back that the response has begun.
func (st *state) reopen() {
	st.mu.Lock()
	st.answer = answerAhead
	st.mu.Unlock()
}

// abandon notes that the handler has panicked.
func (st *state) abandon() {
	st.mu.Lock()
	st.answer = answerAbandoned
	st.mu.Unlock()
}
