// Package cookie reads and writes a session's cookies as text. It finds them in a request, joins and
// splits the chunks of a large session, and makes the Set-Cookie header fields of a response. It
// knows nothing about their contents.
package cookie

import (
	"strconv"
	"strings"
	"sync/atomic"
)

// MaxSize is the longest name and value of a cookie together, in bytes. Browsers drop longer ones
// (RFC 6265bis section 5.6).
const MaxSize = 4096

// MaxChunks is the largest number of cookies that one session is split into.
const MaxChunks = 4

// Attributes are the program's choices for the session's cookies. They are complete and valid.
type Attributes struct {
	Name string
	Scope
	Former   []Scope // scopes that the cookies had before; cookies there are removed
	SameSite string
	Secure   bool
	Chunks   int // the largest number of cookies for a session, from 1 to MaxChunks
}

// A Scope tells cookies of the same name apart: a browser keeps one for each scope.
type Scope struct {
	Path        string
	Domain      string // empty for this host alone
	Partitioned bool
}

// Canonical returns the scope as browsers compare it.
func (s Scope) Canonical() Scope {
	s.Domain = strings.ToLower(strings.TrimPrefix(s.Domain, "."))
	return s
}

// A Spec holds the names and attributes of a session's cookies. It must not be copied.
type Spec struct {
	name     string
	siblings [siblingCount]string // the names of the session's other cookies
	scope    string               // attributes that every cookie gets: "; Path=/; Secure"...
	former   []string             // the same for each former scope
	chunks   int

	attributes Attributes // for the cookies of flows

	expires atomic.Pointer[expires]
}

// A Sibling is one of the other cookies of a session, which has a suffix to its name: a further
// chunk of a large session, the companion, or the badge.
type Sibling int

// Companion is the cookie with the time when the session was last used.
const Companion Sibling = MaxChunks - 1

// Badge is the cookie that records what the browser's device has proved.
const Badge = Companion + 1

const siblingCount = Badge + 1

// Siblings is a set of siblings: bit i stands for Sibling(i).
type Siblings uint8

// Has reports whether a sibling is in the set.
func (s Siblings) Has(i Sibling) bool { return s>>i&1 != 0 }

// With returns the set with one more sibling.
func (s Siblings) With(i Sibling) Siblings { return s | 1<<i }

// Without returns the set without a sibling.
func (s Siblings) Without(i Sibling) Siblings { return s &^ (1 << i) }

// ChunkSiblings returns the siblings that belong to a session of so many chunks.
func ChunkSiblings(chunks int) Siblings { return 1<<(chunks-1) - 1 }

// New returns the spec of a session's cookies.
func New(a Attributes) *Spec {
	s := &Spec{name: a.Name, chunks: a.Chunks, attributes: a}
	for i := range s.siblings {
		s.siblings[i] = a.Name + "-" + strconv.Itoa(i+2)
	}
	s.siblings[Companion] = a.Name + "-seen"
	s.siblings[Badge] = a.Name + "-bound"

	s.scope = a.scopeText(a.Scope)
	for _, former := range a.Former {
		s.former = append(s.former, a.scopeText(former))
	}
	return s
}

// scopeText returns the attributes of a cookie in this scope, as text.
func (a *Attributes) scopeText(scope Scope) string {
	text := "; Path=" + scope.Path
	if scope.Domain != "" {
		text += "; Domain=" + strings.TrimPrefix(scope.Domain, ".")
	}
	if a.Secure {
		text += "; Secure"
	}
	text += "; HttpOnly; SameSite=" + a.SameSite
	if scope.Partitioned {
		text += "; Partitioned"
	}
	return text
}

// Name returns the name of the session's cookie.
func (s *Spec) Name() string { return s.name }

// Path returns the path of the session's cookie.
func (s *Spec) Path() string { return s.attributes.Path }

// Attributes returns the attributes of the session's cookie except its lifetime, as in a Set-Cookie
// header field.
func (s *Spec) Attributes() string { return strings.TrimPrefix(s.scope, "; ") }

// CompanionName returns the name of the companion cookie.
func (s *Spec) CompanionName() string { return s.siblings[Companion] }

// BadgeName returns the name of the badge cookie.
func (s *Spec) BadgeName() string { return s.siblings[Badge] }

// Limit returns how many bytes the names and values of a session's cookies can have together.
func (s *Spec) Limit() int { return s.chunks * MaxSize }

// FormerScopes returns the number of former scopes, in which cookies are removed.
func (s *Spec) FormerScopes() int { return len(s.former) }

// Reserved returns the suffix of name that would make it a sibling of another session's cookie, or
// "" if it has none.
func Reserved(name string) (end string) {
	for _, sibling := range New(Attributes{}).siblings {
		if strings.HasSuffix(name, sibling) {
			return sibling
		}
	}
	return ""
}
