package runtime

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/sessiongen/sessiongen/runtime/internal/payload"
	"github.com/sessiongen/sessiongen/runtime/internal/storeplan"
)

// maxTaken is how many new ids are tried if the store already has them.
const maxTaken = 3

func (h *storeHome) save(st *state, lines []string) ([]string, error) {
	s := st.stored
	if err := s.acquire(st); err != nil {
		return nil, err
	}
	defer s.release()
	if st.isDown() { // another goroutine's save failed
		return nil, st.failure()
	}
	if err := h.endAllDoomed(st); err != nil {
		return nil, err
	}
	if err := st.failure(); err != nil {
		return nil, err
	}
	if st.outlived() {
		return lines, nil
	}
	if st.answer == answerAbandoned && !st.Empty() && !st.HasID(s.at.id) {
		return st.beginNothing(lines), nil
	}
	err := h.write(st)
	if errors.Is(err, ErrNoRecord) {
		return lines, h.lose(st)
	}
	if err != nil {
		if errors.Is(err, ErrStore) { // the store may have done it, so it is not tried again
			st.fallDown(err)
		}
		return nil, err
	}
	return h.tell(st, lines)
}

// write brings the store up to date. The error is ErrNoRecord if the session has ended.
func (h *storeHome) write(st *state) error {
	s := st.stored
	if st.edits != unsaved && st.edits != imported && !(st.modified() && st.Empty()) {
		return h.touch(st)
	}
	err := h.contend(st, s.at.key,
		func() error { return h.writeOnce(st) },
		func() error { return h.merge(st) })
	if err != nil {
		return err
	}
	loggedIn := slices.ContainsFunc(s.changes, func(c change) bool { return c.kind == changeAuthenticated && c.at != 0 })
	st.edits, s.changes = saved, s.few[:0]
	if loggedIn && h.maxSessions > 0 {
		return h.endOldest(st)
	}
	return nil
}

// writeOnce writes the session as it is. The error is ErrConflict if the record changed since it was
// read.
func (h *storeHome) writeOnce(st *state) error {
	for range maxTaken {
		// A change that came too late does not prevent saving the others.
		if err := st.failure(); err != nil && !errors.Is(err, ErrTooLate) {
			return err
		}
		err := h.carryOut(st)
		if !errors.Is(err, errIDTaken) {
			return err
		}
		st.DropID()
	}
	st.event(EventStoreFailed, "every id is taken", "")
	return fmt.Errorf("%w: every id is taken", ErrStore)
}

// errIDTaken means that the store already has a record under a new id. Either an earlier attempt
// wrote it though the store reported a failure, or others changed the record that was waiting there.
var errIDTaken = errors.New("session: the id is taken")

// carryOut executes the plan.
func (h *storeHome) carryOut(st *state) error {
	s := st.stored
	empty := st.Empty()
	var id sessionID
	if !empty {
		id = st.ID()
	}
	switch storeplan.For(s.found(), empty, id != s.at.id, s.waiting != nil && s.waiting.id == id) {
	case storeplan.Bury:
		return h.buryAll(st)
	case storeplan.Insert:
		return h.put(st, h.place(id, 0), nil)
	case storeplan.Replace:
		return h.put(st, s.at, nil)
	case storeplan.Move:
		// An earlier attempt may have inserted a record under an id that was renewed since.
		if err := h.discard(st); err != nil {
			return err
		}
		return h.put(st, h.place(id, 0), &s.at)
	case storeplan.MoveOn:
		return h.put(st, *s.waiting, &s.at)
	}
	return nil
}

// buryAll ends an empty session.
func (h *storeHome) buryAll(st *state) error {
	s := st.stored
	err := h.bury(st, s.at, nil)
	if err != nil && !errors.Is(err, ErrNoRecord) {
		return err
	}
	if err := h.discard(st); err != nil {
		return err
	}
	s.forget()
	st.DropID() // what is set from now on is another session
	return nil
}

