package runtime

import (
	"bytes"
	"context"
	"time"

	"github.com/sessiongen/sessiongen/runtime/codec"
	"github.com/sessiongen/sessiongen/runtime/internal/payload"
)

// A change is what a request did to a session, so that a home can do it again to a newer one.
type change struct {
	kind   changeKind
	flag   bool                // of changePermanent
	field  *descriptor         // of changePut and changeRemove
	raw    []byte              // of changePut; of changeAuthenticated, the principal
	at     int64               // of changePut, when the field ends; of changeAuthenticated, 0 if there is no principal now
	again  update              // what to do in place of setting raw, if the field turns out to hold something else
	marks  *payload.Marks      // of changeAuthenticated and changeMarks
	device *payload.Thumbprint // of changeDevice; nil for none
}

type changeKind uint8

const (
	changePut changeKind = iota
	changeRemove
	changePermanent
	changeAuthenticated
	changeMarks
	changeOwner  // every field was cleared that is the principal's
	changeDevice // the session is bound to another device, or to none
)

// An update makes a field's encoded value from the one that it holds, nil if absent. It
// returns nil if the new value is refused. The session must not be locked.
type update func(held []byte) []byte

// change notes that something changed; name is the field, or the method that did it.
func (st *state) change(name string) {
	st.edits = unsaved
	if !st.answer.isLate() {
		return
	}
	st.fail(&fieldError{name, ErrTooLate})
	if st.answer == answerSealed && st.from.request != nil && st.ctx.Done() != nil {
		st.awaitSave(name)
		return
	}
	st.event(EventTooLate, "", name)
}

// awaitSave reports a change after the program's own save once the request ends, unless it saves the session once more
// before. Whether the context of another transport ends with a request, nobody knows.
func (st *state) awaitSave(name string) {
	t := st.troubled()
	if len(t.unsaved) == 0 {
		context.AfterFunc(st.ctx, st.reportUnsaved)
	}
	t.unsaved = append(t.unsaved, name)
}

func (st *state) reportUnsaved() {
	st.mu.Lock()
	defer st.unlock()
	for _, name := range st.trouble.unsaved {
		st.event(EventTooLate, "", name)
	}
	st.trouble.unsaved = nil
}

// renew gives the session a new id, so that one that somebody planted in the browser
// does not become the visitor's (session fixation).
func (st *state) renew() {
	st.DropID()
	st.news = max(st.news, renewal)
	if st.origin == moved {
		st.origin = fresh
	}
}

// beginAnew makes what is set from now on another session, whatever became of the one that
// the request was meant for.
func (st *state) beginAnew() {
	st.renew()
	if st.origin == lost {
		st.origin = fresh
	}
}

// authenticate notes that the visitor has proved, at a time, to be the principal with this encoded
// value; 0 and nil for nobody.
func (st *state) authenticate(raw []byte, at int64) {
	st.renew()
	st.Authenticated = at
	st.manager.home.note(st, change{kind: changeAuthenticated, at: at, raw: raw})
}

// prove sets a field that says when the visitor proved something, in a session with a new id.
func (st *state) prove(f *descriptor, raw []byte) {
	st.lock()
	defer st.unlock()
	st.renew()
	st.Contents.Set(f.index, raw)
	st.SetExpiry(f.index, 0)
	st.manager.home.note(st, change{kind: changePut, field: f, raw: st.Contents.Value(f.index)})
	st.change(f.name)
}

// forgetProofs removes the factors: whoever proved something, it was not who logs in now.
func (st *state) forgetProofs() {
	for _, f := range st.manager.fields {
		if f.factor {
			st.takeLocked(f)
		}
	}
}

// changeOwner removes what is the principal's, who is another one now, or nobody: nobody inherits what is
// somebody else's.
func (st *state) changeOwner() {
	st.clearOwned()
	st.manager.home.note(st, change{kind: changeOwner})
}

// clearOwned removes every field but that of the principal, and those that are the visitor's. Those of
// other builds may be anybody's.
func (st *state) clearOwned() {
	for _, f := range st.manager.fields {
		if f.owned() {
			st.Contents.Remove(f.index)
		}
	}
	st.ForgetUnknown()
	st.forgetTaken((*descriptor).owned)
}

// value returns the encoded value of a field, nil if absent. It stays as it is
// however the session changes.
func (st *state) value(index int) []byte {
	st.lock()
	raw := st.Contents.Value(index)
	st.unlock()
	return raw
}

