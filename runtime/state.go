package runtime

import (
	"bytes"
	"context"
	"crypto/rand"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/token"
)

// state is a session within one request. It is opened on first use.
type state struct {
	manager *manager
	ctx     context.Context // of the request, for events
	cookies *[]string       // the request's Cookie header fields; a pointer, which fmt does not follow

	asked     atomic.Bool // the handler has the session, used or not
	mu        sync.Mutex  // for all that follows
	committed bool        // the response has begun
	abandoned bool        // the handler has panicked: there may be no response
	isOpen    bool
	*opened   // may be nil before it is open
}

// opened is what there is of a session once it is used.
type opened struct {
	contents
	used     int64 // when it was last used before, as far as known, in Unix seconds
	siblings uint8 // as in received.has

	sent      bool // the browser has a cookie of this name, whatever it holds, or is sent one
	isNew     bool // no cookie opened
	created   bool // an EventCreated was reported
	oldKey    bool // it opened under a key that is not the newest
	oldUse    bool // so did its companion
	modified  bool
	renewed   bool
	destroyed bool
	ended     bool     // it was cleared or destroyed: a log-out, which must not fail for what follows
	trouble   *trouble // nil as long as there is none
	remote    *remote  // nil without Config.Store and Config.Revocations
}

// trouble is what most requests have none of.
type trouble struct {
	err    error
	down   bool    // the store could not tell what the session is: err stays, and nothing is sent
	events []Event // to be reported once mu is free
}

// ask notes that the handler has the session.
func (st *state) ask() {
	if !st.asked.Load() { // the cheaper one
		st.asked.Store(true)
	}
}

// lock locks the session and opens it if this is its first use.
func (st *state) lock() {
	st.mu.Lock()
	if !st.isOpen {
		st.firstUse()
	}
}

func (st *state) firstUse() {
	opened := false
	defer func() {
		if !opened { // Config.Time, or a store, has panicked
			if st.manager.serverSide != nil {
				st.fallDown(errPanicked)
			}
			st.mu.Unlock()
		}
	}()
	st.isOpen = true
	st.open()
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
	t := st.troubled()
	t.events = append(t.events, Event{Kind: kind, Reason: reason, Field: field})
}

// fail keeps the first error.
func (st *state) fail(err error) {
	if t := st.troubled(); t.err == nil {
		t.err = err
	}
}

// failure is the first error.
func (st *state) failure() error {
	if st.trouble == nil {
		return nil
	}
	return st.trouble.err
}

// reopen takes back that the response has begun.
func (st *state) reopen() {
	st.mu.Lock()
	st.committed = false
	st.mu.Unlock()
}

// abandon notes that the handler has panicked.
func (st *state) abandon() {
	st.mu.Lock()
	st.abandoned = true
	st.mu.Unlock()
}

// maxOpens bounds how many cookies of the session's name are decrypted.
const maxOpens = 2

// open finds the first cookie that opens. Without such a cookie, the session is empty.
func (st *state) open() {
	m := st.manager
	if st.opened == nil {
		st.opened = new(opened)
	}
	st.init(len(m.fields))
	if m.serverSide != nil {
		st.remote = new(remote)
	}
	now := m.clock.now()
	var r received
	m.cookie.find(*st.cookies, &r)
	st.sent, st.siblings = r.any, r.has
	opens := 0
	for value := range r.candidates() {
		refusal, decrypted := st.tryOpen(value, &r, now)
		if refusal == "" {
			return
		}
		if st.down() {
			st.reset()
			break
		}
		st.reset()
		st.event(EventRefused, refusal, "")
		if decrypted {
			opens++
		}
		if opens == maxOpens {
			break
		}
	}
	st.begin(now)
}

// tryOpen opens the session that a cookie's value holds. The refusal is empty if it
// is accepted.
func (st *state) tryOpen(value string, r *received, now int64) (refusal string, decrypted bool) {
	m, o := st.manager, st.opened
	if m.inStore() {
		return st.tryLoad(value, now)
	}
	rings := m.rings.Load()
	value, ok := m.cookie.join(value, r)
	if !ok {
		return RefusedMalformed, false
	}
	text, key, err := rings.session.Open(o.text[:0], value)
	switch err {
	case nil:
	case token.ErrForged:
		return RefusedForged, true
	case token.ErrUnknownKey:
		if rings.seen.Recognizes(value) {
			return RefusedPurpose, false
		}
		return RefusedUnknownKey, false
	default:
		return RefusedMalformed, false
	}
	o.text = text
	if m.parse(&o.contents) != nil {
		return RefusedMalformed, true
	}
	o.used, o.oldKey, o.oldUse = o.meta.seen, key > 0, false
	if m.slides(&o.meta) && r.hasSibling(seenSibling) {
		var seen int64
		seen, o.oldUse = m.readSeen(r.siblings[seenSibling], o.meta.id)
		o.used = max(o.used, seen)
	}
	if end, refusal := m.end(&o.meta, o.used); now >= end {
		st.lead() // the browser may not be the only one that has it
		return refusal, true
	}
	o.prune(now)
	st.reportContested()
	if m.serverSide != nil {
		return st.checkRevoked(), true
	}
	return "", true
}

