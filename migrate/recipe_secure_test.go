package migrate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/sessiongen/sessiongen/internal/long"
)

// Cookies whose options a program leaves alone are Secure and SameSite=None since v1.3 of gorilla/sessions. Those in
// files never were, nor those with options of the program's own.
func TestSecureByDefault(t *testing.T) {
	if testing.Short() {
		t.Skip("this test runs migrate often")
	}
	const made, changed = "sessions.NewCookieStore([]byte(secret))", "store.Options = &sessions.Options{Path: \"/\"}"
	for i, c := range []struct {
		version, store, options string
		insecure                bool
		sameSite                string
	}{
		{"v1.2.1", made, "", true, "which was not set before"},
		{"v1.4.0", made, "", false, "and was SameSite=None"},
		{"v1.10.0", made, "", false, "and was SameSite=None"},
		{"v1.3.0", made, "", false, "and was SameSite=None"},
		{"v1.4.0", made, "store.Options.HttpOnly = true", false, "and was SameSite=None"},
		{"v1.4.0", made, "store.Options.Secure = false", true, "and was SameSite=None"},
		{"v1.4.0", made, "store.Options.SameSite = http.SameSiteLaxMode", false, ""},
		{"v1.4.0", made, changed, true, "which was not set before"},
		{"v1.4.0", `sessions.NewFilesystemStore("", []byte(secret))`, "", true, ""}, // its manager is made by hand
	} {
		if i%long.Of(3, 1) > 0 {
			continue
		}
		dir := write(t, []txtar.File{{Name: "main.go", Data: []byte(strings.NewReplacer("STORE", c.store, "OPTIONS", c.options).Replace(`package main

import (
	"net/http"
	"os"

	"github.com/gorilla/sessions"
)

var secret = os.Getenv("SESSION_KEY")

var store = STORE

func init() {
	OPTIONS
}

func visit(w http.ResponseWriter, r *http.Request) {
	session, _ := store.Get(r, "site")
	session.Values["visits"] = 1
	session.Save(r, w)
}

func main() { http.ListenAndServe(":8080", http.HandlerFunc(visit)) }
`))}})
		name := filepath.Join(dir, "go.mod")
		mod, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		mod = []byte(strings.Replace(string(mod), "gorilla/sessions "+gorillaVersion, "gorilla/sessions "+c.version, 1))
		if err := os.WriteFile(name, mod, 0o644); err != nil {
			t.Fatal(err)
		}
		res := run(t, dir)
		text := report(res)
		for _, f := range res.Files {
			text += string(f.New)
		}
		if got := strings.Contains(text, "Insecure: "); got != c.insecure {
			t.Errorf("%s, %s, %s: got Insecure %v, want %v:\n%s", c.version, c.store, c.options, got, c.insecure, text)
		}
		if got := strings.Contains(text, "the cookie is SameSite=Lax, "+c.sameSite); got != (c.sameSite != "") {
			t.Errorf("%s, %s, %s: the report does not say %q, or says too much:\n%s", c.version, c.store, c.options, c.sameSite, text)
		}
	}
}
