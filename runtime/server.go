package runtime

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/payload"
	"github.com/sessiongen/sessiongen/runtime/internal/token"
)

// server is what the homes share that keep something on the server.
type server struct {
	*manager
	timeout time.Duration
	atOnce  bool // the store is in this process's memory, and answers without waiting
}

const defaultStoreTimeout = 2 * time.Second

func newServer(m *manager, cfg Config) server {
	_, atOnce := cfg.Store.(*MemoryStore)
	s := server{manager: m, timeout: cfg.StoreTimeout, atOnce: atOnce}
	if s.timeout == 0 {
		s.timeout = defaultStoreTimeout
	}
	return s
}

// hashSize is the length of a SHA-256 in base64url.
const hashSize = (sha256.Size*8 + 5) / 6

// hashText is a hash as keys and principals of a store have it.
func hashText(sum *[sha256.Size]byte) string {
	var text [hashSize]byte
	token.EncodeText(text[:], sum[:])
	return string(text[:])
}

// storeKey is the key of a record: a hash, from which nobody learns a session's id. The
// purpose keeps different records about one id apart.
func (s *server) storeKey(purpose, what string) string {
	var room [256]byte
	b := append(room[:0], "sessiongen "...)
	b = append(append(b, purpose...), 0)
	b = append(append(b, s.cookie.Name()...), 0)
	sum := sha256.Sum256(append(b, what...))
	return hashText(&sum)
}

// principalHashes are the hashes of a principal under all keys of a ring: records carry the one
// of the key that was the newest when they were written. The oldest key's comes first, so
// that who goes through them in turn meets a record that is just sealed anew.
func (r *rings) principalHashes(raw []byte) []string {
	var hashes []string
	for _, key := range slices.Backward(r.principals) {
		hashes = append(hashes, key.hash(raw))
	}
	return hashes
}

// call makes one call of a store, which may answer with some errors. What it has begun is
// not cut off with a request whose visitor has gone: a log-out counts all the same.
func (s *server) call(ctx context.Context, f func(context.Context) error, answers ...error) error {
	return callWithin(ctx, s.timeout, f, answers)
}

func callWithin(ctx context.Context, timeout time.Duration, f func(context.Context) error, answers []error) error {
	c := newCallContext(ctx, timeout)
	defer c.cancel()
	return judge(f(c), answers)
}

// judge returns an error of a store as it is if it is one of the answers, and otherwise as
// a failure.
func judge(err error, answers []error) error {
	switch {
	case err == nil, slices.ContainsFunc(answers, func(answer error) bool { return errors.Is(err, answer) }):
		return err
	case errors.Is(err, ErrNoRecord), errors.Is(err, ErrConflict):
		return fmt.Errorf("%w: it answered: %v", ErrStore, err) // which nobody must take for an answer
	}
	return fmt.Errorf("%w: %w", ErrStore, err)
}

// reach makes one call of a store for a session.
func (s *server) reach(st *state, name string, f func(context.Context) error, answers ...error) error {
	return st.watch(name, func() error {
		if s.atOnce { // a context with an end would take longer than the call
			return judge(f(context.Background()), answers)
		}
		return callWithin(st.ctx, s.patience(st), f, answers)
	})
}

// patience is how long a call for a session may take. For one of no request, the deadline is the
// program's own and counts too.
func (s *server) patience(st *state) time.Duration {
	if deadline, limited := st.ctx.Deadline(); limited && st.from == nil {
		return min(s.timeout, time.Until(deadline))
	}
	return s.timeout
}

// watch reports a failure of what calls a store. If the store panics and somebody recovers,
// the session is one of which nothing is known.
func (st *state) watch(name string, f func() error) (err error) {
	err = errPanicked
	defer func() {
		if err != nil {
			st.reportFailure(name, err)
		}
	}()
	err = f()
	return err
}

// reportFailure reports why what calls a store has failed, unless the store has answered.
func (st *state) reportFailure(name string, err error) {
	if errors.Is(err, ErrStore) {
		st.event(EventStoreFailed, name, "")
	}
	if err == errPanicked {
		st.fallDown(err)
	}
}

var (
	errRecord    = errors.New("the record is damaged")
	errDamaged   = fmt.Errorf("%w: %w", ErrStore, errRecord)
	errPanicked  = fmt.Errorf("%w: it, or Config.Time, panicked", ErrStore)
	errConflicts = fmt.Errorf("%w: conflicts without end", ErrStore)
	errCircle    = fmt.Errorf("%w: a session that moved leads in a circle", ErrStore)
)

// maxAttempts bounds how often a change of a record is tried that others change too.
const maxAttempts = 100

// follow ends a session at one place after the other, as it moved: end says where to go on. The
// place that a session has not moved from leads to none.
func follow[P comparable](first P, end func(P) (next P, moved bool, err error)) error {
	visited := map[P]bool{}
	for place, moved := first, true; moved; {
		if visited[place] {
			return errCircle
		}
		visited[place] = true
		var err error
		if place, moved, err = end(place); err != nil {
			return err
		}
	}
	return nil
}

// graveTime is for how many seconds it is known where a session moved to: longer than
// requests take, and than the clocks of nodes differ.
const graveTime = 60 + payload.ClockError

// lateTime is for how many seconds after a session moved a request with its old id counts as
// one that the browser sent before it heard of the new id.
const lateTime = 10

// storeTime is a time so many seconds from now by the clock of a store, which knows nothing of
// Config.Time.
func storeTime(seconds int64) time.Time { return time.Unix(machineClock.now()+seconds, 0) }

// storeTime is when a time of c comes by the clock of a store; now is by c too.
func (c *clock) storeTime(at, now int64) time.Time {
	if c.source == nil { // it is the machine's
		return time.Unix(at, 0)
	}
	return storeTime(at - now)
}

var machineClock clock

// isVersion reports whether a store may hold a record of this version.
func isVersion(v uint64) bool { return v > 0 && v <= 1<<63-1 }
