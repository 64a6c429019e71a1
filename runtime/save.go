package runtime

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/sessiongen/sessiongen/runtime/internal/dbsc"
	"github.com/sessiongen/sessiongen/runtime/internal/payload"
	"github.com/sessiongen/sessiongen/runtime/internal/response"
)

// An outcome is what the response must say about the session.
type outcome struct {
	lines   []string // Set-Cookie header fields
	flows   []string // those of lines that set or delete a flow's cookie
	touched bool     // the session was used
	offer   string   // the header field that offers to bind the session, or ""
	shown   bool     // the response shows messages, so the browser must not show it again from a cache
	err     error
}

// writeTo saves the session and adds the response's header fields. It reports whether there are
// cookies to send.
func (st *state) writeTo(h http.Header, room *response.Values, status int) (sends bool, err error) {
	st.mu.Lock()
	st.close(status)
	if st.opened == nil { // the usual case: the page does not use the session
		st.mu.Unlock()
		if st.asked.Load() {
			room.VaryCookie(h)
		}
		return false, nil
	}
	var out outcome
	st.save(&out, room.SetCookies(), status)
	sends = len(out.lines) > 0
	if sends {
		room.KeepPrivate(h) // first, as it goes through all header fields
	}
	if out.touched {
		room.VaryCookie(h)
	}
	if out.err != nil || sends {
		st.manager.cookie.Replace(h, out.lines, out.flows)
	}
	if out.offer != "" {
		h[dbsc.HeaderRegistration] = []string{out.offer}
	}
	if out.shown {
		room.KeepNowhere(h)
	}
	return sends, out.err
}

// byHand is the status if the program saves the session itself: it is unknown.
const byHand = 0

// close notes that the response begins, or that the program saves the session itself. Changes come
// too late afterwards, unless such a save by the program fails.
func (st *state) close(status int) {
	switch {
	case status != byHand && st.answer == answerAhead:
		st.answer = answerBegun
		if st.opened != nil && st.ctx.Err() != nil {
			st.answer = answerAbandoned // the client is gone, or other code has answered
		}
	case st.answer == answerSealed:
		st.resume()
	}
}

// save saves the session, and appends the Set-Cookie header fields to lines. It unlocks st.mu.
func (st *state) save(out *outcome, lines []string, status int) {
	defer st.unlock()
	if st.trouble != nil {
		out.flows, out.touched = st.flowLines()
	}
	if !st.isOpen() {
		out.lines = append(lines, out.flows...)
		out.touched = out.touched || st.asked.Load()
		st.sealed()
		return
	}
	out.touched = true
	if out.lines, out.err = st.bringUpToDate(lines, status); out.err != nil {
		st.fallShort(out, status)
		return
	}
	out.lines = append(out.lines, out.flows...)
	if t := st.trouble; t != nil {
		out.shown, out.offer = t.shown, t.offer
	}
	st.sealed()
}

// fallShort sets the outcome for a session that could not be saved.
func (st *state) fallShort(out *outcome, status int) {
	if status != byHand {
		st.fail(out.err)
	}
	if errors.Is(out.err, ErrStore) || errors.Is(out.err, ErrUnproven) { // these were reported already
		out.lines = st.appendStrayDeletion(nil)
		return
	}
	if !errors.Is(out.err, errInAdvance) { // and so was this
		st.eventSaveFailed(out.err)
	}
	out.lines = st.farewell(nil)
	if st.loggedOut {
		out.lines = st.manager.legacy.appendDeletions(out.lines, st)
	}
}

// bringUpToDate saves the session in its home, and appends the Set-Cookie header fields that the
// browser must get.
func (st *state) bringUpToDate(lines []string, status int) ([]string, error) {
	if st.isDown() {
		return nil, st.failure()
	}
	if st.binding == bindingLost && st.keepsForgotten() {
		return nil, ErrUnproven
	}
	if st.trouble != nil {
		st.settle(st.answer != answerAbandoned && isShown(status))
		if err := st.finishOld(); err != nil {
			return nil, err
		}
	}
	m := st.manager
	binds := st.binding == bindingBegun && st.origin == returning
	onlyBinds := binds && st.fitBinding() && st.edits == imported
	lines, err := m.home.save(st, lines)
	if onlyBinds && errors.Is(err, ErrStore) { // a page that changes nothing must work while the store cannot be written
		return nil, nil
	}
	if err == nil && m.legacy != nil && st.leavesOld(lines) {
		lines = m.legacy.appendDeletions(lines, st)
	}
	if err == nil && m.deviceBound > 0 {
		lines, err = st.appendBadge(lines, status)
	}
	return lines, err
}

