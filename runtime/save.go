package runtime

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unsafe"

	"github.com/sessiongen/sessiongen/runtime/internal/token"
)

// writeTo saves the session and writes what a response must say about it.
func (st *state) writeTo(h http.Header, room *headerValues, final bool) error {
	lines, touched, err := st.save(room.setCookies[:0], final)
	if touched {
		room.varyCookie(h)
	}
	if err != nil || len(lines) > 0 {
		st.manager.cookie.replaceLines(h, lines)
	}
	if len(lines) > 0 {
		room.keepPrivate(h)
	}
	return err
}

// save appends the Set-Cookie header fields to send to lines, and reports whether the
// session was used at all. After a final save, changes come too late.
func (st *state) save(lines []string, final bool) (_ []string, touched bool, err error) {
	st.mu.Lock()
	st.committed = st.committed || final
	if !st.isOpen {
		st.mu.Unlock()
		return nil, st.asked.Load(), nil
	}
	defer st.unlock()
	if st.manager.serverSide == nil {
		lines, err = st.seal(lines)
	} else {
		lines, err = st.commit(lines)
	}
	if err != nil {
		if final {
			st.fail(err)
		}
		if errors.Is(err, ErrStore) { // of which there was an event
			return nil, true, err
		}
		st.event(EventSaveFailed, reason(err), "")
		if st.ended && st.sent {
			return st.appendDeletions(nil), true, err
		}
		return nil, true, err
	}
	return lines, true, nil
}

// reason is an error for an event: the parts of an error's text that are not this
// package's own might show a value.
func reason(err error) string {
	for _, known := range []error{ErrTooLarge, ErrMax, ErrEncode, ErrTooLate, errReentered, errRedo} {
		if errors.Is(err, known) {
			return strings.TrimPrefix(known.Error(), "session: ")
		}
	}
	return "sealing failed"
}

// seal decides what a response says about the session, following Flask's rules, and
// appends its Set-Cookie header fields to lines.
func (st *state) seal(lines []string) ([]string, error) {
	if err := st.failure(); err != nil {
		return nil, err
	}
	empty := st.empty()
	switch {
	case st.modified && empty:
		if !st.sent && st.siblings == 0 {
			return lines, nil
		}
		st.announce(false)
		return st.appendDeletions(lines), nil
	case st.modified:
		return st.sealData(lines, false)
	case empty:
		return lines, nil
	}
	var err error
	if st.oldKey {
		if lines, err = st.sealData(lines, true); err != nil {
			return nil, err
		}
	}
	if m := st.manager; m.slides(&st.meta) {
		if now := st.now(); st.oldKey || st.oldUse || now-st.used >= m.refresh {
			return st.sealUse(lines, now)
		}
	}
	return lines, nil
}

// sealData seals the session itself. A reseal is one of a session that did not change,
// under the newest key.
func (st *state) sealData(lines []string, reseal bool) (_ []string, err error) {
	m := st.manager
	buf := getScratch()
	defer putScratch(buf)
	now := st.now()
	*buf = st.appendPlaintext(*buf, now)
	chunks, size := m.cookie.layout(token.TextLen(len(*buf)))
	if chunks == 0 {
		st.event(EventTooLarge, fmt.Sprintf("%d bytes", size), "")
		if reseal {
			return lines, nil // the browser's cookie is still good
		}
		return nil, fmt.Errorf("%w: %d bytes, %d allowed; the largest fields are %s",
			ErrTooLarge, size, m.cookie.chunks*maxCookieSize, m.largest(&st.contents))
	}
	maxAge := m.maxAge(&st.meta, now)
	line := append(make([]byte, 0, size+len("=")+m.cookie.attributesSize(maxAge)), m.cookie.name...)
	line = append(line, '=')
	if line, err = m.rings.Load().session.Seal(line, *buf); err != nil {
		return nil, fmt.Errorf("session: sealing: %w", err)
	}
	if chunks == 1 {
		line = m.cookie.appendAttributes(line, maxAge, now)
		lines = append(lines, ownString(line))
	} else {
		for _, pair := range m.cookie.split(line[len(m.cookie.name)+len("="):], chunks) {
			lines = append(lines, string(m.cookie.appendAttributes([]byte(pair), maxAge, now)))
		}
	}
	st.sent = true
	st.announce(reseal)
	lines = st.appendStale(lines, chunks)
	st.siblings |= 1<<(chunks-1) - 1 // for a save that follows
	return lines, nil
}

