package sqlstore_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/sqlstore"
)

var (
	expired  = flag.Int("expired", 2000, "how many expired records TestPurge purges")
	baseline = flag.Duration("baseline", 100*time.Millisecond, "how long TestPurge measures without purging")
)

// fill inserts n records of 300 bytes, in key order because that is fast. They expire at random times of a day, so
// that records that expire together are on distant pages, which is the worst case. Then it has everything written to
// disk, or the database would do that during the measurement.
var fill = map[sqlstore.Dialect][]string{
	sqlstore.SQLite: {
		`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT %d)
		INSERT INTO purge_test SELECT printf('%%040d', i), 1, NULL, randomblob(300), %d + abs(random() %% %d) FROM n`,
		`PRAGMA wal_checkpoint(TRUNCATE)`,
	},
	sqlstore.PostgreSQL: {
		`INSERT INTO purge_test SELECT lpad(i::text, 40, '0'), 1, NULL, decode(repeat(md5(i::text), 19), 'hex'), %[2]d + floor(random() * %[3]d)::int
		FROM generate_series(1, %[1]d) i`,
		`ANALYZE purge_test`,
		`CHECKPOINT`,
	},
	sqlstore.MySQL: {
		`INSERT INTO purge_test SELECT LPAD(seq, 40, '0'), 1, NULL, UNHEX(REPEAT(MD5(seq), 19)), %[2]d + FLOOR(RAND() * %[3]d)
		FROM seq_1_to_%[1]d`,
		`FLUSH TABLES purge_test FOR EXPORT`,
		`UNLOCK TABLES`,
	},
}

// tolerance is how far ahead the purger's clock may be.
const tolerance = time.Hour

const (
	fillDay   = 86400
	fillStart = 1e9
	rounds    = 10
)

// TestPurge simulates a day in several rounds, and in each it purges expired records while requests are made. It
// prints how long the requests take with and without a purge. The two alternate because a machine's speed varies. For
// a large table: -run TestPurge -v -expired 1000000 -baseline 60s.
func TestPurge(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		const table = "purge_test"
		var now atomic.Int64
		now.Store(fillStart - 1)
		// The purger's clock is ahead by the tolerance.
		s, db := d.open(t, sqlstore.Options{Table: table, Time: func() time.Time { return time.Unix(now.Load(), 0).Add(tolerance) }})
		d.fill(t, db, *expired)
		count := func(where string) (n int64) {
			t.Helper()
			if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+table+where).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n, err := s.Purge(t.Context()); n != 0 || err != nil {
			t.Errorf("Purge removes %d records that have not expired, error %v", n, err)
		}

		rest := func() { time.Sleep(*baseline / rounds) }
		requests(t, s, new(latencies), rest) // has connections and caches made
		var purged int64
		var took time.Duration
		var alone, purging latencies
		for round := range rounds {
			now.Store(fillStart + fillDay*(int64(round)+1)/rounds - 1)
			past := fmt.Sprint(" WHERE expires <= ", now.Load())
			want := count(past)
			requests(t, s, &alone, rest)
			requests(t, s, &purging, func() {
				start := time.Now()
				n, err := s.Purge(t.Context())
				if n != want || err != nil {
					t.Errorf("Purge removes %d records, error %v, want %d", n, err, want)
				}
				took += time.Since(start)
				purged += n
			})
			if n := count(past); n != 0 {
				t.Errorf("%d expired records are left", n)
			}
		}
		if n := count(""); n != clients || purged != int64(*expired) {
			t.Errorf("Purge removed %d records and left %d, want %d and those of %d clients", purged, n, *expired, clients)
		}
		t.Logf("%d records in %v\n%-28s %8s %10s %10s %10s\n%s%s", *expired, took.Round(time.Second/10),
			"", "calls", "p50", "p99", "max", alone.table("without"), purging.table("while purging"))
	})
}

