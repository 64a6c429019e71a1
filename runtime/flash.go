package runtime

import (
	"fmt"
	"slices"

	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// Flash messages are shown once, on the next page. Making a page takes the messages. They are
// removed for good only if a person gets to see that page.

// A taking holds the messages that this request took, until it is known whether their page is shown.
type taking struct {
	field   *descriptor
	raw     []byte
	expires int64
}

// takeFlash returns the messages of a field and makes the field absent. A response that is no page
// gets no messages; they stay for the next page.
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
		return nil // the messages would be shown twice
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

// hide makes a field absent whose value the browser still has.
func (st *state) hide(f *descriptor) []byte {
	st.lock()
	defer st.unlock()
	raw := st.Contents.Value(f.index)
	if raw != nil {
		st.Contents.Drop(f.index)
	}
	return raw
}

// settle removes the taken messages if their page is shown. Otherwise it puts them back, before
// those that were added since.
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

// finishTaking removes a field that was hidden.
func (st *state) finishTaking(f *descriptor) {
	if st.Dropped(f.index) {
		st.Contents.Remove(f.index)
		st.edits = unsaved // not too late: see save
	}
}

func (st *state) putBack(t taking) {
	index := t.field.index
	if st.Dropped(index) {
		st.Contents.Undrop(index) // as if the field had not been read
		return
	}
	before := func(held []byte) []byte { return joinArrays(t.raw, held) }
	st.Contents.Set(index, before(st.Contents.Value(index)))
	st.SetExpiry(index, max(t.expires, st.Expiry(index)))
	st.manager.home.note(st, change{kind: changePut, field: t.field, raw: st.Contents.Value(index), at: st.Expiry(index), again: before})
	st.edits = unsaved
}

// forgetTaken drops taken messages, which are not put back: their principal is gone, or they were
// cleared.
func (st *state) forgetTaken(of func(*descriptor) bool) {
	if st.trouble != nil {
		st.trouble.taken = slices.DeleteFunc(st.trouble.taken, func(t taking) bool { return of(t.field) })
	}
}

func anyField(*descriptor) bool { return true }

// overflow reports that a full field dropped values.
func (st *state) overflow(field string, dropped int) {
	st.lock()
	st.event(EventOverflow, fmt.Sprintf("%d dropped", dropped), field)
	st.unlock()
}

// joinArrays joins two encoded arrays. The second one may be absent.
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
