package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/oauth2-proxy/mockoidc"
)

// eachOpenID runs a test in each mode, with a provider that lets everybody in.
func eachOpenID(t *testing.T, test func(t *testing.T, s site, mock *mockoidc.MockOIDC)) {
	for _, mode := range []string{"cookie", "sqlite"} {
		t.Run(mode, func(t *testing.T) {
			mock, err := startMock()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { mock.Shutdown() })
			test(t, newSiteWith(t, mock, mode), mock)
		})
	}
}

// begin presses the button, and returns the address of the provider that it leads to.
func (b browser) begin(next string) string { return b.hop("POST", b.url+"/openid/begin", next) }

// hop makes a request, and returns where it is redirected to.
func (b browser) hop(method, address, next string) string {
	b.t.Helper()
	client := *b.client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	req, err := http.NewRequest(method, address, strings.NewReader(url.Values{"next": {next}}.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	res.Body.Close()
	return res.Header.Get("Location")
}

// follow goes to an address of any site.
func (b browser) follow(address string) page {
	b.t.Helper()
	res, err := b.client.Get(address)
	return b.page(res, err)
}

func TestSignInWith(t *testing.T) {
	eachOpenID(t, func(t *testing.T, s site, mock *mockoidc.MockOIDC) {
		b := s.browser(t)
		if p := b.get("/login?next=%2Fcart"); !strings.Contains(p.html, "Sign in with Example ID") {
			t.Errorf("the log-in has no button:\n%s", p.html)
		}
		b.post("/cart/add", "article", "1")
		p := b.post("/openid/begin", "next", "/cart")
		b.expect(p, 200, "/cart", "jane.doe@openid", "Welcome, jane.doe@openid.")
		if p.cart != "1" {
			t.Errorf("the cart counts %s, want 1", p.cart)
		}
		b.expect(b.get("/password"), 200, "/devices", "jane.doe@openid", "Your account has no password: you sign in with another site.")
		b.post("/logout")
		b.expect(b.login("jane.doe@openid"), 422, "/login", "", "") // not by a password
		b.expect(b.post("/openid/begin", "next", "https://evil.example/"), 200, "/", "jane.doe@openid", "Welcome, jane.doe@openid.")
		b.expect(b.post("/openid/begin", "next", "/"+strings.Repeat("long", 300)), 200, "/", "jane.doe@openid", "Welcome, jane.doe@openid.")

		// Another one of the same name is somebody else.
		mock.QueueUser(&mockoidc.MockUser{Subject: "another", PreferredUsername: "jane.doe"})
		other := s.browser(t)
		if p := other.post("/openid/begin"); p.status != http.StatusConflict || p.user != "" {
			t.Errorf("the page has status %d for user %q, want 409 and none", p.status, p.user)
		}
		mock.QueueUser(&mockoidc.MockUser{Subject: "another", PreferredUsername: "<b>"})
		if p := other.post("/openid/begin"); p.status != 200 || !strings.HasSuffix(p.user, "@openid") || strings.Contains(p.html, "<b>") {
			t.Errorf("the page has status %d for user %q, want 200 and a name", p.status, p.user)
		}

		// A user whose name at the provider has changed keeps the account here.
		mock.QueueUser(&mockoidc.MockUser{Subject: mockoidc.DefaultUser().ID(), PreferredUsername: "jane.roe"})
		renamed := s.browser(t)
		renamed.expect(renamed.post("/openid/begin"), 200, "/", "jane.doe@openid", "Welcome, jane.doe@openid.")
	})
}

// Log-ins in several tabs do not disturb each other, whatever happens in between.
func TestSignInTabs(t *testing.T) {
	eachOpenID(t, func(t *testing.T, s site, mock *mockoidc.MockOIDC) {
		b := s.browser(t)
		first, second, third := b.begin("/cart"), b.begin("/devices"), b.begin("/?third")
		b.expect(b.follow(second), 200, "/devices", "jane.doe@openid", "Welcome, jane.doe@openid.")
		b.post("/logout")
		b.expect(b.follow(first), 200, "/cart", "jane.doe@openid", "Welcome, jane.doe@openid.")
		b.expect(b.follow(third), 200, "/?third", "jane.doe@openid", "Welcome, jane.doe@openid.")
	})
}

// A callback counts once, in the browser that began it, with the code that belongs to it.
func TestSignInRefuses(t *testing.T) {
	eachOpenID(t, func(t *testing.T, s site, mock *mockoidc.MockOIDC) {
		refused := func(when string, p page) {
			t.Helper()
			if p.status != http.StatusBadRequest || p.user != "" || !strings.Contains(p.html, "was not begun here") {
				t.Errorf("%s: the page has status %d for user %q, want 400 and none", when, p.status, p.user)
			}
		}
		b, eve := s.browser(t), s.browser(t)
		refused("no state", b.get("/openid/callback?code=x"))
		refused("a made-up state", b.get("/openid/callback?code=x&state=AAAAAAAAAAAAAAAAAAAAAA"))
		callback := b.hop("GET", b.begin("/"), "")
		refused("another browser", eve.follow(callback))
		b.expect(b.follow(callback), 200, "/", "jane.doe@openid", "Welcome, jane.doe@openid.")
		b.post("/logout")
		refused("twice", b.follow(callback))

		// The code of somebody else's log-in: PKCE and the nonce tell.
		evil, err := url.Parse(eve.hop("GET", eve.begin("/"), ""))
		if err != nil {
			t.Fatal(err)
		}
		mine, err := url.Parse(b.hop("GET", b.begin("/"), ""))
		if err != nil {
			t.Fatal(err)
		}
		mine.RawQuery = url.Values{"state": {mine.Query().Get("state")}, "code": {evil.Query().Get("code")}}.Encode()
		if p := b.follow(mine.String()); p.status != http.StatusServiceUnavailable || p.user != "" {
			t.Errorf("with another's code: the page has status %d for user %q, want 503 and none", p.status, p.user)
		}

		// The provider says no.
		denied, err := url.Parse(b.hop("GET", b.begin("/cart"), ""))
		if err != nil {
			t.Fatal(err)
		}
		denied.RawQuery = url.Values{"state": {denied.Query().Get("state")}, "error": {"access_denied"}}.Encode()
		b.expect(b.follow(denied.String()), 200, "/login?next=%2Fcart", "", "You are not logged in: Example ID did not let you.")
	})
}

// An ID token of another log-in would do without the nonce and PKCE.
func TestSignInNonce(t *testing.T) {
	eachOpenID(t, func(t *testing.T, s site, mock *mockoidc.MockOIDC) {
		b := s.browser(t)
		at, err := url.Parse(b.begin("/"))
		if err != nil {
			t.Fatal(err)
		}
		q := at.Query()
		for _, name := range []string{"state", "nonce", "code_challenge"} {
			if len(q.Get(name)) < 20 {
				t.Errorf("the parameter %s is %q, want at least 20 characters", name, q.Get(name))
			}
		}
		if q.Get("code_challenge_method") != "S256" {
			t.Errorf("the challenge's method is %q, want S256", q.Get("code_challenge_method"))
		}
		q.Set("nonce", "another-nonce-of-another-log-in")
		at.RawQuery = q.Encode()
		if p := b.follow(at.String()); p.status != http.StatusServiceUnavailable || p.user != "" {
			t.Errorf("with another nonce: the page has status %d for user %q, want 503 and none", p.status, p.user)
		}
	})
}

// A provider could send nobody back to a site that has no name.
func TestOpenProviderNeedsHost(t *testing.T) {
	t.Setenv("OPENID_ISSUER", "https://issuer.example")
	if _, _, err := openProvider(t.Context(), "https://", false); err == nil || !strings.Contains(err.Error(), "SITE_HOST") {
		t.Errorf("got error %v, want one about SITE_HOST", err)
	}
	t.Setenv("OPENID_ISSUER", "")
	if p, _, err := openProvider(t.Context(), "https://", false); p != nil || err != nil {
		t.Errorf("without a configured provider: got %v, %v", p, err)
	}
}
