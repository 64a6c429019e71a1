package runtime

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/sessiongen/sessiongen/runtime/internal/payload"
)

// maxTaken bounds how many new ids are tried when the store already has them.
const maxTaken = 3

func (h *storeHome) save(st *state, lines []string) ([]string, error) {
	s := st.stored
	if err := s.acquire(st); err != nil {
		return nil, err
	}
	defer s.release()
	if st.isDown() { // since another goroutine wrote
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
		if errors.Is(err, ErrStore) { // it may have been done: not again
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

// An action is what it takes to bring the store up to date.
type action uint8

const (
	actionNone    action = iota
	actionInsert         // a record under the session's id
	actionReplace        // the record
	actionMove           // a record under the session's new id, and then a tombstone in place of the old one
	actionMoveOn         // the same, where the new record was there already and is replaced
	actionBury           // a tombstone in place of the record, and no other record
)

// plan says what to do for a session, given whether it was found in the store, is empty, has
// another id by now, and was inserted under that id before.
func plan(found, empty, moves, inserted bool) action {
	switch {
	case !found && empty:
		return actionNone
	case empty:
		return actionBury
	case !found:
		return actionInsert
	case !moves:
		return actionReplace
	case inserted:
		return actionMoveOn
	}
	return actionMove
}

// writeOnce writes the session as it is. The error is ErrConflict if the record changed
// since it was read.
func (h *storeHome) writeOnce(st *state) error {
	for range maxTaken {
		// A change that came too late is no reason to drop those that did not.
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

// errIDTaken: a new id is in the store already, most likely by an earlier attempt of which the store said
// that it failed, or others have changed the record that was waiting under it.
var errIDTaken = errors.New("session: the id is taken")

// carryOut does what the plan says.
func (h *storeHome) carryOut(st *state) error {
	s := st.stored
	empty := st.Empty()
	var id sessionID
	if !empty {
		id = st.ID()
	}
	switch plan(s.found(), empty, id != s.at.id, s.waiting != nil && s.waiting.id == id) {
	case actionBury:
		return h.buryAll(st)
	case actionInsert:
		return h.put(st, h.place(id, 0), nil)
	case actionReplace:
		return h.put(st, s.at, nil)
	case actionMove:
		// An earlier attempt may have inserted one under an id that was renewed since.
		if err := h.discard(st); err != nil {
			return err
		}
		return h.put(st, h.place(id, 0), &s.at)
	case actionMoveOn:
		return h.put(st, *s.waiting, &s.at)
	}
	return nil
}

// buryAll ends a session that is empty.
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
	st.DropID() // what is set after this is another session
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

// put writes the session to a place, and leaves the one that it moves from, if any.
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

// beginAt writes a record under an id that nobody has been told of. It counts only once the old one
// does not.
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

// whyTaken says why a record could not be written under a new id: the error is ErrNoRecord if the session was
// revoked before it was there. Then it ends under the id that it was to leave, too. If the record has been waiting,
// others that list records have changed it, and will find the session once more: it moves to another id.
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

// lookBack finds out whether the session was revoked while it was written under a new id. Who revokes
// raises a mark before looking for records: either that finds this one, or this finds the mark. The
// error is ErrNoRecord if the session does not count.
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

// touch notes that the session was used, if that is due, and seals the record anew if its
// key, or the cookie's, is not the newest. If another request changes it just now, then that
// does, and sends the cookie: the session may have moved.
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
	case err != nil: // ErrNoRecord too: the session has ended
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

// kill ends a session, wherever it moved meanwhile.
func (h *storeHome) kill(st *state, p place) error {
	_, err := h.succeed(st, p, nil)
	return err
}

// succeed does so for a session that another one follows, if there is an heir. It returns what the session
// was when it ended, unless that is what the place is known to hold.
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

// killOne ends the session of one id. If it had ended before, what is known of that is returned.
func (h *storeHome) killOne(st *state, p place, heir *sessionID) (last *payload.Contents, t *tombstone, err error) {
	closed := false // it is somebody's, and sealed with a key that this process does not have
	look := func() error {
		rec, err := h.load(st, place{id: p.id, key: p.key}, h.newContents(), st.now())
		p.version, last = rec.place.version, rec.Contents
		if closed = errors.Is(err, errRecordKey) && rec.place.hash != ""; closed {
			return nil
		}
		return err
	}
	end := func() error {
		if closed { // a tombstone would be closed to those who have the other key alone
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

// lose makes the session empty, because it has ended meanwhile. Only a log-out, which
// follows it if it moved, begins another one in this request.
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
