package runtime

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const (
	defaultLifetime = 31 * 24 * time.Hour
	maxLifetime     = 400 * 24 * time.Hour // RFC 6265bis section 5.5: browsers cut longer ones
)

// Config says how a manager keeps sessions. Its zero value but for Keys is the
// recommended set-up: an encrypted cookie "__Host-session" with Path=/, Secure,
// HttpOnly and SameSite=Lax.
type Config struct {
	// Keys seal and open the sessions; see [ParseKeys].
	Keys Keys

	// Name is the cookie's name. The default is "__Host-session", which browsers
	// accept only over https and only from the very host (RFC 6265bis section
	// 4.1.3.2), or "session" when Insecure is set.
	Name string

	// Path and Domain are the cookie's attributes. Path is "/" by default. Domain
	// is empty by default, so that subdomains do not get the cookie; setting it
	// needs a Name that does not begin with "__Host-".
	Path   string
	Domain string

	// SameSite is http.SameSiteLaxMode by default. http.SameSiteNoneMode needs
	// a secure cookie.
	SameSite http.SameSite

	// Partitioned keeps the cookie apart for each top-level site that embeds this
	// one (CHIPS). It needs a secure cookie.
	Partitioned bool

	// Insecure allows the cookie over plain http, for development: it drops the
	// Secure attribute and the "__Host-" of the default name.
	Insecure bool

	// Lifetime is how long a session lasts after it was last saved, 31 days by
	// default, from 1 second to 400 days, in whole seconds. A cookie is refused
	// past it, whatever the browser does. It becomes the cookie's Max-Age if the
	// session is permanent; one that is not ends with the browser too.
	Lifetime time.Duration

	// AbsoluteTimeout, if set, ends a session this long after it began, however
	// often it is saved, in whole seconds: a stolen cookie is worth nothing then.
	AbsoluteTimeout time.Duration

	// OnEvent, if set, is called for every event. It may be called by several
	// goroutines at once. If nil, the events that a person should see are logged
	// with log/slog.
	OnEvent func(context.Context, Event)

	// ErrorHandler answers a request whose session could not be saved. Of the
	// handler's own answer, the status and the body are not sent then, nor what
	// the header says of the body. The default is a plain 500.
	ErrorHandler func(http.ResponseWriter, *http.Request, error)
}

// cookieConfig is what a cookie's text depends on, validated and complete.
type cookieConfig struct {
	name     string
	scope    string // the attributes that say which cookie it is: "; Path=/; Secure"...
	lifetime time.Duration
	absolute time.Duration // 0 for none
}

func (cfg Config) cookie() (cookieConfig, error) {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("session: Config."+format, args...))
	}

	name := cfg.Name
	if name == "" {
		name = "__Host-session"
		if cfg.Insecure {
			name = "session"
		}
	}
	path := cfg.Path
	if path == "" {
		path = "/"
	}
	lifetime := cfg.Lifetime
	if lifetime == 0 {
		lifetime = defaultLifetime
	}
	sameSite, ok := sameSiteText[cfg.SameSite]

	switch {
	case !isToken(name):
		bad("Name %q is not a cookie name: letters, digits and !#$%%&'*+-.^_`|~ only (RFC 6265 section 4.1.1)", name)
	case len(name) > maxNameLength:
		bad("Name has %d bytes; at most %d leave room for a session", len(name), maxNameLength)
	}
	// Browsers compare the prefixes without regard to case (RFC 6265bis section 5.4).
	for _, prefix := range []string{"__Secure-", "__Http-"} {
		if hasPrefixFold(name, prefix) && cfg.Insecure {
			bad("Insecure cannot be used with a Name that begins with %s", prefix)
		}
	}
	if prefix := "__Host-"; hasPrefixFold(name, prefix) {
		if cfg.Insecure {
			bad("Insecure cannot be used with a Name that begins with %s", prefix)
		}
		if cfg.Domain != "" {
			bad("Domain cannot be used with a Name that begins with %s: set Name, for example to __Secure-session", prefix)
		}
		if path != "/" {
			bad("Path must be / with a Name that begins with %s: set Name, for example to __Secure-session", prefix)
		}
	}
	if path[0] != '/' || !isAttributeValue(path) {
		bad("Path %q must begin with / and hold no semicolon or control character", path)
	}
	if cfg.Domain != "" && !isDomain(cfg.Domain) {
		bad("Domain %q is not a host name", cfg.Domain)
	}
	if !ok {
		bad("SameSite has the unknown value %d", int(cfg.SameSite))
	}
	if cfg.SameSite == http.SameSiteNoneMode && cfg.Insecure {
		bad("SameSite=None needs a secure cookie: browsers refuse it with Insecure")
	}
	if cfg.Partitioned && cfg.Insecure {
		bad("Partitioned needs a secure cookie: browsers refuse it with Insecure")
	}
	if lifetime < time.Second || lifetime > maxLifetime || lifetime%time.Second != 0 {
		bad("Lifetime is %v; it must be whole seconds, from 1s to %v (400 days)", lifetime, maxLifetime)
	}
	if absolute := cfg.AbsoluteTimeout; absolute < 0 || absolute%time.Second != 0 {
		bad("AbsoluteTimeout is %v; it must be whole seconds, or 0 for none", absolute)
	}
	if len(errs) > 0 {
		return cookieConfig{}, errors.Join(errs...)
	}

	var scope strings.Builder
	scope.WriteString("; Path=" + path)
	if cfg.Domain != "" {
		scope.WriteString("; Domain=" + strings.TrimPrefix(cfg.Domain, "."))
	}
	if !cfg.Insecure {
		scope.WriteString("; Secure")
	}
	scope.WriteString("; HttpOnly; SameSite=" + sameSite)
	if cfg.Partitioned {
		scope.WriteString("; Partitioned")
	}
	return cookieConfig{name: name, scope: scope.String(), lifetime: lifetime, absolute: cfg.AbsoluteTimeout}, nil
}

var sameSiteText = map[http.SameSite]string{
	0:                        "Lax",
	http.SameSiteDefaultMode: "Lax",
	http.SameSiteLaxMode:     "Lax",
	http.SameSiteStrictMode:  "Strict",
	http.SameSiteNoneMode:    "None",
}

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
