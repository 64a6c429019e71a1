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
	errID            = errors.New("session: not a session id")
)

// RevokeID ends the session with this id, as Session.ID returns it, wherever it is used. Requests
// under way can no longer save it. If no session has the id, RevokeID does nothing.
//
// The Revoke methods need Config.Store or Config.Revocations.
func (m *Manager[S]) RevokeID(ctx context.Context, id string) error {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(id)
	if err != nil || len(raw) != payload.IDSize {
		return errID
	}
	return m.reportRevoked(ctx, RevokedID, m.home.revokeID(ctx, sessionID(raw)))
}

// RevokeOthers ends all sessions of the principal of s except s itself, which gets a new id: log out
// my other devices. Call it before the response begins: s changes, and if it cannot be saved it is
// lost as well. RevokeOthers returns [ErrEnded] if s itself has ended or another request has moved
// it to a new id, as after a second click. It may then have ended no session; the browser's next
// request has the current session.
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

// Check asks the store again whether an opened session is still valid. Use it in a stream or
// websocket, whose handler keeps the values that it has read. The error is [ErrEnded] if the session
// was destroyed or revoked, has expired, or belongs to somebody else now. A session that has moved
// to another id is valid. Without Config.Store and Config.Revocations, Check compares its times
// alone.
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

// RevokeAll ends all sessions. With Config.Store, it removes every record with data, whichever
// manager wrote it. With millions of records this takes longer than Config.StoreTimeout: give ctx a
// deadline, which replaces that timeout.
func (m *Manager[S]) RevokeAll(ctx context.Context) error {
	return m.reportRevoked(ctx, RevokedAll, m.home.revokeAll(ctx))
}

// reportRevoked reports the result of a Revoke method, and returns its error.
func (m *manager) reportRevoked(ctx context.Context, what string, err error) error {
	switch {
	case err == nil:
		m.report(ctx, Event{Kind: EventRevoked, Reason: what})
	case errors.Is(err, ErrStore):
		m.report(ctx, Event{Kind: EventStoreFailed, Reason: "revoke"})
	}
	return err
}
