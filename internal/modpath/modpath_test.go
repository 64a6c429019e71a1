package modpath

import "testing"

func TestWithoutMajor(t *testing.T) {
	for path, want := range map[string]string{
		"github.com/gorilla/sessions":                    "github.com/gorilla/sessions",
		"github.com/alexedwards/scs/v2":                  "github.com/alexedwards/scs",
		"github.com/alexedwards/scs/v2/memstore":         "github.com/alexedwards/scs/memstore",
		"github.com/gofiber/fiber/v3/middleware/session": "github.com/gofiber/fiber/middleware/session",
		"example.com/v/vault/v2x":                        "example.com/v/vault/v2x",
		"":                                               "",
	} {
		if got := WithoutMajor(path); got != want {
			t.Errorf("WithoutMajor(%q) = %q, want %q", path, got, want)
		}
	}
}
