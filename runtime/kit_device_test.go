package runtime_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// A device is a browser with Device Bound Session Credentials, as far as tests need one.
type device struct {
	t   testing.TB
	h   http.Handler
	jar *jar
	off bool // it does not know of them

	key      *ecdsa.PrivateKey
	id       string
	refresh  string // the URL
	badge    string // the name of the cookie
	ended    bool   // the server said so
	offers   int
	register func() // not nil if there was an offer that waits, for tests that answer it later
	waits    bool   // offers are not answered at once
}

func newDevice(t testing.TB, h http.Handler, now func() time.Time) *device {
	return &device{t: t, h: h, jar: newJar(now)}
}

const deviceHost = "https://www.example.com"

// send makes one request, whatever it is for.
func (d *device) send(method, target string, header http.Header, withCookies bool) *http.Response {
	d.t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for name, values := range header {
		r.Header[name] = values
	}
	if withCookies {
		if cookies := d.jar.header(); cookies != nil {
			r.Header["Cookie"] = cookies
		}
	}
	w := httptest.NewRecorder()
	d.h.ServeHTTP(w, r)
	res := w.Result()
	d.jar.receive(d.t, res.Header["Set-Cookie"])
	return res
}

// visit asks for a page, after proving the key if that is due, and follows redirects to the page itself.
func (d *device) visit(path string) (status int, body string) {
	d.t.Helper()
	return d.visitWith(path, nil)
}

func (d *device) visitWith(path string, header http.Header) (status int, body string) {
	d.t.Helper()
	for range 3 {
		d.prove()
		res := d.send("GET", deviceHost+path, header, true)
		d.answerOffer(path, res)
		if res.StatusCode != http.StatusTemporaryRedirect {
			return res.StatusCode, readAll(d.t, res)
		}
		path = resolve(d.t, path, res.Header.Get("Location"))
	}
	d.t.Error("the site redirects endlessly")
	return 0, ""
}

func readAll(t testing.TB, res *http.Response) string {
	t.Helper()
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// resolve returns the URL that a reference stands for in what a path answers.
func resolve(t testing.TB, path, reference string) string {
	t.Helper()
	base, err := url.Parse(deviceHost + path)
	if err != nil {
		t.Fatal(err)
	}
	u, err := base.Parse(reference)
	if err != nil {
		t.Fatal(err)
	}
	return u.RequestURI()
}

// answerOffer registers a key if a response offers that.
func (d *device) answerOffer(path string, res *http.Response) {
	d.t.Helper()
	offer := res.Header.Get("Secure-Session-Registration")
	if offer == "" {
		return
	}
	d.offers++
	if d.off {
		return
	}
	target := resolve(d.t, path, parameter(d.t, offer, "path"))
	challenge := parameter(d.t, offer, "challenge")
	d.register = func() { d.registerAt(target, challenge) }
	if !d.waits {
		d.register()
	}
}

// parameter returns the value of a parameter of a header field.
func parameter(t testing.TB, value, name string) string {
	t.Helper()
	_, rest, ok := strings.Cut(value, ";"+name+`="`)
	text, _, closed := strings.Cut(rest, `"`)
	if !ok || !closed {
		t.Fatalf("the header %q has no %s", value, name)
	}
	return text
}

func (d *device) registerAt(target, challenge string) {
	d.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		d.t.Fatal(err)
	}
	header := http.Header{"Secure-Session-Response": {signProof(d.t, key, true, challenge)}, "Sec-Fetch-Mode": {"no-cors"}}
	res := d.send("POST", deviceHost+target, header, true)
	if res.StatusCode != http.StatusOK {
		return
	}
	d.key, d.ended = key, false
	d.follow(target, res)
}

// follow does what the body of an answer says.
func (d *device) follow(target string, res *http.Response) {
	d.t.Helper()
	var body struct {
		Continue    *bool  `json:"continue"`
		ID          string `json:"session_identifier"`
		RefreshURL  string `json:"refresh_url"`
		Credentials []struct{ Name, Attributes string }
	}
	if err := json.Unmarshal([]byte(readAll(d.t, res)), &body); err != nil {
		d.t.Fatal(err)
	}
	if body.Continue != nil && !*body.Continue {
		d.key, d.ended = nil, true
		return
	}
	d.id, d.refresh, d.badge = body.ID, resolve(d.t, target, body.RefreshURL), body.Credentials[0].Name
}

