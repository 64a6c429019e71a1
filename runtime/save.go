package runtime

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/token"
)

// writeTo saves the session and writes what a response must say about it.
func (st *state) writeTo(h http.Header, room *headerValues, final bool) error {
	setCookie, touched, err := st.save(final)
	if touched {
		room.varyCookie(h)
	}
	switch {
	case err != nil:
		removeCookie(h, st.manager.cookie.name) // of an earlier Save
	case setCookie != "":
		room.setCookie(h, st.manager.cookie.name, setCookie)
		room.keepPrivate(h)
	}
	return err
}

// save returns the Set-Cookie header field to send, if any, and whether the session
// was used at all. After a final save, changes come too late.
func (st *state) save(final bool) (setCookie string, touched bool, err error) {
	st.mu.Lock()
	defer st.unlock()
	st.committed = st.committed || final
	if st.contents == nil {
		return "", st.asked.Load(), nil
	}
	setCookie, err = st.seal()
	if err != nil {
		if final {
			st.fail(err)
		}
		st.event(EventSaveFailed, reason(err), "")
	}
	return setCookie, true, err
}

// reason is an error for an event: the parts of an error's text that are not this
// package's own might show a value.
func reason(err error) string {
	for _, known := range []error{ErrTooLarge, ErrMax, ErrEncode, ErrTooLate} {
		if errors.Is(err, known) {
			return strings.TrimPrefix(known.Error(), "session: ")
		}
	}
	return "sealing failed"
}

// seal decides what a response says about the session, following Flask's rules.
func (st *state) seal() (setCookie string, err error) {
	m := st.manager
	if st.err != nil {
		return "", st.err
	}
	reseal := st.oldKey && !st.modified
	switch {
	case !st.modified && !reseal:
		return "", nil
	case st.contents.empty():
		if reseal || !st.sent {
			return "", nil
		}
		st.announce(reseal)
		return m.cookie.deleteCookie(), nil
	}

	// The buffer takes the plaintext, and behind it the header field.
	buf := getScratch()
	defer putScratch(buf)
	now := st.now()
	*buf = st.appendPlaintext(*buf, now)
	plaintext := *buf
	if size := len(m.cookie.name) + token.TextLen(len(plaintext)); size > maxCookieSize {
		st.event(EventTooLarge, fmt.Sprintf("%d bytes", size), "")
		if reseal {
			return "", nil // the browser's cookie is still good
		}
		return "", fmt.Errorf("%w: %d bytes, %d allowed; the largest fields are %s",
			ErrTooLarge, size, maxCookieSize, st.largest())
	}
	*buf = append(append(*buf, m.cookie.name...), '=')
	line, err := m.ring.Load().Seal(*buf, plaintext)
	if err != nil {
		return "", fmt.Errorf("session: sealing: %w", err)
	}
	*buf = line
	var maxAge time.Duration
	if meta := &st.contents.meta; meta.flags&flagPermanent != 0 {
		// A token sealed again under a newer key lives no longer than it did before.
		left := m.expiry(meta.created, meta.seen) - now.Unix()
		maxAge = min(time.Duration(left)*time.Second, m.cookie.lifetime)
	}
	*buf = m.cookie.appendAttributes(*buf, maxAge, now)
	st.sent = true
	st.announce(reseal)
	return string((*buf)[len(plaintext):]), nil
}

// appendPlaintext appends what a token is to say at a time. What was not changed is
// sealed again as it was read, if at all.
func (st *state) appendPlaintext(dst []byte, now time.Time) []byte {
	if st.modified {
		st.contents.forget()
		// A clock that was set back must not make the session younger than it is.
		st.contents.meta.seen = max(now.Unix(), st.contents.meta.created)
	}
	st.id()
	return st.manager.appendPlaintext(dst, st.contents)
}

// announce reports what a save does, once.
func (st *state) announce(reseal bool) {
	empty := st.contents.empty()
	switch {
	case st.destroyed:
		st.event(EventDestroyed, "", "")
	case st.renewed && !st.isNew && !empty:
		st.event(EventRenewed, "", "")
	case reseal:
		st.event(EventResealed, "", "")
	}
	if st.isNew && !st.created && !empty {
		st.created = true
		st.event(EventCreated, "", "")
	}
	st.destroyed, st.renewed = false, false
}

// size is the length of the cookie's name and value, 0 for an empty session.
func (st *state) size() int {
	if st.contents.empty() {
		return 0
	}
	buf := getScratch()
	defer putScratch(buf)
	*buf = st.appendPlaintext(*buf, st.now())
	return len(st.manager.cookie.name) + token.TextLen(len(*buf))
}

// largest names the fields that take the most bytes, the largest first.
func (st *state) largest() string {
	type sized struct {
		name string
		size int
	}
	var all []sized
	for i, f := range st.manager.fields {
		if raw := st.contents.value(i); raw != nil {
			all = append(all, sized{f.name, len(f.header) + len(raw)})
		}
	}
	var unknown int
	for _, u := range st.contents.unknown() {
		unknown += len(u.key) + len(u.raw)
	}
	if unknown > 0 {
		all = append(all, sized{"fields of another version", unknown})
	}
	slices.SortStableFunc(all, func(a, b sized) int { return b.size - a.size })
	var text []string
	for _, f := range all[:min(3, len(all))] {
		text = append(text, fmt.Sprintf("%s (%d bytes)", f.name, f.size))
	}
	return strings.Join(text, ", ")
}