func (d database) fill(t *testing.T, db *sql.DB, n int) {
	t.Helper()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for i, text := range fill[d.dialect] {
		if i == 0 {
			text = fmt.Sprintf(text, n, int64(fillStart), fillDay)
		}
		if _, err := conn.ExecContext(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
}

type latencies struct{ load, replace []time.Duration }

func (l latencies) table(name string) string {
	var b strings.Builder
	for _, row := range []struct {
		method string
		took   []time.Duration
	}{{"Load", l.load}, {"Replace", l.replace}} {
		slices.Sort(row.took)
		at := func(p int) time.Duration { return row.took[(len(row.took)-1)*p/100].Round(time.Microsecond) }
		fmt.Fprintf(&b, "%-28s %8d %10v %10v %10v\n", row.method+" "+name, len(row.took), at(50), at(99), at(100))
	}
	return b.String()
}

const clients = 4

// requests makes several clients load and replace a record each, with pauses, until f returns.
func requests(t *testing.T, s *sqlstore.Store, all *latencies, f func()) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var mu sync.Mutex
	var group sync.WaitGroup
	for i := range clients {
		group.Go(func() {
			l, err := client(ctx, s, fmt.Sprintf("client %d", i))
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			all.load = append(all.load, l.load...)
			all.replace = append(all.replace, l.replace...)
		})
	}
	f()
	cancel()
	group.Wait()
}

func client(ctx context.Context, s *sqlstore.Store, key string) (l latencies, err error) {
	// Requests that have begun are finished, so that each error is the store's.
	always := context.WithoutCancel(ctx)
	data := make([]byte, 300)
	rand.Read(data)
	if err := s.Delete(always, key); err != nil {
		return l, err
	}
	if err := s.Insert(always, key, record(1, "", string(data))); err != nil {
		return l, err
	}
	for {
		start := time.Now()
		r, err := s.Load(always, key)
		if err != nil {
			return l, err
		}
		loaded := time.Now()
		if err := s.Replace(always, key, r.Version, record(r.Version+1, "", string(data))); err != nil {
			return l, err
		}
		l.load = append(l.load, loaded.Sub(start))
		l.replace = append(l.replace, time.Since(loaded))
		if ctx.Err() != nil {
			return l, nil
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// However long a purge takes, others only wait for one of its statements: none deletes many records, and each is its
// own transaction.
func TestPurgeInBatches(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		const n, largest = 3000, 1024
		dir := t.TempDir()
		others, db := d.openIn(t, dir, sqlstore.Options{Table: "purge_test"})
		d.fill(t, db, n)
		if err := others.Insert(t.Context(), "stays", record(1, "", "")); err != nil {
			t.Fatal(err)
		}
		left, statements := n, 0
		batch := func() {
			before := left
			if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) - 1 FROM purge_test").Scan(&left); err != nil {
				t.Error(err)
			}
			if before-left > largest {
				t.Errorf("one statement deletes %d records", before-left)
			}
		}
		purging := sql.OpenDB(connector{db.Driver(), d.source(dir), func(text string) {
			if !strings.HasPrefix(text, "DELETE") || t.Failed() {
				return
			}
			batch()
			if statements++; statements > 1 && left == n {
				t.Error("others do not see the deletions between the statements")
			}
			version := uint64(statements)
			if err := others.Replace(t.Context(), "stays", version, record(version+1, "", "")); err != nil {
				t.Errorf("Replace between two batches: %v", err)
			}
		}})
		defer purging.Close()
		s, err := sqlstore.New(purging, d.dialect, sqlstore.Options{Table: "purge_test"})
		if err != nil {
			t.Fatal(err)
		}
		if purged, err := s.Purge(t.Context()); purged != n || err != nil {
			t.Errorf("Purge removes %d records, error %v, want %d", purged, err, n)
		}
		if batch(); left != 0 {
			t.Errorf("%d expired records are left", left)
		}
		if statements < 3 {
			t.Errorf("Purge took %d deleting statements, want at least 3", statements)
		}
		if r, err := others.Load(t.Context(), "stays"); err != nil || r.Version != uint64(statements)+1 {
			t.Errorf("Load: got version %d, error %v", r.Version, err)
		}
	})
}

