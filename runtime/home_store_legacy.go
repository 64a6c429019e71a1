package runtime

import (
	"cmp"
	"errors"
	"slices"

	"github.com/sessiongen/sessiongen/runtime/internal/payload"
)

// An old session is taken over once. Its id says where its record is; a mark, which stays for as long as
// the old session could be read, says that it was taken over, or has ended: a request that finds the mark
// and no record is too late.
//
// The first request that uses the session writes the record before anything is done to it. From then on it is a
// session as any other, and leaves a tombstone as any other: a request that is about to write the record finds it.

// markTaken is the version of the mark.
const markTaken = 1

// longestAdoption is for how many seconds a tombstone stays at least, whatever the clocks say.
const longestAdoption = graveTime - payload.ClockError

func (h *storeHome) oldKey(id sessionID) string { return h.storeKey("old session", string(id[:])) }

func (h *storeHome) adopt(st *state, old oldSession, now int64, fill func()) (refusal string, first bool) {
	began := machineClock.now()
	p := h.place(old.id, 0)
	is, err := h.lookAtMark(st, old.id) // before the record: who takes the session over sets it afterwards
	if err != nil {
		return h.refuseOld(st, err), false
	}
	refusal = h.openPlace(st, p, now)
	if refusal == RefusedUnknownID && is == 0 && !st.isDown() {
		err := h.takeOver(st, p, fill)
		switch {
		case err == nil:
			refusal, first = "", true
		case errors.Is(err, errIDTaken): // another first request was faster
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

// takeOver writes the record of an old session. The error is errIDTaken if there is one, and ErrNoRecord if the
// session has ended, or was revoked: every revocation counts that there was.
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
	st.SetMarks(now) // and from now on, those to come
	err = h.put(st, p, nil)
	if errors.Is(err, ErrNoRecord) {
		err = cmp.Or(h.discard(st), err)
	}
	return err
}

// settle sets the mark of an old session that has a record. The session is refused if it was revoked before the one
// who wrote the record, and failed then, could see that; or if this request wrote it, and took so long that nobody
// knows any more what became of an earlier one.
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

// refuseOld is the refusal of an old session that could not be taken over. One that does not fit into a record is told
// by an event, too, and no reason to refuse the visitor every page.
func (h *storeHome) refuseOld(st *state, err error) (refusal string) {
	if errors.Is(err, ErrTooLarge) {
		return RefusedMalformed
	}
	if !errors.Is(err, ErrNoRecord) {
		st.fallDown(err)
	}
	return RefusedRevoked
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

// endOld makes an old session one that nobody takes over, and ends the session that it became, unless a log-out
// is about to.
func (h *storeHome) endOld(st *state, id sessionID) error {
	_, err := h.setMark(st, id)
	if err != nil || slices.ContainsFunc(st.stored.doomed, func(d doomed) bool { return d.id == id }) {
		return err
	}
	return h.endID(st, id)
}

// setMark sets the mark of an old session, and returns the version that it had.
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
