package runtime

import (
	"fmt"

	"github.com/sessiongen/sessiongen/runtime/internal/cookie"
	"github.com/sessiongen/sessiongen/runtime/internal/payload"
	"github.com/sessiongen/sessiongen/runtime/internal/token"
)

// A session that lives in the browser is sealed into its cookie, or into several.

// unseal opens the session in a token. refusal is empty if the session is valid. An expired session
// is opened as well.
func (st *state) unseal(rings *rings, text string, companions cookie.Values, now int64) (refusal string, decrypted bool) {
	m := st.manager
	plaintext, key, err := rings.session.Open(st.Room(), text)
	switch err {
	case nil:
	case token.ErrForged:
		return RefusedForged, true
	case token.ErrUnknownKey:
		if rings.companion.Recognizes(text) || rings.flow.Recognizes(text) || rings.badge.Recognizes(text) {
			return RefusedPurpose, false
		}
		return RefusedUnknownKey, false
	default:
		return RefusedMalformed, false
	}
	if st.Parse(plaintext) != nil {
		return RefusedMalformed, true
	}
	st.wrongTimes = st.CorrectTimes(now)
	st.used, st.key, st.oldUse = st.Saved, uint8(key), false
	if m.slides(&st.Metadata) {
		var used int64
		used, st.oldUse = m.openCompanions(companions, st.ID())
		if used > now+payload.ClockError {
			used, st.oldUse = now, true // the clock that noted it is wrong
		}
		st.used = max(st.used, used)
	}
	if expires, refusal := m.expiry(&st.Metadata, st.used, now); now >= expires {
		return refusal, true
	}
	return "", true
}

// seal decides what the response says about the session, by Flask's rules, and appends the
// Set-Cookie header fields to lines.
func (st *state) seal(lines []string) ([]string, error) {
	slides, old := st.manager.slides(&st.Metadata), st.oldKey() || st.wrongTimes
	switch {
	case !st.modified() && (!slides && !old || st.Empty()):
		return lines, nil
	case !st.modified():
		return st.sealUnchanged(lines, slides, old)
	case !st.Empty():
		return st.sealData(lines, st.edits == imported)
	case st.browser != holdsNothing || st.siblings != 0:
		st.announce(false)
		return st.appendDeletions(lines), nil
	}
	return lines, nil
}

// sealUnchanged seals what is outdated in an unchanged session: its key, its times, or the time of
// its last use.
func (st *state) sealUnchanged(lines []string, slides, old bool) (_ []string, err error) {
	m, now := st.manager, st.now()
	outdated := m.outdated(&st.Metadata, now)
	if outdated {
		st.Saved = now
	}
	if old || outdated {
		if lines, err = st.sealData(lines, true); err != nil {
			return nil, err
		}
	}
	if slides && (old || st.oldUse || now-st.used >= m.refresh) {
		return st.sealUse(lines, now)
	}
	return lines, nil
}

// sealData seals the session itself. reseal means that the session did not change.
func (st *state) sealData(lines []string, reseal bool) (_ []string, err error) {
	m := st.manager
	buf := getScratch()
	defer putScratch(buf)
	now := st.now()
	*buf = st.appendPlaintext(*buf, now)
	tokenLen := token.TextLen(len(*buf))
	chunks, size := m.cookie.Layout(tokenLen)
	if chunks == 0 {
		st.eventTooLarge(size)
		if reseal {
			return lines, nil // the browser's cookie is still valid
		}
		_, largest := m.largest(&st.Contents)
		return nil, fmt.Errorf("%w: %d bytes, %d allowed; the largest fields are %s",
			ErrTooLarge, size, m.cookie.Limit(), largest)
	}
	maxAge := m.maxAge(&st.Metadata, now)
	line, err := m.rings.Load().session.Seal(m.cookie.NewLine(tokenLen, maxAge), *buf)
	if err != nil {
		return nil, fmt.Errorf("session: sealing: %w", err)
	}
	if st.browser != holdsNothing {
		lines = m.cookie.AppendFormerDeletions(lines, st.siblings)
	}
	lines = m.cookie.AppendLines(lines, line, chunks, maxAge, now)
	st.browser = holdsCookie
	st.announce(reseal && (st.oldKey() || st.wrongTimes))

	kept := cookie.ChunkSiblings(chunks)
	if m.slides(&st.Metadata) {
		kept = kept.With(cookie.Companion)
	}
	lines = m.cookie.AppendSiblingDeletions(lines, st.siblings&^kept)
	st.siblings |= cookie.ChunkSiblings(chunks) // for a later save
	return lines, nil
}

// sealUse seals the time of the session's last use, which is now. If the clock was set back, the
// time does not become earlier.
func (st *state) sealUse(lines []string, now int64) ([]string, error) {
	m := st.manager
	buf := getScratch()
	defer putScratch(buf)
	*buf = append(append(*buf, m.cookie.CompanionName()...), '=')
	line, err := m.sealCompanion(*buf, st.ID(), payload.Later(st.used, now))
	if err != nil {
		return nil, fmt.Errorf("session: sealing: %w", err)
	}
	var maxAge int64
	if st.Permanent() {
		expires, _ := m.expiry(&st.Metadata, now, now)
		maxAge = expires - now
	}
	lines, *buf = m.cookie.AppendCompanion(lines, line, maxAge, now)
	st.siblings = st.siblings.With(cookie.Companion)
	return lines, nil
}

// fits reports whether the session fits into its cookies.
func (st *state) fits() bool {
	buf := getScratch()
	defer putScratch(buf)
	*buf = st.appendPlaintext(*buf, st.now())
	chunks, _ := st.manager.cookie.Layout(token.TextLen(len(*buf)))
	return chunks > 0
}
