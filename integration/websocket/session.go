// Package websocket tests the middleware with the common websocket libraries. Its test shows what a program must do so
// that a session's cookie goes with the upgrade.
package websocket

//go:generate go tool sessiongen

type session struct {
	Username string `session:"username,max=64"`
	Visits   int    `session:"visits"`
}
