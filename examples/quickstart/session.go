package main

//go:generate go tool sessiongen

// session is what the site remembers about a visitor.
type session struct {
	// Username is the visitor's name.
	Username string `session:"username,max=64"`
}
