package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/sqlstore"
)

var sessions = flag.Int("sessions", 5000, "how many sessions of one account TestSweep ends")

// crowd inserts n sessions of a principal with keys in random order, and marks of it without data.
var crowd = map[sqlstore.Dialect]string{
	sqlstore.SQLite: `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT %[1]d)
		INSERT INTO "%[2]s" SELECT lower(hex(randomblob(20))), 1, '%[3]s', randomblob(300), 4000000000 FROM n`,
	sqlstore.PostgreSQL: `INSERT INTO "%[2]s" SELECT md5(i::text) || '%[3]s', 1, '%[3]s', decode(repeat(md5(i::text), 19), 'hex'), 4000000000
		FROM generate_series(1, %[1]d) i`,
	sqlstore.MySQL: "INSERT INTO `%[2]s` SELECT CONCAT(MD5(seq), '%[3]s'), 1, '%[3]s', UNHEX(REPEAT(MD5(seq), 19)), 4000000000 FROM seq_1_to_%[1]d",
}

// sweeps are the ways to end all sessions of "p".
var sweeps = map[string]func(context.Context, *sqlstore.Store) error{
	"DeleteByPrincipal": func(ctx context.Context, s *sqlstore.Store) error { return s.DeleteByPrincipal(ctx, "p") },
	"DeleteAll":         func(ctx context.Context, s *sqlstore.Store) error { return s.DeleteAll(ctx) },
}

// TestSweep ends many sessions of one account while others move from key to key. It takes long, but it ends, and
// leaves the records that say what was revoked. For a large account: -run TestSweep -v -sessions 200000.
func TestSweep(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		for what, sweep := range sweeps {
			t.Run(what, func(t *testing.T) {
				const table = "sweep_test"
				s, db := d.open(t, sqlstore.Options{Table: table})
				if _, err := db.ExecContext(t.Context(), fmt.Sprintf(crowd[d.dialect], *sessions, table, "p")); err != nil {
					t.Fatal(err)
				}
				insert(t, s, "mark", "", "")
				insert(t, s, "denial", "p", "")
				insert(t, s, "another's", "q", "x")
				ctx, stop := context.WithCancel(t.Context())
				var moving sync.WaitGroup
				var moves atomic.Int64
				for i := range 8 {
					moving.Go(func() { move(ctx, t, s, fmt.Sprint("moves ", i), &moves) })
				}
				start := time.Now()
				if err := sweep(t.Context(), s); err != nil {
					t.Error(err)
				}
				took := time.Since(start)
				stop()
				moving.Wait()
				var left int
				query := "SELECT COUNT(*) FROM " + d.quoted(table) + " WHERE expires = 4000000000"
				if err := db.QueryRowContext(t.Context(), query).Scan(&left); err != nil || left != 0 {
					t.Errorf("%d sessions are left, %v", left, err)
				}
				t.Logf("%d sessions in %v, while others moved %d times", *sessions, took.Round(time.Millisecond), moves.Load())
				want := map[string]bool{"mark": true, "denial": true, "another's": what == "DeleteByPrincipal"}
				for key, there := range want {
					if _, err := s.Load(t.Context(), key); there != (err == nil) {
						t.Errorf("Load of %s: got error %v", key, err)
					}
				}
			})
		}
	})
}

func insert(t *testing.T, s *sqlstore.Store, key, principal, data string) {
	t.Helper()
	if err := s.Insert(t.Context(), key, record(1, principal, data)); err != nil {
		t.Fatal(err)
	}
}

// move keeps inserting a session of "p" under a new key and deleting it under the old one.
func move(ctx context.Context, t *testing.T, s *sqlstore.Store, name string, moves *atomic.Int64) {
	always := context.WithoutCancel(ctx)
	for i := 0; ctx.Err() == nil; i++ {
		if err := s.Insert(always, fmt.Sprint(name, " ", i), record(1, "p", "x")); err != nil {
			t.Error(err)
			return
		}
		if err := s.Delete(always, fmt.Sprint(name, " ", i-1)); err != nil {
			t.Error(err)
			return
		}
		moves.Add(1)
	}
}

// A sweep that is cut off has removed what it could, and continues the next time.
func TestSweepIsCutOff(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		for what, sweep := range sweeps {
			t.Run(what, func(t *testing.T) {
				const table, n, statements = "sweep_cut", 5000, 2
				dir := t.TempDir()
				_, db := d.openIn(t, dir, sqlstore.Options{Table: table})
				if _, err := db.ExecContext(t.Context(), fmt.Sprintf(crowd[d.dialect], n, table, "p")); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(t.Context())
				deletes, largest, left := 0, 0, n
				count := func() (is int) {
					if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+d.quoted(table)).Scan(&is); err != nil {
						t.Error(err)
					}
					return is
				}
				watching := sql.OpenDB(connector{db.Driver(), d.source(dir), func(text string) {
					if !strings.HasPrefix(text, "DELETE") {
						return
					}
					is := count()
					largest, left = max(largest, left-is), is
					if deletes++; deletes > statements {
						cancel()
					}
				}})
				defer watching.Close()
				s, err := sqlstore.New(watching, d.dialect, sqlstore.Options{Table: table})
				if err != nil {
					t.Fatal(err)
				}
				if err := sweep(ctx, s); !errors.Is(err, context.Canceled) {
					t.Errorf("got error %v, want context.Canceled", err)
				}
				if left := count(); left == n || left == 0 {
					t.Errorf("a call that was cut off left %d of %d sessions, want some, but not all", left, n)
				}
				if err := sweep(t.Context(), s); err != nil || count() != 0 {
					t.Errorf("%d sessions are left, %v", count(), err)
				}
				if largest > 1024 {
					t.Errorf("one statement deleted %d records, want at most 1024", largest)
				}
			})
		}
	})
}

// A sweep needs no second connection: a program may allow only one.
func TestSweepWithOneConnection(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		s, db := d.open(t, sqlstore.Options{})
		db.SetMaxOpenConns(1)
		for i := range 300 {
			insert(t, s, fmt.Sprint(i), "p", "x")
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if err := s.DeleteByPrincipal(ctx, "p"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Load(ctx, "7"); err != runtime.ErrNoRecord {
			t.Error(err)
		}
	})
}
