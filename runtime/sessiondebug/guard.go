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

// forwarding are the header fields by which a proxy on this machine says that the client is
// elsewhere.
var forwarding = []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via"}

// refuse says why the page does not answer a request, and what to do; it is empty if it does.
func (o Options) refuse(r *http.Request) string {
	if o.Remote {
		return ""
	}
	const cure = ": open the page on the machine that the program runs on, or set Options.Remote"
	if addr, err := netip.ParseAddrPort(r.RemoteAddr); err != nil || !addr.Addr().Unmap().IsLoopback() {
		return "the client is not on this machine" + cure
	}
	for _, name := range forwarding {
		if len(r.Header[name]) > 0 {
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

func isSecure(c portrait.Cookie) bool { return parse(c).Secure }

// parse returns a cookie with the attributes that the browser is sent.
func parse(c portrait.Cookie) *http.Cookie {
	parsed, err := http.ParseSetCookie(c.Name + "=; " + c.Attributes)
	if err != nil {
		return &http.Cookie{Name: c.Name, Secure: true}
	}
	return parsed
}
