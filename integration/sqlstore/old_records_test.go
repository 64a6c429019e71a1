package sqlstore_test

import (
	"crypto/rand"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/runtime/legacy"
	"github.com/sessiongen/sessiongen/runtime/sqlstore"
)

var _ legacy.Records = sqlstore.OldRecords{}

func TestOldRecords(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		db, ctx := d.connect(t, t.TempDir()), t.Context()
		table, param := "o"+strings.ToLower(rand.Text()), "$1"
		if d.dialect == sqlstore.MySQL {
			param = "?"
		}
		for _, text := range []string{
			"CREATE TABLE " + table + " (id VARCHAR(64), data TEXT)",
			"INSERT INTO " + table + " (id, data) VALUES ('A', 'a'), ('B', 'b'), ('empty', '')",
		} {
			if _, err := db.ExecContext(ctx, text); err != nil {
				t.Fatal(err)
			}
		}
		t.Cleanup(func() { db.Exec("DROP TABLE " + table) })
		old := sqlstore.OldRecords{DB: db, Select: "SELECT data FROM " + table + " WHERE id = " + param, Remove: "DELETE FROM " + table + " WHERE id = " + param}
		for range 2 { // the second time it has gone already
			if err := old.Delete(ctx, "A"); err != nil {
				t.Error(err)
			}
		}
		for id, want := range map[string]string{"B": "b", "empty": ""} {
			if record, left, err := old.Find(ctx, id); err != nil || record == nil || string(record) != want || left != 0 {
				t.Errorf("%s: got %q, %v, %v, want %q", id, record, left, err, want)
			}
		}
		for _, id := range []string{"A", "' OR 1=1 --"} {
			if record, _, err := old.Find(ctx, id); record != nil || err != nil {
				t.Errorf("%q: got %q, %v, want no record", id, record, err)
			}
		}
		old.Select, old.Remove = "SELECT data FROM nowhere_at_all WHERE id = "+param, "DELETE FROM nowhere_at_all WHERE id = "+param
		if record, _, err := old.Find(ctx, "B"); err == nil {
			t.Errorf("Find without a table returns %q", record)
		}
		if err := old.Delete(ctx, "B"); err == nil {
			t.Error("Delete without a table succeeds")
		}
	})
}
