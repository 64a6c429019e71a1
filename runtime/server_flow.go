package runtime

import (
	"context"
	"errors"
	"math/rand/v2"

	"github.com/sessiongen/sessiongen/runtime/internal/payload"
)

// A request takes a flow by inserting a record for its state. The version of that record is random,
// so that the request recognizes its own. It can then remove the record if the store's answer was
// lost or the request has ended: nobody has got the value, and the visitor may come back for it.

// noteTaken is the principal of such records. A full store uses it to tell them from revocations.
// Every hash is longer.
const noteTaken = "flow"

var errGone = errors.New("session: the request has ended")

// takenVersion is the version of a record for an id that is revoked before it has a session. No
// other record reaches it.
const takenVersion = 1 << 62

// takeIn records in a store, for so many seconds, that the flow with this state was taken. first
// says whether it was not taken before.
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

// giveBack removes a record that takeIn may have inserted. No other request can have replaced it.
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