// ownString is string(b) without a copy: b must not be used any more.
func ownString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// sealUse seals the time of the session's last use, which is now. A clock that was set
// back must not make it earlier.
func (st *state) sealUse(lines []string, now int64) ([]string, error) {
	m := st.manager
	buf := getScratch()
	defer putScratch(buf)
	*buf = append(append(*buf, m.cookie.siblings[seenSibling]...), '=')
	line, err := m.sealSeen(*buf, st.meta.id, max(now, st.used))
	if err != nil {
		return nil, fmt.Errorf("session: sealing: %w", err)
	}
	*buf = line
	var maxAge int64
	if st.meta.permanent() {
		end, _ := m.end(&st.meta, now)
		maxAge = end - now
	}
	*buf = m.cookie.appendAttributes(*buf, maxAge, now)
	st.siblings |= 1 << seenSibling
	return append(lines, string(*buf)), nil
}

// appendDeletions removes every cookie of the session from the browser.
func (st *state) appendDeletions(lines []string) []string {
	c := st.manager.cookie
	lines = append(lines, c.deletion(c.name))
	for i, name := range c.siblings {
		if st.siblings>>i&1 != 0 {
			lines = append(lines, c.deletion(name))
		}
	}
	return lines
}

// appendStale removes the cookies that do not belong to a session of so many chunks.
func (st *state) appendStale(lines []string, chunks int) []string {
	if st.siblings == 0 {
		return lines
	}
	c := st.manager.cookie
	for i, name := range c.siblings {
		stale := i >= chunks-1
		if sibling(i) == seenSibling {
			stale = !st.manager.slides(&st.meta) || st.manager.inStore()
		}
		if stale && st.siblings>>i&1 != 0 {
			lines = append(lines, c.deletion(name))
		}
	}
	return lines
}

// appendPlaintext appends what a token is to say at a time. What was not changed is
// sealed again as it was read, if at all.
func (st *state) appendPlaintext(dst []byte, now int64) []byte {
	if st.modified {
		st.forget()
		// A clock that was set back must not make the session younger than it is.
		st.meta.seen = max(now, st.meta.created)
	}
	st.id()
	return st.manager.appendPlaintext(dst, &st.contents)
}

// announce reports what a save does, once.
func (st *state) announce(reseal bool) {
	empty := st.empty()
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

// size is the length of the cookies' names and values, 0 for an empty session.
func (st *state) size() int {
	if st.empty() {
		return 0
	}
	buf := getScratch()
	defer putScratch(buf)
	*buf = st.appendPlaintext(*buf, st.now())
	if st.manager.inStore() {
		return token.TextLen(len(*buf) + usedSize)
	}
	_, size := st.manager.cookie.layout(token.TextLen(len(*buf)))
	return size
}

// fits reports whether the session can be sent.
func (st *state) fits() bool {
	buf := getScratch()
	defer putScratch(buf)
	*buf = st.appendPlaintext(*buf, st.now())
	chunks, _ := st.manager.cookie.layout(token.TextLen(len(*buf)))
	return chunks > 0
}

// largest names the fields that take the most bytes, the largest first.
func (m *manager) largest(c *contents) string {
	type sized struct {
		name string
		size int
	}
	var all []sized
	for i, f := range m.fields {
		if raw := c.value(i); raw != nil {
			all = append(all, sized{f.name, len(f.header) + len(raw)})
		}
	}
	var unknown int
	for _, u := range c.unknown() {
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
