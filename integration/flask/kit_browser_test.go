package flask

import (
	"context"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// browser is a client with cookies that reaches the server at one address under every host name.
type browser struct {
	http.Client
	jar *jar
}

func newBrowser(t *testing.T, address string) *browser {
	t.Helper()
	cookies, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
	t.Cleanup(transport.CloseIdleConnections)
	b := &browser{jar: &jar{Jar: cookies}}
	b.Client = http.Client{Jar: b.jar, Transport: proxy{transport}}
	return b
}

// proxy ends https, like a proxy in front of a program.
type proxy struct{ next http.RoundTripper }

func (p proxy) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme = "http"
	return p.next.RoundTrip(r)
}

// jar is a cookie jar with the limits of browsers, which the test may manipulate.
type jar struct {
	*cookiejar.Jar
	instead []*http.Cookie // sent in place of what the jar has
	frozen  bool           // keeps what it has
	kept    []*http.Cookie // for a later request
}

func (j *jar) Cookies(u *url.URL) []*http.Cookie {
	if j.instead != nil {
		return j.instead
	}
	return j.Jar.Cookies(u)
}

func (j *jar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	if !j.frozen {
		j.Jar.SetCookies(u, slices.DeleteFunc(slices.Clone(cookies), tooLarge))
	}
}

// tooLarge: browsers drop cookies of more than 4096 bytes, name and value together
// (RFC 6265bis section 5.6).
func tooLarge(c *http.Cookie) bool { return len(c.Name)+len(c.Value) > 4096 }

// The following change the cookies of the next request.

// replaceBy puts another value into the session cookie.
func replaceBy(value func(string) string) func(*jar, *url.URL) {
	return func(j *jar, u *url.URL) {
		for _, c := range j.Cookies(u) {
			if c.Name == "session" {
				j.SetCookies(u, []*http.Cookie{{Name: c.Name, Value: value(c.Value), Path: "/"}})
				return
			}
		}
		j.SetCookies(u, []*http.Cookie{{Name: "session", Value: value(""), Path: "/"}})
	}
}

var (
	tampered = replaceBy(func(value string) string {
		middle := len(value) / 2
		if strings.ContainsRune(value, '.') {
			middle = strings.IndexByte(value, '.') / 2 // within the values, before the signature
		}
		other := "A"
		if value[middle] == 'A' {
			other = "B"
		}
		return value[:middle] + other + value[middle+1:]
	})
	// In whole groups of base64, so that always the same part is missing.
	halved  = replaceBy(func(value string) string { return value[:len(value)/8*4] })
	garbage = replaceBy(func(string) string { return "garbage" })
	empty   = replaceBy(func(string) string { return "" })
)

// alsoBefore sends a second, worthless cookie of the same name before the good one, alsoAfter after it.
func alsoBefore(j *jar, u *url.URL) {
	j.instead = append([]*http.Cookie{{Name: "session", Value: "garbage"}}, j.Cookies(u)...)
}

func alsoAfter(j *jar, u *url.URL) {
	j.instead = append(j.Cookies(u), &http.Cookie{Name: "session", Value: "garbage"})
}

// keep remembers the cookies, kept sends them later, like a slow request or a thief.
func keep(j *jar, u *url.URL) { j.kept = j.Cookies(u) }

func kept(j *jar, _ *url.URL) { j.instead = j.kept }
