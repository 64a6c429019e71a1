package main

//go:generate go tool sessiongen

// session is what the site remembers about a visitor.
type session struct {
	// UserID is the visitor's account. A change of it gives the session a new id, so
	// that nobody can plant a session before a log-in and use it afterwards.
	UserID   string `session:"user_id,principal,max=26"`
	Username string `session:"username,max=32"`

	// Cart is what the visitor means to buy, logged in or not.
	Cart []Item `session:"cart,max=20"`

	// Notices are shown on the next page, once. One that was not seen within a
	// minute would only puzzle.
	Notices []string `session:"notices,max=5,ttl=1m"`
}

// Item is a line of the cart. The names under which its members are stored are short,
// since a cookie is small.
type Item struct {
	Article  int `msgpack:"a"`
	Quantity int `msgpack:"q"`
}
