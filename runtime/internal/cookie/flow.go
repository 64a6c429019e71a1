package cookie

import (
	"iter"
	"net/http"
	"strings"
)

// FlowMark stands between the session's name and the state in the name of a flow's cookie.
const FlowMark = "-x-"

// Named yields the cookies whose names begin with a prefix, in the values of the Cookie header fields.
func Named(headers []string, prefix string) iter.Seq2[string, string] {
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
func (s *Spec) FlowLine(name, value, path string, sameSite http.SameSite, maxAge, now int64) string {
	line := append(append([]byte(name), '='), value...)
	line = s.appendAttributes(line, maxAge, now)
	line = line[:len(line)-len(s.scope)]
	return string(line) + s.flowScope(path, sameSite)
}

// FlowDeletion returns the one that removes it.
func (s *Spec) FlowDeletion(name, path string, sameSite http.SameSite) string {
	return deletion(name, s.flowScope(path, sameSite))
}

// flowScope is the session's scope with another path, and sent along when the browser comes back from
// another site: by a link or a redirect, or, with SameSite=None, by a form too.
func (s *Spec) flowScope(path string, sameSite http.SameSite) string {
	a := s.attributes
	if path != "" {
		a.Path = path
	}
	a.SameSite = "Lax"
	if sameSite == http.SameSiteNoneMode {
		a.SameSite, a.Secure = "None", true
	}
	return a.scopeText(a.Scope)
}
