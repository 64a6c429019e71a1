package runtime

import (
	"context"
	"errors"
	"math/rand/v2"

	"github.com/sessiongen/sessiongen/runtime/internal/payload"
)

// A flow is taken by whoever inserts the record about its state. The record's version is drawn, so that who took
// it can tell, and take that back: when the store did not say whether it was done, or the request ended
// meanwhile, nobody has got the value, and the visitor may come back for it.

// noteTaken is the principal of such a record, by which a store that is full tells it from what says what was
// revoked. No hash is so short.
const noteTaken = "flow"

var errGone = errors.New("session: the request has ended")

// takenVersion is the version of the record of an id that is revoked before it has a session. No other
// record reaches it.
const takenVersion = 1 << 62

// takeIn notes in a store for so many seconds that the flow of a state was taken. It reports whether that is
// the first time.
func (s *server) takeIn(store Store, st *state, f *flowField, state []byte, seconds int64) (first bool, err error) {
	key := s.storeKey(flowPurpose, string(state))
	rec := Record{Version: 1 + rand.Uint64N(takenVersion-1), Principal: noteTaken, Expires: storeTime(seconds + payload.ClockError)}
	err = s.call(st.ctx, func(ctx context.Context) error { return store.Insert(ctx, key, rec) }, ErrConflict)
	switch {
	case errors.Is(err, ErrConflict):
		return false, nil
	case err != nil:
		st.reportFlow(EventStoreFailed, "insert", f.name)
	case st.isGone():
		err = errGone
	default:
		return true, nil
	}
	if s.giveBack(store, st, key, rec.Version) != nil {
		st.reportFlow(EventStoreFailed, "delete", f.name)
	}
	return false, err
}

// giveBack removes a record of takeIn, if it is there. Nobody else can have put one in its place.
func (s *server) giveBack(store Store, st *state, key string, version uint64) error {
	return s.call(st.ctx, func(ctx context.Context) error {
		rec, err := store.Load(ctx, key)
		if errors.Is(err, ErrNoRecord) || err == nil && rec.Version != version {
			return nil
		}
		if err != nil {
			return err
		}
		return store.Delete(ctx, key)
	})
}
