package runtime

import (
	"net/http"
	"strings"

	"github.com/sessiongen/sessiongen/runtime/internal/payload"
)

// Device Bound Session Credentials: a browser has a key that does not leave the device, and proves it once
// in a period. What it has proved is in a cookie of its own, the badge, so that no proof writes a session. The
// session holds the key's thumbprint.
//
// It goes like this. A response that logs the visitor in, or a page, offers to bind the session. The browser
// registers a key (device_serve.go), by which it gets a badge. The next request that brings the badge along binds
// the session to the key (device_session.go). From then on the session counts with a fresh badge alone, for which
// the browser proves the key again, by itself, when its badge has expired.

type thumbprint = payload.Thumbprint

// noDevice is the thumbprint of none.
var noDevice thumbprint

// The paths of the requests by which browsers prove a key, below Config.Path.
const (
	devicePath   = "/_device/"
	registerPath = "register"
	refreshPath  = "refresh"
)

// inFlight is for how many seconds less than a proof counts its cookie lasts, if the period allows it: what was
// sent with the cookie may take a moment, and the clocks of nodes differ.
const inFlight = 30

// badgeAge is for how many seconds a browser keeps what it has proved.
func (m *manager) badgeAge() int64 {
	return max(m.deviceBound-inFlight, int64(shortestProof.Seconds()))
}

// isFresh reports whether what was proved at a time still counts.
func (m *manager) isFresh(proved, now int64) bool {
	return now-payload.Past(proved, now) < m.deviceBound
}

// deviceRequest returns which request a path is for, "" for those that are the program's own. A proxy, or
// http.StripPrefix, may have removed the beginning of Config.Path.
func (m *manager) deviceRequest(path string) string {
	end := strings.LastIndexByte(path, '/') + 1
	dir, name := "/"+strings.TrimPrefix(path[:end], "/"), path[end:]
	if name != registerPath && name != refreshPath || !strings.HasSuffix(dir, devicePath) ||
		!strings.HasSuffix(m.devicePrefix()+devicePath, dir) {
		return ""
	}
	return name
}

// devicePrefix is Config.Path without the slash at its end.
func (m *manager) devicePrefix() string { return strings.TrimSuffix(m.cookie.Path(), "/") }

// registerURL returns where a browser registers a key. Config.Path is what the browser knows. If it is the whole
// site's, the program need not know what a proxy, or http.StripPrefix, has removed from the request's URL, and
// what is returned is relative to that.
func (m *manager) registerURL(r *http.Request) string {
	const place = devicePath + registerPath
	here := r.URL.EscapedPath()
	if prefix := m.devicePrefix(); prefix != "" {
		return prefix + place
	}
	if here == "" { // http.StripPrefix has removed all
		path, _, _ := strings.Cut(r.RequestURI, "?")
		if name := path[strings.LastIndexByte(path, '/')+1:]; name != "" {
			return "./" + name + place
		}
	}
	return strings.Repeat("../", strings.Count(strings.TrimPrefix(here, "/"), "/")) + place[1:]
}

// isBySite reports whether a page of another site is behind a request.
func isBySite(r *http.Request) bool { return r.Header.Get("Sec-Fetch-Site") == "cross-site" }

// comesAlone reports whether a request is for a page that the browser is about to show, so that others which belong
// to the page come after its response.
func comesAlone(r *http.Request) bool {
	if r == nil { // of another transport
		return true
	}
	dest := r.Header.Get("Sec-Fetch-Dest")
	return (dest == "" || dest == "document") && !isInAdvance(r)
}
