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
	asked   atomic.Bool     // the handler has the session, used or not

	mu       sync.Mutex // for all that follows
	cookies  *[]string  // the request's Cookie header fields; a pointer, which fmt does not follow
	contents *contents  // set once opened
	openedAt time.Time

	sent      bool // the browser has a cookie of this name, whatever it holds, or is sent one
	isNew     bool // no cookie opened
	created   bool // an EventCreated was reported
	oldKey    bool // it opened under a key that is not the newest
	modified  bool
	renewed   bool
	destroyed bool
	committed bool // the response has begun
	err       error
	events    []Event // to be reported once mu is free
}

// lock locks the session and opens it if this is its first use.
func (st *state) lock() {
	st.mu.Lock()
	if st.contents == nil {
		st.open()
	}
}

// unlock also reports what happened meanwhile: a program's OnEvent may well use
// the session.
func (st *state) unlock() {
	if len(st.events) == 0 {
		st.mu.Unlock()
		return
	}
	events := st.events
	st.events = nil
	st.mu.Unlock()
	for _, e := range events {
		st.manager.report(st.ctx, e)
	}
}

func (st *state) event(kind EventKind, reason, field string) {
	st.events = append(st.events, Event{Kind: kind, Reason: reason, Field: field})
}

// At most this many cookies of the session's name are looked at, and of these at
// most maxOpens decrypted: a request cannot make the server work for longer.
const (
	maxCandidates = 8
	maxOpens      = 2
)

// open finds the first cookie that opens. Without one, the session is empty.
func (st *state) open() {
	m := st.manager
	st.openedAt = time.Now()
	now := st.openedAt.Unix()
	candidates, opens := 0, 0
	for value := range cookieValues(*st.cookies, m.cookie.name) {
		st.sent = true
		if value == "" {
			continue
		}
		if candidates++; candidates > maxCandidates || opens == maxOpens {
			break
		}
		c := newContents(len(m.fields))
		text, key, err := m.ring.Load().Open(c.text, value)
		if err == nil || err == token.ErrForged {
			opens++
		}
		refusal := refusedFor(err)
		if err == nil {
			c.text = text
			refusal = m.read(c, now)
		}
		if refusal == "" {
			st.contents, st.oldKey = c, key > 0
			return
		}
		st.event(EventRefused, refusal, "")
	}
	st.reset(now)
}

// now is time.Now, a little faster.
func (st *state) now() time.Time { return st.openedAt.Add(time.Since(st.openedAt)) }

// reset makes the session a new, empty one.
func (st *state) reset(now int64) {
	st.isNew, st.created = true, false
	st.contents = newContents(len(st.manager.fields))
	st.contents.meta.created, st.contents.meta.seen = now, now
}

// refusedFor is the refusal for an error of opening a token.
func refusedFor(err error) string {
	switch err {
	case nil:
		return ""
	case token.ErrUnknownKey:
		return RefusedUnknownKey
	case token.ErrForged:
		return RefusedForged
	default:
		return RefusedMalformed
	}
}

// read reads the plaintext of a token. The refusal is empty if it is accepted.
func (m *manager) read(c *contents, now int64) (refusal string) {
	if m.parse(c) != nil {
		return RefusedMalformed
	}
	if now >= m.expiry(c.meta.created, c.meta.seen) {
		return RefusedExpired
	}
	c.prune(now)
	return ""
}

func (st *state) id() [idSize]byte {
	meta := &st.contents.meta
	if !meta.hasID {
		rand.Read(meta.id[:])
		meta.hasID = true
	}
	return meta.id
}

// change notes that something changed; name is the field, or the method that did it.
func (st *state) change(name string) {
	st.modified = true
	if st.committed {
		st.fail(ErrTooLate)
		st.event(EventTooLate, "", name)
	}
}

// fail keeps the first error.
func (st *state) fail(err error) {
	if st.err == nil {
		st.err = err
	}
}

// renew gives the session a new id, so that one that somebody planted in the browser
// does not become the visitor's (session fixation).
func (st *state) renew() {
	st.contents.meta.hasID = false
	st.renewed = true
}

// authenticate notes that the principal changed.
func (st *state) authenticate(known bool) {
	st.renew()
	st.contents.meta.authenticated = 0
	if known {
		st.contents.meta.authenticated = st.now().Unix()
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
// the field holds *over, and otherwise returns false.
func (st *state) put(f *descriptor, raw []byte, over *[]byte) bool {
	st.lock()
	defer st.unlock()
	c := st.contents
	held := c.value(f.index)
	if over != nil && !same(held, *over) {
		return false
	}
	var expires int64
	if f.ttl > 0 {
		expires = st.now().Add(f.ttl).Unix()
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
	st.change(f.name)
	return true
}

// take removes the value of a field and returns it.
func (st *state) take(f *descriptor) []byte {
	st.lock()
	defer st.unlock()
	raw := st.contents.value(f.index)
	if st.remove(f) {
		st.change(f.name)
	}
	return raw
}

// remove makes a field absent. It is false if there was nothing; a value that was
// dropped is something, as the browser still holds it.
func (st *state) remove(f *descriptor) bool {
	if st.contents.slots[f.index].end == 0 {
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
		st.contents.slots[f.index].dropped = true
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