// prove proves the key if there is one and the badge is missing.
func (d *device) prove() {
	d.t.Helper()
	if d.key == nil || d.jar.value(d.badge) != "" {
		return
	}
	d.proveNow()
}

// proveNow proves the key, and returns the status of the last answer.
func (d *device) proveNow() int {
	d.t.Helper()
	header := http.Header{"Sec-Secure-Session-Id": {d.id}, "Sec-Fetch-Mode": {"no-cors"}}
	for range 5 {
		res := d.send("POST", deviceHost+d.refresh, header, true)
		switch {
		case res.StatusCode == http.StatusOK:
			d.follow(d.refresh, res)
			return res.StatusCode
		case res.StatusCode >= 500:
			return res.StatusCode
		case res.StatusCode != http.StatusForbidden, res.Header.Get("Secure-Session-Challenge") == "":
			d.key, d.ended = nil, true
			return res.StatusCode
		}
		challenge, _, _ := strings.Cut(strings.TrimPrefix(res.Header.Get("Secure-Session-Challenge"), `"`), `"`)
		header["Secure-Session-Response"] = []string{signProof(d.t, d.key, false, challenge)}
	}
	d.key, d.ended = nil, true
	return http.StatusForbidden
}

// signProof returns the proof of a key, with the key itself if it is to be registered.
func signProof(t testing.TB, key *ecdsa.PrivateKey, withKey bool, challenge string) string {
	t.Helper()
	encode := base64.RawURLEncoding.EncodeToString
	header := map[string]any{"alg": "ES256", "typ": "dbsc+jwt"}
	if withKey {
		point, err := key.PublicKey.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		header["jwk"] = map[string]string{"kty": "EC", "crv": "P-256", "x": encode(point[1:33]), "y": encode(point[33:])}
	}
	head, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	claims, err := json.Marshal(map[string]string{"jti": challenge})
	if err != nil {
		t.Fatal(err)
	}
	text := encode(head) + "." + encode(claims)
	digest := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + encode(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

// steal returns the cookies that a thief finds now.
func (d *device) steal() []string { return d.jar.header() }

// asThief asks for a page with stolen cookies alone.
func (d *device) asThief(path string, cookies []string) *httptest.ResponseRecorder {
	return serveFrom(d.h, path, cookies)
}

const boundName = "__Host-session-bound"

// withoutBadge returns cookies without the one that says what was proved.
func withoutBadge(cookies []string) []string {
	var kept []string
	for _, header := range cookies {
		for pair := range strings.SplitSeq(header, "; ") {
			if !strings.HasPrefix(pair, boundName+"=") {
				kept = append(kept, pair)
			}
		}
	}
	return []string{strings.Join(kept, "; ")}
}

// deviceSite is a site with log-ins.
func deviceSite(m *runtime.Manager[visitor]) http.Handler {
	mux := http.NewServeMux()
	route := func(path string, use func(s *visitor)) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			s := from(r)
			use(s)
			fmt.Fprintf(w, "account %d, visits %d, bound %t", fieldAccount.Get(s.Session), fieldVisits.Get(s.Session), s.DeviceBound())
		})
	}
	route("/", func(*visitor) {})
	route("/login", func(s *visitor) { fieldAccount.Set(s.Session, 42) })
	route("/other", func(s *visitor) { fieldAccount.Set(s.Session, 43) })
	route("/count", func(s *visitor) { fieldVisits.Update(s.Session, func(n int) int { return n + 1 }) })
	route("/renew", func(s *visitor) { s.Renew() })
	route("/authenticate", func(s *visitor) { s.Authenticate() })
	route("/logout", func(s *visitor) { s.LogOut() })
	route("/clear", func(s *visitor) { s.Clear() })
	mux.HandleFunc("/untouched", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "untouched") })
	mux.Handle("/pay", m.RequireProof(time.Minute, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "paid")
	})))
	return m.Handler(mux)
}

func encodeText(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
