package runtime

import (
	"fmt"
	"slices"

	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// A flash is what the next page shows, once: its messages are taken when a page is made, but that counts
// only if a person gets to see the page.

// A taking is messages that were taken in this request, until it is known whether that counts.
type taking struct {
	field   *descriptor
	raw     []byte
	expires int64
}

// takeFlash returns the messages of a field, and makes it absent. What is no page that a person sees shows
// none: they stay for one that is.
func (st *state) takeFlash(f *descriptor) []byte {
	if st.from != nil && !st.manager.isPage(st.from.request) {
		return nil
	}
	st.lock()
	begun := st.answer.isLate()
	if begun && st.Contents.Value(f.index) != nil {
		st.fail(&fieldError{f.name, ErrTooLate})
		st.event(EventTooLate, "", f.name)
	}
	expires := st.Expiry(f.index)
	st.unlock()
	if begun {
		return nil // it would be shown once more
	}
	raw := st.manager.home.show(st, f)
	if raw == nil {
		return nil
	}
	st.lock()
	defer st.unlock()
	t := st.troubled()
	t.taken = append(t.taken, taking{f, raw, expires})
	return raw
}

// hide makes a field absent that the browser still has.
func (st *state) hide(f *descriptor) []byte {
	st.lock()
	defer st.unlock()
	raw := st.Contents.Value(f.index)
	if raw != nil {
		st.Contents.Drop(f.index)
	}
	return raw
}

// settle decides about what was taken, once it is known how the request ends. What was not shown is back
// where it was, before what was added since.
func (st *state) settle(shown bool) {
	if len(st.trouble.taken) == 0 {
		return
	}
	all := st.trouble.taken
	st.trouble.taken, st.trouble.shown = nil, shown
	for _, t := range slices.Backward(all) {
		if shown {
			st.finishTaking(t.field)
		} else {
			st.putBack(t)
		}
	}
}

// finishTaking removes what was only hidden.
func (st *state) finishTaking(f *descriptor) {
	if st.Dropped(f.index) {
		st.Contents.Remove(f.index)
		st.edits = unsaved // which is not too late: see save
	}
}

func (st *state) putBack(t taking) {
	index := t.field.index
	if st.Dropped(index) {
		st.Contents.Undrop(index) // as if nobody had asked
		return
	}
	before := func(held []byte) []byte { return joinArrays(t.raw, held) }
	st.Contents.Set(index, before(st.Contents.Value(index)))
	st.SetExpiry(index, max(t.expires, st.Expiry(index)))
	st.manager.home.note(st, change{kind: changePut, field: t.field, raw: st.Contents.Value(index), at: st.Expiry(index), again: before})
	st.edits = unsaved
}

// forgetTaken makes what was taken nobody's any more: it is of a principal who has gone, or was cleared.
func (st *state) forgetTaken(of func(*descriptor) bool) {
	if st.trouble != nil {
		st.trouble.taken = slices.DeleteFunc(st.trouble.taken, func(t taking) bool { return of(t.field) })
	}
}

func anyField(*descriptor) bool { return true }

// overflow reports that a field was full.
func (st *state) overflow(field string, dropped int) {
	st.lock()
	st.event(EventOverflow, fmt.Sprintf("%d dropped", dropped), field)
	st.unlock()
}

// joinArrays joins two encoded arrays; the second may be absent.
func joinArrays(a, b []byte) []byte {
	if b == nil {
		return a
	}
	first, second := wire.NewReader(a), wire.NewReader(b)
	n := first.Array() + second.Array()
	if first.Failed() || second.Failed() {
		return b
	}
	return append(append(wire.AppendArrayHeader(nil, n), first.Rest()...), second.Rest()...)
}
