package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/sqlstore"
)

func TestCreateTableAtOnce(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		for range 5 {
			s, db := d.open(t, sqlstore.Options{})
			other, err := sqlstore.New(db, d.dialect, sqlstore.Options{Table: "At_Once"})
			if err != nil {
				t.Fatal(err)
			}
			// Opened in advance, so that no request has to connect first.
			var conns []*sql.Conn
			for range 10 {
				conn, err := db.Conn(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				conns = append(conns, conn)
			}
			for _, conn := range conns {
				conn.Close()
			}
			var group sync.WaitGroup
			for range 10 {
				group.Go(func() {
					if err := other.CreateTable(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			group.Wait()
			if err := other.Insert(t.Context(), "key", record(1, "", "")); err != nil {
				t.Error(err)
			}
			if _, err := s.Load(t.Context(), "key"); !errors.Is(err, runtime.ErrNoRecord) {
				t.Errorf("Load from another table: got error %v, want ErrNoRecord", err)
			}
			if _, err := db.ExecContext(t.Context(), "DROP TABLE "+d.quoted("At_Once")); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// Users who run migrations copy the statements from the documentation.
func TestDocumentedSchema(t *testing.T) {
	text, err := os.ReadFile("../../runtime/sqlstore/doc.go")
	if err != nil {
		t.Fatal(err)
	}
	doc := strings.ReplaceAll(string(text), "\n//", "\n")
	for _, d := range databases {
		schema := sqlstore.Schema(d.dialect)
		if schema == "" || !strings.Contains(doc, "\n\t"+strings.ReplaceAll(strings.TrimSuffix(schema, "\n"), "\n", "\n\t")+"\n") {
			t.Errorf("%s: doc.go does not have the schema:\n%s", d.name, schema)
		}
	}
}

// MySQL counts a row as affected only if it differs.
func TestNothingDiffers(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		s, _ := d.open(t, sqlstore.Options{})
		past := record(1, "p", "past")
		past.Expires = time.Unix(1, 0)
		for range 2 {
			if err := s.Insert(t.Context(), "past", past); err != nil {
				t.Errorf("Insert over the same expired record: got error %v", err)
			}
		}
		r := record(1, "p", "r")
		if err := s.Insert(t.Context(), "r", r); err != nil {
			t.Fatal(err)
		}
		if err := s.Insert(t.Context(), "r", r); !errors.Is(err, runtime.ErrConflict) {
			t.Errorf("Insert over the same record: got error %v, want ErrConflict", err)
		}
		for range 2 {
			if err := s.Replace(t.Context(), "r", 1, r); err != nil {
				t.Errorf("Replace by the same record: got error %v", err)
			}
		}
	})
}

// Another transaction may hold a lock for longer than a request can wait.
func TestLocked(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		s, db := d.open(t, sqlstore.Options{Table: "locked"})
		if err := s.Insert(t.Context(), "key", record(1, "", "1")); err != nil {
			t.Fatal(err)
		}
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		if _, err := tx.ExecContext(t.Context(), "UPDATE "+d.quoted("locked")+" SET version = 5"); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		start := time.Now()
		err = s.Replace(ctx, "key", 1, record(2, "", "2"))
		t.Logf("returned after %v", time.Since(start))
		if err == nil || errors.Is(err, runtime.ErrConflict) || errors.Is(err, runtime.ErrNoRecord) {
			t.Errorf("Replace: got error %v, want a failure", err)
		}
		if r, err := s.Load(t.Context(), "key"); err != nil || r.Version != 1 {
			t.Errorf("Load during the lock: got version %d, error %v", r.Version, err)
		}
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		// MySQL's driver does not cancel a statement: the one above may still run.
		for {
			r, err := s.Load(t.Context(), "key")
			if err != nil {
				t.Fatalf("Load after the lock: got error %v", err)
			}
			if r.Version != 1 && d.dialect != sqlstore.MySQL {
				t.Errorf("after the lock: got version %d, want 1", r.Version)
			}
			err = s.Replace(t.Context(), "key", r.Version, record(r.Version+1, "", "2"))
			if err == nil {
				break
			}
			if !errors.Is(err, runtime.ErrConflict) || d.dialect != sqlstore.MySQL {
				t.Fatalf("Replace after the lock: got error %v", err)
			}
		}
	})
}
