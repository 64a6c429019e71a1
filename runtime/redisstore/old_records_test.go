package redisstore_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/sessiongen/sessiongen/runtime/legacy"
	"github.com/sessiongen/sessiongen/runtime/redisstore"
)

var _ legacy.Records = redisstore.OldRecords{}

func TestOldRecords(t *testing.T) {
	eachKind(t, func(t *testing.T, client redis.UniversalClient) {
		ctx := t.Context()
		old := redisstore.OldRecords{Client: client, Prefix: "session_"}
		must(t, client.Set(ctx, "session_A", "a", time.Hour).Err())
		must(t, client.Set(ctx, "session_B", "b", 0).Err())
		must(t, client.Set(ctx, "session_empty", "", 0).Err())
		must(t, client.Set(ctx, "C", "c", 0).Err())
		for id, want := range map[string]string{"A": "a", "B": "b", "empty": ""} {
			record, left, err := old.Find(ctx, id)
			if err != nil || record == nil || string(record) != want {
				t.Errorf("%s: %q, %v", id, record, err)
			}
			if limited := id == "A"; limited != (left > 0) || left < 0 || left > time.Hour {
				t.Errorf("%s: it lives %v yet", id, left)
			}
		}
		for range 2 { // the second time it has gone already
			must(t, old.Delete(ctx, "A"))
		}
		for _, id := range []string{"A", "C", ""} {
			if record, left, err := old.Find(ctx, id); record != nil || left != 0 || err != nil {
				t.Errorf("%q: %q, %v, %v", id, record, left, err)
			}
		}
		if n, err := client.Exists(ctx, "C").Result(); n != 1 || err != nil {
			t.Errorf("another key: %d, %v", n, err)
		}
		must(t, client.HSet(ctx, "session_hash", "x", "y").Err())
		if _, _, err := old.Find(ctx, "hash"); err == nil {
			t.Error("no error for what is no string")
		}
	})
}

func TestOldRecordsWithoutServer(t *testing.T) {
	server := startServer(t)
	old := redisstore.OldRecords{Client: redis.NewClient(&redis.Options{Addr: server.addr()})}
	server.kill()
	if record, _, err := old.Find(t.Context(), "A"); err == nil {
		t.Errorf("found %q", record)
	}
	if err := old.Delete(t.Context(), "A"); err == nil {
		t.Error("deleted")
	}
}
