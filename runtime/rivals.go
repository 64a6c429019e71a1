package runtime

import (
	"slices"

	"github.com/sessiongen/sessiongen/runtime/internal/payload"
	"github.com/sessiongen/sessiongen/runtime/internal/token"
)

// Rivals are the sessions that the browser's cookies lead to beside the newest one.
type rivals struct {
	ids     []sessionID // of all that were opened
	older   int64       // when the newest of the rivals was saved
	newest  int64       // when the session itself was saved
	unended int         // of how many a log-out does not reach the server's side
}

// refusedAgain is no event: several cookies lead to one session.
const refusedAgain = "again"

func (r *rivals) note(id sessionID) { r.ids = append(r.ids, id) }

func (r *rivals) add(kept, rival *payload.Metadata, ends bool) {
	r.older, r.newest = max(r.older, rival.Saved), kept.Saved
	if !ends {
		r.unended++
	}
}

// isRival reports whether another cookie of the request led to the session with an id before.
func (st *state) isRival(id sessionID) bool {
	return st.trouble != nil && slices.Contains(st.trouble.rivals.ids, id)
}

// saveTime is what a save notes as its time, so that the session wins over its rivals. A clock that
// was set back must not make the session younger than it is.
func (st *state) saveTime(now int64) int64 {
	if t := st.trouble; t != nil && t.rivals.older > 0 {
		now = max(now, t.rivals.newest, t.rivals.older+1)
	}
	return max(now, st.Created)
}

// A log-out deletes the session's cookie. Those of the rivals stay, where only the browser has the
// sessions and nobody told what their scopes are. So the log-out leaves an empty session in its place,
// newer than they are and with no earlier end.

// leavesRivals reports whether that is so.
func (st *state) leavesRivals() bool {
	return st.trouble != nil && st.trouble.rivals.unended > st.manager.cookie.FormerScopes()
}

// hasEnded reports whether the session that was opened is such an empty one.
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

// appendEmpty puts an empty session in the place of the one that there was.
func (st *state) appendEmpty(lines []string) ([]string, error) {
	m, now := st.manager, st.now()
	end := m.newContents()
	end.Created = max(now, st.trouble.rivals.newest+1)
	end.Saved = end.Created
	end.SetPermanent(true) // as a rival may be
	plaintext := end.Append(nil)
	maxAge := m.maxAge(&end.Metadata, now)
	line, err := m.rings.Load().session.Seal(m.cookie.NewLine(token.TextLen(len(plaintext)), maxAge), plaintext)
	if err != nil {
		return nil, err
	}
	lines = m.cookie.AppendLines(lines, line, 1, maxAge, now)
	return m.cookie.AppendSiblingDeletions(lines, st.siblings), nil
}
