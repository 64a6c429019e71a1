package sessiondebug

import (
	"crypto/sha256"
	"encoding/base64"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/sessiongen/sessiongen/runtime/internal/portrait"
)

// cssHash is the source of the page's style in its Content-Security-Policy.
var cssHash = func() string {
	sum := sha256.Sum256([]byte(css))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}()

// isForwarding reports whether a header field is one by which a proxy on this machine says that the
// client is elsewhere.
func isForwarding(name string) bool {
	switch name {
	case "Via", "X-Real-Ip", "Cf-Connecting-Ip", "X-Envoy-External-Address":
		return true
	}
	return strings.Contains(name, "Forwarded") || strings.HasSuffix(name, "-Client-Ip")
}

// refuse says why the page does not answer a request, and what to do; it is empty if it does.
func (o Options) refuse(r *http.Request) string {
	if o.Remote {
		return ""
	}
	const cure = ": open the page on the machine that the program runs on, or set Options.Remote"
	if addr, err := netip.ParseAddrPort(r.RemoteAddr); err != nil || !addr.Addr().Unmap().IsLoopback() {
		return "the client is not on this machine" + cure
	}
	for name := range r.Header {
		if isForwarding(name) {
			return "the request came through a proxy" + cure
		}
	}
	// Any site's name can be made to lead to this machine (DNS rebinding). Its scripts would
	// then read the page.
	if !isLoopback(hostname(r.Host)) {
		return "the host is not localhost" + cure
	}
	return ""
}

// hostname returns a host without its port.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

// isLoopback reports whether a host is this machine by its very name (RFC 6761 section 6.3).
func isLoopback(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Unmap().IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// parse returns a cookie with the attributes that the browser is sent.
func parse(c portrait.Cookie) *http.Cookie {
	parsed, err := http.ParseSetCookie(c.Name + "=; " + c.Attributes)
	if err != nil {
		return &http.Cookie{Name: c.Name, Secure: true}
	}
	return parsed
}