// sealed notes that the program has saved the session itself.
func (st *state) sealed() {
	if st.answer == answerByHand {
		st.answer = answerSealed
	}
}

// reason returns an error's text for an event. It leaves out parts that are not this package's own,
// because they might show a value.
func reason(err error) string {
	for _, known := range []error{ErrTooLarge, ErrMax, ErrEncode, ErrUpdate, ErrTooLate, errReentered, errRedo, errNoRequest, errCrossSite} {
		if errors.Is(err, known) {
			return strings.TrimPrefix(known.Error(), "session: ")
		}
	}
	return "sealing failed"
}

// outlived reports whether the session that the request was meant for has ended, so that changes are
// dropped.
func (st *state) outlived() bool {
	switch st.origin {
	case moved:
		if st.edits == unsaved {
			st.event(EventGone, "", "")
			st.edits = saved
		}
		return true
	case lost:
		return true
	}
	return false
}

// outlive makes the session empty because it has ended.
func (st *state) outlive() {
	st.Reset()
	st.origin = lost
	st.start(st.now())
	st.edits = unchanged
	if st.news == renewal {
		st.news = noNews
	}
	st.event(EventGone, "", "")
}

// announce reports what a save has done, once. reseal means that the session did not change.
func (st *state) announce(reseal bool) {
	empty := st.Empty()
	switch {
	case st.news >= destruction:
		st.event(EventDestroyed, "", "")
	case st.news == renewal && !st.origin.isNew() && !empty:
		st.event(EventRenewed, "", "")
	case reseal:
		st.event(EventResealed, "", "")
	}
	if st.origin == fresh && !empty {
		st.origin = announced
		st.event(EventCreated, "", "")
	}
	st.news = noNews
}

// appendPlaintext appends the token's plaintext. An unchanged session is sealed as it was read.
func (st *state) appendPlaintext(dst []byte, now int64) []byte {
	if st.modified() {
		st.Forget()
		st.Saved = st.saveTime(now)
	}
	return st.Append(dst)
}

// size returns the session's size in bytes, or 0 if it is empty.
func (st *state) size() int {
	if st.Empty() {
		return 0
	}
	buf := getScratch()
	defer putScratch(buf)
	*buf = st.appendPlaintext(*buf, st.now())
	return st.manager.home.size(len(*buf))
}

// largest returns the name of the largest field, and a list of the largest fields.
func (m *manager) largest(c *payload.Contents) (first, all string) {
	type sized struct {
		name string
		size int
	}
	var fields []sized
	for i, size := range c.Sizes() {
		name := "fields of another version"
		if i >= 0 {
			name = m.fields[i].name
		}
		fields = append(fields, sized{name, size})
	}
	if len(fields) == 0 {
		return "", ""
	}
	slices.SortStableFunc(fields, func(a, b sized) int { return b.size - a.size })
	var text []string
	for _, f := range fields[:min(3, len(fields))] {
		text = append(text, fmt.Sprintf("%s (%d bytes)", f.name, f.size))
	}
	return fields[0].name, strings.Join(text, ", ")
}

// beginsSession reports whether saving gives the browser a new session or a new id.
func (st *state) beginsSession() bool { return st.origin.isNew() || st.news == renewal }

// beginNothing reports that a new session or a new id is dropped because the browser must not learn
// of it: see answerAbandoned. It reports nothing after a panic, which is visible elsewhere. The end
// of a context need not mean that the client is gone.
func (st *state) beginNothing(lines []string) []string {
	if st.ctx.Err() != nil {
		st.event(EventGone, GoneRequest, "")
	}
	return st.farewell(lines)
}

// farewell reports the end of a session that is not kept. A log-out counts.
func (st *state) farewell(lines []string) []string {
	if st.loggedOut && st.browser != holdsNothing {
		return st.appendDeletions(lines)
	}
	return lines
}
