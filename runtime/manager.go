package runtime

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/token"
)

// tokenPurpose keeps the tokens of the session cookie apart from others that the
// same keys may seal.
const tokenPurpose = "session"

// manager is the part of a Manager that does not depend on the session's type.
type manager struct {
	cookie       cookieConfig
	ring         atomic.Pointer[token.Ring]
	fields       []*descriptor
	keys         map[string]keyIndex
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
	m.onEvent, m.errorHandler = cfg.OnEvent, cfg.ErrorHandler
	if m.errorHandler == nil {
		m.errorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) {
			http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		}
	}
	var errFields, errCookie error
	m.fields, m.keys, errFields = index(fields)
	m.cookie, errCookie = cfg.cookie()
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
	masters := keys.masters()
	if len(masters) == 0 {
		return ErrNoKeys
	}
	ring, err := token.NewRing(masters, m.cookie.name, tokenPurpose)
	if err != nil {
		return err
	}
	m.ring.Store(ring)
	return nil
}

func (m *manager) lifetimeSeconds() int64 { return int64(m.cookie.lifetime / time.Second) }

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
// for transports other than net/http.
func (m *Manager[S]) Open(cookieHeaders []string) *S {
	return m.open(context.Background(), cookieHeaders)
}

// Seal returns the values of the Set-Cookie header fields that the response must
// carry; none if the session need not be sent.
func (m *Manager[S]) Seal(s *S) ([]string, error) {
	setCookie, _, err := m.state(s).save(false)
	if setCookie == "" {
		return nil, err
	}
	return []string{setCookie}, err
}

func (m *Manager[S]) open(ctx context.Context, cookies []string) *S {
	o := &opened[S]{cookies: cookies}
	o.state = state{manager: &m.manager, ctx: ctx, cookies: &o.cookies}
	o.session = m.wrap(Session{&o.state})
	return &o.session
}

// opened is a session without an exchange, in one allocation.
type opened[S any] struct {
	session S
	state   state
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

// size is the length of the cookie's name and value, 0 for an empty session.
func (st *state) size() int {
	if st.contents.empty() {
		return 0
	}
	buf := getScratch()
	defer putScratch(buf)
	*buf = st.manager.appendPlaintext(*buf, st.contents)
	return len(st.manager.cookie.name) + token.TextLen(len(*buf))
}

// writeTo saves the session and writes what a response must say about it.
func (st *state) writeTo(h http.Header, room *headerValues, final bool) error {
	setCookie, touched, err := st.save(final)
	if touched {
		room.varyCookie(h)
	}
	if setCookie != "" {
		room.setCookie(h, st.manager.cookie.name, setCookie)
		room.keepPrivate(h)
	}
	return err
}

// save returns the Set-Cookie header field to send, if any, and whether the session
// was used at all. After a final save, changes come too late.
func (st *state) save(final bool) (setCookie string, touched bool, err error) {
	st.mu.Lock()
	defer st.unlock()
	st.committed = st.committed || final
	if st.contents == nil {
		return "", false, nil
	}
	setCookie, err = st.seal()
	if err != nil {
		st.fail(err)
		st.event(EventSaveFailed, reason(err), "")
	}
	return setCookie, true, err
}

// reason is an error for an event: the parts of an error's text that are not this
// package's own might show a value.
func reason(err error) string {
	for _, known := range []error{ErrTooLarge, ErrMax, ErrEncode, ErrTooLate} {
		if errors.Is(err, known) {
			return strings.TrimPrefix(known.Error(), "session: ")
		}
	}
	return "sealing failed"
}

// seal decides what a response says about the session, following Flask's rules.
func (st *state) seal() (setCookie string, err error) {
	m := st.manager
	if st.err != nil {
		return "", st.err
	}
	reseal := st.oldKey && !st.modified
	empty := st.contents.empty()
	switch {
	case !st.modified && !reseal, empty && !st.sent:
		return "", nil
	case empty && reseal:
		return "", nil
	case empty:
		if st.destroyed {
			st.event(EventDestroyed, "", "")
		}
		return m.cookie.deleteCookie(), nil
	}

	now := st.now()
	st.id()
	if !reseal {
		// A clock that was set back must not make the session younger than it is.
		st.contents.meta.seen = max(now.Unix(), st.contents.meta.created)
	}
	// The buffer takes the plaintext, and behind it the header field.
	buf := getScratch()
	defer putScratch(buf)
	*buf = m.appendPlaintext(*buf, st.contents)
	plaintext := *buf
	if size := len(m.cookie.name) + token.TextLen(len(plaintext)); size > maxCookieSize {
		st.event(EventTooLarge, fmt.Sprintf("%d bytes", size), "")
		return "", fmt.Errorf("%w: %d bytes, %d allowed; the largest fields are %s",
			ErrTooLarge, size, maxCookieSize, st.largest())
	}
	*buf = append(append(*buf, m.cookie.name...), '=')
	line, err := m.ring.Load().Seal(*buf, plaintext)
	if err != nil {
		return "", fmt.Errorf("session: sealing: %w", err)
	}
	*buf = line
	var maxAge time.Duration
	if st.contents.meta.flags&flagPermanent != 0 {
		// A token sealed again under a newer key lives no longer than it did before.
		left := st.contents.meta.seen + m.lifetimeSeconds() - now.Unix()
		maxAge = min(time.Duration(left)*time.Second, m.cookie.lifetime)
	}
	*buf = m.cookie.appendAttributes(*buf, maxAge, now)
	st.sent = true

	switch {
	case st.destroyed:
		st.event(EventDestroyed, "", "")
	case st.renewed && !st.isNew:
		st.event(EventRenewed, "", "")
	case reseal:
		st.event(EventResealed, "", "")
	}
	if st.isNew {
		st.event(EventCreated, "", "")
	}
	return string((*buf)[len(plaintext):]), nil
}

// largest names the fields that take the most bytes, the largest first.
func (st *state) largest() string {
	type sized struct {
		name string
		size int
	}
	var all []sized
	for i, f := range st.manager.fields {
		if raw := st.contents.value(i); raw != nil {
			all = append(all, sized{f.name, len(f.header) + len(raw)})
		}
	}
	var unknown int
	for _, u := range st.contents.unknown() {
		unknown += len(u.key) + len(u.raw)
	}
	if unknown > 0 {
		all = append(all, sized{"fields of another version", unknown})
	}
	slices.SortStableFunc(all, func(a, b sized) int { return b.size - a.size })
	var text []string
	for _, f := range all[:min(3, len(all))] {
		text = append(text, fmt.Sprintf("%s (%d bytes)", f.name, f.size))
	}
	return strings.Join(text, ", ")
}
