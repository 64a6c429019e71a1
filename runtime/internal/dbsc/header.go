package dbsc

import (
	"encoding/json"
	"strings"
)

// The header fields of the protocol, in the form of http.Header's keys.
const (
	HeaderRegistration = "Secure-Session-Registration" // of an answer: it offers a binding
	HeaderChallenge    = "Secure-Session-Challenge"    // of an answer: what is to be signed
	HeaderResponse     = "Secure-Session-Response"     // of a request: the proof
	HeaderID           = "Sec-Secure-Session-Id"       // of a request: whose proof it is
	HeaderSkipped      = "Secure-Session-Skipped"      // of a request: why there is no proof
)

// RegistrationHeader returns the value of HeaderRegistration. The path is where the browser registers a key.
func RegistrationHeader(path, challenge string) string {
	return "(ES256);path=" + quote(path) + ";challenge=" + quote(challenge)
}

// ChallengeHeader returns the value of HeaderChallenge, for the binding with an identifier.
func ChallengeHeader(challenge, id string) string {
	return quote(challenge) + ";id=" + quote(id)
}

// quote returns a string of RFC 9651. That knows printable ASCII alone; all else is left out.
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

// Unquote returns the text that the value of HeaderResponse or HeaderID stands for. The draft has a quoted string
// there, and Chromium sends the text alone. Neither a proof nor an identifier of ours has a character to escape.
func Unquote(value string) string {
	if inner, ok := strings.CutPrefix(value, `"`); ok {
		if text, ok := strings.CutSuffix(inner, `"`); ok {
			return text
		}
	}
	return value
}

// A Binding is what a browser is told about the session that it has bound.
type Binding struct {
	ID         string // comes back in HeaderID
	RefreshURL string // where the browser proves that it has the key
	Cookie     string // name of the cookie without which it proves that first
	// Attributes are those of the cookie, as in Set-Cookie, but for Max-Age, Expires and Partitioned. If they are not
	// the cookie's own, the browser believes it is missing, and proves with each request.
	Attributes string
}

// Instructions returns the JSON with which a registration or a refresh succeeds. Requests from other sites prove too.
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

// Stop returns the JSON that ends the binding with an identifier.
func Stop(id string) []byte {
	return marshal(struct {
		ID       string `json:"session_identifier"`
		Continue bool   `json:"continue"`
	}{ID: id})
}

// marshal writes what has strings alone.
func marshal(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic("session: JSON of strings: " + err.Error())
	}
	return text
}
