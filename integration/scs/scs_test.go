// Package scs tests package scsstore with stores of github.com/alexedwards/scs.
package scs

import (
	"database/sql"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/alexedwards/scs/goredisstore"
	"github.com/alexedwards/scs/sqlite3store"
	"github.com/alexedwards/scs/v2/memstore"
	_ "github.com/mattn/go-sqlite3"
	"github.com/redis/go-redis/v9"
	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/scsstore"
	"github.com/sessiongen/sessiongen/runtime/storetest"
)

func open(t *testing.T, store any) runtime.Store {
	t.Helper()
	s, err := scsstore.New(store)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestMemstore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) runtime.Store {
		return open(t, memstore.NewWithCleanupInterval(0))
	})
}

func TestSQLite3store(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) runtime.Store {
		file := url.URL{Scheme: "file", Path: filepath.Join(t.TempDir(), "sessions.db"),
			RawQuery: "_journal_mode=WAL&_synchronous=NORMAL&_busy_timeout=10000"}
		db, err := sql.Open("sqlite3", file.String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		// The table of the store's README.
		_, err = db.Exec(`CREATE TABLE sessions (token TEXT PRIMARY KEY, data BLOB NOT NULL, expiry REAL NOT NULL)`)
		if err != nil {
			t.Fatal(err)
		}
		return open(t, sqlite3store.NewWithCleanupInterval(db, 0))
	})
}

func TestGoredisstore(t *testing.T) {
	t.Parallel()
	socket := startRedis(t)
	storetest.Run(t, func(t *testing.T) runtime.Store {
		client := redis.NewClient(&redis.Options{Network: "unix", Addr: socket})
		t.Cleanup(func() { client.Close() })
		// Each check has a prefix of its own.
		return open(t, goredisstore.NewWithPrefix(client, t.Name()+":"))
	})
}
