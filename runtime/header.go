package runtime

import (
	"net/http"
	"strings"
)

// headerValues is room for the values of the header fields that a session may add
// to a response, so that they need no allocation of their own.
type headerValues struct{ vary, setCookies, cacheControl [1]string }

// setCookie puts a Set-Cookie header field into a response, in place of one that
// was there for the same cookie name.
func (room *headerValues) setCookie(h http.Header, name, line string) {
	const key = "Set-Cookie"
	others := h[key]
	if len(others) == 0 {
		others = room.setCookies[:0]
	}
	kept := others[:0]
	for _, other := range others {
		if value, ok := strings.CutPrefix(other, name); !ok || value == "" || value[0] != '=' {
			kept = append(kept, other)
		}
	}
	h[key] = append(kept, line)
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
		lines = room.vary[:0]
	}
	h[key] = append(lines, "Cookie")
}

// keepPrivate forbids shared caches to store the response (RFC 9111 section
// 5.2.2.7), unless the handler's own directives already do.
func (room *headerValues) keepPrivate(h http.Header) {
	const key = "Cache-Control"
	directives := "private"
	for _, line := range h[key] {
		for directive := range strings.SplitSeq(line, ",") {
			directive = strings.Trim(directive, " \t")
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
