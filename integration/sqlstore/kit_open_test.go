// Tests of package sqlstore with real drivers. SQLite needs nothing else; PostgreSQL and
// MariaDB are tested if SESSIONGEN_POSTGRES and SESSIONGEN_MYSQL name servers, as they do
// for a command run by .ci/databases.
package sqlstore_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/sqlstore"
)

// A database is a kind of database that the tests use.
type database struct {
	name    string
	dialect sqlstore.Dialect
	driver  string
	dsn     string // complete but for SQLite's, see source
	server  string // as $SESSIONGEN_CRASH knows it; none for SQLite
}

// source returns the data source name; SQLite's file is in dir.
func (d database) source(dir string) string {
	if d.dialect != sqlstore.SQLite {
		return d.dsn
	}
	return "file:" + filepath.ToSlash(filepath.Join(dir, "sessions.db")) + "?" + url.Values{
		"_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(5000)"},
	}.Encode()
}

var databases = []database{
	{name: "SQLite", dialect: sqlstore.SQLite, driver: "sqlite"},
	{name: "PostgreSQL", dialect: sqlstore.PostgreSQL, driver: "pgx", dsn: os.Getenv("SESSIONGEN_POSTGRES"), server: "postgres"},
	{name: "MariaDB", dialect: sqlstore.MySQL, driver: "mysql", dsn: os.Getenv("SESSIONGEN_MYSQL"), server: "mysql"},
}

// each runs a subtest for every available database.
func each(t *testing.T, test func(t *testing.T, d database)) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			d.need(t)
			test(t, d)
		})
	}
}

func (d database) need(t *testing.T) {
	if d.dialect != sqlstore.SQLite && d.dsn == "" {
		skip(t, "no server: see .ci/databases")
	}
}

// skip skips a test for lack of a server. In CI it fails instead.
func skip(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// connect returns a connected database. It is closed at the end of the test.
func (d database) connect(t testing.TB, dir string) *sql.DB {
	t.Helper()
	db, err := sql.Open(d.driver, d.source(dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(20)
	db.SetMaxIdleConns(20)
	return db
}

// open returns a store in a new table. It is removed at the end of the test.
func (d database) open(t testing.TB, opts sqlstore.Options) (*sqlstore.Store, *sql.DB) {
	t.Helper()
	return d.openIn(t, t.TempDir(), opts)
}

// openIn is open with SQLite's file in dir.
func (d database) openIn(t testing.TB, dir string, opts sqlstore.Options) (*sqlstore.Store, *sql.DB) {
	t.Helper()
	db := d.connect(t, dir)
	if opts.Table == "" {
		opts.Table = "T" + strings.ToLower(rand.Text())
	}
	s, err := sqlstore.New(db, d.dialect, opts)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.CreateTable(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if _, err := db.ExecContext(ctx, "DROP TABLE "+d.quoted(opts.Table)); err != nil {
			t.Error(err)
		}
	})
	return s, db
}

func (d database) quoted(name string) string {
	if d.dialect == sqlstore.MySQL {
		return "`" + name + "`"
	}
	return `"` + name + `"`
}

// record returns a record that lasts for an hour.
func record(version uint64, principal, data string) runtime.Record {
	return runtime.Record{
		Version: version, Principal: principal, Data: []byte(data),
		Expires: time.Now().Add(time.Hour).Truncate(time.Second),
	}
}
