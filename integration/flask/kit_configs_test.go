package flask

import (
	"maps"
	"net/http"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

const (
	day  = 24 * time.Hour
	week = 7 * day
)

// config is one configuration of both programs.
type config struct {
	flask       map[string]any
	ours        func(*runtime.Config) error // changes to those of newPeer
	partitioned bool                        // this Flask may lack it
}

// keys are our names for Flask's options.
var keys = map[string]string{
	"one": runtime.GenerateKey(),
	"two": runtime.GenerateKey(),
	"dev": "dev", // as in Flask's tutorial
}

// flaskSettings are those of newPeer, in Flask's words, with changes.
func flaskSettings(changes map[string]any) map[string]any {
	settings := map[string]any{
		"SECRET_KEY":                   "one",
		"PERMANENT_SESSION_LIFETIME":   int(week / time.Second),
		"SESSION_REFRESH_EACH_REQUEST": false,
		"SESSION_COOKIE_SAMESITE":      "Lax",
	}
	maps.Copy(settings, changes)
	return settings
}

func useKeys(text string) func(*runtime.Config) error {
	return func(c *runtime.Config) (err error) {
		c.Keys, err = runtime.ParseKeys(text)
		return err
	}
}

// change adapts a function that cannot fail.
func change(f func(*runtime.Config)) func(*runtime.Config) error {
	return func(c *runtime.Config) error {
		f(c)
		return nil
	}
}

var configs = map[string]config{
	"plain": {flask: flaskSettings(nil)},
	"defaults": {
		flask: map[string]any{"SECRET_KEY": "one"},
		ours:  change(func(c *runtime.Config) { c.Insecure, c.Lifetime = false, 0 }),
	},
	"refresh": {
		flask: flaskSettings(map[string]any{"SESSION_REFRESH_EACH_REQUEST": true}),
		ours:  change(func(c *runtime.Config) { c.Sliding = true }),
	},
	"chunks": {
		flask: flaskSettings(nil),
		ours:  change(func(c *runtime.Config) { c.MaxChunks = 4 }),
	},
	"absolute": {
		flask: flaskSettings(map[string]any{"SESSION_REFRESH_EACH_REQUEST": true}),
		ours:  change(func(c *runtime.Config) { c.Sliding, c.AbsoluteTimeout = true, 10*day }),
	},
	"rotated": {
		flask: flaskSettings(map[string]any{"SECRET_KEY": "two", "SECRET_KEY_FALLBACKS": []string{"one"}}),
		ours:  useKeys(keys["two"] + "," + keys["one"]),
	},
	"two": {
		flask: flaskSettings(map[string]any{"SECRET_KEY": "two"}),
		ours:  useKeys(keys["two"]),
	},
	"no key": {
		flask: flaskSettings(map[string]any{"SECRET_KEY": nil}),
		ours:  change(func(c *runtime.Config) { c.Keys = runtime.Keys{} }),
	},
	"weak key": {
		flask: flaskSettings(map[string]any{"SECRET_KEY": "dev"}),
		ours:  useKeys(keys["dev"]),
	},
	"strict": {
		flask: flaskSettings(map[string]any{"SESSION_COOKIE_SAMESITE": "Strict"}),
		ours:  change(func(c *runtime.Config) { c.SameSite = http.SameSiteStrictMode }),
	},
	"none": {
		flask: flaskSettings(map[string]any{"SESSION_COOKIE_SAMESITE": "None", "SESSION_COOKIE_SECURE": true}),
		ours: change(func(c *runtime.Config) {
			c.Name, c.Insecure, c.SameSite = "session", false, http.SameSiteNoneMode
		}),
	},
	"none insecure": {
		flask: flaskSettings(map[string]any{"SESSION_COOKIE_SAMESITE": "None"}),
		ours:  change(func(c *runtime.Config) { c.SameSite = http.SameSiteNoneMode }),
	},
	"unset": {
		flask: flaskSettings(map[string]any{"SESSION_COOKIE_SAMESITE": nil}),
		ours:  change(func(c *runtime.Config) { c.SameSite = 0 }),
	},
	"secure": {
		flask: flaskSettings(map[string]any{"SESSION_COOKIE_SECURE": true}),
		ours:  change(func(c *runtime.Config) { c.Name, c.Insecure = "session", false }),
	},
	"partitioned": {
		flask: flaskSettings(map[string]any{"SESSION_COOKIE_SECURE": true, "SESSION_COOKIE_PARTITIONED": true}),
		ours: change(func(c *runtime.Config) {
			c.Name, c.Insecure, c.Partitioned = "session", false, true
		}),
		partitioned: true,
	},
	"readable": {
		flask: flaskSettings(map[string]any{"SESSION_COOKIE_HTTPONLY": false}),
	},
	"named": {
		flask: flaskSettings(map[string]any{"SESSION_COOKIE_NAME": "sid"}),
		ours:  change(func(c *runtime.Config) { c.Name = "sid" }),
	},
	"prefixed": {
		flask: flaskSettings(map[string]any{"SESSION_COOKIE_NAME": "__Host-session", "SESSION_COOKIE_DOMAIN": "example.test"}),
		ours: change(func(c *runtime.Config) {
			c.Name, c.Domain, c.Insecure = "__Host-session", "example.test", false
		}),
	},
	"domain": {
		flask: flaskSettings(map[string]any{"SESSION_COOKIE_DOMAIN": "example.test"}),
		ours:  change(func(c *runtime.Config) { c.Domain = "example.test" }),
	},
	"path": {
		flask: flaskSettings(map[string]any{"SESSION_COOKIE_PATH": "/app"}),
		ours:  change(func(c *runtime.Config) { c.Path = "/app" }),
	},
}
