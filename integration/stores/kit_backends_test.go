// Tests of whole programs on stores with real servers: SQLite needs none; PostgreSQL, MariaDB and Redis are used if
// SESSIONGEN_POSTGRES, SESSIONGEN_MYSQL and SESSIONGEN_REDIS name them, as they do for a command run by .ci/databases.
package stores_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/redis/go-redis/v9"
	_ "modernc.org/sqlite"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/redisstore"
	"github.com/sessiongen/sessiongen/runtime/sqlstore"
)

func TestMain(m *testing.M) {
	for name, run := range map[string]func(text string) error{working: work, serving: serve} {
		text := os.Getenv(name)
		if text == "" {
			continue
		}
		if err := run(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// A backend is a kind of store that the tests use.
type backend struct {
	name    string
	server  string // its URL, "" for SQLite
	dialect sqlstore.Dialect
	driver  string
}

var backends = []backend{
	{name: "SQLite", dialect: sqlstore.SQLite, driver: "sqlite"},
	{name: "PostgreSQL", dialect: sqlstore.PostgreSQL, driver: "pgx", server: os.Getenv("SESSIONGEN_POSTGRES")},
	{name: "MariaDB", dialect: sqlstore.MySQL, driver: "mysql", server: os.Getenv("SESSIONGEN_MYSQL")},
	{name: "Redis", server: os.Getenv("SESSIONGEN_REDIS")},
}

// each runs a subtest for every available backend. In CI, all must be available.
func each(t *testing.T, test func(t *testing.T, b backend)) {
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			if b.server == "" && b.name != "SQLite" {
				if os.Getenv("CI") != "" {
					t.Fatal("there is no server: see .ci/databases")
				}
				t.Skip("there is no server: see .ci/databases")
			}
			test(t, b)
		})
	}
}

// open returns a new store, and its place for reopenDB. It is closed at the end of the test.
func (b backend) open(t *testing.T) (store runtime.Store, where string) {
	t.Helper()
	switch b.name {
	case "Redis":
		where = "T" + rand.Text() + ":" // a prefix
	case "SQLite":
		where = filepath.Join(t.TempDir(), "sessions.db")
	default:
		where = "T" + strings.ToLower(rand.Text()) // a table
	}
	store, db, err := b.reopenDB(where)
	if err != nil {
		t.Fatal(err)
	}
	if db != nil {
		t.Cleanup(func() { db.Close() })
		if err := store.(*sqlstore.Store).CreateTable(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		var err error
		switch {
		case db == nil:
			err = store.DeleteAll(ctx)
		case b.name != "SQLite":
			_, err = db.ExecContext(ctx, "DROP TABLE "+b.quoted(where))
		}
		if err != nil {
			t.Error(err)
		}
	})
	return store, where
}

// reopen returns another process's store.
func reopen(name, where string) (runtime.Store, error) {
	for _, b := range backends {
		if b.name == name {
			s, _, err := b.reopenDB(where)
			return s, err
		}
	}
	return nil, fmt.Errorf("no backend %s", name)
}

// reopenDB returns an existing store with its own connections, and its database if it has one.
func (b backend) reopenDB(where string) (runtime.Store, *sql.DB, error) {
	if b.name == "Redis" {
		options, err := redis.ParseURL(b.server)
		if err != nil {
			return nil, nil, err
		}
		return redisstore.New(redis.NewClient(options), redisstore.Options{Prefix: where}), nil, nil
	}
	source, opts := b.server, sqlstore.Options{Table: where}
	if b.name == "SQLite" {
		opts.Table = ""
		source = "file:" + filepath.ToSlash(where) + "?" + url.Values{
			"_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(5000)"},
		}.Encode()
	}
	db, err := sql.Open(b.driver, source)
	if err != nil {
		return nil, nil, err
	}
	db.SetMaxOpenConns(20)
	db.SetMaxIdleConns(20)
	s, err := sqlstore.New(db, b.dialect, opts)
	return s, db, err
}

// quoted is the quoted table of a store.
func (b backend) quoted(where string) string {
	switch b.name {
	case "SQLite":
		return `"sessions"`
	case "MariaDB":
		return "`" + where + "`"
	}
	return `"` + where + `"`
}
