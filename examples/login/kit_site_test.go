package main

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/oauth2-proxy/mockoidc"
	"golang.org/x/crypto/bcrypt"

	sessionruntime "github.com/sessiongen/sessiongen/runtime"
)

// eachMode runs a test in the modes that need no server.
func eachMode(t *testing.T, test func(t *testing.T, s site)) {
	for _, mode := range []string{"cookie", "sqlite"} {
		t.Run(mode, func(t *testing.T) { test(t, newSite(t, mode)) })
	}
}

// site is a server of the whole site.
type site struct {
	url       string
	transport http.RoundTripper // trusts the server's certificate, if it has one
	users     Users
}

// newSite starts one. More of the configuration may be set.
func newSite(t *testing.T, mode string, more ...func(*sessionruntime.Config)) site {
	t.Helper()
	return newSiteWith(t, nil, mode, more...)
}

// newSiteWith starts one with an identity provider.
func newSiteWith(t *testing.T, mock *mockoidc.MockOIDC, mode string, more ...func(*sessionruntime.Config)) site {
	t.Helper()
	back, err := openBackend(t.Context(), mode, filepath.Join(t.TempDir(), "login.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := back.close(); err != nil {
			t.Error(err)
		}
	})
	cfg := back.config
	cfg.Insecure = true
	if cfg.Keys, err = sessionruntime.ParseKeys(sessionruntime.GenerateKey()); err != nil {
		t.Fatal(err)
	}
	cfg.OnEvent = func(_ context.Context, e sessionruntime.Event) {
		switch e.Kind {
		case sessionruntime.EventFieldDropped, sessionruntime.EventTooLarge, sessionruntime.EventTooLate,
			sessionruntime.EventSaveFailed, sessionruntime.EventOverwritten, sessionruntime.EventStoreFailed:
			t.Errorf("unexpected event %+v", e)
		}
	}
	for _, set := range more {
		set(&cfg)
	}
	passwords, err := newPasswords(bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	t.Cleanup(server.Close)
	a := app{users: back.users, passwords: passwords, mode: mode, admin: "admin"}
	if mock != nil {
		a.provider, err = newProvider(t.Context(), "Example ID", mock.Issuer(), mock.ClientID, mock.ClientSecret, "http://"+server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
	}
	if server.Config.Handler, err = newApp(cfg, a); err != nil {
		t.Fatal(err)
	}
	if cfg.Insecure {
		server.Start()
	} else {
		server.StartTLS()
	}
	return site{server.URL, server.Client().Transport, back.users}
}

// forgetUsers removes all accounts.
func (s site) forgetUsers(t *testing.T) {
	t.Helper()
	switch users := s.users.(type) {
	case *memoryUsers:
		users.mu.Lock()
		clear(users.byName)
		users.mu.Unlock()
	case sqlUsers:
		if _, err := users.db.Exec("DELETE FROM login_accounts"); err != nil {
			t.Fatal(err)
		}
	default:
		t.Fatalf("unexpected type of users: %T", users)
	}
}

// browser is a visitor: it keeps cookies and follows redirects.
type browser struct {
	t      *testing.T
	url    string
	agent  string // its User-Agent; "" for Go's
	client *http.Client
}

func (s site) browser(t *testing.T) browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return browser{t: t, url: s.url, client: &http.Client{Jar: jar, Transport: s.transport}}
}

// page is an answer, after redirects.
type page struct {
	status  int
	path    string
	header  http.Header
	html    string
	user    string
	role    string
	theme   string
	cart    string
	notices string
}

func (b browser) get(path string) page {
	b.t.Helper()
	res, err := b.client.Get(b.url + path)
	return b.page(res, err)
}

// post sends a form of the given names and values.
func (b browser) post(path string, form ...string) page {
	b.t.Helper()
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Set(form[i], form[i+1])
	}
	req, err := http.NewRequest("POST", b.url+path, strings.NewReader(values.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if b.agent != "" {
		req.Header.Set("User-Agent", b.agent)
	}
	res, err := b.client.Do(req)
	return b.page(res, err)
}

var (
	userPart   = regexp.MustCompile(`id="user">([^<]*)<`)
	rolePart   = regexp.MustCompile(`id="role">([^<]*)<`)
	themePart  = regexp.MustCompile(`<html lang="en" data-theme="([^"]*)"`)
	cartPart   = regexp.MustCompile(`id="cart-count">([^<]*)<`)
	noticePart = regexp.MustCompile(`class="notice">([^<]*)<`)
)

func (b browser) page(res *http.Response, err error) page {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	p := page{status: res.StatusCode, path: res.Request.URL.RequestURI(), header: res.Header, html: string(body)}
	first := func(part *regexp.Regexp) string {
		if m := part.FindStringSubmatch(p.html); m != nil {
			return m[1]
		}
		return ""
	}
	p.user, p.role, p.theme, p.cart = first(userPart), first(rolePart), first(themePart), first(cartPart)
	var notices []string
	for _, m := range noticePart.FindAllStringSubmatch(p.html, -1) {
		notices = append(notices, m[1])
	}
	p.notices = strings.Join(notices, " ")
	return p
}

// cookie returns the value of the session's cookie, or "".
func (b browser) cookie() string {
	b.t.Helper()
	u, err := url.Parse(b.url)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range b.client.Jar.Cookies(u) {
		if c.Name == "session" {
			return c.Value
		}
	}
	return ""
}

const goodPassword = "correct horse"

func (b browser) signup(name string) page {
	b.t.Helper()
	return b.post("/signup", "name", name, "password", goodPassword)
}

func (b browser) login(name string) page {
	b.t.Helper()
	return b.post("/login", "name", name, "password", goodPassword)
}

// expect compares what a visitor sees of a page.
func (b browser) expect(p page, status int, path, user, notices string) {
	b.t.Helper()
	if p.status != status || p.path != path || p.user != user || p.notices != notices {
		b.t.Fatalf("the page is %d %s for %q with %q, want %d %s for %q with %q",
			p.status, p.path, p.user, p.notices, status, path, user, notices)
	}
}
