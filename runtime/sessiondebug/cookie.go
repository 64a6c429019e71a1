package sessiondebug

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"

	"github.com/sessiongen/sessiongen/runtime/internal/portrait"
)

// doubts returns reasons why the browser that shows the page might reject the session's cookie or
// not send it back (RFC 6265bis sections 5.6 and 5.8).
func doubts(s portrait.Session, r *http.Request) (all []string) {
	doubt := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	c, host := parse(s.Cookie), hostname(r.Host)
	if c.Secure && r.TLS == nil && r.Header.Get("X-Forwarded-Proto") != "https" {
		if isLoopback(host) {
			doubt("The cookie is Secure and this page came over plain http. On localhost, Chrome and Firefox keep it all the same, Safari does not.")
		} else {
			doubt("The cookie is Secure and this page came over plain http: the browser does not keep it. Use https, or set Config.Insecure for development.")
		}
	}
	if d := strings.ToLower(strings.TrimPrefix(c.Domain, ".")); d != "" {
		_, err := netip.ParseAddr(host)
		switch {
		case err == nil:
			doubt("The cookie's Domain is %s and this host is an address: the browser refuses it. Use the name.", d)
		case host != d && !strings.HasSuffix(host, "."+d):
			doubt("The cookie's Domain is %s, which does not cover this host, %s: the browser refuses it.", d, host)
		case host != d && !strings.Contains(d, "."): // the host's own name without a dot has no effect
			doubt("The cookie's Domain, %s, has no dot: browsers refuse it as a public suffix.", d)
		}
	}
	if c.Path != "/" && !covers(c.Path, r.URL.Path) {
		doubt("The cookie's Path is %s: the browser does not send it to this page.", c.Path)
	}
	if c.SameSite == http.SameSiteStrictMode {
		doubt("The cookie is SameSite=Strict: the browser does not send it when a link on another site leads here.")
	}
	if s.Size > s.Limit {
		doubt("The session takes %d bytes, %d at most are kept: it cannot be saved.", s.Size, s.Limit)
	}
	return all
}

// covers reports whether a browser sends a cookie with this path to a page (RFC 6265bis section
// 5.1.4).
func covers(path, page string) bool {
	rest, ok := strings.CutPrefix(page, path)
	return ok && (rest == "" || strings.HasSuffix(path, "/") || rest[0] == '/')
}
