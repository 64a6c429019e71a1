package runtime

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/sessiongen/sessiongen/runtime/internal/payload"
	"github.com/sessiongen/sessiongen/runtime/internal/response"
)

// writeTo saves the session and writes what a response must say about it. It reports whether there
// are cookies to send.
func (st *state) writeTo(h http.Header, room *response.Values, status int) (sends bool, err error) {
	lines, touched, err := st.save(room.SetCookies(), status)
	flows, used := st.flowLines()
	if err == nil {
		lines = append(lines, flows...)
		touched = touched || used
	}
	if touched {
		room.VaryCookie(h)
	}
	if err != nil || len(lines) > 0 {
		st.manager.cookie.Replace(h, lines, flows)
	}
	if len(lines) > 0 {
		room.KeepPrivate(h)
	}
	if err == nil {
		st.writeOffer(h)
	}
	if err == nil && touched && st.shows() {
		room.KeepNowhere(h)
	}
	return len(lines) > 0, err
}

// byHand is the status of a response that is not known, as the program saves the session itself.
const byHand = 0

// save appends the Set-Cookie header fields to send to lines, and reports whether the
// session was used at all. After a final save, and after one by hand that succeeds, changes come
// too late.
func (st *state) save(lines []string, status int) (_ []string, touched bool, err error) {
	final := status != byHand
	st.mu.Lock()
	switch {
	case final && st.answer == answerAhead:
		st.answer = answerBegun
		if st.ctx.Err() != nil {
			st.answer = answerAbandoned // the client has gone, or somebody else has answered
		}
	case st.answer == answerSealed:
		st.resume()
	}
	if !st.isOpen() {
		st.sealed()
		st.mu.Unlock()
		return nil, st.asked.Load(), nil
	}
	defer st.unlock()
	if lines, err = st.bringUpToDate(lines, status); err == nil {
		st.sealed()
		return lines, true, nil
	}
	if final {
		st.fail(err)
	}
	if errors.Is(err, ErrStore) || errors.Is(err, ErrUnproven) { // of which there was an event
		return st.appendForeignBadge(nil), true, err
	}
	if !errors.Is(err, errInAdvance) { // of which there was one, too
		st.eventSaveFailed(err)
	}
	lines = st.farewell(nil)
	if st.loggedOut {
		lines = st.manager.legacy.appendDeletions(lines, st)
	}
	return lines, true, err
}

// bringUpToDate saves the session at home, and appends the Set-Cookie header fields that the browser must
// get.
func (st *state) bringUpToDate(lines []string, status int) ([]string, error) {
	if st.isDown() {
		return nil, st.failure()
	}
	st.settle(st.answer != answerAbandoned && isShown(status))
	if err := st.finishOld(); err != nil {
		return nil, err
	}
	lines, err := st.manager.home.save(st, lines)
	if err == nil && st.leavesOld(lines) {
		lines = st.manager.legacy.appendDeletions(lines, st)
	}
	if err == nil && st.manager.deviceBound > 0 {
		lines, err = st.appendBadge(lines, status)
	}
	return lines, err
}

// sealed notes that the session is saved, if the program has done so itself.
func (st *state) sealed() {
	if st.answer == answerByHand {
		st.answer = answerSealed
	}
}

// reason is an error for an event: the parts of an error's text that are not this
// package's own might show a value.
func reason(err error) string {
	for _, known := range []error{ErrTooLarge, ErrMax, ErrEncode, ErrUpdate, ErrTooLate, errReentered, errRedo, errNoRequest, errCrossSite} {
		if errors.Is(err, known) {
			return strings.TrimPrefix(known.Error(), "session: ")
		}
	}
	return "sealing failed"
}

// outlived reports whether the session that the request was meant for is there no more, so
// that its changes are not kept.
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

// outlive makes the session empty, because it has ended meanwhile.
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

// announce reports what a save does, once. A reseal is the save of a session that did not change.
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

// appendPlaintext appends what a token is to say at a time. What was not changed is
// sealed again as it was read, if at all.
func (st *state) appendPlaintext(dst []byte, now int64) []byte {
	if st.modified() {
		st.Forget()
		st.Saved = st.saveTime(now)
	}
	return st.Append(dst)
}

// size is how many bytes the session takes, 0 if it is empty.
func (st *state) size() int {
	if st.Empty() {
		return 0
	}
	buf := getScratch()
	defer putScratch(buf)
	*buf = st.appendPlaintext(*buf, st.now())
	return st.manager.home.size(len(*buf))
}

// largest names the fields that take the most bytes, the largest first.
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

// beginsSession reports whether the session that is to be saved is a new one, or has a new id.
func (st *state) beginsSession() bool { return st.origin.isNew() || st.news == renewal }

// farewell is what is said of a session that could not be saved, or that a request was to begin, or to give
// another id, of which nobody may hear: see answerAbandoned. A log-out counts.
func (st *state) farewell(lines []string) []string {
	if st.loggedOut && st.browser != holdsNothing {
		return st.appendDeletions(lines)
	}
	return lines
}