// discard removes the record that waits under a new id.
func (h *storeHome) discard(st *state) error {
	s := st.stored
	if s.waiting == nil {
		return nil
	}
	err := h.delete(st, *s.waiting)
	s.waiting = nil
	return err
}

// put writes the session to a place. from is the place that the session moves from, or nil.
func (h *storeHome) put(st *state, to place, from *place) error {
	s := st.stored
	now := st.now()
	used := payload.Later(st.used, now)
	st.Forget()
	st.Saved = st.saveTime(now)
	var former *sessionID
	if from != nil {
		former = &from.id
	}
	rec, held, err := h.sealRecord(&st.Contents, to, former, used, now)
	if err != nil {
		if large, ok := err.(*recordTooLarge); ok {
			st.eventTooLarge(large.size)
		}
		return err
	}
	begins := !s.found() || from != nil
	if begins {
		err = h.beginAt(st, to, from, rec, held.by)
	} else {
		err = h.replace(st, s.at, rec)
	}
	if err != nil {
		return err
	}
	if begins || st.Permanent() || st.browser == holdsPermanent {
		s.cookie = cookieSent
	}
	st.used = used
	s.hold(held)
	return nil
}

// beginAt writes a record under an id that nobody knows yet. It is valid only after the old record
// has become a tombstone.
func (h *storeHome) beginAt(st *state, to place, from *place, rec Record, by sealedBy) error {
	s := st.stored
	write := h.insert
	if to.version > 0 {
		write = h.replace
	}
	if err := write(st, to, rec); err != nil {
		return h.whyTaken(st, to, from, err)
	}
	waiting := to
	waiting.version, waiting.hash = rec.Version, rec.Principal
	s.waiting = &waiting
	if from != nil || rec.Principal != "" || h.principal == nil {
		if err := h.lookBack(st, by); err != nil {
			return err
		}
	}
	if from != nil {
		if err := h.bury(st, *from, &to.id); err != nil {
			return err
		}
	}
	s.waiting = nil
	return nil
}

// whyTaken returns why a record could not be written under a new id. The error is ErrNoRecord if the
// new id was revoked before; the session then also ends under its old id. If the record was already
// waiting, a list's caller has changed it and will find the session once more, so it takes another
// id.
func (h *storeHome) whyTaken(st *state, p place, from *place, err error) error {
	if !errors.Is(err, ErrConflict) {
		return err
	}
	_, err = h.load(st, p, h.newContents(), st.now())
	t := (*tombstone)(nil)
	switch {
	case errors.As(err, &t) && from != nil:
		return cmp.Or(h.bury(st, *from, nil), ErrNoRecord)
	case errors.As(err, &t):
		return ErrNoRecord
	case errors.Is(err, ErrStore):
		return err
	}
	return cmp.Or(h.discard(st), errIDTaken)
}

// lookBack checks whether the session was revoked while its record was being written. A revocation
// raises the mark before it searches for records. So either it finds this record, or lookBack finds
// the mark. The error is ErrNoRecord if the session was revoked.
func (h *storeHome) lookBack(st *state, by sealedBy) error {
	var revoked bool
	err := st.watch("load", func() (err error) {
		revoked, _, err = h.marks.revoked(st.ctx, &st.Contents, by, h.marks.look)
		return err
	})
	if err == nil && revoked {
		err = ErrNoRecord
	}
	return err
}

// touch notes that the session was used, if that is due, and seals the record again if the record's
// or the cookie's key is not the newest. If another request has changed the session, that request
// has done so and sends the cookie, as the session may have moved.
func (h *storeHome) touch(st *state) error {
	s := st.stored
	if !s.found() {
		return nil
	}
	now, used := st.now(), st.used
	outdated := h.outdated(&st.Metadata, now)
	due := outdated || h.slides(&st.Metadata) && now-used >= h.refresh
	if due {
		used = payload.Later(used, now)
	}
	if !due && s.staleness == staleNot && !st.oldKey() {
		return nil
	}
	if outdated {
		st.Saved = now
	}
	rec, held, err := h.sealRecord(&st.Contents, s.at, nil, used, now)
	if err != nil {
		return err
	}
	switch err := h.replace(st, s.at, rec); {
	case errors.Is(err, ErrConflict):
		s.cookie = cookieOutrun
	case err != nil: // includes ErrNoRecord: the session has ended
		return err
	default:
		if s.staleness == staleKey && !st.oldKey() {
			st.event(EventResealed, "", "")
		}
		st.used = used
		s.hold(held)
		if outdated {
			s.cookie = cookieSent
		}
	}
	return nil
}

