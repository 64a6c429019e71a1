package runtime

import (
	"context"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"time"
)

// Entry is one session in a list of a principal's sessions. It shows the session as the store had it
// when it was listed, and cannot change it. The generated entry type embeds it and adds getters for
// the schema's fields.
type Entry struct{ state *state }

func (e Entry) session() Session { return Session(e) }

// ID returns the session's id. Pass it to Manager.RevokeID, or compare it with Session.ID.
func (e Entry) ID() string { return e.session().ID() }

// CreatedAt returns when the session began, to the second.
func (e Entry) CreatedAt() time.Time { return e.session().CreatedAt() }

// AuthenticatedAt returns when the principal last logged in, to the second.
func (e Entry) AuthenticatedAt() time.Time { return e.session().AuthenticatedAt() }

// LastSeen returns when the session was last saved or its use was last noted: see
// Config.RefreshAfter.
func (e Entry) LastSeen() time.Time {
	st := e.session().session()
	st.lock()
	defer st.unlock()
	return time.Unix(max(st.Saved, st.used), 0)
}

// ExpiresAt returns when the session stops being accepted.
func (e Entry) ExpiresAt() time.Time { return e.session().ExpiresAt() }

// Permanent reports whether the session outlives the browser.
func (e Entry) Permanent() bool { return e.session().Permanent() }

// DeviceBound reports whether the session is bound to a device: see Config.DeviceBound.
// EXPERIMENTAL, like that option.
func (e Entry) DeviceBound() bool { return e.session().DeviceBound() }

// String returns the session's fields as text, with secret ones redacted.
func (e Entry) String() string { return e.session().String() }

// GoString returns String, for %#v.
func (e Entry) GoString() string { return e.String() }

// Format prints String, whatever the verb.
func (e Entry) Format(f fmt.State, _ rune) { io.WriteString(f, e.String()) }

// LogValue returns the session's fields for log/slog, with secret ones redacted.
func (e Entry) LogValue() slog.Value { return e.session().LogValue() }

// noList is the list of a home that cannot list sessions.
func noList(yield func(*state, error) bool) { yield(nil, errNoList) }

// listed returns an empty session, to be filled from a store's list.
func (m *manager) listed(ctx context.Context) *state {
	st := &state{manager: m, ctx: ctx}
	m.home.prepare(st)
	st.Init(m.schema)
	st.origin = returning
	return st
}

// entries converts a home's list into entries.
func entries[E any](list iter.Seq2[*state, error], wrap func(Entry) E) iter.Seq2[E, error] {
	return func(yield func(E, error) bool) {
		for st, err := range list {
			var e E
			if err == nil {
				e = wrap(Entry{st})
			}
			if !yield(e, err) {
				return
			}
		}
	}
}