// reportContested reports that two builds disagree about the principal.
func (st *state) reportContested() {
	for i, f := range st.manager.fields {
		if st.slots[i].dropped {
			st.event(EventFieldDropped, "two builds disagree about the principal", f.name)
		}
	}
}

func (st *state) now() int64 { return st.manager.clock.now() }

// begin begins a new session in an empty one.
func (st *state) begin(now int64) {
	st.isNew, st.created = true, false
	st.meta.created, st.meta.seen, st.used = now, now, now
}

func (st *state) id() [idSize]byte {
	meta := &st.meta
	if !meta.hasID {
		rand.Read(meta.id[:])
		meta.hasID = true
	}
	return meta.id
}

// change notes that something changed; name is the field, or the method that did it.
func (st *state) change(name string) {
	st.modified = true
	if st.remote != nil {
		st.remote.unsaved = true
	}
	if st.committed {
		st.fail(ErrTooLate)
		st.event(EventTooLate, "", name)
	}
}

// renew gives the session a new id, so that one that somebody planted in the browser
// does not become the visitor's (session fixation).
func (st *state) renew() {
	st.meta.hasID = false
	st.renewed = true
	if st.remote != nil {
		st.remote.late = false
	}
}

// authenticate notes that the principal changed.
func (st *state) authenticate(known bool) {
	st.renew()
	if st.remote != nil {
		st.remote.authenticated = true
	}
	st.meta.authenticated = 0
	if known {
		st.meta.authenticated = st.now()
	}
}

// value returns the encoded value of a field, nil if absent. It stays as it is
// however the session changes.
func (st *state) value(index int) []byte {
	st.lock()
	raw := st.contents.value(index)
	st.unlock()
	return raw
}

// put sets the encoded value of a field. If over is not nil, it does so only while
// the field holds *over, and otherwise returns false. In a store, again tells what to set
// the field to if it turns out to hold something else; nil means raw.
func (st *state) put(f *descriptor, raw []byte, over *[]byte, again update) bool {
	st.lock()
	defer st.unlock()
	c := &st.contents
	held := c.value(f.index)
	if over != nil && !same(held, *over) {
		return false
	}
	var expires int64
	if f.ttl > 0 {
		expires = st.now() + int64(f.ttl/time.Second)
	}
	changed := !same(held, raw)
	if !changed && c.expiry(f.index) == expires {
		return true
	}
	if changed && f.principal {
		st.authenticate(true)
	}
	c.set(f.index, f.header, raw)
	c.setExpiry(f.index, expires)
	st.note(change{kind: changePut, field: f, raw: c.value(f.index), expires: expires, again: again})
	st.change(f.name)
	return true
}

// take removes the value of a field and returns it.
func (st *state) take(f *descriptor) []byte {
	st.lock()
	defer st.unlock()
	return st.takeLocked(f)
}

func (st *state) takeLocked(f *descriptor) []byte {
	raw := st.contents.value(f.index)
	if st.remove(f) {
		st.note(change{kind: changeRemove, field: f})
		st.change(f.name)
	}
	return raw
}

// remove makes a field absent. It is false if there was nothing; a value that was
// dropped is something, as the browser still holds it.
func (st *state) remove(f *descriptor) bool {
	if st.slots[f.index].end == 0 {
		return false
	}
	if f.principal {
		st.authenticate(false)
	}
	st.contents.remove(f.index)
	return true
}

// drop makes a value that does not decode count as absent, if the field still holds
// it. That is not a change of the handler's: the next one leaves it out.
func (st *state) drop(f *descriptor, raw []byte) {
	st.lock()
	defer st.unlock()
	if held := st.contents.value(f.index); held != nil && same(held, raw) {
		st.slots[f.index].dropped = true
		st.eventDropped(f)
	}
}

func (st *state) eventDropped(f *descriptor) {
	st.event(EventFieldDropped, "the value is not of the field's type", f.name)
}

// same reports whether two encoded values are the same one; nil is an absent value.
func same(a, b []byte) bool {
	return (a == nil) == (b == nil) && bytes.Equal(a, b)
}