// A connector makes connections that call a function before they execute a statement.
type connector struct {
	driver driver.Driver
	source string
	before func(text string)
}

func (c connector) Driver() driver.Driver { return c.driver }

func (c connector) Connect(context.Context) (driver.Conn, error) {
	made, err := c.driver.Open(c.source)
	if err != nil {
		return nil, err
	}
	return watched{made.(conn), c.before}, nil
}

type conn interface {
	driver.Conn
	driver.ConnPrepareContext
	driver.QueryerContext
	driver.ExecerContext
}

type watched struct {
	conn
	before func(text string)
}

func (w watched) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	w.before(text)
	return w.conn.ExecContext(ctx, text, args)
}

// A purger may meet records that are written again, and other purgers.
func TestPurgeBesideOthers(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		s, _ := d.open(t, sqlstore.Options{})
		for i := range 300 {
			past := record(1, "", "past")
			past.Expires = time.Unix(int64(i%7), 0)
			if err := s.Insert(t.Context(), fmt.Sprint(i), past); err != nil {
				t.Fatal(err)
			}
		}
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				if _, err := s.Purge(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		var alive []string
		for i := 0; i < 300; i += 3 {
			key := fmt.Sprint(i)
			if err := s.Insert(t.Context(), key, record(1, "", "new")); err != nil {
				t.Error(err)
			}
			alive = append(alive, key)
		}
		group.Wait()
		if n, err := s.Purge(t.Context()); n != 0 || err != nil {
			t.Errorf("a second Purge removes %d records, error %v", n, err)
		}
		for _, key := range alive {
			if _, err := s.Load(t.Context(), key); err != nil {
				t.Errorf("Load: %v", err)
			}
		}
	})
}

func TestPurgeEvery(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		var c clock
		s, db := d.open(t, sqlstore.Options{Time: c.now, Table: "purge_every"})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			s.PurgeEvery(ctx, time.Millisecond)
		}()
		for range 2 {
			if err := s.Insert(t.Context(), "key", runtime.Record{Version: 1, Expires: c.now().Add(time.Hour)}); err != nil {
				t.Fatal(err)
			}
			c.advance(time.Hour + tolerance + time.Second)
			for left := 1; left > 0; {
				if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+d.quoted("purge_every")).Scan(&left); err != nil {
					t.Fatal(err)
				}
			}
		}
		cancel()
		<-ended
	})
}

// A node whose clock is ahead or behind purges nothing that is alive for the others.
func TestPurgeByOtherClocks(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		const table = "purge_clocks"
		s, db := d.open(t, sqlstore.Options{Table: table})
		lifetimes := []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, time.Hour}
		for _, life := range lifetimes {
			r := record(1, "p", "x")
			r.Expires = time.Now().Add(life).Truncate(time.Second)
			if err := s.Insert(t.Context(), life.String(), r); err != nil {
				t.Fatal(err)
			}
		}
		for _, ahead := range []time.Duration{-tolerance, -30 * time.Minute, 0, time.Minute, 5 * time.Minute, 30 * time.Minute, tolerance} {
			var c clock
			c.advance(ahead)
			other, err := sqlstore.New(db, d.dialect, sqlstore.Options{Table: table, Time: c.now})
			if err != nil {
				t.Fatal(err)
			}
			if n, err := other.Purge(t.Context()); n != 0 || err != nil {
				t.Errorf("with a clock %v ahead, Purge removes %d valid records, error %v", ahead, n, err)
			}
		}
		var c clock
		c.advance(2*tolerance + time.Minute)
		other, err := sqlstore.New(db, d.dialect, sqlstore.Options{Table: table, Time: c.now})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := other.Load(t.Context(), lifetimes[0].String()); err != runtime.ErrNoRecord {
			t.Errorf("Load of an expired record before the purge: got error %v, want ErrNoRecord", err)
		}
		if n, err := other.Purge(t.Context()); n != int64(len(lifetimes)) || err != nil {
			t.Errorf("Purge removes %d long expired records, error %v, want %d", n, err, len(lifetimes))
		}
	})
}
