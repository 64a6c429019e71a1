package runtime

import (
	"net/http"
	"strings"

	"github.com/sessiongen/sessiongen/runtime/internal/payload"
)

// Device Bound Session Credentials: the browser has a key that does not leave the device, and proves
// it once in a period. A cookie of its own, the badge, records the proof, so that a proof does not
// write the session. The session contains the key's thumbprint.
//
// A binding begins like this: a response to a log-in, or a page, offers to bind the session. The
// browser registers a key (device_serve.go) and gets a badge. The next request with that badge binds
// the session to the key (device_session.go). From then on the session is valid only with a fresh
// badge. When the badge has expired, the browser proves the key again by itself.

type thumbprint = payload.Thumbprint

// noDevice is the thumbprint of a session that is not bound.
var noDevice thumbprint

// Paths of the requests by which browsers prove a key, below Config.Path.
const (
	devicePath   = "/_device/"
	registerPath = "register"
	refreshPath  = "refresh"
)

// inFlight is how many seconds earlier than its proof a badge expires, if the period is long enough.
// Requests that are under way need the time, and so do clocks that differ between nodes.
const inFlight = 30

// badgeAge returns how many seconds a browser keeps a proven badge.
func (m *manager) badgeAge() int64 {
	return max(m.deviceBound-inFlight, int64(shortestProof.Seconds()))
}

// isFresh reports whether a proof at this time is still valid.
func (m *manager) isFresh(proved, now int64) bool {
	return now-payload.Past(proved, now) < m.deviceBound
}

// deviceRequest returns which device request a path is for, or "" for the program's own paths. A
// proxy or http.StripPrefix may have removed the beginning of Config.Path.
func (m *manager) deviceRequest(path string) string {
	end := strings.LastIndexByte(path, '/') + 1
	dir, name := "/"+strings.TrimPrefix(path[:end], "/"), path[end:]
	if name != registerPath && name != refreshPath || !strings.HasSuffix(dir, devicePath) ||
		!strings.HasSuffix(m.devicePrefix()+devicePath, dir) {
		return ""
	}
	return name
}

// devicePrefix returns Config.Path without a slash at the end.
func (m *manager) devicePrefix() string { return strings.TrimSuffix(m.cookie.Path(), "/") }

// registerURL returns where a browser registers a key. Config.Path is the path as the browser knows
// it. If Config.Path is "/", the program may not know what a proxy or http.StripPrefix removed from
// the URL, so the result is relative to the request's URL.
func (m *manager) registerURL(r *http.Request) string {
	const place = devicePath + registerPath
	here := r.URL.EscapedPath()
	if prefix := m.devicePrefix(); prefix != "" {
		return prefix + place
	}
	if here == "" { // http.StripPrefix has removed all of it
		path, _, _ := strings.Cut(r.RequestURI, "?")
		if name := path[strings.LastIndexByte(path, '/')+1:]; name != "" {
			return "./" + name + place
		}
	}
	return strings.Repeat("../", strings.Count(strings.TrimPrefix(here, "/"), "/")) + place[1:]
}

// isBySite reports whether a page of another site caused the request.
func isBySite(r *http.Request) bool { return r.Header.Get("Sec-Fetch-Site") == "cross-site" }

// comesAlone reports whether a request is for a page that the browser navigates to. The browser
// requests the other parts of that page after its response.
func comesAlone(r *http.Request) bool {
	if r == nil { // another transport
		return true
	}
	dest := r.Header.Get("Sec-Fetch-Dest")
	return (dest == "" || dest == "document") && !isInAdvance(r)
}
