package runtime

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/cookie"
	"github.com/sessiongen/sessiongen/runtime/internal/payload"
	"github.com/sessiongen/sessiongen/runtime/internal/token"
)

// storeHome keeps sessions in a store, and their sealed ids in the browser's cookies.
type storeHome struct {
	server
	store       Store
	marks       marks
	turns       turns
	maxSessions int // of a principal; 0 for no limit
	lastLogIn   atomic.Uint64
}

// storedSession is what storeHome notes of a session.
type storedSession struct {
	at      place       // of its record
	waiting *place      // of a record under its new id, of which nobody was told yet; nil for none
	doomed  []doomed    // what ends when the session is saved
	leads   []sessionID // ids that lead to the session that a log-out is meant for

	checked *sessionID // where Check found it the last time; nil for never

	base      []byte // the plaintext of the record, to tell what others changed since
	by        sealedBy
	staleness staleness
	changes   []change
	few       [2]change // room for changes

	cookie  cookieDue
	writing writing
	idle    *sync.Cond // is signalled when nobody writes the record any more; nil as long as nobody waits
}

// A place is where a record is in the store. It is known by its version; 0 is for no record, or
// for one that nobody has looked at.
type place struct {
	id       sessionID
	key      string
	version  uint64
	hash     string // of the principal under whom revocations look for it
	hashed   hashed // what that is the hash of, if that is known
	unlooked bool   // nobody has looked at the marks since it has been under that hash
}

func (h *storeHome) place(id sessionID, version uint64) place {
	return place{id: id, key: h.storeKey("store key", string(id[:])), version: version}
}

// found reports whether the session has a record, as far as this request knows.
func (s *storedSession) found() bool { return s.at.version > 0 }

// A staleness says why a record is to be written anew though nothing in it changed.
type staleness uint8

const (
	staleNot   staleness = iota
	staleTimes           // its times were noted by a clock that is wrong
	staleKey             // it is sealed under an older key
	staleIndex           // it was under another principal until now, by another build or an older key
)

// CookieDue says whether the browser must get its cookie anew.
type cookieDue uint8

const (
	cookieGood   cookieDue = iota
	cookieSent             // it is to be sent, by each save that follows too
	cookieOutrun           // another request sends it, which changed the session just now
)

// Writing says whether a goroutine of this request has the record to itself.
type writing uint8

const (
	writingNobody writing = iota
	writingOne
	writingRedo // and runs a function given to Update again, which must not wait for itself
)

func newStoreHome(m *manager, cfg Config) *storeHome {
	h := &storeHome{server: newServer(m, cfg), store: withoutCopies(cfg.Store), maxSessions: cfg.MaxSessions}
	h.marks = marks{server: &h.server, store: h.store}
	return h
}

func (h *storeHome) prepare(st *state) {
	if st.opened == nil {
		st.opened = new(opened)
	}
	st.stored = new(storedSession)
	st.stored.changes = st.stored.few[:0]
}

func (h *storeHome) open(st *state, text string, _ cookie.Values, now int64) (refusal string, decrypted bool) {
	id, key, refusal, decrypted := h.openID(st.Room(), text)
	if refusal != "" {
		return refusal, decrypted
	}
	if st.isRival(id) { // or the very session that is open
		return refusedAgain, true
	}
	refusal = h.openPlace(st, h.place(id, 0), now)
	if refusal != "" {
		return refusal, true
	}
	st.key = key
	if st.Permanent() {
		st.browser = holdsPermanent
	}
	return "", true
}

// openPlace opens the session whose record is at a place. The refusal is empty if it is good.
func (h *storeHome) openPlace(st *state, p place, now int64) (refusal string) {
	rec, err := h.load(st, p, &st.Contents, now)
	if err != nil {
		if !errors.Is(err, ErrNoRecord) {
			st.fallDown(err)
		}
		st.origin = st.stored.trace(err)
		return RefusedUnknownID
	}
	if expires, refusal := h.expiry(&st.Metadata, rec.used, now); now >= expires {
		return refusal
	}
	revoked, count, err := h.revoked(st, rec)
	if err != nil {
		st.fallDown(err)
	}
	if revoked || err != nil {
		return RefusedRevoked
	}
	if rec.by.key > 0 { // what is saved is sealed with the newest
		st.NoteMoved(count)
	}
	st.used = rec.used
	rec.place.unlooked = false // as it was judged
	st.stored.hold(rec)
	return ""
}

// revoked reports whether a session does not count that the store has. What the store has under the
// session's principal was looked at when it was written, and every revocation finds it that has the
// key. Anything else is judged by the marks. It returns the count as of which that is true.
func (h *storeHome) revoked(st *state, rec stored) (revoked bool, count uint64, err error) {
	err = st.watch("load", func() (err error) {
		if rec.staleness == staleIndex {
			revoked, count, err = h.marks.revoked(st.ctx, rec.Contents, rec.by, h.marks.look)
		} else {
			revoked, count, err = h.marks.missedLately(st.ctx, rec.Contents, rec.by)
		}
		return err
	})
	return revoked, count, err
}

