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

// Manager loads and saves sessions of the generated type S. The generated constructor makes one.
type Manager[S any] struct {
	manager
	wrap func(Session) S
}

// manager is the part of a Manager that does not depend on the session's type.
type manager struct {
	policy
	home         home
	embedded     bool // frames on pages of other sites may have sessions
	cookie       *cookie.Spec
	rings        atomic.Pointer[rings]
	fields       []*descriptor
	principal    *descriptor // one of fields; nil if the schema has no principal
	legacy       *legacy     // nil if there are no old sessions
	schema       *payload.Schema
	clock        clock
	onEvent      func(context.Context, Event)
	recent       recentEvents
	errorHandler func(http.ResponseWriter, *http.Request, error)
}

// sessionID identifies a session.
type sessionID = payload.ID

// init configures m. The error joins all problems.
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

// principalOf returns the encoded value of a session's principal, or nil.
func (m *manager) principalOf(c *payload.Contents) []byte {
	if m.principal == nil {
		return nil
	}
	return c.Value(m.principal.index)
}

// replyStatus is the default Config.ErrorHandler.
func replyStatus(w http.ResponseWriter, _ *http.Request, err error) {
	status := http.StatusInternalServerError
	if errors.Is(err, ErrStore) || errors.Is(err, ErrUnproven) || errors.Is(err, errInAdvance) { // 503 makes a browser that prefetched ask again
		status = http.StatusServiceUnavailable
	}
	http.Error(w, http.StatusText(status), status)
}

// SetKeys replaces the key ring. Requests under way keep the session that they have opened, and save
// it with the new keys. If SetKeys returns an error, the old ring stays in use.
func (m *Manager[S]) SetKeys(keys Keys) error { return m.setKeys(keys) }

// Get returns the session of a request. Inside Handler, this is the handler's session. Outside, Get
// reads the request's cookies on each call, and Save must be called with the result.
func (m *Manager[S]) Get(r *http.Request) *S {
	if s, ok := r.Context().Value(managerKey{&m.manager}).(*S); ok {
		return s
	}
	return m.detach(r.Context(), incoming{r.Header["Cookie"], r})
}

// Save adds the header fields for a session from Get to a response, in programs that do not use
// Handler. Call it after the last change and before the response begins. If it returns an error, it
// sets no cookie, and deletes the cookie of a session that was cleared or destroyed.
//
// A change after Save comes too late, and Err returns ErrTooLate. Another call of Save before the
// response begins still saves it. If there is none, an event is reported when the request's context
// ends.
func (m *Manager[S]) Save(w http.ResponseWriter, _ *http.Request, s *S) error {
	_, err := m.state(s).writeTo(w.Header(), new(response.Values), byHand)
	return err
}

// Open returns the session for the values of a request's Cookie header fields, for transports other
// than net/http. The cookies are read when the session is first used. Calls of a store and events
// get the values of ctx, but not its cancellation.
//
// NewContext passes the session to handlers, and Seal saves it.
func (m *Manager[S]) Open(ctx context.Context, cookieHeaders []string) *S {
	return m.detach(ctx, incoming{cookies: cookieHeaders})
}

// Seal saves a session from Open and returns the header fields that the response must have:
// Set-Cookie, each value as a field of its own; Vary: Cookie, if the session was used; and, with a
// cookie, Cache-Control: private, which replaces the response's own Cache-Control unless that is
// no-store. If it returns an error, there is no cookie, except the deletion of a session that was
// cleared or destroyed. A change after Seal comes too late, as after Save, and its event is reported
// at once.
func (m *Manager[S]) Seal(s *S) (http.Header, error) {
	header := make(http.Header)
	_, err := m.state(s).writeTo(header, new(response.Values), byHand)
	return header, err
}

// detached is a session outside Handler, in one allocation.
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

// state returns the state of a generated value, whose embedded Session has the method session.
func (m *Manager[S]) state(s *S) *state {
	st := any(s).(interface{ session() *state }).session()
	if st.manager != &m.manager {
		panic("session: a session of another manager")
	}
	return st
}

// newContents returns empty contents.
func (m *manager) newContents() *payload.Contents { return payload.New(m.schema) }
