package runtime

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// maxAttempts bounds how often a request tries to change a record that others change too,
// maxTaken how often it tries another new id.
const (
	maxAttempts = 100
	maxTaken    = 3
)

// commit is seal for a session that has something on the server: first it is saved there.
func (st *state) commit(lines []string) ([]string, error) {
	if st.down() {
		return nil, st.failure()
	}
	if err := st.enter(); err != nil {
		return nil, err
	}
	defer st.leave()
	r := st.remote
	for ; len(r.doomed) > 0; r.doomed = r.doomed[1:] {
		if err := st.kill(r.doomed[0]); err != nil {
			return nil, err
		}
	}
	if err := st.failure(); err != nil {
		return nil, err
	}
	if r.late && r.unsaved {
		st.event(EventGone, "", "")
		r.unsaved = false
	}
	if r.lost || r.late {
		return lines, nil
	}
	if st.abandoned && st.moves() {
		if st.ended && st.sent {
			return st.appendDeletions(lines), nil
		}
		return lines, nil
	}
	if !st.manager.inStore() {
		return st.commitCookie(lines)
	}
	err := st.write()
	if errors.Is(err, ErrNoRecord) {
		return lines, st.lose()
	}
	if err != nil {
		if errors.Is(err, ErrStore) { // it may have been done: not again
			st.fallDown(err)
		}
		return nil, err
	}
	return st.tell(lines)
}

// moves reports whether the session is to be known on the server by an id of which the
// browser was not told.
func (st *state) moves() bool {
	r := st.remote
	stays := r.found && st.meta.hasID && st.meta.id == r.id
	return !stays && !st.empty() && (r.found || st.manager.inStore())
}

// write brings the store up to date. The error is ErrNoRecord if the session has ended.
func (st *state) write() (err error) {
	r := st.remote
	if !r.unsaved && !(r.claimed && st.empty()) {
		return st.touch()
	}
	turn := st.newTurn(r.id)
	defer func() { turn.leave(err) }()
	if r.found && st.manager.turns.busy(turn.key) {
		if err := turn.next(); err != nil {
			return err
		}
		if err := st.merge(); err != nil {
			return err
		}
	}
	for taken := 0; ; {
		// A change that came too late is no reason to drop those that did not.
		if err := st.failure(); err != nil && !errors.Is(err, ErrTooLate) {
			return err
		}
		err := st.writeOnce()
		switch {
		case err == nil:
			r.unsaved, r.claimed, r.authenticated, r.changes = false, false, false, nil
			return nil
		case errors.Is(err, errIDTaken):
			if taken++; taken == maxTaken {
				st.event(EventStoreFailed, "every id is taken", "")
				return fmt.Errorf("%w: every id is taken", ErrStore)
			}
			st.meta.hasID = false
		case !errors.Is(err, ErrConflict):
			return err
		default:
			if err := turn.next(); err != nil {
				return err
			}
			if err := st.merge(); err != nil {
				return err
			}
		}
	}
}

// A turn is a request's way to a record that others change too.
type turn struct {
	state    *state
	key      string
	done     func(well bool)
	attempts int
	end      time.Time // of the attempts
}

func (st *state) newTurn(id [idSize]byte) *turn {
	return &turn{state: st, key: st.manager.recordKey(id)}
}

// next waits until it is worth to try again.
func (t *turn) next() error {
	m := t.state.manager
	if t.attempts++; t.attempts == 1 {
		t.end = time.Now().Add(longestWait)
	}
	if t.attempts >= maxAttempts || time.Now().After(t.end) {
		t.state.event(EventStoreFailed, "conflicts without end", "")
		return errConflicts
	}
	if t.done == nil {
		if t.done = m.turns.wait(t.key); t.done == nil {
			t.state.event(EventStoreFailed, "failed in another request", "")
			return fmt.Errorf("%w in another request for the session", ErrStore)
		}
		return nil
	}
	if more := t.attempts - 4; more >= 0 { // other processes change it too
		time.Sleep(rand.N(time.Millisecond << min(more, 5)))
	}
	return nil
}

// leave lets others have their turn. They need not try if the store failed.
func (t *turn) leave(err error) {
	if t.done != nil {
		t.done(!errors.Is(err, ErrStore) || errors.Is(err, errConflicts))
	}
}

// errIDTaken: a new id is in the store already, most likely by an earlier attempt of
// which the store said that it failed.
var errIDTaken = errors.New("session: the id is taken")

