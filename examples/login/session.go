package main

//go:generate go tool sessiongen

import "time"

// session is what the site remembers about a visitor.
type session struct {
	// UserID is the visitor's account. A change of it gives the session a new id, so
	// that nobody can plant a session before a log-in and use it afterwards.
	UserID   string `session:"user_id,principal,max=26"`
	Username string `session:"username,max=32"`

	// Role is what the account may do: see roles.go.
	Role string `session:"role,max=16"`

	// Device is a name for the browser that logged in, which the list of devices shows.
	Device string `session:"device,max=40"`

	// Confirmed is when the visitor last gave the password again, which what is dear asks for.
	Confirmed time.Time `session:"confirmed,factor"`

	// Cart is what the visitor means to buy, logged in or not.
	Cart []Item `session:"cart,max=20"`

	// Theme is light or dark, if the visitor chose. It is the browser's, whoever is logged in.
	Theme string `session:"theme,visitor,max=5"`

	// SignIn is a log-in by way of the identity provider. Several may be under way, in several tabs.
	SignIn signIn `session:"sign_in,flow"`

	// Notices are shown on the next page, once. One that was not seen within a
	// minute would only puzzle.
	Notices []string `session:"notices,flash,max=3,ttl=1m"`
}

// Item is a line of the cart. The names under which its members are stored are short,
// since a cookie is small.
type Item struct {
	Article  int `msgpack:"a"`
	Quantity int `msgpack:"q"`
}
