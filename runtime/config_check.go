package runtime

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/absent"
	"github.com/sessiongen/sessiongen/runtime/internal/cookie"
)

const (
	defaultLifetime = 31 * 24 * time.Hour
	maxLifetime     = 400 * 24 * time.Hour // RFC 6265bis section 5.5: browsers cut longer ones
)

// A problemList joins all problems of a Config.
type problemList []error

func (p *problemList) add(format string, args ...any) {
	*p = append(*p, fmt.Errorf(format, args...))
}

// settings returns the cookie's spec and the lifetimes that a Config describes, with defaults filled
// in.
func (cfg Config) settings() (*cookie.Spec, policy, error) {
	var problems problemList
	cfg.setDefaults()
	cfg.checkNames(&problems)
	cfg.checkAttributes(&problems)
	cfg.checkFormerScopes(&problems)
	cfg.checkTimes(&problems)
	cfg.checkStores(&problems)
	cfg.checkDeviceBound(&problems)
	if len(problems) > 0 {
		return new(cookie.Spec), policy{}, errors.Join(problems...)
	}
	return cookie.New(cfg.attributes()), newPolicy(cfg), nil
}

// attributes returns the cookie's attributes. cfg must be complete and valid.
func (cfg *Config) attributes() cookie.Attributes {
	a := cookie.Attributes{
		Name:     cfg.Name,
		Scope:    cookie.Scope{Path: cfg.Path, Domain: cfg.Domain, Partitioned: cfg.Partitioned},
		SameSite: sameSiteText[cfg.SameSite],
		Secure:   !cfg.Insecure,
		Chunks:   max(1, cfg.MaxChunks),
	}
	for _, former := range cfg.FormerScopes {
		a.Former = append(a.Former, former.scope())
	}
	return a
}

// scope returns the scope with defaults filled in.
func (s Scope) scope() cookie.Scope {
	return cookie.Scope{Path: cmp.Or(s.Path, "/"), Domain: s.Domain, Partitioned: s.Partitioned}
}

func (cfg *Config) setDefaults() {
	if cfg.Name == "" {
		cfg.Name = "__Host-session"
		if cfg.Insecure {
			cfg.Name = "session"
		}
	}
	if cfg.Path == "" {
		cfg.Path = "/"
	}
	if cfg.Lifetime == 0 {
		cfg.Lifetime = defaultLifetime
	}
	if shortest := cfg.shortestSlide(); cfg.RefreshAfter == 0 && shortest > 0 {
		cfg.RefreshAfter = (shortest / 10).Truncate(time.Second)
	}
}

// shortestSlide returns the shortest time that starts again with each use, or 0 if there is none.
func (cfg *Config) shortestSlide() time.Duration {
	switch {
	case cfg.IdleTimeout <= 0 && !cfg.Sliding:
		return 0
	case cfg.IdleTimeout <= 0:
		return cfg.Lifetime
	case !cfg.Sliding:
		return cfg.IdleTimeout
	}
	return min(cfg.IdleTimeout, cfg.Lifetime)
}

func (cfg *Config) checkNames(problems *problemList) {
	name := cfg.Name
	switch {
	case !isToken(name):
		problems.add("session: Config.Name %q is not a cookie name: letters, digits and !#$%%&'*+-.^_`|~ only (RFC 6265 section 4.1.1)", name)
	case len(name) > maxNameLength:
		problems.add("session: Config.Name has %d bytes; at most %d leave room for a session", len(name), maxNameLength)
	}
	if end := cookie.Reserved(name); end != "" {
		problems.add("session: Config.Name %q ends in %s, as the names of the other cookies of a session %q do, which would delete it: choose another name",
			name, end, strings.TrimSuffix(name, end))
	}
	// Browsers compare the prefixes without regard to case (RFC 6265bis section 5.4).
	for _, prefix := range []string{"__Secure-", "__Http-", "__Host-"} {
		if hasPrefixFold(name, prefix) && cfg.Insecure {
			problems.add("session: Config.Insecure cannot be used with a Name that begins with %s", prefix)
		}
	}
	if prefix := "__Host-"; hasPrefixFold(name, prefix) {
		if cfg.Domain != "" {
			problems.add("session: Config.Domain cannot be used with a Name that begins with %s: set Name, for example to __Secure-session", prefix)
		}
		if cfg.Path != "/" {
			problems.add("session: Config.Path must be / with a Name that begins with %s: set Name, for example to __Secure-session", prefix)
		}
	}
}

