package runtime

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
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
		hashes := m.principalHashes(raw)
		if m.inStore() {
			return m.deleteByPrincipal(ctx, hashes)
		}
		for _, hash := range hashes {
			if err := m.denyUntil(ctx, m.deniedPrincipalKey(hash)); err != nil {
				return err
			}
		}
		return nil
	})
}

// RevokeAll ends all sessions. In a store, it removes every record, whatever it is for: of
// millions, that takes longer than Config.StoreTimeout. If ctx has a deadline, that counts
// instead.
func (m *Manager[S]) RevokeAll(ctx context.Context) error {
	return m.revoke(ctx, RevokedAll, func() error {
		switch _, limited := ctx.Deadline(); {
		case !m.inStore():
			return m.denyUntil(ctx, m.deniedAllKey())
		case limited:
			return judge(m.store.DeleteAll(ctx), nil)
		}
		return m.call(ctx, m.store.DeleteAll)
	})
}

// deleteByPrincipal deletes records until there is none: a session may move to another id while
// the store looks for it.
func (m *manager) deleteByPrincipal(ctx context.Context, hashes []string) error {
	for range maxAttempts {
		for _, hash := range hashes {
			err := m.call(ctx, func(ctx context.Context) error { return m.store.DeleteByPrincipal(ctx, hash) })
			if err != nil {
				return err
			}
		}
		left := 0
		for _, hash := range hashes {
			records, err := m.recordsOf(ctx, hash)
			if err != nil {
				return err
			}
			left += len(records)
		}
		if left == 0 {
			return nil
		}
	}
	return errConflicts
}

func (m *manager) recordsOf(ctx context.Context, hash string) (records map[string]Record, err error) {
	err = m.call(ctx, func(ctx context.Context) error {
		records, err = m.store.List(ctx, hash)
		return err
	})
	return records, err
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
	byID := make(map[string]SessionInfo)
	for _, hash := range m.principalHashes(raw) {
		if err := m.list(ctx, hash, raw, byID); err != nil {
			m.report(ctx, Event{Kind: EventStoreFailed, Reason: "list"})
			return nil, err
		}
	}
	infos := slices.Collect(maps.Values(byID))
	slices.SortFunc(infos, func(a, b SessionInfo) int {
		return cmp.Or(b.LastSeen.Compare(a.LastSeen), cmp.Compare(a.ID, b.ID))
	})
	return infos, nil
}

// list adds the sessions of a principal, whose encoded value is raw, with one of its hashes.
func (m *manager) list(ctx context.Context, hash string, raw []byte, byID map[string]SessionInfo) error {
	records, err := m.recordsOf(ctx, hash)
	if err != nil {
		return err
	}
	now := m.clock.now()
	for key, rec := range records {
		c := m.newContents()
		s, err := m.openListed(rec, c)
		if err != nil || m.recordKey(c.meta.id) != key {
			return fmt.Errorf("%w: %w", ErrStore, errRecord)
		}
		end, _ := m.end(&c.meta, s.used)
		// Whose session it is, what is sealed tells, and not the store.
		if now >= end || !same(c.value(m.principal.index), raw) {
			continue
		}
		id := base64.RawURLEncoding.EncodeToString(c.meta.id[:])
		byID[id] = SessionInfo{
			ID:              id,
			CreatedAt:       time.Unix(c.meta.created, 0),
			AuthenticatedAt: time.Unix(c.meta.authenticated, 0),
			LastSeen:        time.Unix(max(c.meta.seen, s.used), 0),
			ExpiresAt:       time.Unix(end, 0),
			Permanent:       c.meta.permanent(),
		}
	}
	return nil
}
