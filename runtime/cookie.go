package runtime

import (
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxCookieSize bounds a cookie's name and value together, in bytes: browsers drop
// what is longer (RFC 6265bis section 5.6).
const maxCookieSize = 4096

// cookieValues yields the values of the cookies with a name, in the order of the
// request (RFC 6265 section 4.2.1: a client sends the one with the longest path
// first).
func cookieValues(headers []string, name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, header := range headers {
			for header != "" {
				var pair string
				pair, header, _ = strings.Cut(header, ";")
				pair = strings.Trim(pair, " \t")
				if value, ok := strings.CutPrefix(pair, name); ok && value != "" && value[0] == '=' {
					if !yield(value[1:]) {
						return
					}
				}
			}
		}
	}
}

// appendAttributes appends what follows a cookie's value in a Set-Cookie header
// field. A maxAge of 0 leaves the cookie's end to the browser's.
func (c *cookieConfig) appendAttributes(dst []byte, maxAge time.Duration, now time.Time) []byte {
	if maxAge > 0 {
		dst = append(dst, "; Max-Age="...)
		dst = strconv.AppendInt(dst, int64(maxAge/time.Second), 10)
		dst = append(dst, "; Expires="...)
		dst = now.Add(maxAge).UTC().AppendFormat(dst, http.TimeFormat)
	}
	return append(dst, c.scope...)
}

// deleteCookie returns the Set-Cookie header field that removes the cookie.
func (c *cookieConfig) deleteCookie() string {
	return c.name + "=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT" + c.scope
}