// trace notes where the session moved to that is not found, if that is known.
func (s *storedSession) trace(err error) origin {
	var t *tombstone
	if !errors.As(err, &t) || t.next == nil {
		return fresh
	}
	s.leads = append(s.leads, *t.next)
	if t.recent {
		return moved
	}
	return fresh
}

// hold notes what is in the record.
func (s *storedSession) hold(rec stored) {
	s.at, s.base, s.by, s.staleness = rec.place, rec.plaintext, rec.by, rec.staleness
}

// forget makes the session one that has no record.
func (s *storedSession) forget() {
	s.hold(stored{})
	s.waiting, s.changes = nil, s.few[:0]
}

func (h *storeHome) end(st *state) (more bool) {
	s := st.stored
	more = len(s.leads) > 0
	if s.found() {
		s.doomed = append(s.doomed, doomed{place: s.at})
	}
	for _, id := range s.leads {
		s.doomed = append(s.doomed, doomed{place: h.place(id, 0)})
	}
	if s.waiting != nil {
		s.doomed = append(s.doomed, doomed{place: *s.waiting})
	}
	s.leads = nil
	s.forget()
	st.beginAnew()
	return more
}

func (h *storeHome) endAlso(st *state, other *opened) bool {
	s, o := st.stored, other.stored
	s.leads = append(s.leads, o.leads...)
	if o.found() && o.at.id != s.at.id {
		s.leads = append(s.leads, o.at.id)
	}
	return true
}

func (h *storeHome) takeOnce(st *state, f *flowField, state []byte, seconds int64) (bool, error) {
	return h.takeIn(h.store, st, f, state, seconds)
}

func (h *storeHome) merges() bool { return true }

func (h *storeHome) size(plaintext int) int { return token.TextLen(plaintext + usedSize) }

func (h *storeHome) describe() (where string, limit int) {
	return "in a store; the cookie holds its sealed id", maxRecordSize
}

// contend changes the record with a key that other requests change too: see [turn].
func (h *storeHome) contend(st *state, key string, try, reread func() error) error {
	t := turn{turns: &h.turns, state: st, key: key, patience: longestWait}
	return t.contend(try, reread)
}

// longestRedo bounds the wait for functions given to Update that run again. One that waits for itself
// would wait for ever.
const longestRedo = time.Second

// acquire waits until nobody else in this request writes the record.
func (s *storedSession) acquire(st *state) error {
	var deadline time.Time
	for s.writing != writingNobody {
		if s.idle == nil {
			s.idle = sync.NewCond(&st.mu)
		}
		if s.writing == writingRedo {
			switch now := time.Now(); {
			case deadline.IsZero():
				deadline = now.Add(longestRedo)
				defer time.AfterFunc(longestRedo, s.idle.Broadcast).Stop()
			case !now.Before(deadline):
				return errReentered
			}
		}
		s.idle.Wait()
	}
	s.writing = writingOne
	return nil
}

func (s *storedSession) release() {
	s.writing = writingNobody
	if s.idle != nil {
		s.idle.Broadcast()
	}
}

// The calls of a session's store. A failure is an event.

func (h *storeHome) insert(st *state, p place, r Record) error {
	return h.reach(st, "insert", func(ctx context.Context) error { return h.store.Insert(ctx, p.key, r) }, ErrConflict)
}

// replace puts a record in the place of the one that has the place's version.
func (h *storeHome) replace(st *state, p place, r Record) error {
	return h.reach(st, "replace", func(ctx context.Context) error {
		return h.store.Replace(ctx, p.key, p.version, r)
	}, ErrNoRecord, ErrConflict)
}

func (h *storeHome) delete(st *state, p place) error {
	return h.reach(st, "delete", func(ctx context.Context) error { return h.store.Delete(ctx, p.key) })
}

// bury puts a tombstone in the place of a record, which says where the session moved to, if it
// did.
func (h *storeHome) bury(st *state, p place, next *sessionID) error {
	rec, err := h.sealTombstone(p.id, next, p.version+1)
	if err != nil {
		return err
	}
	return h.replace(st, p, rec)
}

// load reads the record of an id. The error matches ErrNoRecord if the session has ended, and
// is a tombstone if that is known.
func (h *storeHome) load(st *state, p place, c *payload.Contents, now int64) (s stored, err error) {
	var rec Record
	err = h.reach(st, "load", func(ctx context.Context) error {
		rec, err = h.store.Load(ctx, p.key)
		return err
	}, ErrNoRecord)
	if err != nil {
		return stored{}, err
	}
	s, err = h.openRecord(rec, p, c, now)
	if err != nil && !errors.Is(err, ErrNoRecord) {
		st.event(EventStoreFailed, err.Error(), "")
		err = fmt.Errorf("%w: %w", ErrStore, err)
	}
	return s, err
}
