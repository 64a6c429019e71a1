package runtime

import (
	"errors"
	"fmt"
	"slices"
	"sync"
)

// remote is what a session has besides that is kept in a store, or may be revoked. The
// session's mutex guards it.
type remote struct {
	id      [idSize]byte   // under which the session was found
	found   bool           // there is such an id, and it has not ended
	unsaved bool           // something changed since it was last saved
	lost    bool           // it has ended since: nothing that this request does is kept
	late    bool           // it has just moved: only what begins another one is kept
	doomed  []doomed       // what ends when the session is saved
	leads   [][idSize]byte // ids that lead to the session that a log-out is meant for, if it moved

	// In a store only.
	version       uint64 // of the record
	plaintext     []byte // of the record, to tell what others changed since
	oldRecord     bool   // it is sealed under an older key
	permanent     bool   // what the browser was last told
	authenticated bool   // the principal changed
	claimed       bool   // a field was popped
	send          bool   // the browser has to be sent the id
	outrun        bool   // another request changed the record, which is as good for this one
	changes       []change
	inserted      uint64 // the version of the record that waits under the session's new id; 0 for none
	insertedID    [idSize]byte

	redoing bool       // a function given to Update runs again, and must not wait for itself
	busy    bool       // the record is being written
	idle    *sync.Cond // is signalled when it no longer is
}

// A doomed session is known by the version of its record.
type doomed struct {
	id      [idSize]byte
	version uint64
}

// A change is what a request did to a session: it can be done again to a newer record.
type change struct {
	kind      changeKind
	field     *descriptor
	raw       []byte
	expires   int64
	again     update
	permanent bool
}

type changeKind uint8

const (
	changePut changeKind = iota
	changeRemove
	changePermanent
)

// An update makes a field's encoded value from the one that it holds, nil if absent. It
// returns nil if the new value is refused. The session must not be locked.
type update func(held []byte) []byte

// note keeps a change, in place of those that it makes pointless.
func (st *state) note(c change) {
	if !st.manager.inStore() {
		return
	}
	r := st.remote
	switch {
	case c.kind == changePermanent:
		r.changes = slices.DeleteFunc(r.changes, func(old change) bool { return old.kind == changePermanent })
	case c.again == nil:
		r.changes = slices.DeleteFunc(r.changes, func(old change) bool { return old.field == c.field })
	}
	r.changes = append(r.changes, c)
}

// settled reports whether a field was changed, since the session was last saved, to something
// that does not depend on what it held.
func (r *remote) settled(f *descriptor) bool {
	return slices.ContainsFunc(r.changes, func(c change) bool { return c.field == f && c.again == nil })
}

// updates reports whether a field was changed by functions that depend on what it held.
func (r *remote) updates(f *descriptor) bool {
	return slices.ContainsFunc(r.changes, func(c change) bool { return c.field == f && c.again != nil })
}

// withdraw forgets the changes of a field, and returns them.
func (r *remote) withdraw(f *descriptor) (changes []change) {
	r.changes = slices.DeleteFunc(r.changes, func(c change) bool {
		if c.field == f {
			changes = append(changes, c)
		}
		return c.field == f
	})
	return changes
}

// doom notes that the session ends when it is saved.
func (r *remote) doom() {
	if r.found {
		r.doomed = append(r.doomed, doomed{r.id, r.version})
	}
	for _, id := range r.leads {
		r.doomed = append(r.doomed, doomed{id: id})
	}
	if r.inserted > 0 {
		r.doomed = append(r.doomed, doomed{r.insertedID, r.inserted})
	}
	r.forget()
	r.lost, r.late, r.leads = false, false, nil
}

// forget makes the session one that is in no store.
func (r *remote) forget() {
	r.found, r.version, r.plaintext, r.oldRecord = false, 0, nil, false
	r.permanent, r.authenticated, r.claimed, r.inserted = false, false, false, 0
	r.changes = nil
}

var errReentered = errors.New("session: Pop, or saving, while a function given to Update runs again")

// enter waits until nobody else writes the record.
func (st *state) enter() error {
	r := st.remote
	if r.redoing {
		return errReentered
	}
	if r.idle == nil {
		r.idle = sync.NewCond(&st.mu)
	}
	for r.busy {
		r.idle.Wait()
	}
	r.busy = true
	return nil
}

func (st *state) leave() {
	st.remote.busy = false
	st.remote.idle.Signal()
}

// down reports whether the store could not tell what the session is.
func (st *state) down() bool { return st.trouble != nil && st.trouble.down }

// fallDown makes the session one of which nothing is known.
func (st *state) fallDown(err error) {
	st.fail(err)
	st.trouble.down = true
}

// tryLoad is tryOpen for a session in a store.
func (st *state) tryLoad(value string, now int64) (refusal string, decrypted bool) {
	m, o := st.manager, st.opened
	id, oldKey, refusal, decrypted := m.openID(value)
	if refusal != "" {
		return refusal, decrypted
	}
	s, err := st.loadRecord(id, &o.contents)
	switch {
	case errors.Is(err, ErrNoRecord):
		if s.next != nil {
			o.remote.leads = append(o.remote.leads, *s.next)
			o.remote.late = s.late
		}
		return RefusedUnknownID, true
	case err != nil:
		st.fallDown(err)
		return RefusedUnknownID, true
	}
	if end, refusal := m.end(&o.meta, s.used); now >= end {
		return refusal, true
	}
	o.used, o.oldKey = s.used, oldKey
	r := o.remote
	r.find(id)
	r.permanent = o.meta.permanent()
	r.hold(s)
	o.prune(now)
	st.reportContested()
	return "", true
}

// find notes that the session has this id.
func (r *remote) find(id [idSize]byte) { r.id, r.found, r.late = id, true, false }

// hold notes what is in the record.
func (r *remote) hold(s stored) {
	r.version, r.plaintext, r.oldRecord = s.version, s.plaintext, s.oldKey
}

// loadRecord reads the record of an id into c. The error is ErrNoRecord if the session
// has ended.
func (st *state) loadRecord(id [idSize]byte, c *contents) (stored, error) {
	s, err := st.loadAny(id, c)
	if err == nil && s.ended {
		err = ErrNoRecord
	}
	return s, err
}

// loadAny is loadRecord that also returns tombstones.
func (st *state) loadAny(id [idSize]byte, c *contents) (stored, error) {
	rec, err := st.load(st.manager.recordKey(id))
	if err != nil {
		return stored{}, err
	}
	s, err := st.manager.openRecord(rec, id, c)
	if err != nil {
		st.event(EventStoreFailed, err.Error(), "")
		return s, fmt.Errorf("%w: %w", ErrStore, err)
	}
	return s, nil
}
