package runtime

import (
	"slices"

	"github.com/sessiongen/sessiongen/runtime/internal/payload"
	"github.com/sessiongen/sessiongen/runtime/internal/token"
)

// rivals are the other sessions that the browser's cookies lead to, apart from the newest one.
type rivals struct {
	ids     []sessionID // ids of all sessions that were opened
	older   int64       // when the newest rival was saved
	newest  int64       // when the session itself was saved
	unended int         // how many a log-out cannot end on the server
}

// refusedAgain is not reported: several cookies lead to one session.
const refusedAgain = "again"

func (r *rivals) note(id sessionID) { r.ids = append(r.ids, id) }

func (r *rivals) add(kept, rival *payload.Metadata, ends bool) {
	r.older, r.newest = max(r.older, rival.Saved), kept.Saved
	if !ends {
		r.unended++
	}
}

// isRival reports whether an earlier cookie of the request led to the session with this id.
func (st *state) isRival(id sessionID) bool {
	return st.trouble != nil && slices.Contains(st.trouble.rivals.ids, id)
}

// saveTime returns the time that a save notes. The session must stay newer than its rivals even if
// the clock was set back.
func (st *state) saveTime(now int64) int64 {
	if t := st.trouble; t != nil && t.rivals.older > 0 {
		now = max(now, t.rivals.newest, t.rivals.older+1)
	}
	return max(now, st.Created)
}

// A log-out deletes the session's cookie. It cannot delete the cookies of rivals in unknown scopes,
// and if sessions live in the browser alone, they would remain valid. The log-out then leaves an
// empty session in the cookie, which is newer than the rivals and expires no earlier.

// leavesRivals reports whether a log-out must leave an empty session.
func (st *state) leavesRivals() bool {
	return st.trouble != nil && st.trouble.rivals.unended > st.manager.cookie.FormerScopes()
}

// hasEnded reports whether the opened session is such an empty one.
func (st *state) hasEnded() bool {
	return st.trouble != nil && st.trouble.rivals.unended > 0 && st.Empty()
}

// appendDeletions removes every cookie of the session from the browser.
func (st *state) appendDeletions(lines []string) []string {
	m := st.manager
	lines = m.cookie.AppendFormerDeletions(lines, st.siblings)
	if st.leavesRivals() {
		if with, err := st.appendEmpty(lines); err == nil {
			return with
		}
	}
	return m.cookie.AppendDeletions(lines, st.siblings)
}

// appendEmpty replaces the session's cookie by one of an empty session.
func (st *state) appendEmpty(lines []string) ([]string, error) {
	m, now := st.manager, st.now()
	end := m.newContents()
	end.Created = max(now, st.trouble.rivals.newest+1)
	end.Saved = end.Created
	end.SetPermanent(true) // because a rival may be permanent
	plaintext := end.Append(nil)
	maxAge := m.maxAge(&end.Metadata, now)
	line, err := m.rings.Load().session.Seal(m.cookie.NewLine(token.TextLen(len(plaintext)), maxAge), plaintext)
	if err != nil {
		return nil, err
	}
	lines = m.cookie.AppendLines(lines, line, 1, maxAge, now)
	return m.cookie.AppendSiblingDeletions(lines, st.siblings), nil
}
