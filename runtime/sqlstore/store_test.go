package sqlstore

import (
	"database/sql"
	"strings"
	"testing"
	"time"
)

// The tests that need a database are in integration/sqlstore, which has the drivers.

func TestNew(t *testing.T) {
	db := new(sql.DB)
	for _, test := range []struct {
		name    string
		db      *sql.DB
		dialect Dialect
		table   string
		ok      bool
	}{
		{"default", db, SQLite, "", true},
		{"PostgreSQL", db, PostgreSQL, "Sessions_2", true},
		{"MySQL", db, MySQL, "_s", true},
		{"longest name", db, MySQL, strings.Repeat("a", 48), true},
		{"no database", nil, SQLite, "", false},
		{"no dialect", db, 0, "", false},
		{"unknown dialect", db, 4, "", false},
		{"name too long", db, SQLite, strings.Repeat("a", 49), false},
		{"digit first", db, SQLite, "2s", false},
		{"quote", db, SQLite, `s" --`, false},
		{"backtick", db, MySQL, "s`", false},
		{"dot", db, SQLite, "a.b", false},
		{"newline", db, SQLite, "s\n", false},
		{"not ASCII", db, SQLite, "sé", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := New(test.db, test.dialect, Options{Table: test.table})
			if (err == nil) != test.ok || (s != nil) != test.ok {
				t.Errorf("got a store: %t, error %v; want success: %t", s != nil, err, test.ok)
			}
		})
	}
}

func TestNextBatch(t *testing.T) {
	const should = 4 * time.Millisecond
	for _, test := range []struct {
		size int
		took time.Duration
		next int
	}{
		{256, should + 1, 128},
		{256, should, 256},
		{256, should / 2, 256},
		{256, should/2 - 1, 512},
		{smallestBatch, time.Hour, smallestBatch},
		{largestBatch, 0, largestBatch},
	} {
		if next := nextBatch(test.size, test.took, should); next != test.next {
			t.Errorf("nextBatch after %d records in %v = %d, want %d", test.size, test.took, next, test.next)
		}
	}
}
