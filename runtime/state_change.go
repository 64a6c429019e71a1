package runtime

import (
	"bytes"
	"context"
	"time"

	"github.com/sessiongen/sessiongen/runtime/codec"
	"github.com/sessiongen/sessiongen/runtime/internal/payload"
)

// A change is what a request did to its session, so that a home can repeat it on a newer version.
type change struct {
	kind   changeKind
	flag   bool                // for changePermanent
	field  *descriptor         // for changePut and changeRemove
	raw    []byte              // for changePut; for changeAuthenticated, the principal
	at     int64               // for changePut, when the field expires; for changeAuthenticated, 0 if there is no principal now
	again  update              // if not nil, replaces raw if the field holds something else
	marks  *payload.Marks      // for changeAuthenticated and changeMarks
	device *payload.Thumbprint // for changeDevice; nil for none
}

type changeKind uint8

const (
	changePut changeKind = iota
	changeRemove
	changePermanent
	changeAuthenticated
	changeMarks
	changeOwner  // all fields of the principal were cleared
	changeDevice // the session is bound to another device, or to none
)

// An update computes a field's encoded value from its current one, which is nil if absent. It
// returns nil if the new value is refused. The session must not be locked.
type update func(held []byte) []byte

// change notes that something changed. name is the field, or the method that changed it.
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

// awaitSave reports a change after the program's own save when the request ends, unless the program
// saves again before. Other transports' contexts may not end with a request.
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

// renew gives the session a new id, so that an id that an attacker planted in the browser does not
// become the visitor's (session fixation).
func (st *state) renew() {
	st.endOrigin()
	st.DropID()
	st.news = max(st.news, renewal)
	if st.origin == moved {
		st.origin = fresh
	}
}

// beginAnew makes later changes belong to a new session, whatever happened to the request's own.
func (st *state) beginAnew() {
	st.renew()
	if st.origin == lost {
		st.origin = fresh
	}
}

// authenticate notes that the visitor has proved at a time to be this principal, given by its
// encoded value. 0 and nil mean no principal.
func (st *state) authenticate(raw []byte, at int64) {
	st.renew()
	st.Authenticated = at
	st.manager.home.note(st, change{kind: changeAuthenticated, at: at, raw: raw})
}

// prove sets a factor field, in a session with a new id.
func (st *state) prove(f *descriptor, raw []byte) {
	st.lock()
	defer st.unlock()
	st.renew()
	st.Contents.Set(f.index, raw)
	st.SetExpiry(f.index, 0)
	st.manager.home.note(st, change{kind: changePut, field: f, raw: st.Contents.Value(f.index)})
	st.change(f.name)
}

// forgetProofs removes the factors, which another visitor may have proved.
func (st *state) forgetProofs() {
	for _, f := range st.manager.fields {
		if f.factor {
			st.takeLocked(f)
		}
	}
}

// changeOwner removes the fields of the previous principal, so that nobody inherits another user's
// data.
func (st *state) changeOwner() {
	st.clearOwned()
	st.manager.home.note(st, change{kind: changeOwner})
}

// clearOwned removes every field except the principal and the visitor's fields. Fields of other
// builds may belong to anybody, so they are removed.
func (st *state) clearOwned() {
	for _, f := range st.manager.fields {
		if f.owned() {
			st.Contents.Remove(f.index)
		}
	}
	st.ForgetUnknown()
	st.forgetTaken((*descriptor).owned)
}

// value returns the encoded value of a field, or nil. The slice never changes.
func (st *state) value(index int) []byte {
	st.lock()
	raw := st.Contents.Value(index)
	st.unlock()
	return raw
}

// put sets the encoded value of a field. If over is not nil, it does so only if the field holds
// *over, and otherwise returns false. If the session turns out to hold another value when it is
// saved, again computes the value; nil means raw.
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
		if st.Holds(f.index) { // also a dropped value
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

// expiryOf returns when a field expires that is set now.
func (st *state) expiryOf(f *descriptor) int64 {
	if f.ttl == 0 {
		return 0
	}
	return st.now() + int64(f.ttl/time.Second)
}

// take removes and returns the value of a field.
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

// remove makes a field absent. It returns false if there was nothing to remove. A dropped value is
// something, because the browser still has it.
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

// drop drops a value that does not decode, if the field still holds it. This is no change by the
// handler. The next change leaves the value out.
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
	// A cookie that was not accepted is something to remove: another server may accept it.
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
	st.logOut()
	st.change("Clear")
}

// destroy ends the session. name is the calling method.
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

// depart ends the session and begins another one with the visitor's fields.
func (st *state) depart() {
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
	st.manager.home.note(st, change{kind: changePermanent, flag: permanent}) // for the session that begins
	for _, f := range kept {
		st.Contents.Set(f.field.index, f.raw)
		st.SetExpiry(f.field.index, f.at)
	}
}

// visitors returns the visitor's fields as changes that set them.
func (st *state) visitors() (kept []change) {
	for _, f := range st.manager.fields {
		if raw := st.Contents.Value(f.index); f.visitor && raw != nil {
			kept = append(kept, change{kind: changePut, field: f, raw: raw, at: st.Expiry(f.index)})
		}
	}
	return kept
}

// logOut ends the current session, and reports whether the home has anything to end with it. It
// clears the error of a refused value, which must not make a log-out fail.
func (st *state) logOut() (something bool) {
	st.loggedOut = true
	st.forgetTaken(anyField)
	something = st.manager.home.end(st)
	if failing := st.answer != answerBegun && st.answer != answerAbandoned; failing && st.trouble != nil && !st.isDown() {
		st.trouble.err = nil
	}
	return something
}

// same reports whether two encoded values are equal. nil means absent, which is not equal to any
// value.
func same(a, b []byte) bool {
	return (a == nil) == (b == nil) && bytes.Equal(a, b)
}
