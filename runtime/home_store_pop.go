package runtime

import (
	"errors"

	"github.com/sessiongen/sessiongen/runtime/internal/payload"
)

func (h *storeHome) pop(st *state, f *descriptor) []byte {
	st.lock()
	defer st.unlock()
	s := st.stored
	if err := s.acquire(st); err != nil {
		st.fail(err)
		return nil
	}
	defer s.release()
	if f.visitor { // a log-out of this request keeps what other requests have left of the field
		if err := h.endAllDoomed(st); err != nil {
			st.fail(err)
			return nil
		}
	}
	// A value that this request set is not in the record. A principal is not taken out either:
	// without it the session moves to another id, which only one request can do.
	if st.Contents.Value(f.index) == nil || !s.found() || s.settled(f) || f.principal {
		return st.takeLocked(f)
	}
	updates := s.withdraw(f)
	raw, err := h.claim(st, f)
	switch {
	case errors.Is(err, ErrNoRecord):
		err = h.lose(st)
		updates = nil
	case err == nil && raw != nil:
		if st.edits == unchanged {
			st.edits = saved
		}
		if st.Permanent() {
			s.cookie = cookieSent
		}
	}
	if err != nil {
		st.fail(err)
		return nil
	}
	return st.updated(raw, updates)
}

// updated applies the functions of an Update to a value.
func (st *state) updated(raw []byte, updates []change) []byte {
	for _, c := range updates {
		if updated := st.unlocked(func() []byte { return c.again(raw) }); updated != nil {
			raw = updated
		}
	}
	return raw
}

func (h *storeHome) show(st *state, f *descriptor) []byte { return h.pop(st, f) }

// claim removes a value from the record and changes nothing else. It returns nil if another request
// was faster.
func (h *storeHome) claim(st *state, f *descriptor) (raw []byte, err error) {
	s := st.stored
	rec := stored{Contents: h.baseOf(st), place: s.at, plaintext: s.base, used: st.used, staleness: s.staleness}
	newer := false
	err = h.contend(st, s.at.key, func() error {
		now := st.now()
		rec.Prune(now)
		if raw = rec.Value(f.index); raw == nil {
			return nil
		}
		rec.Remove(f.index)
		rec.Saved = max(now, rec.Created)
		record, without, err := h.sealRecord(rec.Contents, rec.place, nil, payload.Later(rec.used, now), now)
		if err == nil {
			err = h.replace(st, rec.place, record)
		}
		if err == nil {
			rec = without
		}
		return err
	}, func() (err error) {
		newer = true
		rec, err = h.load(st, s.at, h.newContents(), st.now())
		return err
	})
	if err != nil {
		return nil, err
	}
	if newer {
		h.rebase(st, h.baseOf(st), rec)
		return raw, nil
	}
	st.Contents.Remove(f.index)
	st.used, st.Saved = rec.used, rec.Saved
	s.hold(rec)
	return raw, nil
}
