package sqlstore_test

import (
	"context"
	"database/sql"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/sqlstore"
	"github.com/sessiongen/sessiongen/runtime/storetest"
)

// A relay between a client and a server counts how often the client speaks after the server did.
type relay struct {
	net.Listener
	trips  atomic.Int64
	client atomic.Bool // was the last to speak
}

func newRelay(t *testing.T, server string) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	r := &relay{Listener: l}
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", server)
			if err != nil {
				in.Close()
				return
			}
			go r.pass(out, in, true)
			go r.pass(in, out, false)
		}
	}()
	return r
}

func (r *relay) pass(to, from net.Conn, client bool) {
	defer to.Close()
	buf := make([]byte, 1<<16)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if was := r.client.Swap(client); client && !was {
				r.trips.Add(1)
			}
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// relayed returns a single connection to a server through a relay.
func relayed(t *testing.T, d database) (*sql.DB, *relay) {
	t.Helper()
	var db *sql.DB
	var r *relay
	switch d.dialect {
	case sqlstore.PostgreSQL:
		u, err := url.Parse(d.dsn)
		if err != nil {
			t.Fatal(err)
		}
		r = newRelay(t, u.Host)
		u.Host = r.Addr().String()
		config, err := pgx.ParseConfig(u.String())
		if err != nil {
			t.Fatal(err)
		}
		// It checks a connection that was idle for a second.
		db = stdlib.OpenDB(*config, stdlib.OptionShouldPing(func(context.Context, stdlib.ShouldPingParams) bool { return false }))
	case sqlstore.MySQL:
		config, err := mysql.ParseDSN(d.dsn)
		if err != nil {
			t.Fatal(err)
		}
		r = newRelay(t, config.Addr)
		config.Addr = r.Addr().String()
		if db, err = sql.Open(d.driver, config.FormatDSN()); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1)
	return db, r
}

func TestRoundTrips(t *testing.T) {
	for _, d := range databases {
		if d.server == "" {
			continue
		}
		t.Run(d.name, func(t *testing.T) {
			d.need(t)
			d.open(t, sqlstore.Options{Table: "round_trips"})
			db, relay := relayed(t, d)
			s, err := sqlstore.New(db, d.dialect, sqlstore.Options{Table: "round_trips"})
			if err != nil {
				t.Fatal(err)
			}
			large := strings.Repeat("x", 40<<10)
			var conflict error
			calls := []struct {
				name  string
				call  func(ctx context.Context) error
				trips int64
			}{
				{"Insert", func(ctx context.Context) error { return s.Insert(ctx, "key", record(1, "p", large)) }, 1},
				{"Load", func(ctx context.Context) error { _, err := s.Load(ctx, "key"); return err }, 1},
				{"Replace", func(ctx context.Context) error { return s.Replace(ctx, "key", 1, record(2, "p", large)) }, 1},
				{"Replace of another version", func(ctx context.Context) error {
					conflict = s.Replace(ctx, "key", 1, record(2, "p", large))
					return nil
				}, 2},
				{"List", func(ctx context.Context) error { _, err := storetest.List(ctx, s, "p"); return err }, 1},
				{"Delete", func(ctx context.Context) error { return s.Delete(ctx, "key") }, 1},
				{"DeleteByPrincipal", func(ctx context.Context) error { return s.DeleteByPrincipal(ctx, "p") }, 1},
				{"DeleteByPrincipal of nobody", func(ctx context.Context) error { return s.DeleteByPrincipal(ctx, "") }, 0},
				{"DeleteAll", func(ctx context.Context) error { return s.DeleteAll(ctx) }, 1},
			}
			// The first round prepares the statements.
			for _, counted := range []bool{false, true} {
				for _, c := range calls {
					before := relay.trips.Load()
					if err := c.call(t.Context()); err != nil {
						t.Fatalf("%s: %v", c.name, err)
					}
					if n := relay.trips.Load() - before; counted && n != c.trips {
						t.Errorf("%s: got %d round trips, want %d", c.name, n, c.trips)
					}
				}
			}
			if conflict != runtime.ErrConflict {
				t.Errorf("Replace of another version: got error %v, want ErrConflict", conflict)
			}
		})
	}
}
