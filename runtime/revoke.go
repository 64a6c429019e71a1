package runtime

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"
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
	if err != nil || len(raw) != idSize {
		return errID
	}
	return m.revoke(ctx, RevokedID, func() error {
		st := &state{manager: &m.manager, ctx: ctx, opened: new(opened)}
		st.mu.Lock()
		defer st.mu.Unlock() // revoke reports what fails
		return st.kill(doomed{id: [idSize]byte(raw)})
	})
}

// RevokePrincipal ends the sessions of a principal: log out everywhere. The value has the
// type of the field that the schema marks as principal. One who logs in later, by the second
// with Config.Revocations, has a good session again.
func (m *Manager[S]) RevokePrincipal(ctx context.Context, principal any) error {
	raw, err := m.encodePrincipal(principal)
	if err != nil {
		return err
	}
	return m.revoke(ctx, RevokedPrincipal, func() error {
		for _, hash := range m.principalHashes(raw) {
			var err error
			if m.inStore() {
				// Twice, because a session may move to a new id while the store looks.
				for i := 0; i < 2 && err == nil; i++ {
					err = m.call(ctx, func(ctx context.Context) error { return m.store.DeleteByPrincipal(ctx, hash) })
				}
			} else {
				err = m.denyUntil(ctx, m.deniedPrincipalKey(hash))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// RevokeAll ends all sessions. In a store, it removes every record, whatever it is for.
func (m *Manager[S]) RevokeAll(ctx context.Context) error {
	return m.revoke(ctx, RevokedAll, func() error {
		if m.inStore() {
			return m.call(ctx, m.store.DeleteAll)
		}
		return m.denyUntil(ctx, m.deniedAllKey())
	})
}

func (m *manager) encodePrincipal(v any) ([]byte, error) {
	switch {
	case m.serverSide == nil:
		return nil, errNoRevocations
	case m.principal == nil:
		return nil, errNoPrincipal
	}
	return m.principal.encode(v)
}

func (m *manager) revoke(ctx context.Context, what string, f func() error) error {
	if m.serverSide == nil {
		return errNoRevocations
	}
	if err := f(); err != nil {
		m.report(ctx, Event{Kind: EventStoreFailed, Reason: "revoke"})
		return err
	}
	m.report(ctx, Event{Kind: EventRevoked, Reason: what})
	return nil
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
	if !m.inStore() {
		return nil, errNoList
	}
	raw, err := m.encodePrincipal(principal)
	if err != nil {
		return nil, err
	}
	var infos []SessionInfo
	for _, hash := range m.principalHashes(raw) {
		more, err := m.list(ctx, hash)
		if err != nil {
			m.report(ctx, Event{Kind: EventStoreFailed, Reason: "list"})
			return nil, err
		}
		infos = append(infos, more...)
	}
	slices.SortFunc(infos, func(a, b SessionInfo) int {
		return cmp.Or(b.LastSeen.Compare(a.LastSeen), cmp.Compare(a.ID, b.ID))
	})
	return infos, nil
}

func (m *manager) list(ctx context.Context, hash string) (infos []SessionInfo, err error) {
	var records map[string]Record
	err = m.call(ctx, func(ctx context.Context) error {
		records, err = m.store.List(ctx, hash)
		return err
	})
	if err != nil {
		return nil, err
	}
	now := m.clock.now()
	for key, rec := range records {
		c := m.newContents()
		s, err := m.openListed(rec, c)
		if err != nil || m.recordKey(c.meta.id) != key {
			return nil, fmt.Errorf("%w: %w", ErrStore, errRecord)
		}
		end, _ := m.end(&c.meta, s.used)
		if now >= end {
			continue
		}
		infos = append(infos, SessionInfo{
			ID:              base64.RawURLEncoding.EncodeToString(c.meta.id[:]),
			CreatedAt:       time.Unix(c.meta.created, 0),
			AuthenticatedAt: time.Unix(c.meta.authenticated, 0),
			LastSeen:        time.Unix(max(c.meta.seen, s.used), 0),
			ExpiresAt:       time.Unix(end, 0),
			Permanent:       c.meta.permanent(),
		})
	}
	return infos, nil
}
