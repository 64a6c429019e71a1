package runtime

import (
	"cmp"
	"errors"

	"github.com/sessiongen/sessiongen/runtime/internal/payload"
)

// An old session is taken over once. Its id says where its record is; a mark, which stays for as long as
// the old session could be read, says that it was taken over, and by which session: a request that finds the
// mark and no record is too late.
//
// Of several first requests, one inserts the record, and the others find it. Who ends the session, or moves
// it to another id, changes the mark before looking for a record; who inserts a record looks at the
// mark afterwards. So one of the two finds the other, whatever runs beside it.

// An adoption is what storeHome notes of a session that was taken over in this request.
type adoption struct{ place place }

// markEnded is the version of the mark of an old session that has ended, or moved. Any other is that of the
// session which took it over.
const markEnded = 1

// markOf is the version of the mark that a session sets.
func markOf(meta *payload.Metadata) uint64 { return uint64(meta.Created) + markEnded + 1 }

func (h *storeHome) oldKey(id sessionID) string { return h.storeKey("old session", string(id[:])) }

func (h *storeHome) adopt(st *state, old oldSession, now int64, fill func()) (refusal string) {
	a := &adoption{h.place(old.id, 0)}
	mark, err := h.lookAtMark(st, old.id) // before the record: who takes the session over sets it afterwards
	if err != nil {
		st.fallDown(err)
		return RefusedUnknownID
	}
	refusal = h.openPlace(st, a.place, now)
	switch {
	case refusal == "" && mark == markEnded: // of a request that is about to find out
		st.stored.forget()
		return RefusedUnknownID
	case refusal == "": // another first request was faster
		st.stored.cookie, st.stored.adoption = cookieSent, a
		return ""
	}
	if refusal != RefusedUnknownID || mark > 0 || st.stored.ended || st.isDown() {
		return refusal
	}
	if err := h.fillAdopted(st, fill); err != nil {
		if !errors.Is(err, ErrNoRecord) {
			st.fallDown(err)
		}
		return RefusedRevoked
	}
	st.stored.adoption = a
	return ""
}

// fillAdopted fills a session. The error is ErrNoRecord if it was revoked before: every revocation that there
// was counts, and from now on those to come.
func (h *storeHome) fillAdopted(st *state, fill func()) error {
	var now payload.Marks
	err := st.watch("load", func() (err error) {
		now, err = h.marks.read(st.ctx)
		return err
	})
	if err != nil {
		return err
	}
	st.Reset()
	fill()
	st.SetMarks(payload.Marks{})
	err = h.lookBack(st, sealedBy{h.rings.Load(), notSealed})
	st.SetMarks(now)
	return err
}

// lookAtMark returns the mark of an old session, 0 if there is none.
func (h *storeHome) lookAtMark(st *state, id sessionID) (version uint64, err error) {
	err = st.watch("load", func() error {
		is, err := h.marks.look(st.ctx, h.oldKey(id))
		version = is.version
		return err
	})
	return version, err
}

// isAdopted reports whether a place is that of the old session which is taken over in this request.
func (s *storedSession) isAdopted(p place) bool {
	return s.adoption != nil && s.adoption.place.id == p.id
}

// settleAdoption sets the mark, once the session is written. The error is ErrNoRecord if the old session had
// ended before it was, or moved.
func (h *storeHome) settleAdoption(st *state) error {
	s := st.stored
	a := s.adoption
	if a == nil {
		return nil
	}
	s.adoption = nil
	if s.at.id != a.place.id {
		return h.leaveAdopted(st, a.place)
	}
	mine := markOf(&st.Metadata)
	older, err := h.setMark(st, a.place.id, func(older uint64) uint64 { return cmp.Or(older, mine) })
	if err == nil && older > 0 && older != mine {
		err = h.takeBack(st)
	}
	return err
}

// leaveAdopted ends an old session that is empty by now, or has moved to the session's id. A tombstone says so
// for a while, as of any session, and the mark for as long as the old session could be read. The error is
// ErrNoRecord if it had ended before, or moved.
func (h *storeHome) leaveAdopted(st *state, p place) error {
	rec, err := h.sealTombstone(p.id, st.heir(), 1)
	if err == nil {
		err = h.insert(st, p, rec)
	}
	faster, ended := errors.Is(err, ErrConflict), false // another first request
	if faster {
		var last *payload.Contents
		last, _, err = h.killOne(st, p, st.heir())
		ended = last == nil
	}
	if err != nil {
		return err
	}
	older, err := h.setMark(st, p.id, func(uint64) uint64 { return markEnded })
	if err == nil && (ended || older == markEnded || older > 0 && !faster) {
		err = h.takeBack(st)
	}
	return err
}

// abandonAdoption notes that an old session has ended before it was taken over.
func (h *storeHome) abandonAdoption(st *state) error {
	a := st.stored.adoption
	if a == nil {
		return nil
	}
	st.stored.adoption = nil
	_, err := h.setMark(st, a.place.id, func(uint64) uint64 { return markEnded })
	return err
}

// takeBack removes a record that nobody was told of.
func (h *storeHome) takeBack(st *state) error {
	if s := st.stored; s.found() {
		if err := h.kill(st, s.at); err != nil {
			return err
		}
	}
	return ErrNoRecord
}

// heir is the id of the session that follows one which moves, nil if there is none.
func (st *state) heir() *sessionID {
	if st.Empty() {
		return nil
	}
	id := st.ID()
	return &id
}

// endOld makes an old session one that nobody takes over, and ends the session that it became.
func (h *storeHome) endOld(st *state, id sessionID) error {
	_, err := h.setMark(st, id, func(uint64) uint64 { return markEnded })
	if err == nil {
		err = h.kill(st, h.place(id, 0))
	}
	return err
}

// setMark sets the mark of an old session to what next makes of the one that it has, and returns that.
func (h *storeHome) setMark(st *state, id sessionID, next func(older uint64) uint64) (before uint64, err error) {
	err = st.watch("mark", func() error {
		_, err := h.marks.change(st.ctx, h.oldKey(id), func(is mark) (mark, error) {
			before = is.version
			return mark{version: next(before)}, nil
		})
		return err
	})
	return before, err
}

// insertAdopted writes a session that was taken over before a value is popped: of several first requests one
// gets it. If that fails, the session is one that has ended, or of which nothing is known.
func (h *storeHome) insertAdopted(st *state) {
	s := st.stored
	if s.adoption == nil || s.found() || !st.HasID(s.adoption.place.id) {
		return
	}
	err := h.write(st)
	if err == nil {
		err = h.settleAdoption(st)
	}
	if errors.Is(err, ErrNoRecord) {
		err = h.lose(st)
	}
	if err != nil {
		st.fail(err)
	}
	if errors.Is(err, ErrStore) {
		st.fallDown(err)
	}
}
