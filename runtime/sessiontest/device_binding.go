package sessiontest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

	"github.com/sessiongen/sessiongen/runtime/internal/dbsc"
)

// soon is how many seconds before a cookie expires Chromium makes a new proof.
const soon = 120

// maxChallenges is how many challenges Chromium answers in one refresh.
const maxChallenges = 4

// binding is a session that is bound to a key.
type binding struct {
	key       *ecdsa.PrivateKey
	id        string
	origin    *url.URL
	refresh   *url.URL
	cookie    *http.Cookie // as the site describes it; without a value
	brief     bool         // the site set the cookie for so short a time that it is always about to expire
	challenge string       // for the next refresh; empty if there is none
}

func (b *binding) sameOrigin(u *url.URL) bool {
	return b.origin.Scheme == u.Scheme && b.origin.Host == u.Host
}

// isDue reports whether a request to an address needs a proof first: it would carry the binding's
// cookie, which is missing or expires soon.
func (b *binding) isDue(jar http.CookieJar, u *url.URL) bool {
	if !b.sameOrigin(u) {
		return false
	}
	if holds(jar, u, b.cookie.Name) {
		return b.brief
	}
	full, _ := cookiejar.New(nil) // it never returns an error
	present := *b.cookie
	present.Value = "present"
	full.SetCookies(b.refresh, []*http.Cookie{&present})
	return holds(full, u, b.cookie.Name)
}

func holds(jar http.CookieJar, u *url.URL, name string) bool {
	for _, c := range jar.Cookies(u) {
		if c.Name == name {
			return true
		}
	}
	return false
}

func (b *binding) expire(jar http.CookieJar) {
	gone := *b.cookie
	gone.MaxAge = -1
	jar.SetCookies(b.refresh, []*http.Cookie{&gone})
}

// noteCookie notes how long the site's new cookie lasts.
func (b *binding) noteCookie(set []*http.Cookie) {
	for _, c := range last(set) {
		if c.Name == b.cookie.Name {
			b.brief = c.MaxAge > 0 && c.MaxAge < soon
		}
	}
}

// noteChallenge keeps a challenge in a response for the next refresh.
func (b *binding) noteChallenge(h http.Header) bool {
	for _, value := range h.Values(dbsc.HeaderChallenge) {
		item := parseItem(value)
		if id, named := item.parameters["id"]; !named || id == b.id {
			b.challenge = item.value
			return true
		}
	}
	return false
}

// register accepts the offers of bindings. The caller holds the lock.
func (d *Device) register() error {
	offers := d.offers
	d.offers = nil
	for _, o := range offers {
		if err := d.accept(o); err != nil {
			return err
		}
	}
	return nil
}

