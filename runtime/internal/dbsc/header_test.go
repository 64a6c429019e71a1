package dbsc

import (
	"net/http"
	"testing"
)

func TestHeaderNames(t *testing.T) {
	for _, name := range []string{HeaderRegistration, HeaderChallenge, HeaderResponse, HeaderID, HeaderSkipped} {
		if http.CanonicalHeaderKey(name) != name {
			t.Errorf("%s is not in the form of http.Header", name)
		}
	}
}

func TestHeaders(t *testing.T) {
	if got, want := RegistrationHeader("/_device/register", "c-1"), `(ES256);path="/_device/register";challenge="c-1"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := ChallengeHeader("c-1", "id.1"), `"c-1";id="id.1"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	// A value cannot make another parameter or header field.
	if got, want := ChallengeHeader("a\";id=\"b\\\r\nX: y\x7fü", ""), `"a\";id=\"b\\X: y";id=""`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestUnquote(t *testing.T) {
	for value, want := range map[string]string{`abc`: `abc`, `"abc"`: `abc`, ``: ``, `""`: ``, `"`: `"`, `"abc`: `"abc`, `abc"`: `abc"`} {
		if got := Unquote(value); got != want {
			t.Errorf("%s: got %s, want %s", value, got, want)
		}
	}
}

func TestInstructions(t *testing.T) {
	got := string(Instructions(Binding{ID: "id.1", RefreshURL: "/_device/refresh", Cookie: "__Host-session-bound",
		Attributes: "Path=/; Secure; HttpOnly; SameSite=Lax"}))
	want := `{"session_identifier":"id.1","refresh_url":"/_device/refresh","scope":{"include_site":false},` +
		`"credentials":[{"type":"cookie","name":"__Host-session-bound","attributes":"Path=/; Secure; HttpOnly; SameSite=Lax"}],` +
		`"allowed_refresh_initiators":["*"]}`
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := string(Stop("id.1")), `{"session_identifier":"id.1","continue":false}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
