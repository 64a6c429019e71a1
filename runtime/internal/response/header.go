package response

import (
	"iter"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Values is room for the values of the header fields that a session may add to a response, so
// that they need no allocation of their own.
type Values struct{ vary, setCookies, cacheControl [1]string }

// SetCookies is room for Set-Cookie header fields.
func (room *Values) SetCookies() []string { return room.setCookies[:0] }

// VaryCookie says that the response depends on the Cookie header field.
func (room *Values) VaryCookie(h http.Header) {
	const key = "Vary"
	lines := h[key]
	for _, line := range lines {
		for word := range strings.SplitSeq(line, ",") {
			if word = strings.Trim(word, " \t"); word == "*" || strings.EqualFold(word, "Cookie") {
				return
			}
		}
	}
	if len(lines) == 0 {
		lines = room.vary[:0:1]
	} else {
		lines = slices.Clip(lines) // the program may share it between responses
	}
	h[key] = append(lines, "Cookie")
}

// KeepPrivate forbids shared caches to store the response (RFC 9111 section 5.2.2.7), unless
// the handler's own directives already do.
func (room *Values) KeepPrivate(h http.Header) {
	const key = "Cache-Control"
	// To the caches that know these, Cache-Control says nothing (RFC 9213).
	delete(h, "Cdn-Cache-Control")
	delete(h, "Surrogate-Control")
	directives := "private"
	for _, line := range h[key] {
		for directive := range splitList(line) {
			name, _, qualified := strings.Cut(directive, "=")
			switch name = strings.ToLower(name); {
			case name == "no-store", name == "private" && !qualified:
				return
			case name == "", name == "public", name == "s-maxage", name == "private":
				// Each would allow what private forbids, or says less.
			default:
				directives += ", " + directive
			}
		}
	}
	h[key] = append(room.cacheControl[:0], directives)
}

// splitList yields the elements of a list that a header field holds. A comma within a
// quoted string is none (RFC 9110 section 5.6.1).
func splitList(line string) iter.Seq[string] {
	return func(yield func(string) bool) {
		start, quoted := 0, false
		for i := 0; i <= len(line); i++ {
			switch {
			case i == len(line) || line[i] == ',' && !quoted:
				if !yield(strings.Trim(line[start:i], " \t")) {
					return
				}
				start = i + 1
			case line[i] == '"':
				quoted = !quoted
			case line[i] == '\\' && quoted:
				i++
			}
		}
	}
}

// describesBody reports whether a header field, by its canonical name, says something of the
// body that comes with it, of where it is or of how long it keeps.
func describesBody(name string) bool {
	switch name {
	case "Accept-Ranges", "Age", "Cache-Control", "Cdn-Cache-Control", "Digest", "Etag", "Expires", "Last-Modified",
		"Location", "Refresh", "Repr-Digest", "Surrogate-Control", "Trailer", "Transfer-Encoding", "X-Sendfile":
		return true
	}
	return isTrailer(name) || strings.HasPrefix(name, "X-Accel-") ||
		strings.HasPrefix(name, "Content-") && !strings.HasPrefix(name, "Content-Security-Policy")
}

func isTrailer(name string) bool { return strings.HasPrefix(name, http.TrailerPrefix) }

// remove removes the header fields whose names match.
func remove(h http.Header, match func(name string) bool) {
	maps.DeleteFunc(h, func(name string, _ []string) bool { return match(name) })
}
