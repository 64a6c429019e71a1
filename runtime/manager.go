package runtime

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"

	"github.com/sessiongen/sessiongen/runtime/internal/token"
)

// rings are the keys in use, one ring for each purpose: a token of one cookie does not
// open as another's.
type rings struct {
	session, seen *token.Ring
	id, record    *token.Ring // with Config.Store
	principals    [][]byte    // the keys of principals' hashes, the newest first, if the sessions can be revoked
}

const sessionPurpose = "session"

// manager is the part of a Manager that does not depend on the session's type.
type manager struct {
	policy
	*serverSide  // nil without Config.Store and Config.Revocations
	cookie       *cookieConfig
	rings        atomic.Pointer[rings]
	fields       []*descriptor
	keys         map[string]keyIndex
	clock        clock
	onEvent      func(context.Context, Event)
	errorHandler func(http.ResponseWriter, *http.Request, error)
}

// Manager loads and saves sessions of the generated type S. Generated code has a
// constructor for it.
type Manager[S any] struct {
	manager
	wrap func(Session) S
}

// NewManager returns a manager for sessions with the given fields, which wrap turns
// into values of the generated type. Its error joins everything that is wrong with
// cfg.
func NewManager[S any](cfg Config, wrap func(Session) S, fields ...AnyField) (*Manager[S], error) {
	m := &Manager[S]{wrap: wrap}
	m.clock.source, m.onEvent, m.errorHandler = cfg.Time, cfg.OnEvent, cfg.ErrorHandler
	if m.errorHandler == nil {
		m.errorHandler = func(w http.ResponseWriter, _ *http.Request, err error) {
			status := http.StatusInternalServerError
			if errors.Is(err, ErrStore) {
				status = http.StatusServiceUnavailable
			}
			http.Error(w, http.StatusText(status), status)
		}
	}
	var errFields, errCookie error
	m.fields, m.keys, errFields = index(fields)
	m.cookie, m.policy, errCookie = cfg.settings()
	m.serverSide = newServerSide(cfg, m.fields)
	errKeys := m.setKeys(cfg.Keys)
	if errors.Is(errKeys, ErrNoKeys) {
		errKeys = fmt.Errorf("%w: set Config.Keys with ParseKeys, or with EphemeralKeys for a first run", ErrNoKeys)
	}
	if err := errors.Join(errKeys, errCookie, errFields); err != nil {
		return nil, err
	}
	return m, nil
}

// SetKeys replaces the key ring. Requests that are under way keep the session that
// they have opened, and save it under the new keys. With an error, the old ring
// stays.
func (m *Manager[S]) SetKeys(keys Keys) error { return m.setKeys(keys) }

func (m *manager) setKeys(keys Keys) error {
	r, err := m.newRings(keys)
	if err == nil {
		m.rings.Store(r)
	}
	return err
}

func (m *manager) newRings(keys Keys) (*rings, error) {
	masters := keys.masters()
	if len(masters) == 0 {
		return nil, ErrNoKeys
	}
	var errSession, errSeen error
	var r rings
	r.session, errSession = token.NewRing(masters, m.cookie.name, sessionPurpose)
	r.seen, errSeen = token.NewRing(masters, m.cookie.siblings[seenSibling], seenPurpose)
	if err := cmp.Or(errSession, errSeen); err != nil {
		return nil, err
	}
	if m.serverSide != nil {
		if err := m.addServerKeys(&r, masters); err != nil {
			return nil, err
		}
	}
	return &r, nil
}

// Get returns the session of a request: within Handler, the one that the handler
// has; elsewhere a new reading of the request's cookies, to be given to Save.
func (m *Manager[S]) Get(r *http.Request) *S {
	if x, ok := r.Context().Value(managerKey{&m.manager}).(*exchange[S]); ok {
		return &x.session
	}
	return m.open(r.Context(), r.Header["Cookie"])
}

// Save writes a session from Get into the header of a response, for programs that
// do not use Handler. It must be called before the response begins, once all
// changes are made. With an error, there is no cookie in the header.
func (m *Manager[S]) Save(w http.ResponseWriter, _ *http.Request, s *S) error {
	return m.state(s).writeTo(w.Header(), new(headerValues), false)
}

// Open reads a session from the values of the Cookie header fields of a request,
// for transports other than net/http. They are read when the session is first used.
func (m *Manager[S]) Open(cookieHeaders []string) *S {
	return m.open(context.Background(), cookieHeaders)
}

// Seal returns the values of the Set-Cookie header fields that the response must
// carry; none if the session need not be sent.
func (m *Manager[S]) Seal(s *S) ([]string, error) {
	lines, _, err := m.state(s).save(nil, false)
	return lines, err
}

func (m *Manager[S]) open(ctx context.Context, cookies []string) *S {
	d := &detached[S]{cookies: cookies}
	d.state = state{manager: &m.manager, ctx: ctx, cookies: &d.cookies, opened: &d.opened}
	d.session = m.wrap(Session{&d.state})
	return &d.session
}

// detached is a session without an exchange, in one allocation.
type detached[S any] struct {
	session S
	state   state
	opened  opened
	cookies []string
}

// state returns what is behind a value of the generated type: the method session is
// promoted from the Session that it embeds.
func (m *Manager[S]) state(s *S) *state {
	st := any(s).(interface{ session() *state }).session()
	if st.manager != &m.manager {
		panic("session: a session of another manager")
	}
	return st
}
