package runtime

import (
	"cmp"
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/token"
)

// serverSide is what a manager has that keeps anything on the server.
type serverSide struct {
	store       Store // of the sessions; nil if they live in cookies
	revocations *revocations
	timeout     time.Duration
	principal   *descriptor // nil if the schema has none
	turns       turns
}

const defaultStoreTimeout = 2 * time.Second

func newServerSide(cfg Config, fields []*descriptor) *serverSide {
	if cfg.Store == nil && cfg.Revocations == nil {
		return nil
	}
	s := &serverSide{store: cfg.Store, timeout: cmp.Or(cfg.StoreTimeout, defaultStoreTimeout)}
	if cfg.Revocations != nil {
		s.revocations = newRevocations(cfg.Revocations, cfg.RevocationCache)
	}
	if i := slices.IndexFunc(fields, func(f *descriptor) bool { return f.principal }); i >= 0 {
		s.principal = fields[i]
	}
	return s
}

// inStore reports whether sessions live in a store.
func (s *serverSide) inStore() bool { return s != nil && s.store != nil }

const (
	idPurpose     = "id"
	recordPurpose = "record"
)

// addServerKeys derives the keys that only serve what is on the server.
func (m *manager) addServerKeys(r *rings, masters [][]byte) error {
	var errID, errRecord error
	r.id, errID = token.NewRing(masters, m.cookie.name, idPurpose)
	r.record, errRecord = token.NewRing(masters, m.cookie.name, recordPurpose)
	if err := cmp.Or(errID, errRecord); err != nil {
		return err
	}
	for _, master := range masters {
		key, err := hkdf.Key(sha256.New, master, nil, "sessiongen v1 principal key", sha256.Size)
		if err != nil {
			return err
		}
		r.principals = append(r.principals, key)
	}
	return nil
}

// storeKey is the key of a record: a hash, from which nobody learns a session's id. The
// purpose keeps different records about one id apart.
func (m *manager) storeKey(purpose, what string) string {
	sum := sha256.Sum256([]byte("sessiongen " + purpose + "\x00" + m.cookie.name + "\x00" + what))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func (m *manager) recordKey(id [idSize]byte) string { return m.storeKey("store key", string(id[:])) }

// principalHash hashes the encoded value of the principal with one of the rings' keys.
func (m *manager) principalHash(key, raw []byte) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(m.cookie.name + "\x00"))
	h.Write(raw)
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// principalOf is the hash of a session's principal under the newest key, "" if it has none.
func (m *manager) principalOf(c *contents) string {
	if m.principal == nil {
		return ""
	}
	raw := c.value(m.principal.index)
	if raw == nil {
		return ""
	}
	return m.principalHash(m.rings.Load().principals[0], raw)
}

// principalHashes are the hashes of a principal under all keys: records carry the one
// of the key that was the newest when they were written. The oldest key's comes first, so
// that who goes through them in turn meets a record that is just sealed anew.
func (m *manager) principalHashes(raw []byte) []string {
	var hashes []string
	for _, key := range slices.Backward(m.rings.Load().principals) {
		hashes = append(hashes, m.principalHash(key, raw))
	}
	return hashes
}

// call makes one call of a store, which may answer with some errors. What it has begun is
// not cut off with a request whose visitor has gone: a log-out counts all the same.
func (s *serverSide) call(ctx context.Context, f func(context.Context) error, answers ...error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeout)
	defer cancel()
	return judge(f(ctx), answers)
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

// The calls of a session's store. A failure is an event.

func (st *state) load(key string) (r Record, err error) {
	err = st.reach("load", func(ctx context.Context) error {
		r, err = st.manager.store.Load(ctx, key)
		return err
	}, ErrNoRecord)
	return r, err
}

func (st *state) insert(key string, r Record) error {
	return st.reach("insert", func(ctx context.Context) error { return st.manager.store.Insert(ctx, key, r) }, ErrConflict)
}

func (st *state) replace(key string, version uint64, r Record) error {
	return st.reach("replace", func(ctx context.Context) error {
		return st.manager.store.Replace(ctx, key, version, r)
	}, ErrNoRecord, ErrConflict)
}

func (st *state) delete(key string) error {
	return st.reach("delete", func(ctx context.Context) error { return st.manager.store.Delete(ctx, key) })
}

func (st *state) reach(name string, f func(context.Context) error, answers ...error) error {
	return st.watch(name, func() error { return st.manager.call(st.ctx, f, answers...) })
}

// watch reports a failure of what calls a store. If the store panics and somebody recovers,
// the session is none of which anything is known.
func (st *state) watch(name string, f func() error) (err error) {
	err = errPanicked
	defer func() {
		if errors.Is(err, ErrStore) {
			st.event(EventStoreFailed, name, "")
		}
		if err == errPanicked {
			st.fallDown(err)
		}
	}()
	err = f()
	return err
}

var errPanicked = fmt.Errorf("%w: it panicked", ErrStore)
