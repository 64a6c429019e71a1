// Package check is the client that drives every program in examples/frameworks.
package check

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"testing"
)

// A Program is one of the programs, as one visitor sees it.
type Program interface {
	Home() (greeting string, err error)
	LogIn(name string) error
	LogOut() error
}

// Run visits a program, logs in and logs out.
func Run(t *testing.T, p Program) {
	t.Helper()
	home := func(want string) {
		t.Helper()
		if got, err := p.Home(); got != want || err != nil {
			t.Errorf("the home page has %q, %v, want %q", got, err, want)
		}
	}
	home("Hello, stranger.")
	if err := p.LogIn("hubo"); err != nil {
		t.Fatal(err)
	}
	home("Hello, hubo. Visit 1.")
	home("Hello, hubo. Visit 2.")
	if err := p.LogIn("another"); err != nil {
		t.Fatal(err)
	}
	home("Hello, another. Visit 1.") // nobody inherits
	if err := p.LogOut(); err != nil {
		t.Fatal(err)
	}
	home("Hello, stranger.")
}

// Browser returns a client with a cookie jar.
func Browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

// Site returns the program that is served at a URL, with pages. It does not follow redirects.
func Site(t *testing.T, url string) Program {
	t.Helper()
	browser := Browser(t)
	browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return site{url, browser}
}

type site struct {
	url     string
	browser *http.Client
}

func (s site) Home() (string, error) {
	resp, err := s.browser.Get(s.url + "/")
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

func (s site) LogIn(name string) error { return s.post("/login", url.Values{"name": {name}}) }

func (s site) LogOut() error { return s.post("/logout", nil) }

func (s site) post(path string, form url.Values) error {
	resp, err := s.browser.PostForm(s.url+path, form)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}
