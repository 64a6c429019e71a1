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

// state is the session of one request. It is opened when it is first used.
type state struct {
	manager *manager
	ctx     context.Context // the request's, for events
	from    *incoming       // nil outside a request; a pointer, which fmt does not follow

	asked   atomic.Bool // the handler has asked for the session
	mu      sync.Mutex  // protects everything below
	answer  answer
	*opened // nil until the session is opened
}

// incoming is what a session needs from its request.
type incoming struct {
	cookies []string      // the Cookie header fields, before a handler could change them
	request *http.Request // the server's request, of which the handler has a copy; nil for other transports
}

// opened is everything about a session that was used.
type opened struct {
	payload.Contents
	used int64 // when the session was last used before, if known, in Unix seconds

	origin   origin
	edits    edits
	news     news
	browser  holding
	siblings cookie.Siblings // the cookies that the browser has

	key        uint8 // index of the key that opened the cookie; 0 is the newest
	oldUse     bool  // the companion must be sealed again, because of its key or its time
	wrongTimes bool  // a wrong clock noted its times
	loggedOut  bool  // it was cleared or destroyed, which must succeed whatever follows

	binding binding
	badge   badgeKind // of the browser's badge
	stray   bool      // the browser has a badge of another key or an earlier time; after its deletion, the browser proves its key
	offers  uint8     // how often a binding was offered
	proved  int64     // when the device last proved its key, in Unix seconds; 0 for never

	trouble *trouble // nil until it is needed

	// Each home keeps its own data here.
	stored    *storedSession
	revocable *revocableSession
}

// trouble holds what few requests need. Not all of it is trouble.
type trouble struct {
	err     error              // the first error
	next    error              // the first error after a change that came too late; saving once more clears it
	down    error              // why the store could not return the session; no cookie is sent
	events  []Event            // to report when mu is unlocked
	unsaved []string           // what changed since the program saved the session
	taken   []taking           // messages for the page
	shown   bool               // the response shows some of them
	rivals  rivals             // other sessions of the browser's cookies
	endings []ending           // old sessions of another library that end with this one
	flows   *flows             // nil until a flow begins or ends
	device  payload.Thumbprint // of the key whose binding ends
	offer   string             // the header field that offers a binding
}

// ask notes that the handler has asked for the session.
func (st *state) ask() {
	if !st.asked.Load() { // cheaper than a store
		st.asked.Store(true)
	}
}

func (st *state) isOpen() bool { return st.opened != nil && st.origin != unopened }

// lock locks the session, and opens it when it is first used.
func (st *state) lock() {
	st.mu.Lock()
	if !st.isOpen() {
		st.firstUse()
	}
}

func (st *state) firstUse() {
	opened := false
	defer func() {
		if !opened { // Config.Time or a store has panicked
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

// unlock unlocks the session and then reports its events, because the program's OnEvent may use the
// session.
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

// eventTooLarge reports that the session does not fit.
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

// note keeps an event until the session is unlocked.
func (st *state) note(e Event) {
	if st.from != nil && st.from.request != nil {
		e.Method, e.Path = describe(st.from.request)
	}
	t := st.troubled()
	t.events = append(t.events, e)
}

// fail keeps err if it is the first error.
func (st *state) fail(err error) {
	switch t := st.troubled(); {
	case t.err == nil:
		t.err = err
	case t.next == nil && errors.Is(t.err, ErrTooLate) && !errors.Is(err, ErrTooLate):
		t.next = err
	}
}

// bypassed notes that the handler has written past its response writer, so that the cookies come too
// late.
func (st *state) bypassed() {
	st.mu.Lock()
	defer st.unlock()
	st.fail(ErrTooLate)
	st.event(EventTooLate, "the handler wrote past the response writer of Manager.Handler: with gin, use ginsession.Middleware", "")
}

// resume makes a session changeable again because the program saves it once more.
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

// refuse keeps the error of a refused value.
func (st *state) refuse(err error) {
	st.lock()
	st.fail(err)
	st.unlock()
}

// failure returns the first error.
func (st *state) failure() error {
	if st.trouble == nil {
		return nil
	}
	return st.trouble.err
}

// fallDown makes the session unknown because of a failed store.
func (st *state) fallDown(err error) {
	st.fail(err)
	st.trouble.down = err
}

// isDown reports whether the session is unknown.
func (st *state) isDown() bool { return st.trouble != nil && st.trouble.down != nil }

// hasExpired reports whether the session has expired by now.
func (st *state) hasExpired() bool {
	expires, _ := st.manager.expiry(&st.Metadata, st.used, st.now())
	return st.now() >= expires
}

// prune removes expired fields. If the principal expires, so do the principal's fields.
func (st *state) prune(now int64) {
	p := st.manager.principal
	owned := p != nil && st.Holds(p.index)
	st.Prune(now)
	if owned && !st.Holds(p.index) {
		st.clearOwned()
	}
}

// boundExpiries shortens the expiries that a wrong clock has set to those of fields that are set
// now.
func (st *state) boundExpiries(now int64) {
	for i, f := range st.manager.fields {
		if latest := now + int64(f.ttl/time.Second); f.ttl > 0 && st.Expiry(i) > latest+payload.ClockTolerance {
			st.SetExpiry(i, latest)
		}
	}
}

// start begins a new session in an empty one.
func (st *state) start(now int64) {
	st.Created, st.Saved, st.used = now, now, now
	st.SetPermanent(st.manager.permanent)
}

func (st *state) now() int64 { return st.manager.clock.now() }

// oldKey reports whether an older key opened the cookie.
func (st *state) oldKey() bool { return st.key > 0 }

func (st *state) modified() bool { return st.edits != unchanged }

// reopen notes that the response has not begun after all.
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