// writeOnce writes the session as it is. The error is ErrConflict if the record changed
// since it was read.
func (st *state) writeOnce() error {
	m, r := st.manager, st.remote
	if st.empty() {
		if !r.found {
			return nil
		}
		err := st.bury(doomed{r.id, r.version}, nil)
		if err == nil || errors.Is(err, ErrNoRecord) {
			if r.inserted > 0 {
				if err := st.delete(m.recordKey(r.insertedID)); err != nil {
					return err
				}
			}
			r.forget()
			st.meta.hasID = false // what is set after this is another session
			return nil
		}
		return err
	}
	now := st.now()
	st.contents.forget()
	st.meta.seen = max(now, st.meta.created)
	id := st.id()
	key := m.recordKey(id)
	var version uint64
	moves := r.found && id != r.id
	switch {
	case r.found && !moves:
		version = r.version
	case r.insertedID == id:
		version = r.inserted
	}
	rec, plaintext, err := m.sealRecord(&st.contents, version+1, now)
	if err != nil {
		if large, ok := err.(*recordTooLarge); ok {
			st.event(EventTooLarge, fmt.Sprintf("%d bytes", large.size), "")
		}
		return err
	}
	if version > 0 {
		err = st.replace(key, version, rec)
	} else if err = st.insert(key, rec); errors.Is(err, ErrConflict) {
		err = errIDTaken
	}
	if err != nil {
		return err
	}
	if moves {
		// The new id is good only once the old one is not: nobody has been told of it
		// before that.
		r.insertedID, r.inserted = id, rec.Version
		if err := st.bury(doomed{r.id, r.version}, &id); err != nil {
			return err
		}
	}
	if !r.found || moves || st.meta.permanent() || r.permanent {
		r.send = true
	}
	r.id, r.found, r.inserted, r.permanent = id, true, 0, st.meta.permanent()
	st.used = now
	r.hold(stored{version: rec.Version, plaintext: plaintext})
	return nil
}

// touch notes that the session was used, if that is due, and seals the record anew if its
// key, or the cookie's, is not the newest. If another request changes it just now, then that
// does, and sends the cookie: the session may have moved.
func (st *state) touch() error {
	m, r := st.manager, st.remote
	if !r.found {
		return nil
	}
	now, used := st.now(), st.used
	due := m.slides(&st.meta) && now-used >= m.refresh
	if due {
		used = now
	}
	if !due && !r.oldRecord && !st.oldKey {
		return nil
	}
	rec, plaintext, err := m.sealRecord(&st.contents, r.version+1, used)
	if err != nil {
		return err
	}
	switch err := st.replace(m.recordKey(r.id), r.version, rec); {
	case errors.Is(err, ErrConflict):
		r.outrun = true
	case err != nil: // ErrNoRecord too: the session has ended
		return err
	default:
		if r.oldRecord && !st.oldKey {
			st.event(EventResealed, "", "")
		}
		st.used = used
		r.hold(stored{version: rec.Version, plaintext: plaintext})
	}
	return nil
}

// tell appends what the browser has to know.
func (st *state) tell(lines []string) ([]string, error) {
	m, r := st.manager, st.remote
	empty := st.empty()
	switch {
	case empty && st.modified && st.sent:
		st.announce(false)
		return st.appendDeletions(lines), nil
	case empty || !r.found:
		return lines, nil
	case st.modified || st.oldKey:
		st.announce(!st.modified)
	}
	if !r.send && !st.oldKey || r.outrun {
		return lines, nil
	}
	r.send = true
	now := st.now()
	line, err := m.sealID(append([]byte(m.cookie.name), '='), st.meta.id)
	if err != nil {
		return nil, fmt.Errorf("session: sealing: %w", err)
	}
	line = m.cookie.appendAttributes(line, m.maxAge(&st.meta, now), now)
	st.sent = true
	return st.appendStale(append(lines, ownString(line)), 1), nil
}

// bury puts a tombstone in the place of a record that has this version.
func (st *state) bury(d doomed, next *[idSize]byte) error {
	rec, err := st.manager.sealTombstone(d.id, next, d.version+1)
	if err != nil {
		return err
	}
	return st.replace(st.manager.recordKey(d.id), d.version, rec)
}

// kill ends a session, wherever it moved meanwhile.
func (st *state) kill(d doomed) (err error) {
	if !st.manager.inStore() {
		return st.deny(d.id)
	}
	turn := st.newTurn(d.id)
	defer func() { turn.leave(err) }()
	for {
		if d.version > 0 {
			err := st.bury(d, nil)
			if err == nil || errors.Is(err, ErrNoRecord) {
				return nil
			}
			if !errors.Is(err, ErrConflict) {
				return err
			}
			if err := turn.next(); err != nil {
				return err
			}
		}
		s, err := st.loadAny(d.id, st.manager.newContents())
		switch {
		case errors.Is(err, ErrNoRecord), err == nil && s.ended && s.next == nil:
			return nil
		case errors.Is(err, errRecord):
			return st.delete(st.manager.recordKey(d.id))
		case err != nil:
			return err
		case s.ended:
			d = doomed{id: *s.next}
		default:
			d.version = s.version
		}
	}
}

// lose makes the session empty, because it has ended meanwhile. Only a log-out, which
// follows it if it moved, begins another one in this request.
func (st *state) lose() error {
	r := st.remote
	if r.inserted > 0 {
		if err := st.delete(st.manager.recordKey(r.insertedID)); err != nil {
			return err
		}
	}
	if r.found {
		r.leads = append(r.leads, r.id)
	}
	r.forget()
	r.unsaved, r.lost = false, true
	st.reset()
	st.begin(st.now())
	st.modified, st.renewed = false, false
	st.event(EventGone, "", "")
	return nil
}
