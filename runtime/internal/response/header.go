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
	lines := h[key]
	for name, more := range h {
		switch {
		case targetsCaches(name):
			delete(h, name)
		case name != key && isNamed(name, key): // set without http.Header's methods
			lines = append(slices.Clip(lines), more...)
			delete(h, name)
		}
	}
	directives, private := makePrivate(lines)
	if private {
		h[key] = lines
		return
	}
	h[key] = append(room.cacheControl[:0], directives)
}

// KeepNowhere forbids all caches, the browser's too, to store the response (RFC 9111 section 5.2.2.5).
func (room *Values) KeepNowhere(h http.Header) {
	const key = "Cache-Control"
	remove(h, func(name string) bool { return targetsCaches(name) || isNamed(name, key) })
	h[key] = append(room.cacheControl[:0], "no-store")
}

// makePrivate returns the directives of Cache-Control header fields with the one for private, and
// without those that it contradicts; private is true if theirs forbid as much.
func makePrivate(lines []string) (directives string, private bool) {
	directives = "private"
	for _, line := range lines {
		for directive := range splitList(line) {
			name, _, qualified := strings.Cut(directive, "=")
			switch name = strings.ToLower(name); {
			case name == "no-store", name == "private" && !qualified:
				return "", true
			case name == "", name == "public", name == "s-maxage", name == "private":
				// Each would allow what private forbids, or says less.
			default:
				directives += ", " + directive
			}
		}
	}
	return directives, false
}

// targetsCaches reports whether a header field tells some caches what Cache-Control tells all
// others, which those that know it then do not look at: CDN-Cache-Control and those of single
// products, like Cloudflare-CDN-Cache-Control (RFC 9213); Surrogate-Control (Fastly, Akamai,
// Varnish); Edge-Control (Akamai); X-Accel-Expires (nginx).
func targetsCaches(name string) bool {
	const targeted = "-Cache-Control"
	if at := len(name) - len(targeted); at >= 0 && strings.EqualFold(name[at:], targeted) {
		return true
	}
	return isNamed(name, "Surrogate-Control") || isNamed(name, "Edge-Control") || isNamed(name, "X-Accel-Expires")
}

// isNamed reports whether a header field has a name, which is not sensitive to case.
func isNamed(field, name string) bool {
	return len(field) == len(name) && strings.EqualFold(field, name)
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
	case "Accept-Ranges", "Age", "Cache-Control", "Digest", "Etag", "Expires", "Last-Modified",
		"Location", "Refresh", "Repr-Digest", "Trailer", "Transfer-Encoding", "X-Sendfile":
		return true
	}
	return isTrailer(name) || targetsCaches(name) || strings.HasPrefix(name, "X-Accel-") ||
		strings.HasPrefix(name, "Content-") && !strings.HasPrefix(name, "Content-Security-Policy")
}

func isTrailer(name string) bool { return strings.HasPrefix(name, http.TrailerPrefix) }

// remove removes the header fields whose names match.
func remove(h http.Header, match func(name string) bool) {
	maps.DeleteFunc(h, func(name string, _ []string) bool { return match(name) })
}
