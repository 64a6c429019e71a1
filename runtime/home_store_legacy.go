package runtime

import (
	"cmp"
	"errors"
	"slices"

	"github.com/sessiongen/sessiongen/runtime/internal/payload"
)

// A session of another library is imported once. Its id determines where its record is. A mark says
// that it was imported or has ended. The mark stays as long as the old session could be read. A
// request that finds the mark and no record is too late.
//
// The first request that uses the session writes the record before any change. From then on it is an
// ordinary session and leaves an ordinary tombstone. A request that is about to write the record
// finds that tombstone.

// markTaken is the mark's version.
const markTaken = 1

// longestAdoption is how many seconds a tombstone stays at least, however wrong the clocks are.
const longestAdoption = graveTime - payload.ClockError

func (h *storeHome) oldKey(id sessionID) string { return h.storeKey("old session", string(id[:])) }

func (h *storeHome) adopt(st *state, old oldSession, now int64, fill func()) (refusal string, first bool) {
	began := machineClock.now()
	p := h.place(old.id, 0)
	is, err := h.lookAtMark(st, old.id) // before the record: an importing request sets the mark after the record
	if err != nil {
		return h.refuseOld(st, err), false
	}
	refusal = h.openPlace(st, p, now)
	if refusal == RefusedUnknownID && is == 0 && !st.isDown() {
		err := h.takeOver(st, p, fill)
		switch {
		case err == nil:
			refusal, first = "", true
		case errors.Is(err, errIDTaken): // another request was faster
			st.Reset()
			refusal = h.openPlace(st, p, now)
		default:
			refusal = h.refuseOld(st, err)
		}
	}
	if refusal == "" {
		refusal = h.settle(st, first, began)
	}
	if refusal != "" {
		return refusal, false
	}
	st.stored.cookie = cookieSent
	return "", first
}

// takeOver writes the record of an old session. The error is errIDTaken if there is a record. It is
// ErrNoRecord if the session has ended or was revoked; all earlier revocations count.
func (h *storeHome) takeOver(st *state, p place, fill func()) error {
	var now payload.Marks
	err := st.watch("load", func() (err error) {
		now, err = h.marks.read(st.ctx)
		return err
	})
	if err != nil {
		return err
	}
	fill()
	st.SetMarks(payload.Marks{})
	if err := h.lookBack(st, sealedBy{h.rings.Load(), notSealed}); err != nil {
		return err
	}
	st.SetMarks(now) // from now on, later revocations alone count
	err = h.put(st, p, nil)
	if errors.Is(err, ErrNoRecord) {
		err = cmp.Or(h.discard(st), err)
	}
	return err
}

// settle sets the mark of an old session that has a record. It refuses the session in two cases. The
// request that wrote the record may have failed before it saw a revocation. Or this request wrote
// the record, and took so long that an earlier tombstone may have expired.
func (h *storeHome) settle(st *state, first bool, began int64) (refusal string) {
	was, err := h.setMark(st, st.stored.at.id)
	switch {
	case err != nil:
	case !first:
		err = h.lookBack(st, st.stored.by)
	case was > 0 && machineClock.now()-began >= longestAdoption:
		err = ErrNoRecord
	}
	if err == nil {
		return ""
	}
	if errors.Is(err, ErrNoRecord) {
		err = cmp.Or(h.kill(st, st.stored.at), err)
	}
	st.stored.forget()
	return h.refuseOld(st, err)
}

// refuseOld returns the refusal of an old session that could not be imported. If the session does
// not fit into a record, it also reports an event, and every page still works.
func (h *storeHome) refuseOld(st *state, err error) (refusal string) {
	if errors.Is(err, ErrTooLarge) {
		return RefusedMalformed
	}
	if !errors.Is(err, ErrNoRecord) {
		st.fallDown(err)
	}
	return RefusedRevoked
}

// lookAtMark returns the version of an old session's mark, or 0.
func (h *storeHome) lookAtMark(st *state, id sessionID) (version uint64, err error) {
	err = st.watch("load", func() error {
		is, err := h.marks.look(st.ctx, h.oldKey(id))
		version = is.version
		return err
	})
	return version, err
}

// endOld prevents an old session from being imported, and ends the session that it became unless a
// log-out does so.
func (h *storeHome) endOld(st *state, id sessionID) error {
	_, err := h.setMark(st, id)
	if err != nil || slices.ContainsFunc(st.stored.doomed, func(d doomed) bool { return d.id == id }) {
		return err
	}
	return h.endID(st, id)
}

// setMark sets the mark of an old session, and returns its previous version.
func (h *storeHome) setMark(st *state, id sessionID) (was uint64, err error) {
	err = st.watch("mark", func() error {
		_, err := h.marks.change(st.ctx, h.oldKey(id), func(is mark) (mark, error) {
			was = is.version
			return mark{version: markTaken}, nil
		})
		return err
	})
	return was, err
}
