// Package chromium drives a real browser, Debian's Chromium without a window, through
// sessions of generated code: what the browser keeps, refuses and sends back is the
// test's measure, not what the cookie's text looks like. Where Chromium alone has a feature, Debian's
// Firefox stands for the other browsers.
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

	// What comes back by a link or a redirect, by a form of another site, and by one to a path of its own.
	Linked signIn `session:"linked,flow,max=8"`
	Posted signIn `session:"posted,flow,max=8,samesite=none"`
	Paid   signIn `session:"paid,flow,max=8,path=/back/paid,samesite=none"`
	Answer answer `session:"answer,flow,ttl=1m"`
}

type signIn struct{ Tab, Verifier string }

type answer struct{ User string }
