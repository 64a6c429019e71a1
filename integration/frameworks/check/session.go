// Package check is one table of checks for every framework: the sessions of a site, written once, and a client that
// visits it. The tests beside it adapt each framework.
package check

//go:generate go tool sessiongen

// session is what the site remembers about a visitor.
type session struct {
	UserID     int64    `session:"user_id,principal"`
	Username   string   `session:"username,max=64"`
	Cart       []string `session:"cart,max=20"`
	Notice     string   `session:"notice,max=100"`
	Toasts     []string `session:"toasts,flash"`
	OAuthState string   `session:"oauth_state,ttl=10m,secret,max=64"`
	SignIn     signIn   `session:"sign_in,flow"`
	Blob       []byte   `session:"blob,max=10000"`
}

// signIn is a log-in that was begun at another site.
type signIn struct{ Next string }
