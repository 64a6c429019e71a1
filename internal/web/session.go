// Package web is a small session package, for the examples and tests of runtime and sessiontest.
package web

//go:generate go tool sessiongen

// session is what the site remembers about a visitor.
type session struct {
	// Username is the visitor's login name.
	Username string   `session:"username,max=64"`
	UserID   int64    `session:"user_id,principal"`
	Visits   int      `session:"visits"`
	Roles    []string `session:"roles,max=100"`
}
