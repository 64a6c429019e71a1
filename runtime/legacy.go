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

// A LegacySource reads the sessions of the library that a program used before. Those that there are stand
// in package [github.com/sessiongen/sessiongen/runtime/legacy].
type LegacySource interface {
	// Legacy is for the manager alone.
	Legacy() (oldsession.Source, error)
}

// legacy is what a manager knows of other libraries' sessions; nil if there is nothing to know.
type legacy struct {
	server
	sources []legacySource
	until   int64 // when the last source ends, in Unix seconds
}

type legacySource struct {
	oldsession.Source
	name     string // by which a session remembers it
	scope    cookie.Scope
	deletion *cookie.Spec
	ours     bool // its cookie is the session's own
}

const (
	maxOldCookies  = 4 // of one name that are tried
	sourceNameSize = 8
)

var errNoUntil = errors.New("no Until: it says when old sessions are not read any more")

// newLegacy returns what the sources of a Config are, nil without any.
func newLegacy(m *manager, cfg Config) (*legacy, error) {
	if len(cfg.Legacy) == 0 {
		return nil, nil
	}
	cfg.setDefaults()
	l := &legacy{server: newServer(m, cfg)}
	l.atOnce = false // whatever Config.Store is
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
	if s.Partitioned || cfg.SameSite == http.SameSiteNoneMode { // a frame on a page of another site can delete no other
		sameSite = "None"
	}
	s.deletion = cookie.New(cookie.Attributes{Name: s.Cookie, Scope: s.scope, SameSite: sameSite, Secure: !cfg.Insecure, Chunks: 1})
	now := cookie.Scope{Path: cfg.Path, Domain: cfg.Domain, Partitioned: cfg.Partitioned}
	s.ours = s.Cookie == cfg.Name && s.scope.Canonical() == now.Canonical()
	return s, nil
}

// idOf is the id of the session that an old one becomes: the same, whoever takes it over.
func (s *legacySource) idOf(old *oldsession.Session) (id sessionID) {
	sum := sha256.Sum256([]byte("sessiongen old session\x00" + s.name + old.Identity))
	copy(id[:], sum[:])
	return id
}

// An oldSession is an authentic session of another library that came with a request.
type oldSession struct {
	*oldsession.Session
	source *legacySource
	id     sessionID
}

// received yields the authentic sessions of other libraries that a request has. If a store fails, the
// session is one of which nothing is known. Those that are refused are events, if it is told to.
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

// cookies yields the values of the cookies of other libraries that a request has.
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

// open reads an old session. If its store fails, nothing is known of the session.
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

// isReceived reports whether a request has a cookie of another library.
func (l *legacy) isReceived(st *state) bool {
	if l == nil {
		return false
	}
	for range l.cookies(st) {
		return true
	}
	return false
}

// appendDeletions removes the cookies of other libraries that a request has, but for one in whose place ours
// is.
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
