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
	"github.com/sessiongen/sessiongen/runtime/internal/principal"
	"github.com/sessiongen/sessiongen/runtime/internal/token"
)

// storeHome keeps sessions in a store, and their sealed ids in the browser's cookies.
type storeHome struct {
	server
	store       Store
	marks       marks
	turns       turns
	maxSessions int // of one principal; 0 for no limit
	lastLogIn   atomic.Uint64
}

// storedSession is what storeHome keeps for one session.
type storedSession struct {
	at      place       // of the session's record
	waiting *place      // of a record under a new id that nobody knows yet; nil if there is none
	doomed  []doomed    // sessions to end when this one is saved
	leads   []sessionID // ids that lead to the session that a log-out must end

	checked *sessionID // where Check last found the session; nil before that

	base      []byte // the record's plaintext, to see what other requests changed
	by        sealedBy
	staleness staleness
	changes   []change
	few       [2]change // space for the first changes

	cookie  cookieDue
	writing writing
	idle    *sync.Cond // signalled when nobody writes the record; nil while nobody waits
}

// A place is the location and state of a record in the store. Version 0 means that there is no
// record, or that nobody has read it.
type place struct {
	id       sessionID
	key      string
	version  uint64
	hash     string // the principal's hash, under which revocations find the record
	hashed   hashed // what the hash is of; may be unknown
	unlooked bool   // the marks were not checked since the record has that hash
}

// A hashed is the input of a hash: a principal's encoded value and the key.
type hashed struct {
	key       *principal.Key
	principal []byte
}

func (h hashed) same(other hashed) bool {
	return h.key == other.key && same(h.principal, other.principal)
}

func (h *storeHome) place(id sessionID, version uint64) place {
	return place{id: id, key: h.storeKey("store key", string(id[:])), version: version}
}

// found reports whether the session has a record, as far as this request knows.
func (s *storedSession) found() bool { return s.at.version > 0 }

// A staleness says why an unchanged record must be written again.
type staleness uint8

const (
	staleNot   staleness = iota
	staleTimes           // a wrong clock noted its times
	staleKey             // it is sealed under an older key
	staleIndex           // another build or an older key had it under another principal
)

// cookieDue says whether the response must set the session's cookie.
type cookieDue uint8

const (
	cookieGood   cookieDue = iota
	cookieSent             // the cookie must be set, also by each later save
	cookieOutrun           // another request has just changed the session and sets the cookie
)

// writing says whether a goroutine of this request is writing the record.
type writing uint8

const (
	writingNobody writing = iota
	writingOne
	writingRedo // it runs an Update's function again, which would otherwise wait for itself
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
	if st.isRival(id) { // the session may be the one that is open
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

// openPlace opens the session at a place. refusal is empty if it is valid.
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
	if rec.by.key > 0 { // saving seals with the newest key
		st.NoteMoved(count)
	}
	st.used = rec.used
	rec.place.unlooked = false // this call has checked the marks
	st.stored.hold(rec)
	return ""
}

// revoked reports whether a stored session was revoked, and the count of revocations at which that
// was judged. The marks were checked when a record was written under its principal's hash, and
// revocations that have the key find it there. All other records are judged by the marks now.
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

// trace returns the session's origin for an error of load, and notes where the session moved to if
// that is known.
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

// hold notes the record's content.
func (s *storedSession) hold(rec stored) {
	s.at, s.base, s.by, s.staleness = rec.place, rec.plaintext, rec.by, rec.staleness
}

// forget makes the session one without a record.
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

// contend writes a record that other requests write too: see [turn].
func (h *storeHome) contend(st *state, key string, try, reread func() error) error {
	t := turn{turns: &h.turns, state: st, key: key, patience: longestWait}
	return t.contend(try, reread)
}

// longestRedo limits the wait for an Update's function that runs again. Without it, a function that
// uses its own session would wait forever.
const longestRedo = time.Second

// acquire waits until no other goroutine of this request writes the record.
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

// Calls of the store for a session. A failure is reported as an event.

func (h *storeHome) insert(st *state, p place, r Record) error {
	return h.reach(st, "insert", func(ctx context.Context) error { return h.store.Insert(ctx, p.key, r) }, ErrConflict)
}

// replace replaces the record at a place if it still has the place's version.
func (h *storeHome) replace(st *state, p place, r Record) error {
	return h.reach(st, "replace", func(ctx context.Context) error {
		return h.store.Replace(ctx, p.key, p.version, r)
	}, ErrNoRecord, ErrConflict)
}

func (h *storeHome) delete(st *state, p place) error {
	return h.reach(st, "delete", func(ctx context.Context) error { return h.store.Delete(ctx, p.key) })
}

// bury replaces the record at a place by a tombstone. next is the id that the session moved to, or
// nil.
func (h *storeHome) bury(st *state, p place, next *sessionID) error {
	rec, err := h.sealTombstone(p.id, next, p.version+1)
	if err != nil {
		return err
	}
	return h.replace(st, p, rec)
}

// load reads the record at a place. If the session has ended, the error matches ErrNoRecord. It is a
// *tombstone if there is one.
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
