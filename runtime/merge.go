package runtime

import (
	"errors"
	"slices"
	"time"
)

var errRedo = errors.New("session: a function given to Update has panicked")

// newContents returns empty contents.
func (m *manager) newContents() *contents {
	c := new(contents)
	c.init(len(m.fields))
	return c
}

// contentsOf reads the plaintext of a record that was good before.
func (m *manager) contentsOf(plaintext []byte) *contents {
	c := m.newContents()
	c.text = plaintext[:len(plaintext):len(plaintext)]
	if m.parse(c) != nil {
		return m.newContents()
	}
	return c
}

// merge reads the record again and does to it what this request did to the older one.
func (st *state) merge() error {
	s, err := st.loadRecord(st.remote.id, st.manager.newContents())
	if err != nil {
		return err
	}
	st.rebase(s)
	return nil
}

// rebase puts a newer record under the request's changes.
func (st *state) rebase(s stored) {
	r := st.remote
	st.reportOverwritten(s.contents)
	mine := st.meta
	// What was read from the old text stays as it is, so that it is not copied over.
	st.meta, st.text, st.slots, st.rare = s.meta, s.text, s.slots, s.rare
	st.prune(st.now())
	if !mine.hasID || mine.id != r.id {
		st.meta.id, st.meta.hasID = mine.id, mine.hasID
	}
	if r.authenticated {
		st.meta.authenticated = mine.authenticated
	}
	st.used = s.used
	r.hold(s)
	// Those without a function first: of one field, they are the earlier ones.
	for _, c := range r.changes {
		if c.again == nil {
			st.redo(c)
		}
	}
	// While the functions run, more changes may come, and make these pointless.
	again := slices.DeleteFunc(slices.Clone(r.changes), func(c change) bool { return c.again == nil })
	for _, c := range again {
		if r.updates(c.field) {
			st.redo(c)
		}
	}
}

// reportOverwritten tells of fields that this request sets without regard to what they
// hold, and that another one has just changed.
func (st *state) reportOverwritten(newer *contents) {
	older := st.manager.contentsOf(st.remote.plaintext)
	for _, c := range st.remote.changes {
		if c.again != nil || c.field == nil {
			continue
		}
		theirs := newer.value(c.field.index)
		if !same(theirs, older.value(c.field.index)) && !same(theirs, c.raw) {
			st.event(EventOverwritten, "", c.field.name)
		}
	}
}

// redo does a change again. Functions of the program run without the lock.
func (st *state) redo(c change) {
	switch c.kind {
	case changePut:
		raw, expires := c.raw, c.expires
		if c.again != nil {
			if raw = st.redoUpdate(c); raw == nil {
				return
			}
			if c.field.ttl > 0 {
				expires = st.now() + int64(c.field.ttl/time.Second)
			}
		}
		st.contents.set(c.field.index, c.field.header, raw)
		st.setExpiry(c.field.index, expires)
	case changeRemove:
		st.contents.remove(c.field.index)
	case changePermanent:
		st.meta.flags &^= flagPermanent
		if c.permanent {
			st.meta.flags |= flagPermanent
		}
	}
}

func (st *state) redoUpdate(c change) []byte {
	for {
		held := st.contents.value(c.field.index)
		raw := st.unlocked(func() []byte { return c.again(held) })
		if !st.remote.updates(c.field) { // it was ended meanwhile
			return nil
		}
		if raw == nil || same(held, st.contents.value(c.field.index)) {
			return raw
		}
	}
}

// unlocked runs a function that may use the session.
func (st *state) unlocked(f func() []byte) []byte {
	returned := false
	st.remote.redoing = true
	st.mu.Unlock()
	defer func() {
		st.mu.Lock()
		st.remote.redoing = false
		if !returned { // some changes are not made again
			st.fail(errRedo)
		}
	}()
	raw := f()
	returned = true
	return raw
}
