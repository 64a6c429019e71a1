package runtime

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/payload"
)

var (
	errNoRevocations = errors.New("session: revoking needs Config.Store or Config.Revocations")
	errNoList        = errors.New("session: listing needs Config.Store")
	errNoPrincipal   = errors.New("session: the schema has no field with the option principal")
	errID            = errors.New("session: not an id of a session")
)

// RevokeID ends the session with this id, as Session.ID returns it, wherever it is used.
// Requests that are using it just now cannot save it any more. An id of no session is
// no error.
//
// The Revoke methods need Config.Store or Config.Revocations.
func (m *Manager[S]) RevokeID(ctx context.Context, id string) error {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(id)
	if err != nil || len(raw) != payload.IDSize {
		return errID
	}
	return m.reportRevoked(ctx, RevokedID, m.home.revokeID(ctx, sessionID(raw)))
}

// RevokePrincipal ends the sessions of a principal: log out everywhere. The value has the
// type of the field that the schema marks as principal. One who logs in later, by the second
// with Config.Revocations, has a good session again.
func (m *Manager[S]) RevokePrincipal(ctx context.Context, principal any) error {
	raw, err := m.encodePrincipal(principal)
	if err != nil {
		return err
	}
	return m.reportRevoked(ctx, RevokedPrincipal, m.home.revokePrincipal(ctx, raw))
}

// RevokeAll ends all sessions. In a store, it removes every record, whatever it is for: of
// millions, that takes longer than Config.StoreTimeout. If ctx has a deadline, that counts
// instead.
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

// SessionInfo tells of a session of a principal, for a page that lists a user's devices.
type SessionInfo struct {
	ID              string // for Manager.RevokeID, and to compare with Session.ID
	CreatedAt       time.Time
	AuthenticatedAt time.Time // when the principal was set
	LastSeen        time.Time // when the session was last saved, or noted to be used: see Config.RefreshAfter
	ExpiresAt       time.Time
	Permanent       bool
}

// ListByPrincipal returns the sessions of a principal, the last seen first. The value
// has the type of the field that the schema marks as principal. It needs Config.Store.
func (m *Manager[S]) ListByPrincipal(ctx context.Context, principal any) ([]SessionInfo, error) {
	raw, err := m.encodePrincipal(principal)
	if err != nil {
		return nil, err
	}
	infos, err := m.home.list(ctx, raw)
	if errors.Is(err, ErrStore) {
		m.report(ctx, Event{Kind: EventStoreFailed, Reason: "list"})
	}
	slices.SortFunc(infos, func(a, b SessionInfo) int {
		return cmp.Or(b.LastSeen.Compare(a.LastSeen), cmp.Compare(a.ID, b.ID))
	})
	return infos, err
}
