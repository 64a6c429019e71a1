package old

import (
	"database/sql"

	"github.com/alexedwards/scs/goredisstore"
	"github.com/alexedwards/scs/sqlite3store"
	"github.com/alexedwards/scs/v2"
	"github.com/redis/go-redis/v9"
	_ "modernc.org/sqlite" // the driver
)

// Redis is a store of scs in the Redis server at a socket.
func Redis(socket string) scs.Store {
	return goredisstore.New(redis.NewClient(&redis.Options{Network: "unix", Addr: socket}))
}

// SQLite is a store of scs in a file.
func SQLite(file string) (scs.Store, error) {
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(60000)&_pragma=journal_mode(WAL)")
	if err != nil {
		return nil, err
	}
	_, err = db.Exec(`CREATE TABLE IF NOT EXISTS sessions (token TEXT PRIMARY KEY, data BLOB NOT NULL, expiry REAL NOT NULL)`)
	return sqlite3store.NewWithCleanupInterval(db, 0), err
}
