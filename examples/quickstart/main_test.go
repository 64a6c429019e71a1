package main

import (
	"bytes"
	"io"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// serve starts the program, with a key of its own and a browser that has no cookie.
func serve(t *testing.T) (url string, browser *http.Client) {
	t.Helper()
	keys, err := runtime.ParseKeys(runtime.GenerateKey())
	if err != nil {
		t.Fatal(err)
	}
	handler, err := newHandler(runtime.Config{Keys: keys, Insecure: true, Lifetime: 7 * 24 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return server.URL, &http.Client{Jar: jar}
}

func visit(t *testing.T, browser *http.Client, url string) (*http.Response, string) {
	t.Helper()
	res, err := browser.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func TestVisit(t *testing.T) {
	var logged bytes.Buffer
	log.SetOutput(&logged)
	defer log.SetOutput(os.Stderr)

	url, browser := serve(t)
	for i, step := range []struct {
		path, body string
		cookies    int // in the browser, afterwards
		log        string
	}{
		{"/get/", "None", 0, ""},
		{"/delete/", "success", 0, `username absent`},
		{"/", "Hello World!", 1, ""},
		{"/get/", "hubo", 1, ""},
		{"/delete/", "success", 0, `before delete: username "hubo"`},
		{"/get/", "None", 0, ""},
		{"/", "Hello World!", 1, ""},
		{"/clear", "success", 0, `before clear: username "hubo"`},
		{"/get/", "None", 0, ""},
	} {
		logged.Reset()
		res, body := visit(t, browser, url+step.path)
		if res.StatusCode != http.StatusOK || body != step.body {
			t.Errorf("step %d: %s gets %d %q, want 200 %q", i, step.path, res.StatusCode, body, step.body)
		}
		if cookies := browser.Jar.Cookies(res.Request.URL); len(cookies) != step.cookies {
			t.Errorf("step %d: after %s the browser has %d cookies, want %d", i, step.path, len(cookies), step.cookies)
		}
		if !strings.Contains(logged.String(), step.log) {
			t.Errorf("step %d: %s logged %q, want %q", i, step.path, logged.String(), step.log)
		}
		if strings.HasSuffix(step.body, "success") && !strings.Contains(logged.String(), "username absent") {
			t.Errorf("step %d: %s logged %q, want an absent name at the end", i, step.path, logged.String())
		}
	}
	for _, path := range []string{"/nothing", "/get", "/get/more", "/delete", "/clear/", "//"} {
		if res, body := visit(t, browser, url+path); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s gets %d %q, want 404", path, res.StatusCode, body)
		}
	}
}

// The addresses that the program prints exist, and the debug page shows the session.
func TestRoutes(t *testing.T) {
	log.SetOutput(io.Discard)
	defer log.SetOutput(os.Stderr)
	url, browser := serve(t)
	lines := strings.Split(strings.TrimSpace(routes), "\n")
	if len(lines) != 5 {
		t.Errorf("got %d routes, want 5", len(lines))
	}
	for _, line := range lines {
		path := strings.Fields(line)[0]
		if res, body := visit(t, browser, url+path); res.StatusCode != http.StatusOK {
			t.Errorf("%s gets %d %q, want 200", path, res.StatusCode, body)
		}
	}
	visit(t, browser, url+"/")
	if _, body := visit(t, browser, url+"/debug/session"); !strings.Contains(body, "Username") || !strings.Contains(body, "hubo") {
		t.Errorf("the debug page shows %s", body)
	}
}

func TestCookie(t *testing.T) {
	url, browser := serve(t)
	res, _ := visit(t, browser, url+"/")
	line := res.Header.Get("Set-Cookie")
	for _, attribute := range []string{"; HttpOnly", "; SameSite=Lax", "; Path=/", "; Max-Age=604800"} {
		if !strings.Contains(line+";", attribute+";") {
			t.Errorf("the cookie has no %s: %s", attribute, line)
		}
	}
	if strings.Contains(line, "hubo") {
		t.Errorf("the cookie shows the name: %s", line)
	}
}

// A cookie that is not the one that was set, or not of this run, is an empty session.
func TestForeignCookie(t *testing.T) {
	url, browser := serve(t)
	res, _ := visit(t, browser, url+"/")
	cookie := res.Cookies()[0]
	get := func(url, value string) string {
		req, err := http.NewRequest("GET", url+"/get/", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.AddCookie(&http.Cookie{Name: cookie.Name, Value: value})
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("got status %d, error %v", res.StatusCode, err)
		}
		return string(body)
	}
	if got := get(url, cookie.Value); got != "hubo" {
		t.Fatalf("the cookie itself gives %q, want hubo", got)
	}
	for i := range cookie.Value {
		other := byte('A')
		if cookie.Value[i] == other {
			other = 'B'
		}
		if got := get(url, cookie.Value[:i]+string(other)+cookie.Value[i+1:]); got != "None" {
			t.Errorf("with character %d changed, the cookie gives %q, want None", i, got)
		}
	}
	if another, _ := serve(t); get(another, cookie.Value) != "None" {
		t.Error("another run of the program opens the cookie")
	}
}
