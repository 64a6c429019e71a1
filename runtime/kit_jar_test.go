package runtime_test

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// A clock stands still until a test moves it.
type clock struct{ nanos atomic.Int64 }

func newClock() *clock {
	c := new(clock)
	c.nanos.Store(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) now() time.Time          { return time.Unix(0, c.nanos.Load()) }
func (c *clock) advance(d time.Duration) { c.nanos.Add(int64(d)) }
func (c *clock) set(t time.Time)         { c.nanos.Store(t.UnixNano()) }

// A jar keeps cookies as browsers do (RFC 6265bis section 5). What a browser would not
// keep, or not as it was meant, is an error.
type jar struct {
	host     string
	path     string // of the requests
	insecure bool   // plain http
	keepsAll bool   // no browser but a thief, who lets no cookie go
	scopes   bool   // a response may have cookies of one name for several scopes
	now      func() time.Time

	mu      sync.Mutex
	cookies []*jarCookie // in the order of their creation
}

type jarCookie struct {
	name, value  string
	domain, path string
	hostOnly     bool
	partitioned  bool // by the one site at the top of all pages
	secure       bool
	expires      time.Time // zero if it ends with the browser
}

func newJar(now func() time.Time) *jar {
	return &jar{host: "www.example.com", path: "/", now: now}
}

const (
	maxJarCookies   = 180 // a domain
	maxJarPair      = 4096
	maxJarAttribute = 1024
	maxJarAge       = 400 * 24 * time.Hour
)

// receive keeps the cookies of a response, all at once.
func (j *jar) receive(t testing.TB, lines []string) {
	t.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	names := make(map[string]bool)
	for _, line := range lines {
		name, attributes, _ := strings.Cut(line, "=")
		if a, err := parseAttributes(attributes[strings.Index(attributes, ";")+1:]); j.scopes && err == nil {
			name += fmt.Sprintf(" %s %s %v", a.domain, a.path, a.partitioned)
		}
		if names[name] {
			t.Errorf("a response sets two cookies %s: %q", name, lines)
		}
		names[name] = true
		if err := j.store(line); err != nil {
			t.Errorf("the jar refuses a cookie: %v: %.200q", err, line)
		}
	}
}

// store keeps the cookie of one Set-Cookie header field.
func (j *jar) store(line string) error {
	if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		return errors.New("a control character")
	}
	pair, attributes, _ := strings.Cut(line, ";")
	name, value, ok := strings.Cut(pair, "=")
	c := &jarCookie{name: strings.Trim(name, " \t"), value: strings.Trim(value, " \t")}
	switch {
	case !ok || c.name == "":
		return errors.New("no name")
	case len(c.name)+len(c.value) > maxJarPair:
		return fmt.Errorf("%d bytes", len(c.name)+len(c.value))
	}
	a, err := parseAttributes(attributes)
	if err != nil {
		return err
	}
	if err := j.place(c, a); err != nil {
		return err
	}
	if a.maxAge != "" { // it counts more than Expires
		seconds, err := strconv.Atoi(a.maxAge)
		if err != nil {
			return fmt.Errorf("Max-Age: %w", err)
		}
		c.expires = j.now().Add(time.Duration(seconds) * time.Second)
	} else if a.expires != "" {
		var err error
		if c.expires, err = time.Parse(time.RFC1123, a.expires); err != nil {
			return fmt.Errorf("Expires: %w", err)
		}
	}
	if c.expires.Sub(j.now()) > maxJarAge {
		return errors.New("more than 400 days")
	}
	j.put(c)
	return nil
}

