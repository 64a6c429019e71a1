package cookie

import (
	"iter"
	"strings"
)

// A flow has its own cookie, and a second one if the flow has its own path. Their names consist of
// the session's name, FlowMark and a part of the state. The second name also ends in BeginMark.
const (
	FlowMark  = "-x-"
	BeginMark = "-begun"
)

// WithPrefix yields the name and value of each cookie whose name begins with prefix, in the order of
// the Cookie header fields.
func WithPrefix(headers []string, prefix string) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		left := maxCookies
		for _, header := range headers {
			for pair := range strings.SplitSeq(header, ";") {
				if left--; left < 0 {
					return
				}
				name, value, ok := strings.Cut(strings.Trim(pair, " \t"), "=")
				if ok && value != "" && strings.HasPrefix(name, prefix) && !yield(name, value) {
					return
				}
			}
		}
	}
}

// FlowLine returns the Set-Cookie header field for a flow's cookie. If path is empty, the cookie has
// the session's path.
func (s *Spec) FlowLine(name, value, path string, crossSite bool, maxAge, now int64) string {
	line := append(append([]byte(name), '='), value...)
	return string(s.appendAge(line, maxAge, now)) + s.flowScope(path, crossSite)
}

// FlowDeletion returns the Set-Cookie header field that removes a flow's cookie.
func (s *Spec) FlowDeletion(name, path string, crossSite bool) string {
	return deletion(name, s.flowScope(path, crossSite))
}

// flowScope returns the attributes of a flow's cookie: the session's, perhaps with another path. The
// browser must send this cookie when it returns from another site. SameSite=Lax is enough for links
// and redirects. A form that is posted from there needs SameSite=None, which browsers accept only
// with Secure. They accept Secure from http://localhost.
func (s *Spec) flowScope(path string, crossSite bool) string {
	a := s.attributes
	if path != "" {
		a.Path = path
	}
	switch {
	case crossSite:
		a.SameSite, a.Secure = "None", true
	case a.SameSite == "Strict":
		a.SameSite = "Lax"
	}
	return a.scopeText(a.Scope)
}
