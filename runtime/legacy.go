package runtime

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/absent"
	"github.com/sessiongen/sessiongen/runtime/internal/cookie"
	"github.com/sessiongen/sessiongen/runtime/internal/oldsession"
)

// A LegacySource reads the sessions of the library that a program used before. Package
// [github.com/sessiongen/sessiongen/runtime/legacy] has the implementations.
type LegacySource interface {
	// Legacy is called by the manager alone.
	Legacy() (oldsession.Source, error)
}

// legacy holds the sources of a manager; it is nil without any.
type legacy struct {
	server
	sources []legacySource
	until   int64 // when the last source ends, in Unix seconds
}

type legacySource struct {
	oldsession.Source
	name     string // identifies the source in a session
	scope    cookie.Scope
	deletion *cookie.Spec
	ours     bool // the source's cookie has the session cookie's own name
}

const (
	maxOldCookies  = 4 // the most cookies of one name that are tried
	sourceNameSize = 8
)

var errNoUntil = errors.New("no Until: set the time from which old sessions are no longer read")

// newLegacy returns the sources of a Config, or nil if it has none.
func newLegacy(m *manager, cfg Config) (*legacy, error) {
	if len(cfg.Legacy) == 0 {
		return nil, nil
	}
	cfg.setDefaults()
	l := &legacy{server: newServer(m, cfg)}
	l.atOnce = false // even if Config.Store is a MemoryStore
	var problems problemList
	for i, source := range cfg.Legacy {
		s, err := newLegacySource(&cfg, source)
		if err == nil && slices.ContainsFunc(l.sources, func(other legacySource) bool { return other.name == s.name }) {
			err = fmt.Errorf("a second source of %s for the cookie %q", s.Library, s.Cookie)
		}
		if err != nil {
			problems.add("session: Config.Legacy[%d]: %w", i, err)
			continue
		}
		cfg.checkScope(fmt.Sprintf("Legacy[%d].", i), s.scope, &problems)
		cfg.checkPartitioned(fmt.Sprintf("Legacy[%d].", i), s.scope, &problems)
		l.sources, l.until = append(l.sources, s), max(l.until, s.Until.Unix())
	}
	return l, errors.Join(problems...)
}

func newLegacySource(cfg *Config, from LegacySource) (s legacySource, err error) {
	if absent.Is(from) {
		return s, errors.New("nil")
	}
	if s.Source, err = from.Legacy(); err != nil {
		return s, err
	}
	switch {
	case s.Until.IsZero():
		return s, errNoUntil
	case !isToken(s.Cookie):
		return s, fmt.Errorf("the name %q is not a cookie's", s.Cookie)
	}
	sum := sha256.Sum256([]byte(s.Library + "\x00" + s.Cookie))
	s.name = string(sum[:sourceNameSize])
	s.scope = cookie.Scope{Path: cmp.Or(s.Path, "/"), Domain: s.Domain, Partitioned: s.Partitioned}
	sameSite := "Lax"
	if s.Partitioned || cfg.SameSite == http.SameSiteNoneMode { // a frame on a page of another site can delete no other cookies
		sameSite = "None"
	}
	s.deletion = cookie.New(cookie.Attributes{Name: s.Cookie, Scope: s.scope, SameSite: sameSite, Secure: !cfg.Insecure, Chunks: 1})
	now := cookie.Scope{Path: cfg.Path, Domain: cfg.Domain, Partitioned: cfg.Partitioned}
	s.ours = s.Cookie == cfg.Name && s.scope.Canonical() == now.Canonical()
	return s, nil
}

// idOf returns the id of the session that an old one becomes. It is the same for every request that
// imports the session.
func (s *legacySource) idOf(old *oldsession.Session) (id sessionID) {
	sum := sha256.Sum256([]byte("sessiongen old session\x00" + s.name + old.Identity))
	copy(id[:], sum[:])
	return id
}

// An oldSession is an authentic session of another library that came with the request.
type oldSession struct {
	*oldsession.Session
	source *legacySource
	id     sessionID
}

// received yields the authentic sessions of other libraries in a request. If a store fails, the
// request's session is unknown. With tell, refused cookies are reported as events.
func (l *legacy) received(st *state, tell bool) iter.Seq[oldSession] {
	return func(yield func(oldSession) bool) {
		now := st.now()
		for s, value := range l.cookies(st) {
			old, err := l.open(st, s, value, now)
			if st.isDown() {
				return
			}
			if err != nil && tell {
				st.event(EventImportRefused, refusalOf(err), "")
			}
			if err == nil && !yield(oldSession{old, s, s.idOf(old)}) {
				return
			}
		}
	}
}

// cookies yields the values of the request's cookies of other libraries.
func (l *legacy) cookies(st *state) iter.Seq2[*legacySource, string] {
	return func(yield func(*legacySource, string) bool) {
		if st.from == nil {
			return
		}
		now := st.now()
		for i := range l.sources {
			s := &l.sources[i]
			if now >= s.Until.Unix() {
				continue
			}
			for _, value := range cookie.Named(st.from.cookies, s.Cookie, maxOldCookies) {
				if !yield(s, value) {
					return
				}
			}
		}
	}
}

// open reads an old session. If its store fails, the request's session is unknown.
func (l *legacy) open(st *state, s *legacySource, value string, now int64) (old *oldsession.Session, err error) {
	if len(value) > oldsession.MaxCookie {
		return nil, oldsession.ErrMalformed
	}
	err = l.reach(st, "legacy", func(ctx context.Context) error {
		old, err = s.Open(ctx, value, time.Unix(now, 0))
		return err
	}, oldsession.ErrMalformed, oldsession.ErrForged, oldsession.ErrExpired, oldsession.ErrUnknown)
	if errors.Is(err, ErrStore) {
		st.fallDown(err)
	}
	if err == nil && !old.Expires.IsZero() && old.Expires.Unix() <= now {
		err = oldsession.ErrExpired
	}
	return old, err
}

func refusalOf(err error) string {
	switch {
	case errors.Is(err, oldsession.ErrForged):
		return RefusedForged
	case errors.Is(err, oldsession.ErrExpired):
		return RefusedExpired
	case errors.Is(err, oldsession.ErrUnknown):
		return RefusedUnknownID
	}
	return RefusedMalformed
}

// isReceived reports whether the request has a cookie of another library.
func (l *legacy) isReceived(st *state) bool {
	if l == nil {
		return false
	}
	for range l.cookies(st) {
		return true
	}
	return false
}

// appendDeletions removes the request's cookies of other libraries, except one that the session's
// own cookie replaces.
func (l *legacy) appendDeletions(lines []string, st *state) []string {
	if l == nil {
		return lines
	}
	var last *legacySource
	for s := range l.cookies(st) {
		if s != last && !s.ours {
			lines = s.deletion.AppendDeletions(lines, 0)
		}
		last = s
	}
	return lines
}
