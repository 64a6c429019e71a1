package runtime

import (
	"net/http"
	"strings"
)

// The browser's request, and the status of the response, tell which responses a person gets to see.

// isPage reports whether the browser is about to show the response to a person, as far as the
// request tells.
func (m *manager) isPage(r *http.Request) bool {
	switch {
	case r == nil: // another transport
		return true
	case r.Method == http.MethodHead: // no body
		return false
	}
	switch r.Header.Get("Sec-Fetch-Dest") {
	case "", "document":
	case "empty", "websocket": // a script, which shows what it gets
	case "iframe", "frame", "fencedframe", "embed", "object":
		// A frame may be hidden, and several are loaded at once. The page around the frame shows the
		// messages, unless it may be another site's.
		if !m.embedded {
			return false
		}
	default: // images and other parts of pages
		return false
	}
	return !isInAdvance(r)
}

// isInAdvance reports whether the browser prefetches a page, which may be shown later or never.
// Scripts cannot set Sec-Purpose.
func isInAdvance(r *http.Request) bool {
	for _, name := range []string{"Sec-Purpose", "X-Sec-Purpose", "Purpose", "X-Moz"} {
		if strings.Contains(strings.ToLower(r.Header.Get(name)), "prefetch") {
			return true
		}
	}
	return false
}

// isShown reports whether browsers show a response with this status as a page.
func isShown(status int) bool { return status < 300 || 400 <= status && status < 500 }

// isPartOfOtherSite reports whether the request is for a part of another site's page, such as an
// image or a script.
func isPartOfOtherSite(r *http.Request) bool {
	return r != nil && r.Header.Get("Sec-Fetch-Site") == "cross-site" && r.Header.Get("Sec-Fetch-Mode") != "navigate"
}
