// Package chromium drives a real browser, Debian's Chromium without a window, through
// sessions of generated code: what the browser keeps, refuses and sends back is the
// test's measure, not what the cookie's text looks like.
//
//	go test .
//
// All pages are on the loopback interface.
package chromium

//go:generate go tool sessiongen

// session is the session that the browser holds.
type session struct {
	Username string `session:"username,principal"`
	Note     string `session:"note"`
	// Notices are what the next page shows.
	Notices []string `session:"notices,flash,max=3"`
}
