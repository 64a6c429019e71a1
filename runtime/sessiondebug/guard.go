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

// cssHash is the hash of the page's style for its Content-Security-Policy.
var cssHash = func() string {
	sum := sha256.Sum256([]byte(css))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}()

// isForwarding reports whether proxies use a header field to say that the client is on another
// machine.
func isForwarding(name string) bool {
	switch name {
	case "Via", "X-Real-Ip", "Cf-Connecting-Ip", "X-Envoy-External-Address":
		return true
	}
	return strings.Contains(name, "Forwarded") || strings.HasSuffix(name, "-Client-Ip")
}

// refuse returns why the page does not answer a request, and what to do about it. It returns "" if
// the page answers.
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
	// Any name can be made to resolve to this machine (DNS rebinding). The scripts of that site
	// could then read the page.
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

// isLoopback reports whether a host name always means this machine (RFC 6761 section 6.3).
func isLoopback(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Unmap().IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// parse returns the cookie with its attributes.
func parse(c portrait.Cookie) *http.Cookie {
	parsed, err := http.ParseSetCookie(c.Name + "=; " + c.Attributes)
	if err != nil {
		return &http.Cookie{Name: c.Name, Secure: true}
	}
	return parsed
}
