package runtime

import (
	"slices"

	"github.com/sessiongen/sessiongen/runtime/internal/payload"
)

// A log-out ends one session and begins another one with the visitor's fields. Other requests may change
// these until the old session has ended; nothing of that is lost.

// A doomed session ends when the request's own is saved.
type doomed struct {
	place
	bequest *bequest // what the session that follows keeps of it; nil for nothing
}

// A bequest is how this request knows the visitor's fields of a session that it logs out of.
type bequest struct {
	base    []byte   // as they were read
	changes []change // what it did to them
}

func (h *storeHome) bequeath(st *state) {
	s := st.stored
	if !s.found() {
		for _, id := range s.leads { // where the session went of which this request has heard too late
			s.doomed = append(s.doomed, doomed{h.place(id, 0), &bequest{}})
		}
		return
	}
	b := &bequest{base: s.base}
	for _, c := range s.changes {
		if c.field != nil && c.field.visitor {
			b.changes = append(b.changes, c)
		}
	}
	s.doomed = append(s.doomed, doomed{s.at, b})
	s.at = place{} // end finds nothing more to do
}

// endAllDoomed ends what is doomed.
func (h *storeHome) endAllDoomed(st *state) error {
	for s := st.stored; len(s.doomed) > 0; s.doomed = s.doomed[1:] {
		if err := h.endDoomed(st, s.doomed[0]); err != nil {
			return err
		}
	}
	return nil
}

// endDoomed ends a session. The record that it leaves leads to the one that follows, so that another
// log-out finds the visitor's fields there, and other requests learn that they are late. If the session was
// changed since it was read, the visitor's fields are brought up to date.
func (h *storeHome) endDoomed(st *state, d doomed) error {
	if d.bequest == nil {
		return h.kill(st, d.place)
	}
	heir := st.ID()
	last, err := h.succeed(st, d.place, &heir)
	if err == nil && last != nil {
		h.inherit(st, last, d.bequest)
	}
	return err
}

// inherit does to the visitor's fields, as they were last, what this request did to them before and after
// the log-out.
func (h *storeHome) inherit(st *state, last *payload.Contents, b *bequest) {
	s, mine := st.stored, st.Metadata
	last.Prune(st.now())
	s.changes = slices.Concat(b.changes, s.changes)
	h.rebase(st, h.visitors(h.parse(b.base)), stored{Contents: h.visitors(last), used: st.used})
	st.Metadata, s.base = mine, nil
	st.edits = unsaved
}

// visitors copies the visitor's fields alone.
func (h *storeHome) visitors(c *payload.Contents) *payload.Contents {
	heir := h.newContents()
	for _, f := range h.fields {
		if raw := c.Value(f.index); f.visitor && raw != nil {
			heir.Set(f.index, raw)
			heir.SetExpiry(f.index, c.Expiry(f.index))
		}
	}
	return heir
}
