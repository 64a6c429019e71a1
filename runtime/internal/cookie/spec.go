// Package cookie reads and writes the cookies of a session as text: it finds them in a request,
// joins and splits those of a large session, and makes the Set-Cookie header fields of a
// response. It knows nothing of what is in them.
package cookie

import (
	"strconv"
	"strings"
	"sync/atomic"
)

// MaxSize bounds a cookie's name and value together, in bytes: browsers drop longer ones
// (RFC 6265bis section 5.6).
const MaxSize = 4096

// MaxChunks bounds over how many cookies a session is split.
const MaxChunks = 4

// Attributes are what a program chooses of a cookie, complete and valid.
type Attributes struct {
	Name string
	Scope
	Former   []Scope // where the cookies were before, and are to be removed
	SameSite string
	Secure   bool
	Chunks   int // over how many cookies a session may be split, from 1 to MaxChunks
}

// A Scope tells cookies of one name apart: browsers keep one for each.
type Scope struct {
	Path        string
	Domain      string // empty for the very host
	Partitioned bool
}

// Canonical returns the scope as browsers compare it.
func (s Scope) Canonical() Scope {
	s.Domain = strings.ToLower(strings.TrimPrefix(s.Domain, "."))
	return s
}

// A Spec is the names and attributes of a session's cookies. It must not be copied.
type Spec struct {
	name     string
	siblings [siblingCount]string // the names of the other cookies of a session
	scope    string               // the attributes that say which cookie it is: "; Path=/; Secure"...
	former   []string             // those of its former scopes
	chunks   int

	attributes Attributes // for the cookies of flows

	expires atomic.Pointer[expires]
}

// A Sibling is one of the cookies that may come with the one that has the session's name: the
// chunks of a large session after the first, the companion, and the badge.
type Sibling int

// Companion is the cookie with the time of a session's last use.
const Companion Sibling = MaxChunks - 1

// Badge is the cookie that says what the browser's device has proved.
const Badge = Companion + 1

const siblingCount = Badge + 1

// Siblings is a set of them: bit i is for Sibling(i).
type Siblings uint8

// Has reports whether a sibling is in the set.
func (s Siblings) Has(i Sibling) bool { return s>>i&1 != 0 }

// With returns the set with one more sibling.
func (s Siblings) With(i Sibling) Siblings { return s | 1<<i }

// Without returns the set without a sibling.
func (s Siblings) Without(i Sibling) Siblings { return s &^ (1 << i) }

// ChunkSiblings is the set of those that belong to a session of so many chunks.
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

// scopeText returns the attributes of a cookie in a scope.
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

// Attributes returns those that say which cookie it is and who gets it, as in a Set-Cookie header field.
func (s *Spec) Attributes() string { return strings.TrimPrefix(s.scope, "; ") }

// CompanionName returns the name of the cookie with the time of the last use.
func (s *Spec) CompanionName() string { return s.siblings[Companion] }

// BadgeName returns the name of the cookie that says what the browser's device has proved.
func (s *Spec) BadgeName() string { return s.siblings[Badge] }

// Limit returns how many bytes the names and values of a session's cookies may have together.
func (s *Spec) Limit() int { return s.chunks * MaxSize }

// FormerScopes returns of how many other scopes cookies are removed.
func (s *Spec) FormerScopes() int { return len(s.former) }

// Reserved returns the end of a name that the cookies of a session themselves have which is
// called by the rest of that name; "" if it has none.
func Reserved(name string) (end string) {
	for _, sibling := range New(Attributes{}).siblings {
		if strings.HasSuffix(name, sibling) {
			return sibling
		}
	}
	return ""
}
