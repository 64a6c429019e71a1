package runtime

import (
	"context"
	"encoding/base64"
	"errors"

	"github.com/sessiongen/sessiongen/runtime/internal/payload"
)

var (
	errNoRevocations = errors.New("session: revoking needs Config.Store or Config.Revocations")
	errNoList        = errors.New("session: listing needs Config.Store")
	errNoUpdate      = errors.New("session: changing the sessions of a principal needs Config.Store")
	errNobody        = errors.New("session: the session has no principal")
	errID            = errors.New("session: not an id of a session")
)

// RevokeID ends the session with this id, as Session.ID returns it, wherever it is used.
// Requests under way can no longer save it. It is not an error if no session has the id.
//
// The Revoke methods need Config.Store or Config.Revocations.
func (m *Manager[S]) RevokeID(ctx context.Context, id string) error {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(id)
	if err != nil || len(raw) != payload.IDSize {
		return errID
	}
	return m.reportRevoked(ctx, RevokedID, m.home.revokeID(ctx, sessionID(raw)))
}

// RevokeOthers ends the sessions of the principal of s, but not s, which gets another id: log out my
// other devices. It must be called before the response begins: s changes, and is lost with the
// others if it cannot be saved. It fails with [ErrEnded], and may have ended nobody, if it finds that s has
// ended itself, or was left for another id by another request, that of a second click for instance: the
// browser's next request has the session as it is then.
func (m *Manager[S]) RevokeOthers(ctx context.Context, s *S) error {
	st := m.state(s)
	st.lock()
	defer st.unlock()
	raw := m.principalOf(&st.Contents)
	switch {
	case st.isDown():
		return st.failure()
	case raw == nil:
		return errNobody
	}
	return m.reportRevoked(ctx, RevokedOthers, m.home.revokeOthers(ctx, st, raw))
}

// Check asks again whether a session still counts, which was opened before: for a stream or a
// websocket, whose handler keeps what it has read. The error is [ErrEnded] if the session was destroyed or
// revoked, has expired, or is somebody else's now. A session that has moved to another id
// counts. Without Config.Store and Config.Revocations, only its times are looked at.
func (m *Manager[S]) Check(ctx context.Context, s *S) error {
	st := m.state(s)
	st.lock()
	defer st.unlock()
	switch {
	case st.isDown():
		return st.failure()
	case st.origin == lost || st.origin == moved:
		return ErrEnded
	}
	return m.home.check(ctx, st)
}

// RevokeAll ends all sessions. With Config.Store, it removes every record of the store, whatever
// it is for. With millions of records that takes longer than Config.StoreTimeout: give ctx a
// deadline, which then replaces that timeout.
func (m *Manager[S]) RevokeAll(ctx context.Context) error {
	return m.reportRevoked(ctx, RevokedAll, m.home.revokeAll(ctx))
}

// reportRevoked reports what became of a call of a Revoke method, and returns its error.
func (m *manager) reportRevoked(ctx context.Context, what string, err error) error {
	switch {
	case err == nil:
		m.report(ctx, Event{Kind: EventRevoked, Reason: what})
	case errors.Is(err, ErrStore):
		m.report(ctx, Event{Kind: EventStoreFailed, Reason: "revoke"})
	}
	return err
}
