package runtime

import (
	"net/http"
	"strings"
)

// Which responses a person gets to see, the browser tells with the request, and the status.

// isPage reports whether a person is about to see the response, as far as the browser tells.
func (m *manager) isPage(r *http.Request) bool {
	switch {
	case r == nil: // of another transport
		return true
	case r.Method == http.MethodHead: // which has no body
		return false
	}
	switch r.Header.Get("Sec-Fetch-Dest") {
	case "", "document":
	case "empty", "websocket": // of a script, which shows what it gets
	case "iframe", "frame", "fencedframe", "embed", "object":
		// A frame may be hidden, and two are loaded at once. The page around it shows the messages, unless
		// that may be another site's.
		if !m.embedded {
			return false
		}
	default: // images and other parts of pages
		return false
	}
	return !isInAdvance(r)
}

// isInAdvance reports whether a browser asks for a page that a person may get to see later, or never. Scripts
// that do so cannot set Sec-Purpose.
func isInAdvance(r *http.Request) bool {
	for _, name := range []string{"Sec-Purpose", "X-Sec-Purpose", "Purpose", "X-Moz"} {
		if strings.Contains(strings.ToLower(r.Header.Get(name)), "prefetch") {
			return true
		}
	}
	return false
}

// isShown reports whether a response with this status is a page that a person sees.
func isShown(status int) bool { return status < 300 || 400 <= status && status < 500 }

// isPartOfOtherSite reports whether a page of another site has a browser ask for an image, a script or the
// like, or for what it reads itself.
func isPartOfOtherSite(r *http.Request) bool {
	return r != nil && r.Header.Get("Sec-Fetch-Site") == "cross-site" && r.Header.Get("Sec-Fetch-Mode") != "navigate"
}
