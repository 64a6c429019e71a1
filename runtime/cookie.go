package runtime

import (
	"iter"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// maxCookieSize bounds a cookie's name and value together, in bytes: browsers drop
// what is longer (RFC 6265bis section 5.6).
const maxCookieSize = 4096

// cookieConfig is what a cookie's text depends on, validated and complete.
type cookieConfig struct {
	name     string
	siblings [siblingCount]string // the names of the other cookies of a session
	scope    string               // the attributes that say which cookie it is: "; Path=/; Secure"...
	chunks   int                  // over how many cookies a session may be split

	expires atomic.Pointer[expires]
}

// same reports whether browsers keep one cookie for both.
func (c *cookieConfig) same(other *cookieConfig) bool {
	return c.name == other.name && c.scope == other.scope
}

// expires is an Expires attribute: most sessions of the same second have the same one.
type expires struct {
	unix int64
	text string
}

// A sibling is one of the cookies that may come with the one that has the session's
// name: the chunks of a large session after the first, and the time of its last use.
type sibling int

const (
	seenSibling sibling = maxChunks - 1 + iota
	siblingCount
)

func newCookieConfig(cfg Config) *cookieConfig {
	c := &cookieConfig{name: cfg.Name, chunks: max(1, cfg.MaxChunks)}
	for i := range c.siblings {
		c.siblings[i] = cfg.Name + "-" + strconv.Itoa(i+2)
	}
	c.siblings[seenSibling] = cfg.Name + "-seen"

	var scope strings.Builder
	scope.WriteString("; Path=" + cfg.Path)
	if cfg.Domain != "" {
		scope.WriteString("; Domain=" + strings.TrimPrefix(cfg.Domain, "."))
	}
	if !cfg.Insecure {
		scope.WriteString("; Secure")
	}
	scope.WriteString("; HttpOnly; SameSite=" + sameSiteText[cfg.SameSite])
	if cfg.Partitioned {
		scope.WriteString("; Partitioned")
	}
	c.scope = scope.String()
	return c
}

// maxCandidates bounds how many cookies of the session's name are looked at: a request
// cannot make the server work for longer.
const maxCandidates = 8

// received is what a request carries of a session, not authenticated.
type received struct {
	first    string               // the value of the first cookie with the session's name, unless it is empty
	more     []string             // the values of the others, as far as they are looked at
	siblings [siblingCount]string // the value of the first cookie of each name
	has      uint8                // bit i: there is a cookie of sibling i, whatever it holds
	any      bool                 // there is a cookie of the session's name, whatever it holds
}

func (r *received) hasSibling(i sibling) bool { return r.has>>i&1 != 0 }

// candidates yields the values to be tried.
func (r *received) candidates() iter.Seq[string] {
	return func(yield func(string) bool) {
		if r.first == "" || !yield(r.first) {
			return
		}
		for _, value := range r.more {
			if !yield(value) {
				return
			}
		}
	}
}

// find looks for the session's cookies in the values of the Cookie header fields, in
// their order (RFC 6265 section 4.2.1: a client sends the one with the longest path
// first).
func (c *cookieConfig) find(headers []string, r *received) {
	for _, header := range headers {
		for header != "" {
			pair := header
			if i := strings.IndexByte(header, ';'); i >= 0 {
				pair, header = header[:i], header[i+1:]
			} else {
				header = ""
			}
			pair = trim(pair)
			rest, ok := strings.CutPrefix(pair, c.name)
			if !ok || rest == "" {
				continue
			}
			switch value := rest[1:]; rest[0] {
			case '=':
				r.any = true
				if r.first == "" {
					r.first = value
				} else if value != "" && len(r.more) < maxCandidates-1 {
					r.more = append(r.more, value)
				}
			case '-':
				c.findSibling(pair, r)
			}
		}
	}
}

// trim removes white space around s, as strings.Trim would.
func trim(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}

func (c *cookieConfig) findSibling(pair string, r *received) {
	name, value, _ := strings.Cut(pair, "=")
	for i, sibling := range c.siblings {
		if name == sibling && r.siblings[i] == "" {
			r.siblings[i] = value
			r.has |= 1 << i
		}
	}
}

// owns reports whether a Set-Cookie header field is for a cookie of the session.
func (c *cookieConfig) owns(line string) bool {
	rest, ok := strings.CutPrefix(line, c.name)
	if !ok || rest == "" {
		return false
	}
	if rest[0] == '-' {
		name, _, _ := strings.Cut(line, "=")
		for _, sibling := range c.siblings {
			if name == sibling {
				return true
			}
		}
	}
	return rest[0] == '='
}

// appendAttributes appends what follows a cookie's value in a Set-Cookie header
// field. A maxAge of 0, in seconds, leaves the cookie's end to the browser's.
func (c *cookieConfig) appendAttributes(dst []byte, maxAge, now int64) []byte {
	if maxAge > 0 {
		dst = append(dst, "; Max-Age="...)
		dst = strconv.AppendInt(dst, maxAge, 10)
		dst = append(dst, "; Expires="...)
		dst = append(dst, c.expiresAt(now+maxAge)...)
	}
	return append(dst, c.scope...)
}

// attributesSize is how many bytes appendAttributes appends, at most.
func (c *cookieConfig) attributesSize(maxAge int64) int {
	if maxAge == 0 {
		return len(c.scope)
	}
	return len("; Max-Age=34560000; Expires=") + len(http.TimeFormat) + len(c.scope)
}

func (c *cookieConfig) expiresAt(unix int64) string {
	if e := c.expires.Load(); e != nil && e.unix == unix {
		return e.text
	}
	e := &expires{unix, time.Unix(unix, 0).UTC().Format(http.TimeFormat)}
	c.expires.Store(e)
	return e.text
}

// deletion returns the Set-Cookie header field that removes a cookie.
func (c *cookieConfig) deletion(name string) string {
	return name + "=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT" + c.scope
}
