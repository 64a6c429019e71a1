// Package websocket holds the middleware against the common websocket libraries. Its
// test shows what a program must do for a session's cookie to go with the upgrade.
package websocket

//go:generate go tool sessiongen

type session struct {
	Username string `session:"username,max=64"`
	Visits   int    `session:"visits"`
}
