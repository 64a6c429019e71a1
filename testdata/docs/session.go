package page

// session is what fragments of the docs without a schema use.
type session struct {
	// Username is the visitor's login name.
	Username string   `session:"username,max=64"`
	UserID   int64    `session:"user_id,principal"`
	Visits   int      `session:"visits"`
	Roles    []string `session:"roles,max=16"`
	Theme    string   `session:"theme,default=light"`
}
