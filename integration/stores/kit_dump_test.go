package stores_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// count returns the number of records, or keys of any kind.
func (b backend) count(t *testing.T, where string) (n int) {
	t.Helper()
	if b.name == "Redis" {
		return len(b.keys(t, where))
	}
	_, db, err := b.reopenDB(where)
	if err == nil {
		defer db.Close()
		err = db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+b.quoted(where)).Scan(&n)
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// dump returns everything: the bytes of SQLite's files, every column of every row, or every key with its content.
func (b backend) dump(t *testing.T, where string) []byte {
	t.Helper()
	var out bytes.Buffer
	switch b.name {
	case "SQLite":
		files, err := filepath.Glob(where + "*")
		if err != nil || len(files) == 0 {
			t.Fatalf("got files %q, error %v", files, err)
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			out.Write(content)
		}
	case "Redis":
		client := b.redis(t)
		for _, key := range b.keys(t, where) {
			out.WriteString(key + "\n")
			var content any
			var err error
			if strings.HasPrefix(key, where+"r:") {
				content, err = client.Get(t.Context(), key).Result()
			} else {
				content, err = client.ZRangeWithScores(t.Context(), key, 0, -1).Result()
			}
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(&out, content)
		}
	default:
		_, db, err := b.reopenDB(where)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		rows, err := db.QueryContext(t.Context(), "SELECT * FROM "+b.quoted(where))
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		row := make([]any, len(columns))
		for i := range row {
			row[i] = new(sql.RawBytes)
		}
		for rows.Next() {
			if err := rows.Scan(row...); err != nil {
				t.Fatal(err)
			}
			for _, column := range row {
				out.Write(*column.(*sql.RawBytes))
				out.WriteByte('\n')
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

func (b backend) redis(t *testing.T) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(b.server)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	t.Cleanup(func() { client.Close() })
	return client
}

func (b backend) keys(t *testing.T, where string) []string {
	t.Helper()
	var all []string
	keys := b.redis(t).Scan(t.Context(), 0, where+"*", 1000).Iterator()
	for keys.Next(t.Context()) {
		all = append(all, keys.Val())
	}
	if err := keys.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
