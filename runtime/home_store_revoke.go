package runtime

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/payload"
)

func (h *storeHome) revokeID(ctx context.Context, id sessionID) error {
	// A session of no request; nobody hears of its events, as its error is reported.
	st := &state{manager: h.manager, ctx: ctx, opened: new(opened)}
	return h.kill(st, h.place(id, 0))
}

// revokePrincipal deletes records until there is none: a session may move to another id while
// the store looks for it.
func (h *storeHome) revokePrincipal(ctx context.Context, raw []byte) error {
	hashes := h.principalHashes(raw)
	for range maxAttempts {
		for _, hash := range hashes {
			err := h.call(ctx, func(ctx context.Context) error { return h.store.DeleteByPrincipal(ctx, hash) })
			if err != nil {
				return err
			}
		}
		left := 0
		for _, hash := range hashes {
			records, err := h.recordsOf(ctx, hash)
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

func (h *storeHome) revokeAll(ctx context.Context) error {
	if _, limited := ctx.Deadline(); limited {
		return judge(h.store.DeleteAll(ctx), nil)
	}
	return h.call(ctx, h.store.DeleteAll)
}

func (h *storeHome) recordsOf(ctx context.Context, hash string) (records map[string]Record, err error) {
	err = h.call(ctx, func(ctx context.Context) error {
		records, err = h.store.List(ctx, hash)
		return err
	})
	return records, err
}

func (h *storeHome) list(ctx context.Context, raw []byte) ([]SessionInfo, error) {
	byID := make(map[sessionID]SessionInfo) // one may be sealed anew, under another hash, meanwhile
	for _, hash := range h.principalHashes(raw) {
		records, err := h.recordsOf(ctx, hash)
		if err != nil {
			return nil, err
		}
		for key, rec := range records {
			if err := h.listOne(key, rec, raw, byID); err != nil {
				return nil, err
			}
		}
	}
	return slices.Collect(maps.Values(byID)), nil
}

// listOne adds the session of one record, if it is the principal's.
func (h *storeHome) listOne(key string, rec Record, raw []byte, byID map[sessionID]SessionInfo) error {
	s, err := h.openListed(rec, h.newContents())
	if err != nil || h.place(s.place.id, 0).key != key {
		return fmt.Errorf("%w: %w", ErrStore, errRecord)
	}
	expires, _ := h.expiry(&s.Metadata, s.used)
	// Whose session it is, what is sealed tells, and not the store.
	if h.clock.now() < expires && same(h.principalOf(s.Contents), raw) {
		byID[s.place.id] = infoOf(s.Contents, s.used, expires)
	}
	return nil
}

func infoOf(c *payload.Contents, used, expires int64) SessionInfo {
	id := c.ID()
	return SessionInfo{
		ID:              base64.RawURLEncoding.EncodeToString(id[:]),
		CreatedAt:       time.Unix(c.Created, 0),
		AuthenticatedAt: time.Unix(c.Authenticated, 0),
		LastSeen:        time.Unix(max(c.Saved, used), 0),
		ExpiresAt:       time.Unix(expires, 0),
		Permanent:       c.Permanent(),
	}
}
