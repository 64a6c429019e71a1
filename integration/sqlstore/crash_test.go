package sqlstore_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/sessiongen/sessiongen/internal/long"
	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/sqlstore"
)

var cycles = flag.Int("cycles", long.Of(10, 50), "how often the program, and the server, is killed")

// writing names the database, and the directory of SQLite's file, for a process that writes until it is killed.
const writing = "SESSIONGEN_TEST_WRITING"

const crashTable = "crash"

func TestMain(m *testing.M) {
	mysql.SetLogger(&mysql.NopLogger{}) // it reports each connection that a crash ends
	if name, dir, ok := strings.Cut(os.Getenv(writing), ","); ok {
		for _, d := range databases {
			if d.name == name {
				writeUntilKilled(d, dir)
			}
		}
		panic("no database " + name)
	}
	os.Exit(m.Run())
}

func writeUntilKilled(d database, dir string) {
	db, err := sql.Open(d.driver, d.source(dir))
	if err != nil {
		panic(err)
	}
	db.SetMaxIdleConns(10)
	s, err := sqlstore.New(db, d.dialect, sqlstore.Options{Table: crashTable})
	if err != nil {
		panic(err)
	}
	write(context.Background(), s, func(key string, step int) { fmt.Printf("%s %d\n", key, step) },
		func(err error) { panic(err) })
}

// steps is how many writes a key sees: an insertion, replacements, and for every other key
// a deletion. After step i the record has version i, until it is deleted.
const steps = 4

func deleted(key string) bool { return key[0] < 'M' }

// content is the data of a record, different in each version.
func content(key string, version uint64) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", key, version))
	return bytes.Repeat(sum[:], 1+int(sum[0])+int(sum[1]))
}

// write writes records from several goroutines until ctx ends. It calls done after
// each step that the store has acknowledged, and failed with the errors.
func write(ctx context.Context, s *sqlstore.Store, done func(key string, step int), failed func(error)) {
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for ctx.Err() == nil {
				if err := writeOne(ctx, s, rand.Text(), done); err != nil {
					failed(err)
					time.Sleep(time.Millisecond)
				}
			}
		})
	}
	group.Wait()
}

func writeOne(ctx context.Context, s *sqlstore.Store, key string, done func(key string, step int)) error {
	expires := time.Now().Add(time.Hour)
	for step := 1; step <= steps; step++ {
		r := runtime.Record{Version: uint64(step), Data: content(key, uint64(step)), Expires: expires}
		var err error
		switch {
		case step == 1:
			err = s.Insert(ctx, key, r)
		case step == steps && deleted(key):
			err = s.Delete(ctx, key)
		default:
			err = s.Replace(ctx, key, uint64(step-1), r)
		}
		if err != nil {
			return err
		}
		done(key, step)
	}
	return nil
}

// verify fails the test unless each record is whole, and every key has reached the acknowledged step or the next one.
func verify(t *testing.T, d database, db *sql.DB, acknowledged map[string]int) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT "+d.quoted("key")+", version, data FROM "+d.quoted(crashTable))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	versions := make(map[string]int)
	for rows.Next() {
		var key string
		var version uint64
		var data []byte
		if err := rows.Scan(&key, &version, &data); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(data, content(key, version)) {
			t.Errorf("%s, version %d: the data is corrupt", key, version)
		}
		versions[key] = int(version)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for key, step := range acknowledged {
		version, there := versions[key]
		if deleted(key) && step >= steps-1 {
			if there && (version != steps-1 || step == steps) {
				t.Errorf("%s has version %d after acknowledged step %d", key, version, step)
			}
			if !there || step == steps {
				continue
			}
		}
		if version != step && version != step+1 {
			t.Errorf("%s has version %d (0 means none) after acknowledged step %d", key, version, step)
		}
	}
	if d.dialect == sqlstore.SQLite {
		var result string
		if err := db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&result); err != nil || result != "ok" {
			t.Fatalf("integrity_check: %q, error %v", result, err)
		}
	}
}

