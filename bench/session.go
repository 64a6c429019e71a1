// Package bench measures sessiongen beside its peers, in one process:
//
//	go test -bench .
//
// Every library keeps the same six fields in the same requests: in a cookie or in memory, as
// the library does it. BenchmarkFields has sessions of sixty fields beside them. The tables
// give medians and ratios; the absolute times are the machine's.
package bench

import "time"

//go:generate go tool sessiongen

// session is the session that each library keeps.
type session struct {
	UserID   int64     `session:"user_id,principal"`
	Username string    `session:"username,max=64"`
	Email    string    `session:"email,max=254"`
	Roles    []string  `session:"roles,max=16"`
	LoginAt  time.Time `session:"login_at"`
	Visits   int       `session:"visits"`
}
