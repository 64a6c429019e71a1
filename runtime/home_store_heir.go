package runtime

import (
	"slices"

	"github.com/sessiongen/sessiongen/runtime/internal/payload"
)

// A log-out ends one session and begins another with the visitor's fields. Other requests may change
// these fields until the old session has ended, and no such change is lost.

// A doomed session ends when the request's own session is saved.
type doomed struct {
	place
	bequest *bequest // what the following session keeps; nil for nothing
}

// A bequest holds the visitor's fields of a session that this request logs out of.
type bequest struct {
	base    []byte   // the fields as they were read
	changes []change // this request's changes of them
}

func (h *storeHome) bequeath(st *state) {
	s := st.stored
	if !s.found() {
		for _, id := range s.leads { // where the session went before this request
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
	s.at = place{} // so that end does not end it again
}

// endAllDoomed ends all doomed sessions.
func (h *storeHome) endAllDoomed(st *state) error {
	for s := st.stored; len(s.doomed) > 0; s.doomed = s.doomed[1:] {
		if err := h.endDoomed(st, s.doomed[0]); err != nil {
			return err
		}
	}
	return nil
}

// endDoomed ends a session. Its tombstone leads to the session that follows. There another log-out
// finds the visitor's fields, and other requests learn that they are late. If the session was
// changed since it was read, the visitor's fields are updated.
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

// inherit applies this request's changes, from before and after the log-out, to the latest version
// of the visitor's fields.
func (h *storeHome) inherit(st *state, last *payload.Contents, b *bequest) {
	s, mine := st.stored, st.Metadata
	last.Prune(st.now())
	s.changes = slices.Concat(b.changes, s.changes)
	h.rebase(st, h.visitors(h.parse(b.base)), stored{Contents: h.visitors(last), used: st.used})
	st.Metadata, s.base = mine, nil
	st.edits = unsaved
}

// visitors returns a copy of the visitor's fields.
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
