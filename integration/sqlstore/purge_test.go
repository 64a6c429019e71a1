package sqlstore_test

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/sqlstore"
)

var (
	expired  = flag.Int("expired", 2000, "how many expired records TestPurge purges")
	baseline = flag.Duration("baseline", 100*time.Millisecond, "how long TestPurge measures without purging")
)

// fill inserts n expired records of 300 bytes, whose times to expire are spread over a day.
var fill = map[sqlstore.Dialect]string{
	sqlstore.SQLite: `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT %d)
		INSERT INTO "TABLE" SELECT lower(hex(randomblob(20))), 1, NULL, randomblob(300), 1000000000 + abs(random() %% 86400) FROM n`,
	sqlstore.PostgreSQL: `INSERT INTO "TABLE"
		SELECT md5(i::text) || 'expired', 1, NULL, decode(repeat(md5(i::text), 19), 'hex'), 1000000000 + (random() * 86400)::int FROM generate_series(1, %d) i`,
	sqlstore.MySQL: "INSERT INTO `TABLE` " +
		`SELECT CONCAT(MD5(seq), 'expired'), 1, NULL, UNHEX(REPEAT(MD5(seq), 19)), 1000000000 + FLOOR(RAND() * 86400) FROM seq_1_to_%d`,
}

// TestPurge purges beside requests, and prints how long those take with and without.
// For a table worth looking at: -run TestPurge -v -expired 1000000 -baseline 20s.
func TestPurge(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		const table = "purge_test"
		s, db := d.open(t, sqlstore.Options{Table: table})
		if _, err := db.ExecContext(t.Context(), strings.Replace(fmt.Sprintf(fill[d.dialect], *expired), "TABLE", table, 1)); err != nil {
			t.Fatal(err)
		}
		stays := record(7, "", "stays")
		if err := s.Insert(t.Context(), "stays", stays); err != nil {
			t.Fatal(err)
		}

		alone := requests(t, s, func() { time.Sleep(*baseline) })
		start := time.Now()
		var n int64
		purging := requests(t, s, func() {
			var err error
			if n, err = s.Purge(t.Context()); err != nil {
				t.Error(err)
			}
		})
		if n != int64(*expired) {
			t.Errorf("%d records purged, want %d", n, *expired)
		}
		var left int
		if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+d.quoted(table)).Scan(&left); err != nil || left != 1+clients {
			t.Errorf("%d records left, error %v, want %d", left, err, 1+clients)
		}
		if r, err := s.Load(t.Context(), "stays"); err != nil || r.Version != stays.Version {
			t.Errorf("Load: version %d, error %v", r.Version, err)
		}
		t.Logf("%d records in %v\n%-28s %8s %10s %10s %10s\n%s%s", n, time.Since(start).Round(time.Second/10),
			"", "calls", "p50", "p99", "max", alone.table("without"), purging.table("while purging"))
	})
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

// requests has some clients load and replace a record each, and rest for a while, until
// f returns.
func requests(t *testing.T, s *sqlstore.Store, f func()) latencies {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var all latencies
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
	return all
}

func client(ctx context.Context, s *sqlstore.Store, key string) (l latencies, err error) {
	// What has begun is finished, so that each error is one of the store.
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

// A purger may meet records that come back to life, and other purgers.
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
			t.Errorf("%d records left to purge, error %v", n, err)
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
			c.advance(2 * time.Hour)
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