// accept registers a new key with a site.
func (d *Device) accept(o offer) error {
	item := parseItem(o.value)
	if !strings.HasPrefix(item.value, "(") || !strings.Contains(item.value, "ES256") {
		return fmt.Errorf("sessiontest: %s does not name ES256: %s", dbsc.HeaderRegistration, o.value)
	}
	to, err := o.from.Parse(item.parameters["path"])
	if err != nil {
		return fmt.Errorf("sessiontest: path of %s: %w", dbsc.HeaderRegistration, err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	proof, err := sign(key, true, item.parameters["challenge"])
	if err != nil {
		return err
	}
	b := &binding{key: key, origin: o.from}
	res, err := d.post(to, http.Header{dbsc.HeaderResponse: {proof}})
	if err != nil {
		return nil // The site cannot be reached, so there is no binding.
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil // The site refuses.
	}
	going, err := b.read(res, to)
	if going && err == nil {
		d.bindings = append(d.bindings, b)
	}
	return err
}

// refresh proves a binding's key, so that the cookie jar gets the binding's cookie. ended means that
// the site has ended the binding. transient means that the next request should try again. The caller
// holds the lock.
func (d *Device) refresh(b *binding) (ended, transient bool, err error) {
	for range maxChallenges + 1 {
		header := http.Header{dbsc.HeaderID: {b.id}}
		if b.challenge != "" {
			proof, err := sign(b.key, false, b.challenge)
			if err != nil {
				return false, false, err
			}
			header.Set(dbsc.HeaderResponse, proof)
		}
		b.challenge = ""
		res, err := d.post(b.refresh, header)
		if err != nil {
			return false, true, nil
		}
		defer res.Body.Close()
		switch {
		case res.StatusCode == http.StatusForbidden && b.noteChallenge(res.Header):
			continue
		case res.StatusCode == http.StatusOK:
			going, err := b.read(res, b.refresh)
			return !going, false, err
		case res.StatusCode >= 500:
			return false, true, nil
		}
		return true, false, nil
	}
	return true, false, nil
}

// post sends a request to an endpoint, as Chromium does, and keeps the cookies that it sets.
func (d *Device) post(to *url.URL, header http.Header) (*http.Response, error) {
	r, err := http.NewRequest("POST", to.String(), nil)
	if err != nil {
		return nil, err
	}
	r.Header = header
	r.Header.Set("Origin", to.Scheme+"://"+to.Host)
	r.Header.Set("Sec-Fetch-Dest", "empty")
	r.Header.Set("Sec-Fetch-Mode", "no-cors")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	apply(r, d.client.Jar.Cookies(to))
	res, err := d.inner.RoundTrip(r)
	if err == nil {
		d.client.Jar.SetCookies(to, res.Cookies())
	}
	return res, err
}

// read takes over a site's description of the binding, and reports whether the binding continues.
func (b *binding) read(res *http.Response, at *url.URL) (going bool, err error) {
	b.noteChallenge(res.Header)
	body, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil {
		return false, err
	}
	if len(body) == 0 && b.id != "" {
		return true, nil
	}
	var said struct {
		ID          string `json:"session_identifier"`
		RefreshURL  string `json:"refresh_url"`
		Continue    *bool  `json:"continue"`
		Credentials []struct {
			Type       string `json:"type"`
			Name       string `json:"name"`
			Attributes string `json:"attributes"`
		} `json:"credentials"`
	}
	if err := json.Unmarshal(body, &said); err != nil {
		return false, fmt.Errorf("sessiontest: the answer of %s: %w", at.Path, err)
	}
	if said.Continue != nil && !*said.Continue {
		return false, nil
	}
	if said.ID == "" || len(said.Credentials) != 1 || said.Credentials[0].Type != "cookie" {
		return false, fmt.Errorf("sessiontest: the answer of %s does not name a session and exactly one cookie", at.Path)
	}
	if b.id != "" && b.id != said.ID {
		return false, fmt.Errorf("sessiontest: the answer of %s is for another session", at.Path)
	}
	b.id = said.ID
	if b.refresh, err = at.Parse(said.RefreshURL); err != nil {
		return false, fmt.Errorf("sessiontest: refresh_url of %s: %w", at.Path, err)
	}
	b.cookie, err = http.ParseSetCookie(said.Credentials[0].Name + "=; " + said.Credentials[0].Attributes)
	if err != nil {
		return false, fmt.Errorf("sessiontest: attributes of %s: %w", at.Path, err)
	}
	b.noteCookie(res.Cookies())
	return true, b.compare(res.Cookies())
}

// compare returns an error if the cookie that a site sets differs from its description. Chromium
// would then make a proof with every request.
func (b *binding) compare(set []*http.Cookie) error {
	if b.cookie.MaxAge != 0 || !b.cookie.Expires.IsZero() || b.cookie.Partitioned {
		return errors.New("sessiontest: the description of the bound cookie has Max-Age, Expires or Partitioned, which Chromium refuses")
	}
	for _, c := range last(set) {
		if c.Name != b.cookie.Name || deletes(c) {
			continue
		}
		w := b.cookie
		if c.Path != w.Path || c.Domain != w.Domain || c.Secure != w.Secure || c.HttpOnly != w.HttpOnly || c.SameSite != w.SameSite {
			return fmt.Errorf("sessiontest: the bound cookie %s does not have the attributes in the site's description, so Chromium would prove the key with each request", c.Name)
		}
	}
	return nil
}

// sign returns a proof of a key. The proof contains the public key if withKey is true.
func sign(key *ecdsa.PrivateKey, withKey bool, challenge string) (string, error) {
	type jwk struct {
		Curve string `json:"crv"`
		Type  string `json:"kty"`
		X     string `json:"x"`
		Y     string `json:"y"`
	}
	header := struct {
		Algorithm string `json:"alg"`
		Key       *jwk   `json:"jwk,omitempty"`
		Type      string `json:"typ"`
	}{Algorithm: "ES256", Type: "dbsc+jwt"}
	encode := base64.RawURLEncoding.EncodeToString
	if withKey {
		point, err := key.PublicKey.Bytes()
		if err != nil {
			return "", err
		}
		header.Key = &jwk{"P-256", "EC", encode(point[1:33]), encode(point[33:])}
	}
	head, err := json.Marshal(header)
	if err != nil {
		return "", err
	}
	claims, err := json.Marshal(map[string]string{"jti": challenge})
	if err != nil {
		return "", err
	}
	text := encode(head) + "." + encode(claims)
	digest := sha256.Sum256([]byte(text))
	der, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return "", err
	}
	var pair struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &pair); err != nil {
		return "", err
	}
	signature := make([]byte, 64)
	pair.R.FillBytes(signature[:32])
	pair.S.FillBytes(signature[32:])
	return text + "." + encode(signature), nil
}

// item is a value of RFC 9651 with its parameters, as far as the protocol uses them: strings, and a
// list in parentheses.
type item struct {
	value      string
	parameters map[string]string
}

func parseItem(text string) item {
	i := item{parameters: make(map[string]string)}
	for n, part := range splitOutside(text, ';') {
		if n == 0 {
			i.value = unescape(part)
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		i.parameters[strings.TrimSpace(name)] = unescape(value)
	}
	return i
}

// splitOutside splits a text at a separator that is not within a quoted string.
func splitOutside(text string, separator byte) []string {
	var parts []string
	quoted, start := false, 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == separator && !quoted:
			parts = append(parts, text[start:i])
			start = i + 1
		}
	}
	return append(parts, text[start:])
}

// unescape returns the content of a quoted string. Other texts are returned unchanged.
func unescape(text string) string {
	text = strings.TrimSpace(text)
	inner, ok := strings.CutPrefix(text, `"`)
	if !ok {
		return text
	}
	inner = strings.TrimSuffix(inner, `"`)
	var b strings.Builder
	for i := 0; i < len(inner); i++ {
		if inner[i] == '\\' && i+1 < len(inner) {
			i++
		}
		b.WriteByte(inner[i])
	}
	return b.String()
}
