package runtime

import (
	"slices"

	"github.com/sessiongen/sessiongen/runtime/internal/payload"
)

// note keeps a change and drops earlier ones that it replaces.
func (h *storeHome) note(st *state, c change) {
	s := st.stored
	if _, known := st.Marks(); !known && h.principal == nil && !s.found() {
		h.marks.authenticate(st, 0) // the schema does not say who logs in
	}
	switch {
	case c.kind == changeAuthenticated && c.at != 0:
		h.marks.authenticate(st, h.nextLogIn())
		known, _ := st.Marks()
		c.marks = &known
	case c.kind == changeOwner:
		s.changes = slices.DeleteFunc(s.changes, func(old change) bool { return old.field != nil && !old.field.visitor })
	}
	if c.again == nil {
		s.changes = slices.DeleteFunc(s.changes, func(old change) bool {
			if c.field != nil {
				return old.field == c.field
			}
			return old.kind == c.kind
		})
	}
	s.changes = append(s.changes, c)
}

// settled reports whether a field was set since the last save to something that does not depend on
// its earlier value.
func (s *storedSession) settled(f *descriptor) bool {
	return slices.ContainsFunc(s.changes, func(c change) bool { return c.field == f && c.again == nil })
}

// updates reports whether functions that depend on the earlier value changed a field.
func (s *storedSession) updates(f *descriptor) bool {
	return slices.ContainsFunc(s.changes, func(c change) bool { return c.field == f && c.again != nil })
}

// withdraw removes and returns the changes of a field.
func (s *storedSession) withdraw(f *descriptor) (changes []change) {
	s.changes = slices.DeleteFunc(s.changes, func(c change) bool {
		if c.field == f {
			changes = append(changes, c)
		}
		return c.field == f
	})
	return changes
}

// baseOf parses the record as it was last read or written.
func (h *storeHome) baseOf(st *state) *payload.Contents { return h.parse(st.stored.base) }

// parse parses a record's plaintext; nil means no record.
func (h *storeHome) parse(base []byte) *payload.Contents {
	c := h.newContents()
	if c.Parse(base[:len(base):len(base)]) != nil {
		return h.newContents()
	}
	return c
}

// merge reads the record again and applies this request's changes to it.
func (h *storeHome) merge(st *state) error {
	newer, err := h.load(st, st.stored.at, h.newContents(), st.now())
	if err != nil {
		return err
	}
	h.rebase(st, h.baseOf(st), newer)
	return nil
}

// rebase applies the request's changes, which were made to an older record, to a newer one.
func (h *storeHome) rebase(st *state, older *payload.Contents, newer stored) {
	s := st.stored
	h.reportOverwritten(st, older, newer.Contents)
	mine, renewed := st.Metadata, !st.HasID(s.at.id)
	st.Take(newer.Contents)
	st.prune(st.now())
	h.separate(st, older)
	if renewed {
		st.KeepID(&mine)
	}
	st.used = newer.used
	s.hold(newer)
	// Changes without a function come first: for one field, they are the earlier ones.
	for _, c := range s.changes {
		if c.again == nil {
			h.redo(st, c)
		}
	}
	// While the functions run, other goroutines may add changes that replace these.
	again := slices.DeleteFunc(slices.Clone(s.changes), func(c change) bool { return c.again == nil })
	for _, c := range again {
		if s.updates(c.field) {
			h.redoUpdate(st, c)
		}
	}
}

// reportOverwritten reports the fields that this request set and another request has just changed,
// unless the value depends on the earlier one.
func (h *storeHome) reportOverwritten(st *state, older, newer *payload.Contents) {
	for _, c := range st.stored.changes {
		if c.again != nil || c.kind != changePut && c.kind != changeRemove {
			continue
		}
		theirs := newer.Value(c.field.index)
		if !same(theirs, older.Value(c.field.index)) && !same(theirs, c.raw) {
			st.event(EventOverwritten, "", c.field.name)
		}
	}
}

// separate keeps users apart if the newer record has another principal. A log-in normally moves the
// session to a new id; a build that does not know the principal leaves it there.
func (h *storeHome) separate(st *state, older *payload.Contents) {
	was, is := h.principalOf(older), h.principalOf(&st.Contents)
	if same(was, is) {
		return
	}
	s := st.stored
	if i := slices.IndexFunc(s.changes, func(c change) bool { return c.field != nil && c.field.principal }); i >= 0 {
		if !same(s.changes[i].raw, is) {
			st.clearOwned()
		}
		return
	}
	if was != nil { // this request's changes were for another user
		s.changes = slices.DeleteFunc(s.changes, func(c change) bool { return c.field != nil && c.field.owned() })
	}
}

// redo applies a change that does not depend on the earlier value.
func (h *storeHome) redo(st *state, c change) {
	switch c.kind {
	case changePut:
		st.Contents.Set(c.field.index, c.raw)
		st.SetExpiry(c.field.index, c.at)
	case changeRemove:
		st.Contents.Remove(c.field.index)
	case changePermanent:
		st.SetPermanent(c.flag)
	case changeAuthenticated:
		st.Authenticated = c.at
		if c.at != 0 {
			st.SetMarks(*c.marks)
		}
	case changeMarks:
		st.SetMarks(*c.marks)
	case changeOwner:
		st.clearOwned()
	case changeDevice:
		switch {
		case c.device == nil:
			st.Device = noDevice
		case st.Device == noDevice: // the first binding stays
			st.Device = *c.device
		}
	}
}

// redoUpdate runs an Update's function again, without the lock.
func (h *storeHome) redoUpdate(st *state, c change) {
	index := c.field.index
	for {
		held := st.Contents.Value(index)
		raw := st.unlocked(func() []byte { return c.again(held) })
		if raw == nil || !st.stored.updates(c.field) { // the value was refused, or the change was replaced meanwhile
			return
		}
		if same(held, st.Contents.Value(index)) {
			st.Contents.Set(index, raw)
			st.SetExpiry(index, st.expiryOf(c.field))
			return
		}
	}
}

// unlocked runs a function that may use the session, without the lock.
func (st *state) unlocked(f func() []byte) []byte {
	returned := false
	st.stored.writing = writingRedo
	st.mu.Unlock()
	defer func() {
		st.mu.Lock()
		st.stored.writing = writingOne
		if !returned { // some changes were not applied
			st.fail(errRedo)
		}
	}()
	raw := f()
	returned = true
	return raw
}
