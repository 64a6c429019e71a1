// Package legacy tests runtime/legacy with the real libraries: sessions of gorilla/sessions and its stores in Redis,
// PostgreSQL and memcached, gin-contrib/sessions, echo-contrib/session, scs and Flask become sessions of this program.
// The packages below it are an old and a new build of one site. It needs Debian's python3-flask and redis-server, and
// PostgreSQL:
//
//	../../.ci/databases go test .
package legacy

import "time"

//go:generate go tool sessiongen

// session has what the old programs store for a visitor.
type session struct {
	UserID int64             `session:"user_id,principal"`
	Name   string            `session:"name,was=username"`
	Visits int32             `session:"visits"`
	Admin  bool              `session:"admin"`
	Score  float64           `session:"score"`
	Since  time.Time         `session:"since"`
	Roles  []string          `session:"roles"`
	Cart   []Item            `session:"cart"`
	Prefs  map[string]string `session:"prefs"`
	Token  []byte            `session:"token,secret"`
	Notes  []string          `session:"_flash,flash"`
	Theme  string            `session:"theme,default=light,visitor"`
}

// Item is an item in the cart.
type Item struct {
	SKU string
	N   int
}