// put sets the encoded value of a field. If over is not nil, it does so only while the field
// holds *over, and otherwise returns false. If the session turns out to hold something else, again
// tells what to set the field to; nil means raw.
func (st *state) put(f *descriptor, raw []byte, over *[]byte, again update) bool {
	st.lock()
	defer st.unlock()
	held := st.Contents.Value(f.index)
	if over != nil && !same(held, *over) {
		return false
	}
	expires := st.expiryOf(f)
	changed := !same(held, raw)
	if !changed && st.Expiry(f.index) == expires {
		return true
	}
	if changed && f.principal {
		if st.Holds(f.index) { // also a value that does not count
			st.changeOwner()
		}
		st.forgetProofs()
		st.unbind(bindingLogIn)
		st.authenticate(raw, max(1, st.now())) // 0 is for never
	}
	st.Contents.Set(f.index, raw)
	st.SetExpiry(f.index, expires)
	st.manager.home.note(st, change{kind: changePut, field: f, raw: st.Contents.Value(f.index), at: expires, again: again})
	st.change(f.name)
	return true
}

// expiryOf is when a field ends that is set now.
func (st *state) expiryOf(f *descriptor) int64 {
	if f.ttl == 0 {
		return 0
	}
	return st.now() + int64(f.ttl/time.Second)
}

// take removes the value of a field and returns it.
func (st *state) take(f *descriptor) []byte {
	st.lock()
	defer st.unlock()
	return st.takeLocked(f)
}

func (st *state) takeLocked(f *descriptor) []byte {
	raw := st.Contents.Value(f.index)
	if st.remove(f) {
		st.manager.home.note(st, change{kind: changeRemove, field: f})
		st.change(f.name)
	}
	return raw
}

// remove makes a field absent. It is false if there was nothing; a value that was
// dropped is something, as the browser still holds it.
func (st *state) remove(f *descriptor) bool {
	if !st.Holds(f.index) {
		return false
	}
	if f.principal {
		st.changeOwner()
		st.unbind(bindingEnded)
		st.authenticate(nil, 0)
	}
	st.Contents.Remove(f.index)
	return true
}

// drop makes a value that does not decode count as absent, if the field still holds
// it. That is not a change of the handler's: the next one leaves it out.
func (st *state) drop(f *descriptor, raw []byte, err error) {
	st.lock()
	defer st.unlock()
	if held := st.Contents.Value(f.index); held != nil && same(held, raw) {
		st.Contents.Drop(f.index)
		st.eventDropped(f, err)
	}
}

func (st *state) eventDropped(f *descriptor, err error) {
	st.event(EventFieldDropped, codec.Reason(f.key, err), f.name)
}

// clear removes everything.
func (st *state) clear() {
	// A cookie that did not open is something too: elsewhere it may.
	something := st.ResetFlags(st.manager.permanent) || st.HasUnknown() ||
		st.origin.isNew() && (st.browser != holdsNothing || st.manager.legacy.isReceived(st))
	for _, f := range st.manager.fields {
		something = st.remove(f) || something
	}
	if !something {
		return
	}
	st.ForgetUnknown()
	st.unbind(bindingEnded)
	st.endOld()
	st.SetOrigin("")
	st.logOut()
	st.change("Clear")
}

// destroy ends the session; name is the method that does.
func (st *state) destroy(name string) {
	something := st.origin == returning
	st.endOld()
	st.unbind(bindingEnded)
	st.Reset()
	st.origin = fresh
	st.start(st.now())
	if st.logOut() || something {
		st.news = destruction
	}
	st.change(name)
}

// leave ends the session, and begins another one with the visitor's fields.
func (st *state) leave() {
	kept, permanent := st.visitors(), st.Permanent()
	st.manager.home.bequeath(st)
	st.destroy("LogOut")
	if len(kept) == 0 {
		return
	}
	if st.news == destruction {
		st.news = departure
	}
	st.SetPermanent(permanent)
	st.manager.home.note(st, change{kind: changePermanent, flag: permanent}) // another session begins
	for _, f := range kept {
		st.Contents.Set(f.field.index, f.raw)
		st.SetExpiry(f.field.index, f.at)
	}
}

// visitors are the visitor's fields, as changes that set them.
func (st *state) visitors() (kept []change) {
	for _, f := range st.manager.fields {
		if raw := st.Contents.Value(f.index); f.visitor && raw != nil {
			kept = append(kept, change{kind: changePut, field: f, raw: raw, at: st.Expiry(f.index)})
		}
	}
	return kept
}

// logOut notes that what was there has ended; it reports whether the home knows of something
// that ends with it. What was refused is gone too: a log-out must not fail for it.
func (st *state) logOut() (something bool) {
	st.loggedOut = true
	st.forgetTaken(anyField)
	something = st.manager.home.end(st)
	if failing := st.answer != answerBegun && st.answer != answerAbandoned; failing && st.trouble != nil && !st.isDown() {
		st.trouble.err = nil
	}
	return something
}

// same reports whether two encoded values are the same one; nil is an absent value.
func same(a, b []byte) bool {
	return (a == nil) == (b == nil) && bytes.Equal(a, b)
}
