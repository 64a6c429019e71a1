package runtime

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
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
	embedded     bool // pages of other sites may have frames with sessions
	cookie       *cookie.Spec
	rings        atomic.Pointer[rings]
	fields       []*descriptor
	principal    *descriptor // one of fields, or nil
	legacy       *legacy     // nil for none
	schema       *payload.Schema
	clock        clock
	onEvent      func(context.Context, Event)
	recent       recentEvents
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
	if i := slices.IndexFunc(m.fields, func(f *descriptor) bool { return f.principal }); i >= 0 {
		m.principal = m.fields[i]
	}
	m.cookie, m.policy, cookieErr = cfg.settings()
	m.embedded = cfg.SameSite == http.SameSiteNoneMode
	m.recent.keep = cfg.Insecure
	m.home = newHome(m, cfg)
	var legacyErr error
	m.legacy, legacyErr = newLegacy(m, cfg)
	keysErr := m.setKeys(cfg.Keys)
	if errors.Is(keysErr, ErrNoKeys) {
		keysErr = fmt.Errorf("%w: set Config.Keys with ParseKeys, or with EphemeralKeys for a first run", ErrNoKeys)
	}
	return errors.Join(keysErr, cookieErr, legacyErr, fieldsErr)
}

// principalOf returns the encoded value of a session's principal, nil if it has none.
func (m *manager) principalOf(c *payload.Contents) []byte {
	if m.principal == nil {
		return nil
	}
	return c.Value(m.principal.index)
}

// replyStatus is the error handler of programs that have none.
func replyStatus(w http.ResponseWriter, _ *http.Request, err error) {
	status := http.StatusInternalServerError
	if errors.Is(err, ErrStore) || errors.Is(err, ErrUnproven) || errors.Is(err, errInAdvance) { // which tells a browser to ask again
		status = http.StatusServiceUnavailable
	}
	http.Error(w, http.StatusText(status), status)
}

// SetKeys replaces the key ring. Requests under way keep the session that they have
// opened, and save it with the new keys. If SetKeys returns an error, the old ring stays.
func (m *Manager[S]) SetKeys(keys Keys) error { return m.setKeys(keys) }

// Get returns the session of a request. Within Handler it is the handler's session;
// elsewhere Get reads the request's cookies anew, and Save must be called with the result.
func (m *Manager[S]) Get(r *http.Request) *S {
	if s, ok := r.Context().Value(managerKey{&m.manager}).(*S); ok {
		return s
	}
	return m.detach(r.Context(), incoming{r.Header["Cookie"], r})
}

// Save writes a session from Get into the header of a response, for programs that do not
// use Handler. Call it after the last change and before the response begins. If it returns
// an error, the header gets no cookie, except the deletion of a session that was cleared or
// destroyed.
//
// A change after Save comes too late, and Err returns ErrTooLate. Saving once more, while the response has
// not begun, still saves it. Otherwise there is an event, once the request's context ends.
func (m *Manager[S]) Save(w http.ResponseWriter, _ *http.Request, s *S) error {
	_, err := m.state(s).writeTo(w.Header(), new(response.Values), byHand)
	return err
}

// Open returns the session of a request with these values of the Cookie header field, for
// transports other than net/http. It reads them when the session is first used. Calls of a store
// and events get the values of ctx, but not its cancellation.
//
// NewContext hands the session to handlers, and Seal saves it.
func (m *Manager[S]) Open(ctx context.Context, cookieHeaders []string) *S {
	return m.detach(ctx, incoming{cookies: cookieHeaders})
}

// Seal saves a session from Open and returns the header fields that the response must carry, as
// Save writes them: Set-Cookie, each value a field of its own; Vary: Cookie, if the session was
// used; and, with a cookie, Cache-Control: private, in place of what the response says itself
// unless that is no-store. With an error there is no cookie, except the deletion of a session that
// was cleared or destroyed. A change after Seal comes too late, as after Save, and the
// event is there at once.
func (m *Manager[S]) Seal(s *S) (http.Header, error) {
	header := make(http.Header)
	_, err := m.state(s).writeTo(header, new(response.Values), byHand)
	return header, err
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
	d.state = state{manager: &m.manager, ctx: ctx, from: &d.incoming, opened: &d.opened, answer: answerByHand}
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

// newContents returns empty contents.
func (m *manager) newContents() *payload.Contents { return payload.New(m.schema) }
