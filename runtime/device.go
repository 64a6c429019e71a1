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
	dir, name := path[:end], path[end:]
	if name != registerPath && name != refreshPath || !strings.HasSuffix(dir, devicePath) ||
		!strings.HasSuffix(strings.TrimSuffix(m.cookie.Path(), "/")+devicePath, dir) {
		return ""
	}
	return name
}

// registerURL returns where a browser registers a key. It is relative to the request's own URL, as the program need
// not know what a proxy has removed from that.
func (m *manager) registerURL(r *http.Request) string {
	here, base := r.URL.EscapedPath(), strings.TrimSuffix(m.cookie.Path(), "/")
	if here == base {
		return base[strings.LastIndexByte(base, '/')+1:] + devicePath + registerPath
	}
	if strings.HasPrefix(here, base+"/") {
		here = here[len(base):]
	}
	up := max(1, strings.Count(here, "/")) - 1
	return strings.Repeat("../", up) + devicePath[1:] + registerPath
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