// checkScope checks a scope; field is what it is of a Config.
func (cfg *Config) checkScope(field string, s cookie.Scope, problems *problemList) {
	if s.Path[0] != '/' || !isAttributeValue(s.Path) {
		problems.add("session: Config.%sPath %q must begin with / and hold no semicolon or control character", field, s.Path)
	}
	if len(s.Path) > maxAttributeSize {
		problems.add("session: Config.%sPath has %d bytes; browsers ignore more than %d", field, len(s.Path), maxAttributeSize)
	}
	if s.Domain != "" && !isDomain(s.Domain) {
		problems.add("session: Config.%sDomain %q is not a host name", field, s.Domain)
	}
}

func (cfg *Config) checkPartitioned(field string, s cookie.Scope, problems *problemList) {
	if s.Partitioned && cfg.Insecure {
		problems.add("session: Config.%sPartitioned needs a secure cookie: browsers refuse it with Insecure", field)
	}
}

func (cfg *Config) checkFormerScopes(problems *problemList) {
	now := cookie.Scope{Path: cfg.Path, Domain: cfg.Domain, Partitioned: cfg.Partitioned}.Canonical()
	for i, former := range cfg.FormerScopes {
		s, field := former.scope(), fmt.Sprintf("FormerScopes[%d].", i)
		cfg.checkScope(field, s, problems)
		cfg.checkPartitioned(field, s, problems)
		switch {
		case s.Canonical() == now:
			problems.add("session: Config.FormerScopes[%d] is the scope that the cookie has now: remove it", i)
		case hasPrefixFold(cfg.Name, "__Host-") && (s.Path != "/" || s.Domain != ""):
			problems.add("session: Config.FormerScopes[%d] is of no cookie whose Name begins with __Host-: those have no Domain, and the Path /", i)
		}
	}
}

func (cfg *Config) checkAttributes(problems *problemList) {
	cfg.checkScope("", cookie.Scope{Path: cfg.Path, Domain: cfg.Domain, Partitioned: cfg.Partitioned}, problems)
	if _, ok := sameSiteText[cfg.SameSite]; !ok {
		problems.add("session: Config.SameSite has the unknown value %d", int(cfg.SameSite))
	}
	if cfg.SameSite == http.SameSiteNoneMode && cfg.Insecure {
		problems.add("session: Config.SameSite=None needs a secure cookie: browsers refuse it with Insecure")
	}
	cfg.checkPartitioned("", cookie.Scope{Partitioned: cfg.Partitioned}, problems)
	if cfg.MaxChunks < 0 || cfg.MaxChunks > cookie.MaxChunks {
		problems.add("session: Config.MaxChunks is %d; it must be from 0 to %d", cfg.MaxChunks, cookie.MaxChunks)
	}
}

func (cfg *Config) checkTimes(problems *problemList) {
	if d := cfg.Lifetime; d < time.Second || d > maxLifetime || d%time.Second != 0 {
		problems.add("session: Config.Lifetime is %v; it must be whole seconds, from 1s to %v (400 days)", d, maxLifetime)
	}
	for _, timeout := range []struct {
		name string
		time.Duration
	}{
		{"AbsoluteTimeout", cfg.AbsoluteTimeout},
		{"IdleTimeout", cfg.IdleTimeout},
	} {
		if d := timeout.Duration; d < 0 || d%time.Second != 0 {
			problems.add("session: Config.%s is %v; it must be whole seconds, or 0 for none", timeout.name, d)
		}
	}
	switch d, shortest := cfg.RefreshAfter, cfg.shortestSlide(); {
	case d == 0:
	case shortest == 0:
		problems.add("session: Config.RefreshAfter needs IdleTimeout or Sliding")
	case d < 0 || d >= shortest || d%time.Second != 0:
		problems.add("session: Config.RefreshAfter is %v; it must be whole seconds, less than the %v that a use begins anew", d, shortest)
	}
}