// place decides for which requests a cookie is, and whether it may be.
func (j *jar) place(c *jarCookie, a attributes) error {
	c.secure, c.partitioned = a.secure, a.partitioned
	c.domain, c.hostOnly = j.host, a.domain == ""
	if !c.hostOnly {
		c.domain = strings.ToLower(strings.TrimPrefix(a.domain, "."))
		if j.host != c.domain && !strings.HasSuffix(j.host, "."+c.domain) {
			return errors.New("another domain")
		}
	}
	if c.path = a.path; !strings.HasPrefix(c.path, "/") {
		c.path = j.path[:max(1, strings.LastIndexByte(j.path, '/'))]
	}
	name := strings.ToLower(c.name)
	switch {
	case c.secure && j.insecure:
		return errors.New("Secure over plain http")
	case !c.secure && a.sameSite == "None":
		return errors.New("SameSite=None without Secure")
	case !c.secure && a.partitioned:
		return errors.New("Partitioned without Secure")
	case !c.secure && strings.HasPrefix(name, "__secure-"):
		return errors.New("__Secure- without Secure")
	case strings.HasPrefix(name, "__host-") && !(c.secure && c.hostOnly && a.path == "/"):
		return errors.New("__Host- without Secure and Path=/, or with Domain")
	}
	return nil
}

// put adds a cookie, or puts it in the place of the one that is the same.
func (j *jar) put(c *jarCookie) {
	at := slices.IndexFunc(j.cookies, func(old *jarCookie) bool {
		return old.name == c.name && old.domain == c.domain && old.path == c.path && old.hostOnly == c.hostOnly && old.partitioned == c.partitioned
	})
	gone := !c.expires.IsZero() && !c.expires.After(j.now())
	switch {
	case at >= 0 && gone:
		j.cookies = slices.Delete(j.cookies, at, at+1)
	case at >= 0:
		j.cookies[at] = c
	case !gone:
		j.cookies = append(j.cookies, c)
		if len(j.cookies) > maxJarCookies {
			j.cookies = j.cookies[1:]
		}
	}
}

type attributes struct {
	path, domain, expires, maxAge, sameSite string
	secure, partitioned                     bool
}

func parseAttributes(text string) (a attributes, err error) {
	for text != "" {
		var part string
		part, text, _ = strings.Cut(text, ";")
		name, value, _ := strings.Cut(part, "=")
		name, value = strings.Trim(name, " \t"), strings.Trim(value, " \t")
		if len(value) > maxJarAttribute {
			return a, fmt.Errorf("%s of %d bytes", name, len(value))
		}
		switch strings.ToLower(name) {
		case "path":
			a.path = value
		case "domain":
			a.domain = value
		case "expires":
			a.expires = value
		case "max-age":
			a.maxAge = value
		case "samesite":
			a.sameSite = value
		case "secure":
			a.secure = true
		case "partitioned":
			a.partitioned = true
		case "httponly":
		default:
			return a, fmt.Errorf("attribute %q", name)
		}
	}
	return a, nil
}

// header returns the Cookie header fields of a request; none if there are no cookies.
func (j *jar) header() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.keepsAll {
		j.cookies = slices.DeleteFunc(j.cookies, func(c *jarCookie) bool { return !c.expires.IsZero() && !c.expires.After(j.now()) })
	}
	sorted := slices.Clone(j.cookies)
	slices.SortStableFunc(sorted, func(a, b *jarCookie) int { return cmp.Compare(len(b.path), len(a.path)) })
	var pairs []string
	for _, c := range sorted {
		host := c.domain == j.host || !c.hostOnly && strings.HasSuffix(j.host, "."+c.domain)
		path := c.path == j.path || strings.HasPrefix(j.path, strings.TrimSuffix(c.path, "/")+"/")
		if host && path && !(c.secure && j.insecure) {
			pairs = append(pairs, c.name+"="+c.value)
		}
	}
	if pairs == nil {
		return nil
	}
	return []string{strings.Join(pairs, "; ")}
}

// value returns the value of the cookie with a name, "" if there is none.
func (j *jar) value(name string) string {
	for _, header := range j.header() {
		for pair := range strings.SplitSeq(header, "; ") {
			if n, value, _ := strings.Cut(pair, "="); n == name {
				return value
			}
		}
	}
	return ""
}

// visit makes one request: use works on its session, and the jar keeps what the
// response says. It returns the names of the cookies that were sent, in a row; those
// that were deleted have a - in front.
func (j *jar) visit(t testing.TB, m *runtime.Manager[visitor], use func(*visitor)) string {
	t.Helper()
	lines, err := j.try(t, m, use)
	if err != nil {
		t.Errorf("the session cannot be saved: %v", err)
	}
	return summary(t, lines)
}