// crashStore returns a store with an empty table that both processes know.
func crashStore(t *testing.T, d database, dir string) (*sqlstore.Store, *sql.DB) {
	t.Helper()
	db := d.connect(t, dir)
	s, err := sqlstore.New(db, d.dialect, sqlstore.Options{Table: crashTable})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.CreateTable(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s, db
}

func TestProgramKilled(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		dir := t.TempDir()
		total := 0
		for range *cycles {
			_, db := crashStore(t, d, dir)
			// The next connection repairs what a killed process left.
			db.Close()
			acknowledged := killed(t, d, dir)
			total += len(acknowledged)
			db = d.connect(t, dir)
			verify(t, d, db, acknowledged)
			db.Close()
			if t.Failed() {
				return
			}
		}
		t.Logf("killed %d times, %d keys", *cycles, total)
	})
}

// killed starts a process that writes, kills it, and returns the last acknowledged step of each key.
func killed(t *testing.T, d database, dir string) map[string]int {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), writing+"="+d.name+","+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	acknowledged := make(map[string]int)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if len(acknowledged) == 0 {
			time.AfterFunc(time.Duration(mathrand.IntN(100_000))*time.Microsecond, func() { cmd.Process.Kill() })
		}
		key, step, _ := strings.Cut(lines.Text(), " ")
		n, err := strconv.Atoi(step)
		if err != nil {
			t.Fatalf("the process printed %q", lines.Text())
		}
		acknowledged[key] = n
	}
	if err := cmd.Wait(); err == nil || err.Error() != "signal: killed" {
		t.Fatalf("the process was not killed: %v", err)
	}
	return acknowledged
}

func TestServerKilled(t *testing.T) {
	crash := os.Getenv("SESSIONGEN_CRASH")
	if crash == "" {
		skip(t, "no servers that may be killed: see .ci/databases")
	}
	for _, d := range databases {
		if d.server == "" {
			continue
		}
		t.Run(d.name, func(t *testing.T) {
			d.need(t)
			t.Parallel()
			s, db := crashStore(t, d, "")
			total := 0
			for range *cycles {
				acknowledged, before, after := writtenInCrash(t, crash, d, s)
				if before == 0 || after == 0 {
					t.Fatalf("got %d steps before the crash and %d after, want some of each", before, after)
				}
				total += len(acknowledged)
				verify(t, d, db, acknowledged)
				if err := s.DeleteAll(t.Context()); err != nil {
					t.Fatal(err)
				}
				if t.Failed() {
					return
				}
			}
			t.Logf("killed %d times, %d keys", *cycles, total)
		})
	}
}

// writtenInCrash writes while the server is killed and restarted. It returns the last acknowledged step of each key,
// and how many steps were before and after.
func writtenInCrash(t *testing.T, crash string, d database, s *sqlstore.Store) (acknowledged map[string]int, before, after int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	acknowledged = make(map[string]int)
	var mu sync.Mutex
	var back bool
	first, again := make(chan struct{}), make(chan struct{})
	var finished sync.WaitGroup
	finished.Go(func() {
		write(ctx, s, func(key string, step int) {
			mu.Lock()
			defer mu.Unlock()
			acknowledged[key] = step
			if !back {
				if before++; before == 1 {
					close(first)
				}
			} else if after++; after == 1 {
				close(again)
			}
		}, func(err error) {
			// Nobody else uses these keys: these errors would be false.
			if errors.Is(err, runtime.ErrConflict) || errors.Is(err, runtime.ErrNoRecord) {
				t.Errorf("a write during the crash: got error %v", err)
			}
		})
	})
	wait(ctx, first)
	time.Sleep(time.Duration(mathrand.IntN(100_000)) * time.Microsecond)
	out, err := exec.CommandContext(ctx, crash, d.server).CombinedOutput()
	mu.Lock()
	back = true
	mu.Unlock()
	if err == nil {
		wait(ctx, again)
	}
	cancel()
	finished.Wait()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return acknowledged, before, after
}

func wait(ctx context.Context, c <-chan struct{}) {
	select {
	case <-c:
	case <-ctx.Done():
	}
}
