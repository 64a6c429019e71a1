package runtime

import (
	"iter"
	"net/http"
	"slices"
	"strings"
)

// headerValues is room for the values of the header fields that a session may add
// to a response, so that they need no allocation of their own.
type headerValues struct{ vary, setCookies, cacheControl [1]string }

// replaceLines puts Set-Cookie header fields for the session's cookies into a response, in
// place of those that were there for the same cookies. The program may share the
// slices of its header between responses: they stay as they are.
func (c *cookieConfig) replaceLines(h http.Header, lines []string) {
	const key = "Set-Cookie"
	if others := h[key]; len(others) > 0 {
		kept := make([]string, 0, len(others)+len(lines))
		for _, line := range others {
			if !c.owns(line) {
				kept = append(kept, line)
			}
		}
		lines = append(kept, lines...)
	}
	if len(lines) == 0 {
		delete(h, key)
		return
	}
	h[key] = lines
}

// varyCookie says that the response depends on the Cookie header field.
func (room *headerValues) varyCookie(h http.Header) {
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

// keepPrivate forbids shared caches to store the response (RFC 9111 section
// 5.2.2.7), unless the handler's own directives already do.
func (room *headerValues) keepPrivate(h http.Header) {
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

// splitList yields the elements of a list that a header field holds. A comma within
// a quoted string is none (RFC 9110 section 5.6.1).
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
