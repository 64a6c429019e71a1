package runtime

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"

	"github.com/sessiongen/sessiongen/runtime/internal/cookie"
	"github.com/sessiongen/sessiongen/runtime/internal/payload"
	"github.com/sessiongen/sessiongen/runtime/internal/response"
)

// Manager loads and saves sessions of the generated type S. Generated code has a
// constructor for it.
type Manager[S any] struct {
	manager
	wrap func(Session) S
}

// manager is the part of a Manager that does not depend on the session's type.
type manager struct {
	policy
	home         home
	cookie       *cookie.Spec
	rings        atomic.Pointer[rings]
	fields       []*descriptor
	schema       *payload.Schema
	clock        clock
	onEvent      func(context.Context, Event)
	errorHandler func(http.ResponseWriter, *http.Request, error)
}

// sessionID identifies a session.
type sessionID = payload.ID

// init makes m the manager that a Config asks for. Its error joins everything that is wrong.
func (m *manager) init(cfg Config, fields []AnyField) error {
	m.clock.source, m.onEvent, m.errorHandler = cfg.Time, cfg.OnEvent, cfg.ErrorHandler
	if m.errorHandler == nil {
		m.errorHandler = replyStatus
	}
	var fieldsErr, cookieErr error
	m.fields, m.schema, fieldsErr = index(fields)
	m.cookie, m.policy, cookieErr = cfg.settings()
	m.home = newHome(m, cfg)
	keysErr := m.setKeys(cfg.Keys)
	if errors.Is(keysErr, ErrNoKeys) {
		keysErr = fmt.Errorf("%w: set Config.Keys with ParseKeys, or with EphemeralKeys for a first run", ErrNoKeys)
	}
	return errors.Join(keysErr, cookieErr, fieldsErr)
}

// replyStatus is the error handler of programs that have none.
func replyStatus(w http.ResponseWriter, _ *http.Request, err error) {
	status := http.StatusInternalServerError
	if errors.Is(err, ErrStore) {
		status = http.StatusServiceUnavailable
	}
	http.Error(w, http.StatusText(status), status)
}

// SetKeys replaces the key ring. Requests that are under way keep the session that
// they have opened, and save it under the new keys. With an error, the old ring
// stays.
func (m *Manager[S]) SetKeys(keys Keys) error { return m.setKeys(keys) }

// Get returns the session of a request: within Handler, the one that the handler
// has; elsewhere a new reading of the request's cookies, to be given to Save.
func (m *Manager[S]) Get(r *http.Request) *S {
	if x, ok := r.Context().Value(managerKey{&m.manager}).(*exchange[S]); ok {
		return &x.session
	}
	return m.detach(r.Context(), incoming{r.Header["Cookie"], r})
}

// Save writes a session from Get into the header of a response, for programs that
// do not use Handler. It must be called before the response begins, once all
// changes are made. With an error, there is no cookie in the header but the deletion of
// one whose session was cleared or destroyed.
func (m *Manager[S]) Save(w http.ResponseWriter, _ *http.Request, s *S) error {
	return m.state(s).writeTo(w.Header(), new(response.Values), false)
}

// Open reads a session from the values of the Cookie header fields of a request,
// for transports other than net/http. They are read when the session is first used.
func (m *Manager[S]) Open(cookieHeaders []string) *S {
	return m.detach(context.Background(), incoming{cookies: cookieHeaders})
}

// Seal returns the values of the Set-Cookie header fields that the response must
// carry; none if the session need not be sent.
func (m *Manager[S]) Seal(s *S) ([]string, error) {
	lines, _, err := m.state(s).save(nil, false)
	return lines, err
}

// detached is a session without an exchange, in one allocation.
type detached[S any] struct {
	session  S
	state    state
	opened   opened
	incoming incoming
}

func (m *Manager[S]) detach(ctx context.Context, in incoming) *S {
	d := &detached[S]{incoming: in}
	d.state = state{manager: &m.manager, ctx: ctx, from: &d.incoming, opened: &d.opened}
	d.session = m.wrap(Session{&d.state})
	return &d.session
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