// shortestProof is the least that Config.DeviceBound may be: browsers would prove their key with every
// request, and do so only a few times a minute.
const shortestProof = 2 * time.Minute

func (cfg *Config) checkDeviceBound(problems *problemList) {
	d := cfg.DeviceBound
	switch {
	case d == 0:
		return
	case d < shortestProof || d > maxLifetime || d%time.Second != 0:
		problems.add("session: Config.DeviceBound is %v; it must be whole seconds, from %v to %v (400 days), or 0 for none", d, shortestProof, maxLifetime)
	}
	if cfg.Insecure {
		problems.add("session: Config.DeviceBound needs a secure cookie: browsers do not bind sessions with Insecure")
	}
	if cfg.Domain != "" {
		problems.add("session: Config.DeviceBound cannot be used with Domain: a device is bound to the very host")
	}
	if cfg.Partitioned {
		problems.add("session: Config.DeviceBound cannot be used with Partitioned: browsers do not bind partitioned cookies")
	}
}

func (cfg *Config) checkStores(problems *problemList) {
	for _, s := range []struct {
		name string
		Store
	}{{"Store", cfg.Store}, {"Revocations", cfg.Revocations}} {
		if s.Store != nil && absent.Is(s.Store) {
			problems.add("session: Config.%s holds a nil %T: make the store first, and look at its error", s.name, s.Store)
		}
	}
	if cfg.Store != nil && cfg.Revocations != nil {
		problems.add("session: Config.Revocations is for sessions in cookies: those of a Store are revoked in it")
	}
	if cfg.Store != nil && cfg.MaxChunks > 1 {
		problems.add("session: Config.MaxChunks is for sessions in cookies, without a Store")
	}
	switch {
	case cfg.MaxSessions < 0:
		problems.add("session: Config.MaxSessions is %d; it must not be negative", cfg.MaxSessions)
	case cfg.MaxSessions > 0 && cfg.Store == nil:
		problems.add("session: Config.MaxSessions needs Store")
	}
	if cfg.StoreTimeout < 0 {
		problems.add("session: Config.StoreTimeout is %v; it must not be negative", cfg.StoreTimeout)
	}
	switch {
	case cfg.RevocationCache < 0:
		problems.add("session: Config.RevocationCache is %v; it must not be negative", cfg.RevocationCache)
	case cfg.RevocationCache > maxRevocationCache:
		problems.add("session: Config.RevocationCache is %v; it must be at most %v", cfg.RevocationCache, maxRevocationCache)
	case cfg.RevocationCache > 0 && cfg.Revocations == nil:
		problems.add("session: Config.RevocationCache needs Revocations")
	}
}

var sameSiteText = map[http.SameSite]string{
	0:                        "Lax",
	http.SameSiteDefaultMode: "Lax",
	http.SameSiteLaxMode:     "Lax",
	http.SameSiteStrictMode:  "Strict",
	http.SameSiteNoneMode:    "None",
}

// maxAttributeSize is the longest value that an attribute may have, in bytes (RFC 6265bis section 5.6).
const maxAttributeSize = 1024

// maxNameLength leaves most of a cookie's 4096 bytes to its value.
const maxNameLength = 256

// isToken reports whether s is a token of RFC 9110 section 5.6.2, as a cookie's
// name must be.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		alphanumeric := 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9'
		if !alphanumeric && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}

func isAttributeValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == ';' {
			return false
		}
	}
	return true
}

func isDomain(s string) bool {
	s = strings.TrimPrefix(s, ".")
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			c := label[i]
			if !('a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '-') {
				return false
			}
		}
	}
	return len(s) <= 253
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
