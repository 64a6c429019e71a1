package response

import (
	"iter"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Values has room for the values of the header fields that a session adds to a response, so that
// they need no allocations.
type Values struct{ vary, setCookies, cacheControl [1]string }

// SetCookies returns an empty slice for Set-Cookie header fields.
func (room *Values) SetCookies() []string { return room.setCookies[:0] }

// VaryCookie adds Cookie to the Vary header field.
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
		lines = slices.Clip(lines) // the program may share the slice between responses
	}
	h[key] = append(lines, "Cookie")
}

// KeepPrivate forbids shared caches from storing the response (RFC 9111 section 5.2.2.7), unless the
// handler's own directives already forbid it.
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

// KeepNowhere forbids all caches, including the browser's, from storing the response (RFC 9111 section
// 5.2.2.5).
func (room *Values) KeepNowhere(h http.Header) {
	const key = "Cache-Control"
	remove(h, func(name string) bool { return targetsCaches(name) || isNamed(name, key) })
	h[key] = append(room.cacheControl[:0], "no-store")
}

// makePrivate returns the Cache-Control directives with private added and without those that
// contradict it. private is true if the directives in lines already forbid shared caches.
func makePrivate(lines []string) (directives string, private bool) {
	directives = "private"
	for _, line := range lines {
		for directive := range splitList(line) {
			name, _, qualified := strings.Cut(directive, "=")
			switch name = strings.ToLower(name); {
			case name == "no-store", name == "private" && !qualified:
				return "", true
			case name == "", name == "public", name == "s-maxage", name == "private":
				// These allow what private forbids, or say less than it.
			default:
				directives += ", " + directive
			}
		}
	}
	return directives, false
}

// targetsCaches reports whether a header field overrides Cache-Control for certain caches. These are
// CDN-Cache-Control and its variants for single products, such as Cloudflare-CDN-Cache-Control (RFC
// 9213); Surrogate-Control (Fastly, Akamai, Varnish); Edge-Control (Akamai); and X-Accel-Expires
// (nginx).
func targetsCaches(name string) bool {
	const targeted = "-Cache-Control"
	if at := len(name) - len(targeted); at >= 0 && strings.EqualFold(name[at:], targeted) {
		return true
	}
	return isNamed(name, "Surrogate-Control") || isNamed(name, "Edge-Control") || isNamed(name, "X-Accel-Expires")
}

// isNamed compares a header field's name, ignoring case.
func isNamed(field, name string) bool {
	return len(field) == len(name) && strings.EqualFold(field, name)
}

// splitList yields the elements of a comma-separated header field. A comma inside a quoted string
// does not separate (RFC 9110 section 5.6.1).
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

// describesBody reports whether a header field, by its canonical name, describes the response's
// body, its location or how long it may be cached.
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
