package dbsc

import (
	"encoding/json"
	"strings"
)

// Names of the protocol's header fields, in the canonical form of http.Header.
const (
	HeaderRegistration = "Secure-Session-Registration" // in a response: offers a binding
	HeaderChallenge    = "Secure-Session-Challenge"    // in a response: what to sign
	HeaderResponse     = "Secure-Session-Response"     // in a request: the proof
	HeaderID           = "Sec-Secure-Session-Id"       // in a request: the binding that the proof is for
	HeaderSkipped      = "Secure-Session-Skipped"      // in a request: why there is no proof
)

// RegistrationHeader returns the value of HeaderRegistration. The browser registers its key at path.
func RegistrationHeader(path, challenge string) string {
	return "(ES256);path=" + quote(path) + ";challenge=" + quote(challenge)
}

// ChallengeHeader returns the value of HeaderChallenge for a binding.
func ChallengeHeader(challenge, id string) string {
	return quote(challenge) + ";id=" + quote(id)
}

// quote returns s as a string of RFC 9651. It leaves out characters other than printable ASCII,
// which such a string cannot hold.
func quote(s string) string {
	quoted := []byte{'"'}
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			quoted = append(quoted, '\\', c)
		case c >= ' ' && c <= '~':
			quoted = append(quoted, c)
		}
	}
	return string(append(quoted, '"'))
}

// Unquote returns the text in the value of HeaderResponse or HeaderID. The draft puts the text in
// quotes, and Chromium sends it without. Proofs and this package's identifiers contain no character
// that needs escaping.
func Unquote(value string) string {
	if inner, ok := strings.CutPrefix(value, `"`); ok {
		if text, ok := strings.CutSuffix(inner, `"`); ok {
			return text
		}
	}
	return value
}

// A Binding is what a browser learns about a session that it has bound.
type Binding struct {
	ID         string // the browser sends it in HeaderID
	RefreshURL string // where the browser proves its key
	Cookie     string // the cookie's name; before any request without that cookie, the browser proves its key
	// Attributes are the cookie's, as in Set-Cookie, except Max-Age, Expires and Partitioned. If
	// they differ from the cookie's own, the browser believes that the cookie is missing and proves
	// its key before each request.
	Attributes string
}

// Instructions returns the JSON that answers a successful registration or refresh. It also lets
// requests from other sites start a refresh.
func Instructions(b Binding) []byte {
	type scope struct {
		IncludeSite bool `json:"include_site"`
	}
	type credential struct {
		Type       string `json:"type"`
		Name       string `json:"name"`
		Attributes string `json:"attributes"`
	}
	return marshal(struct {
		ID          string       `json:"session_identifier"`
		RefreshURL  string       `json:"refresh_url"`
		Scope       scope        `json:"scope"`
		Credentials []credential `json:"credentials"`
		Initiators  []string     `json:"allowed_refresh_initiators"`
	}{b.ID, b.RefreshURL, scope{}, []credential{{"cookie", b.Cookie, b.Attributes}}, []string{"*"}})
}

// Stop returns the JSON that ends a binding.
func Stop(id string) []byte {
	return marshal(struct {
		ID       string `json:"session_identifier"`
		Continue bool   `json:"continue"`
	}{ID: id})
}

// marshal encodes a value that consists of strings and booleans.
func marshal(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic("session: JSON of strings: " + err.Error())
	}
	return text
}