func (j *jar) try(t testing.TB, m *runtime.Manager[visitor], use func(*visitor)) ([]string, error) {
	t.Helper()
	s := m.Open(t.Context(), j.header())
	use(s)
	lines, err := setCookieLines(m.Seal(s))
	j.receive(t, lines)
	return lines, err
}

func summary(t testing.TB, lines []string) string {
	t.Helper()
	var names []string
	for _, line := range lines {
		c := parseCookie(t, line)
		if c.MaxAge < 0 {
			c.Name = "-" + c.Name
		}
		names = append(names, c.Name)
	}
	return strings.Join(names, " ")
}

func read(s *visitor) { fieldUser.Get(s.Session) }

func TestJar(t *testing.T) {
	clock := newClock()
	long := strings.Repeat("v", 4095)
	for _, c := range []struct {
		line string
		err  string // of the jar
		sent string // for a request to www.example.com/app/x
	}{
		{"a=1", "", "a=1"},
		{"a=" + long, "", "a=" + long},
		{"a=" + long + "v", "4097 bytes", ""},
		{"=1", "no name", ""},
		{"a", "no name", ""},
		{"a=1\x00", "a control character", ""},
		{"a=1; Path=/app", "", "a=1"},
		{"a=1; Path=/ap", "", ""},
		{"a=1; Path=/other", "", ""},
		{"a=1; Path=" + strings.Repeat("/", 1025), "Path of 1025 bytes", ""},
		{"a=1; Domain=example.com", "", "a=1"},
		{"a=1; Domain=ample.com", "another domain", ""},
		{"a=1; Domain=sub.www.example.com", "another domain", ""},
		{"a=1; Max-Age=0; Expires=Wed, 02 Jan 2030 05:04:05 GMT", "", ""},
		{"a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "", "a=1"},
		{"a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "", ""},
		{"a=1; Max-Age=34560000", "", "a=1"},
		{"a=1; Max-Age=34560001", "more than 400 days", ""},
		{"a=1; SameSite=None", "SameSite=None without Secure", ""},
		{"a=1; Partitioned", "Partitioned without Secure", ""},
		{"__secure-a=1; Path=/", "__Secure- without Secure", ""},
		{"__Host-a=1; Secure; Path=/", "", "__Host-a=1"},
		{"__Host-a=1; Path=/", "__Host- without Secure and Path=/, or with Domain", ""},
		{"__Host-a=1; Secure", "__Host- without Secure and Path=/, or with Domain", ""},
		{"__HOST-a=1; Secure; Path=/; Domain=www.example.com", "__Host- without Secure and Path=/, or with Domain", ""},
	} {
		j := newJar(clock.now)
		j.path = "/app/x"
		if err := j.store(c.line); fmt.Sprint(err) != c.err && (err != nil || c.err != "") {
			t.Errorf("%.100q: got error %v, want %s", c.line, err, c.err)
		}
		if got := strings.Join(j.header(), "\n"); got != c.sent {
			t.Errorf("%.100q: the jar sends %.100q, want %.100q", c.line, got, c.sent)
		}
	}

	j := newJar(clock.now)
	j.receive(t, []string{"a=1; Max-Age=60", "b=1", "c=1; Secure"})
	j.insecure = true
	if got := j.header()[0]; got != "a=1; b=1" {
		t.Errorf("the jar sends %q", got)
	}
	clock.advance(time.Minute)
	for i := range maxJarCookies {
		j.store(fmt.Sprint("x", i, "=1"))
	}
	if got := j.header()[0]; !strings.HasPrefix(got, "x0=1; ") || strings.Count(got, "=") != maxJarCookies {
		t.Errorf("the jar sends %q", got)
	}
}

// fetch gets a URL with the jar's cookies, and lets it keep those of the response.
func (j *jar) fetch(t testing.TB, client *http.Client, url string) (status int, body string) {
	r, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	r.Header["Cookie"] = j.header()
	resp, err := client.Do(r)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	j.receive(t, resp.Header["Set-Cookie"])
	return resp.StatusCode, string(text)
}