// tell appends the Set-Cookie header fields that the browser must get.
func (h *storeHome) tell(st *state, lines []string) ([]string, error) {
	s := st.stored
	empty := st.Empty()
	switch {
	case empty && st.modified() && st.browser != holdsNothing:
		st.announce(false)
		return st.appendDeletions(lines), nil
	case empty || !s.found():
		return lines, nil
	case st.modified() || st.oldKey():
		st.announce(!st.modified())
	}
	if s.cookie == cookieOutrun || s.cookie == cookieGood && !st.oldKey() {
		return lines, nil
	}
	s.cookie = cookieSent
	now := st.now()
	maxAge := h.maxAge(&st.Metadata, now)
	line, err := h.sealID(h.cookie.NewLine(idTokenLen, maxAge), st.ID())
	if err != nil {
		return nil, fmt.Errorf("session: sealing: %w", err)
	}
	if st.browser != holdsNothing {
		lines = h.cookie.AppendFormerDeletions(lines, st.siblings)
	}
	st.browser = holdsCookie
	if st.Permanent() {
		st.browser = holdsPermanent
	}
	lines = h.cookie.AppendLines(lines, line, 1, maxAge, now)
	return h.cookie.AppendSiblingDeletions(lines, st.siblings), nil
}

// kill ends a session, wherever it has moved.
func (h *storeHome) kill(st *state, p place) error {
	_, err := h.succeed(st, p, nil)
	return err
}

// succeed ends a session, wherever it has moved. heir is the id of the session that follows, or nil.
// last is the session's content when it ended, or nil if that is still what p says.
func (h *storeHome) succeed(st *state, p place, heir *sessionID) (last *payload.Contents, err error) {
	known := p.version
	err = follow(p.id, func(id sessionID) (next sessionID, moved bool, err error) {
		var t *tombstone
		last, t, err = h.killOne(st, h.place(id, known), heir)
		known = 0
		if t == nil || t.next == nil {
			return id, false, err
		}
		return *t.next, true, nil
	})
	return last, err
}

// killOne ends the session with one id. If it had already ended, t is its tombstone.
func (h *storeHome) killOne(st *state, p place, heir *sessionID) (last *payload.Contents, t *tombstone, err error) {
	closed := false // the record has a principal and is sealed with a key that this process does not have
	look := func() error {
		rec, err := h.load(st, place{id: p.id, key: p.key}, h.newContents(), st.now())
		p.version, last = rec.place.version, rec.Contents
		if closed = errors.Is(err, errRecordKey) && rec.place.hash != ""; closed {
			return nil
		}
		return err
	}
	end := func() error {
		if closed { // processes that have the other key alone could not read a tombstone
			return h.replace(st, p, takenRecord())
		}
		return h.bury(st, p, heir)
	}
	if p.version == 0 {
		err = look()
	}
	if err == nil {
		err = h.contend(st, p.key, end, look)
	}
	switch {
	case errors.As(err, &t):
		return nil, t, nil
	case errors.Is(err, ErrNoRecord):
		return nil, nil, nil
	case errors.Is(err, errRecord):
		return nil, nil, h.delete(st, p)
	}
	return last, nil, err
}

// lose makes the session empty because it has ended. It notes where the session was, because only a
// log-out, which follows the session, may begin another one in this request.
func (h *storeHome) lose(st *state) error {
	s := st.stored
	if err := h.discard(st); err != nil {
		return err
	}
	if s.found() {
		s.leads = append(s.leads, s.at.id)
	}
	s.forget()
	st.outlive()
	return nil
}
