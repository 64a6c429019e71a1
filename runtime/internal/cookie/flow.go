package cookie

import (
	"iter"
	"strings"
)

// A flow has a cookie of its own, and one more if that has a path of its own. Their names are made of the
// session's, FlowMark and a part of the state; the second one ends in BeginMark.
const (
	FlowMark  = "-x-"
	BeginMark = "-begun"
)

// WithPrefix yields the cookies whose names begin with a prefix, in the values of the Cookie header fields and
// in their order.
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

// FlowLine returns the Set-Cookie header field of a flow's cookie. An empty path is the session's.
func (s *Spec) FlowLine(name, value, path string, crossSite bool, maxAge, now int64) string {
	line := append(append([]byte(name), '='), value...)
	return string(s.appendAge(line, maxAge, now)) + s.flowScope(path, crossSite)
}

// FlowDeletion returns the one that removes it.
func (s *Spec) FlowDeletion(name, path string, crossSite bool) string {
	return deletion(name, s.flowScope(path, crossSite))
}

// flowScope is the session's scope, perhaps with another path, for a cookie that comes along when the
// browser comes back from another site: by a link or a redirect, or by a form too, for which browsers
// want SameSite=None and Secure. They take Secure from http://localhost.
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
