package sessiontest

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// apply updates the cookies of a request as a browser updates its cookies when a response sets some.
func apply(r *http.Request, set []*http.Cookie) {
	var kept []string
	for _, line := range r.Header["Cookie"] {
		for pair := range strings.SplitSeq(line, ";") {
			pair = strings.Trim(pair, " \t")
			name, _, _ := strings.Cut(pair, "=")
			if pair != "" && !slices.ContainsFunc(set, func(c *http.Cookie) bool { return c.Name == name }) {
				kept = append(kept, pair)
			}
		}
	}
	r.Header.Del("Cookie")
	if len(kept) > 0 {
		r.Header.Set("Cookie", strings.Join(kept, "; "))
	}
	for _, c := range last(set) {
		if !deletes(c) {
			r.AddCookie(c)
		}
	}
}

// last returns the last cookie of each name.
func last(set []*http.Cookie) []*http.Cookie {
	var all []*http.Cookie
	for i, c := range set {
		if !slices.ContainsFunc(set[i+1:], func(later *http.Cookie) bool { return later.Name == c.Name }) {
			all = append(all, c)
		}
	}
	return all
}

// deletes reports whether a Set-Cookie deletes its cookie. Max-Age takes precedence over Expires
// (RFC 6265 section 5.3), which may be a Clock's time.
func deletes(c *http.Cookie) bool {
	return c.MaxAge < 0 || c.MaxAge == 0 && !c.Expires.IsZero() && c.Expires.Before(time.Now())
}
